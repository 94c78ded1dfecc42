// Ask whether the server is up, whether it has loaded its models, and whether one model
// can answer.
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

	server, err := client.ServerLive(ctx, &inference.ServerLiveRequest{})
	if err != nil {
		return err
	}
	fmt.Println("server live:", server.GetLive())

	models, err := client.ServerReady(ctx, &inference.ServerReadyRequest{})
	if err != nil {
		return err
	}
	fmt.Println("server ready:", models.GetReady())

	model, err := client.ModelReady(ctx, &inference.ModelReadyRequest{
		Name:    "dummy",
		Version: "1",
	})
	if err != nil {
		return err
	}
	fmt.Println("model ready:", model.GetReady())

	if !server.GetLive() || !models.GetReady() || !model.GetReady() {
		return errors.New("the server or the model is not ready")
	}
	return nil
}
