# Store a value, ask for all changes of its key from that one on, and stop after the
# first.

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
        stub = etcd_pb2_grpc.KVStub(channel)
        request = etcd_pb2.PutRequest(
            key=f"weather/{lease}".encode(),
            value=b"sunny",
            lease=lease,
        )
        answer2 = stub.Put(request, timeout=5)
        revision = field(answer2.header, "revision")
        stub = etcd_pb2_grpc.WatchStub(channel)
        requests = [
            etcd_pb2.WatchRequest(
                create_request=etcd_pb2.WatchCreateRequest(
                    key=f"weather/{lease}".encode(),
                    start_revision=revision,
                ),
            ),
        ]
        answers = stub.Watch(iter(requests), timeout=5)
        for answer3 in answers:
            print("created:", str(answer3.created).lower())
            for item in answer3.events:
                print("weather:", field(item.kv, "value").decode())
            if answer3.events:
                answers.cancel()
                break
        else:
            raise RuntimeError("the stream ended too early")
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
