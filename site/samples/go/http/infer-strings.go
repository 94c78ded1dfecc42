// Send texts to a model and print the texts that it returns, each in quotes.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode/utf8"
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
				"name":     "text",
				"datatype": "BYTES",
				"shape":    []int{5},
				"data":     []string{"good morning", "", "two\nlines", "Grüße 😀", "a \"b\"\\c"},
			},
		},
	})
	if err != nil {
		return err
	}
	response, err := read(client.Post(
		"http://localhost:8000/v2/models/texts/versions/1/infer",
		"application/json",
		bytes.NewReader(request),
	))
	if err != nil {
		return err
	}

	output, err := values[string](response, "upper", "BYTES")
	if err != nil {
		return err
	}
	fmt.Println(joined("upper shape:", shape(response, "upper")))

	first := output[:min(8, len(output))]
	fmt.Println(joined("upper first:", quoted(first)))

	output2, err := values[int32](response, "length", "INT32")
	if err != nil {
		return err
	}
	fmt.Println(joined("length shape:", shape(response, "length")))

	first2 := output2[:min(8, len(output2))]
	fmt.Println(joined("length first:", first2))

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
	if !utf8.Valid(body) {
		return nil, errors.New("the answer is not UTF-8")
	}
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

// shape tells the shape of an output.
func shape(body []byte, name string) []int {
	var answer struct {
		Outputs []struct {
			Name  string
			Shape []int
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil
	}
	for _, output := range answer.Outputs {
		if output.Name == name {
			return output.Shape
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
