// Ask which versions of a model are served, and for the name, datatype and shape of its
// inputs and outputs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"example.com/sample/inference"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, strings.Join(strings.Fields(err.Error()), " "))
		os.Exit(1)
	}
}

func run() error {
	connection, err := grpc.NewClient(
		"localhost:9000",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	if err != nil {
		return err
	}
	defer connection.Close()
	client := inference.NewGRPCInferenceServiceClient(connection)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	metadata, err := client.ModelMetadata(ctx, &inference.ModelMetadataRequest{
		Name:    "dummy",
		Version: "1",
	})
	if err != nil {
		return err
	}
	if metadata.GetName() == "" {
		return errors.New("the answer has no name")
	}
	fmt.Println("name:", metadata.GetName())
	fmt.Println(strings.Join(append([]string{"versions:"}, metadata.GetVersions()...), " "))
	fmt.Println("platform:", metadata.GetPlatform())
	for _, tensor := range metadata.GetInputs() {
		printTensor("input", tensor)
	}
	for _, tensor := range metadata.GetOutputs() {
		printTensor("output", tensor)
	}
	return nil
}

func printTensor(kind string, tensor *inference.ModelMetadataResponse_TensorMetadata) {
	shape := strings.ReplaceAll(fmt.Sprint(tensor.GetShape()), " ", ", ")
	fmt.Printf("%s %s: %s %s\n", kind, tensor.GetName(), tensor.GetDatatype(), shape)
}
