// Send two tensors to a model and print the two that it returns, their sum and their
// difference.
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
		ModelName:    "simple",
		ModelVersion: "1",
		Inputs: []*inference.ModelInferRequest_InferInputTensor{
			{
				Name:     "INPUT0",
				Datatype: "INT32",
				Shape:    []int64{1, 16},
				Contents: &inference.InferTensorContents{
					IntContents: []int32{
						0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 987654321, -15,
					},
				},
			},
			{
				Name:     "INPUT1",
				Datatype: "INT32",
				Shape:    []int64{1, 16},
				Contents: &inference.InferTensorContents{
					IntContents: []int32{
						1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 123456789, 610,
					},
				},
			},
		},
	})
	if err != nil {
		return err
	}

	output, err := values(response, "OUTPUT0", "INT32",
		(*inference.InferTensorContents).GetIntContents)
	if err != nil {
		return err
	}
	fmt.Println(joined("OUTPUT0:", output))

	output2, err := values(response, "OUTPUT1", "INT32",
		(*inference.InferTensorContents).GetIntContents)
	if err != nil {
		return err
	}
	fmt.Println(joined("OUTPUT1:", output2))

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
