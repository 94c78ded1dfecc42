// Ask a server for its name and version.
package main

import (
	"encoding/json"
	"errors"
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
	body, err := read(client.Get("http://localhost:8000/v2"))
	if err != nil {
		return err
	}
	var metadata struct{ Name, Version string }
	if err := json.Unmarshal(body, &metadata); err != nil {
		return err
	}
	if metadata.Name == "" || metadata.Version == "" {
		return errors.New("the answer has no name or no version")
	}
	fmt.Println("name:", metadata.Name)
	fmt.Println("version:", metadata.Version)
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
