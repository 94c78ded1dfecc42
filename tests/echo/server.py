"""Answers each call with its request, over gRPC and REST. Arguments: GRPC_PORT REST_PORT."""

import json
import sys
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

from samplegen.contract import protos

HERE = Path(__file__).parent
NO_ITEM = 'there is no item "x" here: 100%'


def messages() -> dict[str, type[Any]]:
    """The classes of the messages, by name."""
    contract = protos.read((HERE, HERE / "third_party"), ("echo.proto",))
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(contract.descriptors).file:
        pool.Add(file)
    names = ("echo.v1.Everything", "echo.v1.FindRequest")
    return {n: message_factory.GetMessageClass(pool.FindMessageTypeByName(n)) for n in names}


def refused(request: bytes, context: Any) -> bytes:
    """Refuses a call, of which the field `name` alone is set."""
    context.abort(grpc.StatusCode.NOT_FOUND, NO_ITEM)
    return b""


class Echo(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Any unary call."""

    def service(self, handler_call_details: Any) -> Any:
        if handler_call_details.method.endswith("/Remove"):
            return grpc.unary_unary_rpc_method_handler(refused)
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request)


class Gateway(BaseHTTPRequestHandler):
    """JSON, as the mapping of Protocol Buffers has it."""

    protocol_version = "HTTP/1.1"
    known = messages()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        found = self.known["echo.v1.FindRequest"](name=unquote(url.path.rpartition("/")[2]))
        query = parse_qs(url.query)
        given = {name: texts if name == "tags" else texts[0] for name, texts in query.items()}
        self.give(json_format.ParseDict({**given, "all": given["all"] == "true"}, found))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.give(json_format.Parse(body, self.known["echo.v1.Everything"]()))

    do_PUT = do_POST

    def do_DELETE(self) -> None:
        error = {"code": 5, "error": {"message": NO_ITEM}}
        self.send(404, json.dumps(error).encode())

    def give(self, message: Any) -> None:
        """Sends an answer."""
        text = json_format.MessageToJson(message, preserving_proto_field_name=True).encode()
        self.send(200, text)

    def send(self, status: int, text: bytes) -> None:
        """Sends an answer in JSON."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: object) -> None:
        pass


def main() -> None:
    grpc_port, rest_port = map(int, sys.argv[1:])
    server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[Echo()])
    server.add_insecure_port(f"127.0.0.1:{grpc_port}")
    server.start()
    ThreadingHTTPServer(("127.0.0.1", rest_port), Gateway).serve_forever()


if __name__ == "__main__":
    main()
