// Store a state; only if it is still that, note it and read it, all at once.
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

	request := &etcd.PutRequest{Key: []byte("state"), Value: []byte("ready")}
	if _, err := call(etcd.NewKVClient(connection).Put, request); err != nil {
		return err
	}

	request2 := &etcd.TxnRequest{
		Compare: []*etcd.Compare{
			{
				Result:      etcd.Compare_EQUAL,
				Target:      etcd.Compare_VALUE,
				Key:         []byte("state"),
				TargetUnion: &etcd.Compare_Value{Value: []byte("ready")},
			},
		},
		Success: []*etcd.RequestOp{
			{
				Request: &etcd.RequestOp_RequestPut{
					RequestPut: &etcd.PutRequest{Key: []byte("seen"), Value: []byte("yes")},
				},
			},
			{
				Request: &etcd.RequestOp_RequestRange{
					RequestRange: &etcd.RangeRequest{Key: []byte("state")},
				},
			},
		},
		Failure: []*etcd.RequestOp{
			{
				Request: &etcd.RequestOp_RequestRange{
					RequestRange: &etcd.RangeRequest{Key: []byte("state")},
				},
			},
		},
	}
	answer2, err := call(etcd.NewKVClient(connection).Txn, request2)
	if err != nil {
		return err
	}
	succeeded := answer2.GetSucceeded()
	fmt.Println("succeeded:", succeeded)
	if len(answer2.GetResponses()) <= 1 {
		return errors.New("the answer has no responses[1].response_range.kvs")
	}
	for _, item := range answer2.GetResponses()[1].GetResponseRange().GetKvs() {
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
