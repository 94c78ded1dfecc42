// Ask whether the server is up, whether it has loaded its models, and whether one model
// can answer.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

var client = http.Client{Timeout: 10 * time.Second}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, strings.Join(strings.Fields(err.Error()), " "))
		os.Exit(1)
	}
}

func run() error {
	if _, err := read(client.Get("http://localhost:8000/v2/health/live")); err != nil {
		return err
	}
	fmt.Println("server live: true")

	if _, err := read(client.Get("http://localhost:8000/v2/health/ready")); err != nil {
		return err
	}
	fmt.Println("server ready: true")

	if _, err := read(client.Get("http://localhost:8000/v2/models/dummy/versions/1/ready")); err != nil {
		return err
	}
	fmt.Println("model ready: true")
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
