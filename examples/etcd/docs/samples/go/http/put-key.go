// Store a value under a key, read it, and print both.
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
	request := map[string]any{"key": []byte("greeting"), "value": []byte("Hello, etcd! \"Ö\"")}
	answer, err := send("POST", "http://localhost:2378/v3/kv/put", request)
	if err != nil {
		return err
	}
	revision, err := field[json.Number](answer, "header", "revision")
	if err != nil {
		return err
	}
	fmt.Println("revision:", revision)

	request2 := map[string]any{"key": []byte("greeting")}
	answer2, err := send("POST", "http://localhost:2378/v3/kv/range", request2)
	if err != nil {
		return err
	}
	kvs, err := field[[]json.RawMessage](answer2, "kvs")
	if err != nil {
		return err
	}
	for _, item := range kvs {
		key, err := field[[]byte](item, "key")
		if err != nil {
			return err
		}
		if !utf8.Valid(key) {
			return errors.New("key is no text")
		}
		value, err := field[[]byte](item, "value")
		if err != nil {
			return err
		}
		if !utf8.Valid(value) {
			return errors.New("value is no text")
		}
		fmt.Println(string(key)+":", string(value))
	}
	count, err := field[json.Number](answer2, "count")
	if err != nil {
		return err
	}
	fmt.Println("count:", count)
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

// send returns the body of the answer to a request, which has a body itself unless that is nil.
func send(method, url string, body any) (json.RawMessage, error) {
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
	return read(client.Do(request))
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
