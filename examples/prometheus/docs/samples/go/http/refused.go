// Ask with an expression that is cut off, and read what is wrong with it.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// client does not follow redirects; its time limit holds for the whole call, the body included.
var client = http.Client{
	Timeout:       5 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, strings.Join(strings.Fields(err.Error()), " "))
		os.Exit(1)
	}
}

func run() error {
	query := url.Values{"query": {"sum("}}
	answer, err := send("GET", "http://localhost:9090/api/v1/query"+"?"+query.Encode(), nil, 400)
	if err != nil {
		return err
	}
	errorType, err := field[scalar](answer, "errorType")
	if err != nil {
		return err
	}
	fmt.Println("type:", errorType)
	errorValue, err := field[scalar](answer, "error")
	if err != nil {
		return err
	}
	fmt.Println("error:", errorValue)
	return nil
}

// read returns the body of an answer that has one of these statuses.
func read(response *http.Response, err error, statuses []int) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(statuses, response.StatusCode) {
		return nil, fmt.Errorf("HTTP status %s: %s", response.Status, body)
	}
	return body, nil
}

// send returns the body of the answer to a request, which has a body itself unless that is nil;
// the answer has one of the statuses.
func send(method, url string, body any, statuses ...int) (json.RawMessage, error) {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequest(method, url, content)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	return read(response, err, statuses)
}

// field reads a field of the answer, which must be there; names and indices lead to it.
func field[T any](answer json.RawMessage, path ...any) (T, error) {
	var value T
	for _, step := range path {
		var object map[string]json.RawMessage
		var list []json.RawMessage
		var err error
		if index, ok := step.(int); ok {
			err = json.Unmarshal(answer, &list)
			answer = nil
			if index < len(list) {
				answer = list[index]
			}
		} else {
			err = json.Unmarshal(answer, &object)
			answer = object[step.(string)]
		}
		if err != nil {
			return value, err
		}
		if answer == nil || string(answer) == "null" {
			return value, fmt.Errorf("the answer has no %v", step)
		}
	}
	return value, json.Unmarshal(answer, &value)
}

// scalar is a text, a number or a boolean, as it is printed.
type scalar string

func (s *scalar) UnmarshalJSON(data []byte) error {
	if bytes.ContainsAny(data[:1], "{[") {
		return fmt.Errorf("the answer has %s in place of a value", data)
	}
	*s = scalar(data)
	if data[0] == '"' {
		return json.Unmarshal(data, (*string)(s))
	}
	return nil
}
