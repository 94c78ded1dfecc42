// Send a PNG or JPEG file as it is; the server decodes it, and the sample prints the
// likeliest class.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
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
	image, err := os.ReadFile("digit-7.png")
	if err != nil {
		return err
	}
	// The binary tensor extension: a JSON header, then the bytes of the tensor. A BYTES element
	// stands behind its length, 4 bytes little-endian, and binary_data_size counts both.
	header, err := json.Marshal(map[string]any{
		"inputs": []any{
			map[string]any{
				"name":       "image",
				"datatype":   "BYTES",
				"shape":      []int{1},
				"parameters": map[string]any{"binary_data_size": 4 + len(image)},
			},
		},
	})
	if err != nil {
		return err
	}
	body := binary.LittleEndian.AppendUint32(header, uint32(len(image)))
	body = append(body, image...)

	// The server decodes the image and scales it to the size that the model takes.
	request, err := http.NewRequest(
		http.MethodPost,
		"http://localhost:8000/v2/models/digits/versions/1/infer",
		bytes.NewReader(body),
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

	probabilities, err := values[float32](response, "probabilities", "FP32")
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
