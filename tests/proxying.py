"""Toy servers of REST and gRPC, and the judge's proxy before them."""

import contextlib
import functools
import gzip
import http.client
import http.server
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pb2
from grpc_tools import protoc

from samplegen.connection.model import Connection
from samplegen.judge.servers.proxy.protobuf import Contract
from samplegen.judge.servers.proxy.proxy import Proxy, listening
from samplegen.judge.servers.proxy.sessions import Plan, Session
from samplegen.spec.operation import Call
from tests.conftest import ROOT

CALLS = (
    Call(rpc="Read", rest="GET /things/{name}"),
    Call(rpc="Send", rest="POST /things"),
    Call(rpc="ModelInfer", rest="POST /v2/models/{model}/versions/{version}/infer"),
)


class Rest(http.server.BaseHTTPRequestHandler):
    """Answers as its path says; else with what it was sent."""

    protocol_version = "HTTP/1.1"
    asked: "list[tuple[str, str, dict[str, str], bytes]]"
    answers: "dict[str, tuple[int, dict[str, str], bytes]]"

    def do_GET(self) -> None:
        body = self._body()
        self.asked.append((self.command, self.path, dict(self.headers), body))
        status, headers, answer = self.answers.get(self.path, (200, {}, body or b"{}"))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if headers.get("Transfer-Encoding") == "chunked":
            self.end_headers()
            for start in range(0, len(answer), 7):
                piece = answer[start : start + 7]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
            return
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(answer)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_: Any) -> None:
        """Keeps the tests' output clean."""


class Echo(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Answers each message with itself; refuses, or answers as it is told to, by the method."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self.answers = answers
        self.metadata: list[dict[str, str]] = []

    def service(self, details: Any) -> Any:
        self.metadata.append({pair.key: pair.value for pair in details.invocation_metadata})
        if details.method.endswith("Refuse"):
            return grpc.unary_unary_rpc_method_handler(
                lambda message, context: context.abort(grpc.StatusCode.NOT_FOUND, "no ‘model’")
            )
        if details.method in self.answers:
            return grpc.unary_unary_rpc_method_handler(
                lambda message, context: self.answers[details.method]
            )
        return grpc.stream_stream_rpc_method_handler(self._each)

    def _each(self, messages: Iterator[bytes], context: Any) -> Iterator[bytes]:
        context.set_trailing_metadata((("kept", "yes"),))
        yield from messages


class Toys:
    """Both servers."""

    def __init__(self, rest_port: int, grpc_port: int, echo: Echo) -> None:
        self.connection = Connection(host="127.0.0.1", rest_port=rest_port, grpc_port=grpc_port)
        self.echo = echo
        self.asked = Rest.asked
        self.answers = Rest.answers


@contextlib.contextmanager
def toys() -> Iterator[Toys]:
    """The servers, on free ports."""
    Rest.asked, Rest.answers = [], {}
    echo = Echo({})
    rest = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Rest)
    thread = threading.Thread(target=rest.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server = grpc.server(futures.ThreadPoolExecutor(16), handlers=[echo])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield Toys(rest.server_address[1], port, echo)
    finally:
        server.stop(0).wait()
        rest.shutdown()
        rest.server_close()
        thread.join()


class Before:
    """A session, and the ports where its proxy answers."""

    def __init__(self, session: Session, rest_port: int, grpc_port: int) -> None:
        self.session = session
        self.rest_port = rest_port
        self.grpc_port = grpc_port

    def ask(
        self, method: str, path: str, body: Any = None, timeout: float = 10, **options: Any
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case, and the body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.rest_port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, path, body, **options)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return response.status, headers, response.read()

    def channel(self) -> Any:
        """For gRPC; it is closed at the end of its block."""
        return grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}")

    def call(
        self, messages: Sequence[bytes], method: str = "/toys.Toys/Read", timeout: float = 5
    ) -> tuple[str, list[bytes], str]:
        """The status, the messages and the details that come back, each call as a stream."""
        with self.channel() as channel:
            found: list[bytes] = []
            try:
                for message in channel.stream_stream(method)(iter(messages), timeout=timeout):
                    found.append(message)
                return "OK", found, ""
            except grpc.RpcError as error:
                return error.code().name, found, error.details()


@contextlib.contextmanager
def before(proxy: Proxy, upstream: Connection, **plan: Any) -> Iterator[Before]:
    """The proxy before a server."""
    doors = [listening("127.0.0.1", 0, "rest"), listening("127.0.0.1", 0, "grpc")]
    rest, rpc = (door.socket.getsockname()[1] for door in doors)
    with proxy.session(upstream, doors, Plan(**{"calls": CALLS, **plan})) as session:
        yield Before(session, rest, rpc)


@functools.cache
def contract(text: str) -> Contract:
    """The contract that a proto file states."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "toys.proto").write_text(text, encoding="utf-8")
        return Contract(_compiled(Path(folder), "toys.proto"))


@functools.cache
def kserve() -> Contract:
    """That of the package."""
    return Contract(_compiled(ROOT / "spec", "inference.proto"))


def _compiled(folder: Path, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as out:
        path = Path(out, "set")
        arguments = ["", f"-I{folder}", "--include_imports", f"--descriptor_set_out={path}", name]
        assert protoc.main(arguments) == 0
        found = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())
        return bytes(found.SerializeToString())


def zipped(body: bytes) -> bytes:
    """As a server compresses it."""
    return gzip.compress(body, mtime=0)
