# Ask for all items with one of some tags of which enough are there.

import sys

import grpc
import inventory_pb2
import inventory_pb2_grpc


def main() -> None:
    with grpc.insecure_channel("localhost:50061") as channel:
        inventory = inventory_pb2_grpc.InventoryStub(channel)
        request = inventory_pb2.FindItemsRequest(
            tags=["office", "it's $(new)"],
            min_count=10,
        )
        response = inventory.FindItems(request, timeout=5)
    if response is None:
        raise ValueError("there is no answer")
    for item in response.items:
        print(f"{item.title}: {item.count}")


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as error:
        sys.exit(f"{error.code().name}: {' '.join(error.details().split())}")
    except ValueError as error:
        sys.exit(str(error))
