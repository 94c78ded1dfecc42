"""Faulty servers do to an answer what their fault says, and nothing else, over both transports."""

import contextlib
import http.client
import http.server
import threading
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest

from samplegen.connection import Connection
from samplegen.judge.servers.faulty import Fault, Faulty, reserved, serving
from samplegen.spec import Call
from tests.server.process import free_ports

CALLS = (
    Call(rpc="Read", rest="GET /v2/models/{model}/versions/{version}"),
    Call(rpc="Send", rest="POST /v2/models/{model}/send"),
)


class Upstream(http.server.BaseHTTPRequestHandler):
    """Answers with the path and the body that it was sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.path.encode() + b" " + body
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("X-Kept", "yes")
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Keeps the tests' output clean."""


class Echo(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Answers each message with itself, in a stream if there are several."""

    def service(self, details: Any) -> Any:
        if details.method.endswith("Refuse"):
            return grpc.unary_unary_rpc_method_handler(
                lambda message, context: context.abort(grpc.StatusCode.NOT_FOUND, "no such model")
            )
        return grpc.stream_stream_rpc_method_handler(lambda messages, context: messages)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Connection]:
    rest = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=rest.serve_forever).start()
    (port,) = free_ports(1)
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Echo()])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    yield Connection(
        host="127.0.0.1", grpc_port=port, rest_port=rest.server_address[1], model_version="1"
    )
    server.stop(0).wait()
    rest.shutdown()
    rest.server_close()


@contextlib.contextmanager
def faulty(fault: Fault, transport: str, upstream: Connection) -> Iterator[tuple[Faulty, int]]:
    with reserved(20_500) as port:
        server = Faulty(fault, CALLS, upstream, lambda: None)
        with serving(server, transport, port):
            yield server, port


def ask(
    port: int, method: str, path: str, body: Any = None, timeout: float = 10, **options: Any
) -> tuple[int, str | None, bytes]:
    """Status, a header and the body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    with contextlib.closing(connection):
        connection.request(method, path, body, **options)
        response = connection.getresponse()
        return response.status, response.headers["X-Kept"], response.read()


READ = "/v2/models/dummy/versions/1"


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Fault(name="none"), 200, b"/v2/models/dummy/versions/1 "),
        (Fault(name="status", status=503), 503, b""),
        (Fault(name="page", status=502, body={"rest": b"<p>"}), 502, b"<p>"),
        (Fault(name="body", body={"rest": b"[]"}), 200, b"[]"),
        (Fault(name="other transport", body={"grpc": b"x"}), 200, b"/v2/models/dummy/versions/1 "),
        (Fault(name="replace", replace={b"mm": b"nn"}), 200, b"/v2/models/dunny/versions/1 "),
        (Fault(name="ask", ask={b"dummy": b"xxxxx"}), 200, b"/v2/models/xxxxx/versions/1 "),
        (
            Fault(name="other call", rpcs=frozenset(["Send"]), status=503),
            200,
            b"/v2/models/dummy/versions/1 ",
        ),
        (Fault(name="this call", rpcs=frozenset(["Read"]), status=503), 503, b""),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_rest(fault: Fault, status: int, body: bytes, upstream: Connection) -> None:
    with faulty(fault, "rest", upstream) as (server, port):
        assert ask(port, "GET", READ)[::2] == (status, body)
        assert server.asked == 1
        assert bool(server.wrong) == (body != b"/v2/models/dummy/versions/1 ")


def test_rest_passes_on_bodies_and_headers(upstream: Connection) -> None:
    for body, options in (
        (b"a body", {}),
        ([b"a ", b"body"], {"encode_chunked": True, "headers": {"Transfer-Encoding": "chunked"}}),
    ):
        with faulty(Fault(name="none"), "rest", upstream) as (_, port):
            path = "/v2/models/dummy/send"
            _, kept, answer = ask(port, "POST", path, body, **options)  # type: ignore[arg-type]
            assert (kept, answer) == ("yes", b"/v2/models/dummy/send a body")


def test_rest_cuts_an_answer(upstream: Connection) -> None:
    with (
        faulty(Fault(name="cut", cut=True), "rest", upstream) as (server, port),
        pytest.raises(http.client.IncompleteRead),
    ):
        ask(port, "GET", READ)
    assert server.wrong == 1


@pytest.mark.parametrize("when", ["at once", "midway"])
def test_rest_stalls(when: Any, upstream: Connection) -> None:
    fault = Fault(name="stalls", stalls=when)
    with faulty(fault, "rest", upstream) as (server, port):
        with pytest.raises(TimeoutError):
            ask(port, "GET", READ, timeout=0.5)
        assert server.wrong == 1


def test_raw_bytes_and_nobody_listening(upstream: Connection) -> None:
    for transport in ("rest", "grpc"):
        raw = Fault(name="raw", raw=b"SSH-2.0\r\n\r\n")
        with faulty(raw, transport, upstream) as (server, port):
            with pytest.raises(http.client.BadStatusLine):
                ask(port, "GET", READ)
            assert (server.asked, server.wrong) == (1, 1)
        down = Fault(name="down", listens=False)
        with faulty(down, transport, upstream) as (_, port), pytest.raises(ConnectionRefusedError):
            ask(port, "GET", READ)


def call(port: int, messages: list[bytes], method: str = "/any.Service/Read") -> Any:
    """The code and the messages that come back, each call as a stream."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            return "OK", list(channel.stream_stream(method)(iter(messages), timeout=1))
        except grpc.RpcError as error:
            late = error.code() == grpc.StatusCode.DEADLINE_EXCEEDED  # said in several ways
            return error.code().name, "" if late else error.details()


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Fault(name="none"), ("OK", [b"one", b"two"])),
        (Fault(name="code", code="UNAVAILABLE"), ("UNAVAILABLE", "it is\nbroken")),
        (Fault(name="body", body={"grpc": b"\xff"}), ("OK", [b"\xff", b"\xff"])),
        (Fault(name="empty", body={"grpc": b""}), ("OK", [b"", b""])),
        (Fault(name="other transport", body={"rest": b"x"}), ("OK", [b"one", b"two"])),
        (Fault(name="replace", replace={b"tw": b"TW"}), ("OK", [b"one", b"TWo"])),
        (Fault(name="ask", ask={b"one": b"ONE"}), ("OK", [b"ONE", b"two"])),
        (Fault(name="cut", cut=True), ("OK", [b"on", b"tw"])),
        (Fault(name="other call", rpcs=frozenset(["Send"]), cut=True), ("OK", [b"one", b"two"])),
        (Fault(name="stalls", stalls="at once"), ("DEADLINE_EXCEEDED", "")),
        (Fault(name="midway", stalls="midway"), ("DEADLINE_EXCEEDED", "")),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_grpc(fault: Fault, answer: Any, upstream: Connection) -> None:
    with faulty(fault, "grpc", upstream) as (server, port):
        assert call(port, [b"one", b"two"]) == answer
        assert server.asked == 1
        assert bool(server.wrong) == (answer != ("OK", [b"one", b"two"]))


def test_grpc_passes_on_what_the_real_server_refuses(upstream: Connection) -> None:
    with faulty(Fault(name="none"), "grpc", upstream) as (_, port):
        assert call(port, [b"x"], "/any.Service/Refuse") == ("NOT_FOUND", "no such model")
