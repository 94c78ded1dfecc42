// Send a PNG or JPEG file as it is; the server decodes it, and the sample prints the
// likeliest class.
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"example.com/sample/inference"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, strings.Join(strings.Fields(err.Error()), " "))
		os.Exit(1)
	}
}

func run() error {
	connection, err := grpc.NewClient(
		"localhost:9000",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	if err != nil {
		return err
	}
	defer connection.Close()
	client := inference.NewGRPCInferenceServiceClient(connection)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	// The server decodes the image and scales it to the size that the model takes.
	image, err := os.ReadFile("digit-7.png")
	if err != nil {
		return err
	}
	response, err := client.ModelInfer(ctx, &inference.ModelInferRequest{
		ModelName:    "digits",
		ModelVersion: "1",
		Inputs: []*inference.ModelInferRequest_InferInputTensor{
			{
				Name:     "image",
				Datatype: "BYTES",
				Shape:    []int64{1},
				Contents: &inference.InferTensorContents{BytesContents: [][]byte{image}},
			},
		},
	})
	if err != nil {
		return err
	}

	probabilities, err := values(response, "probabilities", "FP32",
		(*inference.InferTensorContents).GetFp32Contents)
	if err != nil {
		return err
	}
	if len(probabilities) == 0 {
		return errors.New("the answer has no probabilities")
	}
	best := slices.Max(probabilities)
	fmt.Println("class:", slices.Index(probabilities, best))
	fmt.Printf("probability: %.4f\n", best)
	return nil
}

// values reads an output from the raw contents, in which servers answer, or from the typed ones.
func values[T any](
	response *inference.ModelInferResponse,
	name, datatype string,
	typed func(*inference.InferTensorContents) []T,
) ([]T, error) {
	for i, output := range response.GetOutputs() {
		if output.GetName() != name {
			continue
		}
		if output.GetDatatype() != datatype {
			return nil, fmt.Errorf("output %s is %s, not %s", name, output.GetDatatype(), datatype)
		}
		values := typed(output.GetContents())
		if raw := response.GetRawOutputContents(); i < len(raw) {
			values = make([]T, len(raw[i])/binary.Size(*new(T)))
			if n, err := binary.Decode(raw[i], binary.LittleEndian, values); err != nil {
				return nil, err
			} else if n < len(raw[i]) {
				return nil, fmt.Errorf("output %s is cut short", name)
			}
		}
		size := 1
		for _, dimension := range output.GetShape() {
			size *= int(dimension)
		}
		if len(values) != size {
			return nil, fmt.Errorf("output %s has %d elements, not %d", name, len(values), size)
		}
		return values, nil
	}
	return nil, fmt.Errorf("the answer has no output %s", name)
}
