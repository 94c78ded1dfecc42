# Store a state; only if it is still that, note it and read it, all at once.

import sys

import etcd_pb2
import etcd_pb2_grpc
import grpc


def main() -> None:
    with grpc.insecure_channel("localhost:2379") as channel:
        stub = etcd_pb2_grpc.KVStub(channel)
        request = etcd_pb2.PutRequest(key=b"state", value=b"ready")
        stub.Put(request, timeout=5)
        request = etcd_pb2.TxnRequest(
            compare=[
                etcd_pb2.Compare(
                    result=etcd_pb2.Compare.EQUAL,
                    target=etcd_pb2.Compare.VALUE,
                    key=b"state",
                    value=b"ready",
                ),
            ],
            success=[
                etcd_pb2.RequestOp(
                    request_put=etcd_pb2.PutRequest(key=b"seen", value=b"yes"),
                ),
                etcd_pb2.RequestOp(request_range=etcd_pb2.RangeRequest(key=b"state")),
            ],
            failure=[
                etcd_pb2.RequestOp(request_range=etcd_pb2.RangeRequest(key=b"state")),
            ],
        )
        answer2 = stub.Txn(request, timeout=5)
        print("succeeded:", str(answer2.succeeded).lower())
        for item in answer2.responses[1].response_range.kvs:
            print(field(item, "key").decode() + ":", field(item, "value").decode())


def field(answer, name: str):
    """A field of the answer, which must be set."""
    value = getattr(answer, name)
    if not value:
        raise ValueError(f"the answer has no {name}")
    return value


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as error:
        sys.exit(f"{error.code().name}: {' '.join(error.details().split())}")
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
