// Send texts to a model and print the texts that it returns, each in quotes.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

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
		ModelName:    "texts",
		ModelVersion: "1",
		Inputs: []*inference.ModelInferRequest_InferInputTensor{
			{
				Name:     "text",
				Datatype: "BYTES",
				Shape:    []int64{5},
				Contents: &inference.InferTensorContents{
					BytesContents: encoded([]string{
						"good morning", "", "two\nlines", "Grüße 😀", "a \"b\"\\c",
					}),
				},
			},
		},
	})
	if err != nil {
		return err
	}

	output, err := texts(response, "upper")
	if err != nil {
		return err
	}
	fmt.Println(joined("upper shape:", shape(response, "upper")))

	first := output[:min(8, len(output))]
	fmt.Println(joined("upper first:", quoted(first)))

	output2, err := values(response, "length", "INT32",
		(*inference.InferTensorContents).GetIntContents)
	if err != nil {
		return err
	}
	fmt.Println(joined("length shape:", shape(response, "length")))

	first2 := output2[:min(8, len(output2))]
	fmt.Println(joined("length first:", first2))

	return nil
}

// encoded makes bytes of texts.
func encoded(texts []string) [][]byte {
	elements := make([][]byte, len(texts))
	for i, text := range texts {
		elements[i] = []byte(text)
	}
	return elements
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

// texts reads an output of texts, each of which stands behind its length in the raw contents.
func texts(response *inference.ModelInferResponse, name string) ([]string, error) {
	for i, output := range response.GetOutputs() {
		if output.GetName() != name {
			continue
		}
		if output.GetDatatype() != "BYTES" {
			return nil, fmt.Errorf("output %s is %s, not BYTES", name, output.GetDatatype())
		}
		var values []string
		for _, text := range output.GetContents().GetBytesContents() {
			values = append(values, string(text))
		}
		if contents := response.GetRawOutputContents(); i < len(contents) {
			values = nil
			for raw := contents[i]; len(raw) > 0; {
				if len(raw) < 4 || uint64(len(raw)-4) < uint64(binary.LittleEndian.Uint32(raw)) {
					return nil, fmt.Errorf("output %s is cut short", name)
				}
				end := 4 + binary.LittleEndian.Uint32(raw)
				values = append(values, string(raw[4:end]))
				raw = raw[end:]
			}
		}
		for _, text := range values {
			if !utf8.ValidString(text) {
				return nil, fmt.Errorf("output %s holds bytes that are no UTF-8", name)
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

// shape tells the shape of an output.
func shape(response *inference.ModelInferResponse, name string) []int64 {
	for _, output := range response.GetOutputs() {
		if output.GetName() == name {
			return output.GetShape()
		}
	}
	return nil
}

// joined puts elements behind a label, and a blank before each.
func joined[T any](label string, elements []T) string {
	for _, element := range elements {
		label += fmt.Sprint(" ", element)
	}
	return label
}

// quoted puts texts in quotes, as JSON writes them.
func quoted(texts []string) []string {
	lines := make([]string, len(texts))
	for i, text := range texts {
		var line strings.Builder
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		encoder.Encode(text) // cannot fail
		lines[i] = strings.TrimSpace(line.String())
	}
	return lines
}
