// Ask for all items with one of some tags of which enough are there.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"example.com/inventory/stock"
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
		"localhost:50061",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	if err != nil {
		return err
	}
	defer connection.Close()
	client := stock.NewInventoryClient(connection)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()

	response, err := client.FindItems(ctx, &stock.FindItemsRequest{
		Tags:     []string{"office", "it's $(new)"},
		MinCount: 10,
	})
	if err != nil {
		return err
	}
	for _, item := range response.GetItems() {
		fmt.Printf("%s: %d\n", item.GetTitle(), item.GetCount())
	}
	return nil
}
