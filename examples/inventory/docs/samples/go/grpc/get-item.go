// Ask for an item by its stock keeping unit, and print what is known of it.
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

	item, err := client.GetItem(ctx, &stock.GetItemRequest{
		Sku: "LAMP/1 \"Ö\"",
	})
	if err != nil {
		return err
	}
	if item.GetTitle() == "" {
		return fmt.Errorf("the answer has no title")
	}
	fmt.Println("title:", item.GetTitle())
	fmt.Println("count:", item.GetCount())
	fmt.Println("price:", item.GetPrice())
	return nil
}
