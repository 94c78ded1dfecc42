// Have the server make a lease, store a key with it, and end it, which deletes the key.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

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
	ttl := answer.GetTTL()
	if ttl == 0 {
		return errors.New("the answer has no TTL")
	}
	fmt.Println("seconds:", ttl)

	request2 := &etcd.PutRequest{
		Key:   []byte(fmt.Sprintf("heartbeat/%d", lease)),
		Value: []byte("alive"),
		Lease: lease,
	}
	if _, err := call(etcd.NewKVClient(connection).Put, request2); err != nil {
		return err
	}

	request3 := &etcd.LeaseRevokeRequest{ID: lease}
	if _, err := call(etcd.NewLeaseClient(connection).LeaseRevoke, request3); err != nil {
		return err
	}
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
