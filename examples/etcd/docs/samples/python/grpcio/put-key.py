# Store a value under a key, read it, and print both.

import sys

import etcd_pb2
import etcd_pb2_grpc
import grpc


def main() -> None:
    with grpc.insecure_channel("localhost:2379") as channel:
        stub = etcd_pb2_grpc.KVStub(channel)
        request = etcd_pb2.PutRequest(
            key=b"greeting",
            value='Hello, etcd! "Ö"'.encode(),
        )
        answer = stub.Put(request, timeout=5)
        print("revision:", field(answer.header, "revision"))
        request = etcd_pb2.RangeRequest(key=b"greeting")
        answer2 = stub.Range(request, timeout=5)
        for item in answer2.kvs:
            print(field(item, "key").decode() + ":", field(item, "value").decode())
        print("count:", field(answer2, "count"))


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
