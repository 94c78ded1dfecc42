// Send numbers of 16 bits to a model, as bytes, and print the numbers that it returns.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
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
	data := []float32{0.5, -1.25, 1000.5, 0.0999755859375}
	buffer := halves(data)
	raw = append(raw, buffer)

	response, err := client.ModelInfer(ctx, &inference.ModelInferRequest{
		ModelName:    "halves",
		ModelVersion: "1",
		Inputs: []*inference.ModelInferRequest_InferInputTensor{
			{
				Name:     "x",
				Datatype: "FP16",
				Shape:    []int64{1, 4},
			},
		},
		RawInputContents: raw,
	})
	if err != nil {
		return err
	}

	output, err := values(response, "doubled", "FP32",
		(*inference.InferTensorContents).GetFp32Contents)
	if err != nil {
		return err
	}
	fmt.Println(joined("doubled:", output))

	return nil
}

// halves writes numbers in 16 bits: 1 of the sign, 5 of the exponent, 10 of the fraction.
func halves(values []float32) []byte {
	var buffer []byte
	for _, value := range values {
		bits := math.Float32bits(value)
		sign, size := uint16(bits>>16&0x8000), bits&0x7fffffff
		half := uint16((size - 0x38000000 + 0x1000) >> 13)
		switch {
		case size > 0x7f800000: // not a number
			half = 0x7e00
		case size >= 0x477ff000: // too large
			half = 0x7c00
		case size < 0x38800000: // so small that the exponent is 0
			half = uint16(math.RoundToEven(math.Ldexp(math.Abs(float64(value)), 24)))
		}
		buffer = binary.LittleEndian.AppendUint16(buffer, sign|half)
	}
	return buffer
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
