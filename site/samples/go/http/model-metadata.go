// Ask which versions of a model are served, and for the name, datatype and shape of its
// inputs and outputs.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
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
	body, err := read(client.Get("http://localhost:8000/v2/models/dummy/versions/1"))
	if err != nil {
		return err
	}
	var metadata struct {
		Name            string
		Versions        []string
		Platform        *string
		Inputs, Outputs []tensor
	}
	if err := json.Unmarshal(body, &metadata); err != nil {
		return err
	}
	if metadata.Name == "" || metadata.Platform == nil ||
		metadata.Inputs == nil || metadata.Outputs == nil {
		return errors.New("the answer lacks the name, platform, inputs or outputs")
	}
	if slices.Contains(metadata.Versions, "") {
		return errors.New("the answer has a version without a name")
	}
	for _, tensor := range slices.Concat(metadata.Inputs, metadata.Outputs) {
		if tensor.Name == "" || tensor.Datatype == "" ||
			tensor.Shape == nil || slices.Contains(tensor.Shape, "") {
			return errors.New("the answer has a tensor without a name, a datatype or a shape")
		}
	}
	fmt.Println("name:", metadata.Name)
	fmt.Println(strings.Join(append([]string{"versions:"}, metadata.Versions...), " "))
	fmt.Println("platform:", *metadata.Platform)
	for _, input := range metadata.Inputs {
		fmt.Println("input", input)
	}
	for _, output := range metadata.Outputs {
		fmt.Println("output", output)
	}
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

type tensor struct {
	Name, Datatype string
	Shape          []json.Number // "" for null
}

func (t tensor) String() string {
	shape := strings.ReplaceAll(fmt.Sprint(t.Shape), " ", ", ")
	return fmt.Sprintf("%s: %s %s", t.Name, t.Datatype, shape)
}
