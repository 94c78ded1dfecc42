// Store a value, ask for all changes of its key from that one on, and stop after the
// first.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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

	request := &etcd.LeaseGrantRequest{TTL: 60}
	answer, err := call(etcd.NewLeaseClient(connection).LeaseGrant, request)
	if err != nil {
		return err
	}
	lease := answer.GetID()
	if lease == 0 {
		return errors.New("the answer has no ID")
	}

	request2 := &etcd.PutRequest{
		Key:   []byte(fmt.Sprintf("weather/%d", lease)),
		Value: []byte("sunny"),
		Lease: lease,
	}
	answer2, err := call(etcd.NewKVClient(connection).Put, request2)
	if err != nil {
		return err
	}
	revision := answer2.GetHeader().GetRevision()
	if revision == 0 {
		return errors.New("the answer has no header.revision")
	}

	requests3 := []*etcd.WatchRequest{
		{
			RequestUnion: &etcd.WatchRequest_CreateRequest{
				CreateRequest: &etcd.WatchCreateRequest{
					Key:           []byte(fmt.Sprintf("weather/%d", lease)),
					StartRevision: revision,
				},
			},
		},
	}
	ctx3, cancel3 := limited()
	defer cancel3()
	stream3, err := etcd.NewWatchClient(connection).Watch(ctx3)
	if err != nil {
		return err
	}
	for _, request := range requests3 {
		if err := stream3.Send(request); err != nil && err != io.EOF {
			return err // of io.EOF, the answer says the cause
		}
	}
	if err := stream3.CloseSend(); err != nil {
		return err
	}
	for {
		answer3, err := stream3.Recv()
		if err == io.EOF {
			return errors.New("the stream ended too early")
		}
		if err != nil {
			return err
		}
		created := answer3.GetCreated()
		fmt.Println("created:", created)
		for _, item := range answer3.GetEvents() {
			value := item.GetKv().GetValue()
			if len(value) == 0 || !utf8.Valid(value) {
				return errors.New("the answer has no kv.value")
			}
			fmt.Printf("weather: %s\n", value)
		}
		if len(answer3.GetEvents()) > 0 {
			break
		}
	}

	request4 := &etcd.LeaseRevokeRequest{ID: lease}
	if _, err := call(etcd.NewLeaseClient(connection).LeaseRevoke, request4); err != nil {
		return err
	}
	return nil
}

// call makes a call that has to be done within the deadline.
func call[Request, Answer any](
	method func(context.Context, *Request, ...grpc.CallOption) (*Answer, error),
	request *Request,
) (*Answer, error) {
	ctx, cancel := limited()
	defer cancel()
	return method(ctx, request)
}

// limited returns a context that ends with the deadline.
func limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 5*time.Second)
}
