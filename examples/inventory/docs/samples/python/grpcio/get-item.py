# Ask for an item by its stock keeping unit, and print what is known of it.

import sys

import grpc
import inventory_pb2
import inventory_pb2_grpc


def main() -> None:
    with grpc.insecure_channel("localhost:50061") as channel:
        inventory = inventory_pb2_grpc.InventoryStub(channel)
        request = inventory_pb2.GetItemRequest(
            sku='LAMP/1 "Ö"',
        )
        item = inventory.GetItem(request, timeout=5)
    if not item or not item.title:
        raise ValueError("the answer has no title")
    print(f"title: {item.title}")
    print(f"count: {item.count}")
    print(f"price: {item.price}")


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as error:
        sys.exit(f"{error.code().name}: {' '.join(error.details().split())}")
    except ValueError as error:
        sys.exit(str(error))
