"""The inventory: one service, over gRPC and REST."""

import argparse
import importlib
import json
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from grpc_tools import protoc

PROTO = Path(__file__).with_name("inventory.proto")
ITEMS: list[dict[str, Any]] = [
    {"sku": 'LAMP/1 "Ö"', "title": "Desk lamp", "count": 12, "price": 24.5, "tags": ["office"]},
    {"sku": "STAPLER", "title": "Stapler", "count": 40, "price": 9.9, "tags": ["it's $(new)"]},
    {"sku": "CHAIR", "title": "Chair", "count": 3, "price": 129.0, "tags": ["office"]},
]


def stubs() -> tuple[Any, Any]:
    """The modules that protoc makes of the contract."""
    folder = tempfile.mkdtemp()
    out = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
    if protoc.main(["protoc", f"--proto_path={PROTO.parent}", *out, PROTO.name]) != 0:
        sys.exit(f"{PROTO} cannot be compiled")
    sys.path.insert(0, folder)
    return importlib.import_module("inventory_pb2"), importlib.import_module("inventory_pb2_grpc")


pb2, pb2_grpc = stubs()


class NotFound(LookupError):
    """There is no such item."""


def get_item(request: Any) -> Any:
    for item in ITEMS:
        if item["sku"] == request.sku:
            return ParseDict(item, pb2.Item())
    raise NotFound(f"no item {request.sku}")


def find_items(request: Any) -> Any:
    found = [
        item
        for item in ITEMS
        if item["count"] >= request.min_count and set(item["tags"]) & set(request.tags)
    ]
    return ParseDict({"items": found}, pb2.FindItemsResponse())


CALLS: dict[str, Callable[[Any], Any]] = {"GetItem": get_item, "FindItems": find_items}


class Recorder:
    """Tells what was asked, so that it is known whether all clients ask the same."""

    def __init__(self, path: str | None) -> None:
        self._path = path

    def answer(self, rpc: str, request: Any, deadline: bool | None) -> Any:
        error = None
        try:
            return CALLS[rpc](request)
        except NotFound as failure:
            error = str(failure)
            raise
        finally:
            if self._path is not None:
                fields = MessageToDict(request, preserving_proto_field_name=True)
                line = {"rpc": rpc, "request": fields, "deadline": deadline, "error": error}
                with Path(self._path).open("a") as file:
                    file.write(json.dumps(line) + "\n")


def serve_grpc(port: int, recorder: Recorder) -> grpc.Server:
    class Servicer(pb2_grpc.InventoryServicer):  # type: ignore[misc, name-defined]  # made by protoc
        def GetItem(self, request: Any, context: grpc.ServicerContext) -> Any:
            return self._answer("GetItem", request, context)

        def FindItems(self, request: Any, context: grpc.ServicerContext) -> Any:
            return self._answer("FindItems", request, context)

        def _answer(self, rpc: str, request: Any, context: grpc.ServicerContext) -> Any:
            try:
                # Without a deadline, the time that remains is that to the end of all time.
                return recorder.answer(rpc, request, context.time_remaining() < 1e6)
            except NotFound as failure:
                context.abort(grpc.StatusCode.NOT_FOUND, str(failure))

    server = grpc.server(ThreadPoolExecutor(4))
    pb2_grpc.add_InventoryServicer_to_server(Servicer(), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server


def serve_rest(port: int, recorder: Recorder) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/v1/version":
                self._send(200, {"name": "inventory", "version": "1.0"})
            elif self.path.startswith("/v1/items/"):
                sku = unquote(self.path.removeprefix("/v1/items/"))
                self._answer("GetItem", pb2.GetItemRequest(sku=sku))
            else:
                self._send(404, {"error": f"no route {self.path}"})

        def do_POST(self) -> None:
            try:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                request = ParseDict(body, pb2.FindItemsRequest())
            except (ValueError, ParseError) as failure:
                self._send(400, {"error": str(failure)})
            else:
                self._answer("FindItems", request)

        def _answer(self, rpc: str, request: Any) -> None:
            try:
                answer = recorder.answer(rpc, request, None)
            except NotFound as failure:
                self._send(404, {"error": str(failure)})
            else:
                self._send(200, MessageToDict(answer, preserving_proto_field_name=True))

        def _send(self, status: int, value: dict[str, Any]) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing of requests that went well."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50061)
    parser.add_argument("--rest-port", type=int, default=8061)
    parser.add_argument("--record", metavar="FILE")
    options = parser.parse_args()
    recorder = Recorder(options.record)
    server = serve_grpc(options.port, recorder)
    try:
        serve_rest(options.rest_port, recorder)
    finally:
        server.stop(None)


if __name__ == "__main__":
    main()
