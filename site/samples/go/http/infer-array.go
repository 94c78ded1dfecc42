// Send a tensor of numbers to a model and print the tensor that it returns.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
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
	request, err := json.Marshal(map[string]any{
		"inputs": []any{
			map[string]any{
				"name":     "b",
				"datatype": "FP32",
				"shape":    []int{1, 10},
				"data":     []float32{0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0},
			},
		},
	})
	if err != nil {
		return err
	}
	response, err := read(client.Post(
		"http://localhost:8000/v2/models/dummy/versions/1/infer",
		"application/json",
		bytes.NewReader(request),
	))
	if err != nil {
		return err
	}

	output, err := values[float32](response, "a", "FP32")
	if err != nil {
		return err
	}
	fmt.Println(joined("a:", output))

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
