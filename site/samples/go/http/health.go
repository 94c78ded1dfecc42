// Ask whether the server is up, whether it has loaded its models, and whether one model
// can answer.
package main

import (
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
	if err := healthy(client.Get("http://localhost:8000/v2/health/live")); err != nil {
		return err
	}
	fmt.Println("server live: true")

	if err := healthy(client.Get("http://localhost:8000/v2/health/ready")); err != nil {
		return err
	}
	fmt.Println("server ready: true")

	if err := healthy(client.Get("http://localhost:8000/v2/models/dummy/versions/1/ready")); err != nil {
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

// healthy refuses what is no answer of a model server, such as a login page: its answers are
// empty, or a JSON object.
func healthy(response *http.Response, err error) error {
	body, err := read(response, err)
	if err != nil || len(body) == 0 {
		return err
	}
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil || answer == nil || answer["error"] != nil {
		return fmt.Errorf("the answer is not one of a healthy server: %s", body)
	}
	return nil
}
