// Send a tensor of numbers to a model and print the tensor that it returns.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
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

	response, err := client.ModelInfer(ctx, &inference.ModelInferRequest{
		ModelName:    "dummy",
		ModelVersion: "1",
		Inputs: []*inference.ModelInferRequest_InferInputTensor{
			{
				Name:     "b",
				Datatype: "FP32",
				Shape:    []int64{1, 10},
				Contents: &inference.InferTensorContents{
					Fp32Contents: []float32{0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0},
				},
			},
		},
	})
	if err != nil {
		return err
	}

	output, err := values(response, "a", "FP32",
		(*inference.InferTensorContents).GetFp32Contents)
	if err != nil {
		return err
	}
	fmt.Println(joined("a:", output))

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

// joined puts elements behind a label, and a blank before each.
func joined[T any](label string, elements []T) string {
	for _, element := range elements {
		label += fmt.Sprint(" ", element)
	}
	return label
}
