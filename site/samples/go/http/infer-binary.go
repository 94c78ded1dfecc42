// Send the bytes of tensors in place of their elements, and print what the model
// returns.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// client does not follow redirects; its time limit holds for the whole call, the body included.
var client = http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, strings.Join(strings.Fields(err.Error()), " "))
		os.Exit(1)
	}
}

func run() error {
	// The binary tensor extension: a JSON header, then the bytes of the tensors. JSON has no FP16,
	// and a request must not mix tensors in JSON and in binary.
	var inputs []any
	var body []byte
	data := []float64{0.1, -2.5}
	buffer, err := binary.Append(nil, binary.LittleEndian, data)
	if err != nil {
		return err
	}
	body = append(body, buffer...)
	inputs = append(inputs, map[string]any{
		"name":       "exact",
		"datatype":   "FP64",
		"shape":      []int{2},
		"parameters": map[string]any{"binary_data_size": len(buffer)},
	})
	data2 := []bool{true, false}
	buffer2, err := binary.Append(nil, binary.LittleEndian, data2)
	if err != nil {
		return err
	}
	body = append(body, buffer2...)
	inputs = append(inputs, map[string]any{
		"name":       "flags",
		"datatype":   "BOOL",
		"shape":      []int{2},
		"parameters": map[string]any{"binary_data_size": len(buffer2)},
	})
	data3 := []int64{-123456789, 9007199254740993}
	buffer3, err := binary.Append(nil, binary.LittleEndian, data3)
	if err != nil {
		return err
	}
	body = append(body, buffer3...)
	inputs = append(inputs, map[string]any{
		"name":       "signed",
		"datatype":   "INT64",
		"shape":      []int{2},
		"parameters": map[string]any{"binary_data_size": len(buffer3)},
	})
	data4 := []uint64{987654321, 18446744073709551615}
	buffer4, err := binary.Append(nil, binary.LittleEndian, data4)
	if err != nil {
		return err
	}
	body = append(body, buffer4...)
	inputs = append(inputs, map[string]any{
		"name":       "unsigned",
		"datatype":   "UINT64",
		"shape":      []int{2},
		"parameters": map[string]any{"binary_data_size": len(buffer4)},
	})
	header, err := json.Marshal(map[string]any{"inputs": inputs})
	if err != nil {
		return err
	}

	request, err := http.NewRequest(
		http.MethodPost,
		"http://localhost:8000/v2/models/numbers/versions/1/infer",
		bytes.NewReader(append(header, body...)),
	)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/octet-stream")
	request.Header.Set("Inference-Header-Content-Length", strconv.Itoa(len(header)))
	response, err := read(client.Do(request))
	if err != nil {
		return err
	}

	output, err := values[bool](response, "opposite", "BOOL")
	if err != nil {
		return err
	}
	fmt.Println(joined("opposite:", output))

	output2, err := values[int64](response, "signed", "INT64")
	if err != nil {
		return err
	}
	fmt.Println(joined("signed:", output2))

	output3, err := values[uint64](response, "unsigned", "UINT64")
	if err != nil {
		return err
	}
	fmt.Println(joined("unsigned:", output3))

	return nil
}

// read returns the body of an answer that is a success.
func read(response *http.Response, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %s: %s", response.Status, body)
	}
	return body, nil
}

type answer struct {
	Outputs []struct {
		Name, Datatype string
		Shape          []int
		Data           json.RawMessage
	}
}

// values reads an output of the answer.
func values[T any](body []byte, name, datatype string) ([]T, error) {
	var answer answer
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	for _, output := range answer.Outputs {
		if output.Name != name {
			continue
		}
		if output.Datatype != datatype {
			return nil, fmt.Errorf("output %s is %s, not %s", name, output.Datatype, datatype)
		}
		var elements []*T // nil for null
		if err := json.Unmarshal(output.Data, &elements); err != nil {
			return nil, fmt.Errorf("output %s: %w", name, err)
		}
		size := 1
		for _, dimension := range output.Shape {
			size *= dimension
		}
		if len(elements) != size {
			return nil, fmt.Errorf("output %s has %d elements, not %d", name, len(elements), size)
		}
		values := make([]T, size)
		for i, element := range elements {
			if element == nil {
				return nil, fmt.Errorf("output %s has an element that is null", name)
			}
			values[i] = *element
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
