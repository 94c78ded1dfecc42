# Have the server make a lease, store a key with it, and end it, which deletes the key.

import sys

import etcd_pb2
import etcd_pb2_grpc
import grpc


def main() -> None:
    with grpc.insecure_channel("localhost:2379") as channel:
        stub = etcd_pb2_grpc.LeaseStub(channel)
        request = etcd_pb2.LeaseGrantRequest(TTL=60)
        answer = stub.LeaseGrant(request, timeout=5)
        lease = field(answer, "ID")
        print("seconds:", field(answer, "TTL"))
        stub = etcd_pb2_grpc.KVStub(channel)
        request = etcd_pb2.PutRequest(
            key=f"heartbeat/{lease}".encode(),
            value=b"alive",
            lease=lease,
        )
        stub.Put(request, timeout=5)
        stub = etcd_pb2_grpc.LeaseStub(channel)
        request = etcd_pb2.LeaseRevokeRequest(ID=lease)
        stub.LeaseRevoke(request, timeout=5)


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
