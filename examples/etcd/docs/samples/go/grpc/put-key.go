// Store a value under a key, read it, and print both.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/sample/etcd"
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
		"localhost:2379",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	if err != nil {
		return err
	}
	defer connection.Close()

	request := &etcd.PutRequest{Key: []byte("greeting"), Value: []byte("Hello, etcd! \"Ö\"")}
	answer, err := call(etcd.NewKVClient(connection).Put, request)
	if err != nil {
		return err
	}
	revision := answer.GetHeader().GetRevision()
	if revision == 0 {
		return errors.New("the answer has no header.revision")
	}
	fmt.Println("revision:", revision)

	request2 := &etcd.RangeRequest{Key: []byte("greeting")}
	answer2, err := call(etcd.NewKVClient(connection).Range, request2)
	if err != nil {
		return err
	}
	for _, item := range answer2.GetKvs() {
		key := item.GetKey()
		if len(key) == 0 || !utf8.Valid(key) {
			return errors.New("the answer has no key")
		}
		value := item.GetValue()
		if len(value) == 0 || !utf8.Valid(value) {
			return errors.New("the answer has no value")
		}
		fmt.Printf("%s: %s\n", key, value)
	}
	count := answer2.GetCount()
	if count == 0 {
		return errors.New("the answer has no count")
	}
	fmt.Println("count:", count)
	return nil
}

// call makes a call that has to be done within the deadline.
func call[Request, Answer any](
	method func(context.Context, *Request, ...grpc.CallOption) (*Answer, error),
	request *Request,
) (*Answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return method(ctx, request)
}
