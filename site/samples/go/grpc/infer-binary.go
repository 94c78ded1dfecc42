// Send the bytes of tensors in place of their elements, and print what the model
// returns.
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

	// Typed contents have no FP16, and a request must not mix raw and typed contents.
	var raw [][]byte
	data := []float64{0.1, -2.5}
	buffer, err := binary.Append(nil, binary.LittleEndian, data)
	if err != nil {
		return err
	}
	raw = append(raw, buffer)
	data2 := []bool{true, false}
	buffer2, err := binary.Append(nil, binary.LittleEndian, data2)
	if err != nil {
		return err
	}
	raw = append(raw, buffer2)
	data3 := []int64{-123456789, 9007199254740993}
	buffer3, err := binary.Append(nil, binary.LittleEndian, data3)
	if err != nil {
		return err
	}
	raw = append(raw, buffer3)
	data4 := []uint64{987654321, 18446744073709551615}
	buffer4, err := binary.Append(nil, binary.LittleEndian, data4)
	if err != nil {
		return err
	}
	raw = append(raw, buffer4)

	response, err := client.ModelInfer(ctx, &inference.ModelInferRequest{
		ModelName:    "numbers",
		ModelVersion: "1",
		Inputs: []*inference.ModelInferRequest_InferInputTensor{
			{
				Name:     "exact",
				Datatype: "FP64",
				Shape:    []int64{2},
			},
			{
				Name:     "flags",
				Datatype: "BOOL",
				Shape:    []int64{2},
			},
			{
				Name:     "signed",
				Datatype: "INT64",
				Shape:    []int64{2},
			},
			{
				Name:     "unsigned",
				Datatype: "UINT64",
				Shape:    []int64{2},
			},
		},
		RawInputContents: raw,
	})
	if err != nil {
		return err
	}

	output, err := values(response, "opposite", "BOOL",
		(*inference.InferTensorContents).GetBoolContents)
	if err != nil {
		return err
	}
	fmt.Println(joined("opposite:", output))

	output2, err := values(response, "signed", "INT64",
		(*inference.InferTensorContents).GetInt64Contents)
	if err != nil {
		return err
	}
	fmt.Println(joined("signed:", output2))

	output3, err := values(response, "unsigned", "UINT64",
		(*inference.InferTensorContents).GetUint64Contents)
	if err != nil {
		return err
	}
	fmt.Println(joined("unsigned:", output3))

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
