// Send numbers of 16 bits to a model, as bytes, and print the numbers that it returns.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
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
	data := []float32{0.5, -1.25, 1000.5, 0.0999755859375}
	buffer := halves(data)
	body = append(body, buffer...)
	inputs = append(inputs, map[string]any{
		"name":       "x",
		"datatype":   "FP16",
		"shape":      []int{1, 4},
		"parameters": map[string]any{"binary_data_size": len(buffer)},
	})
	header, err := json.Marshal(map[string]any{"inputs": inputs})
	if err != nil {
		return err
	}

	request, err := http.NewRequest(
		http.MethodPost,
		"http://localhost:8000/v2/models/halves/versions/1/infer",
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

	output, err := values[float32](response, "doubled", "FP32")
	if err != nil {
		return err
	}
	fmt.Println(joined("doubled:", output))

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
