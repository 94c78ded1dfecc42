"""Servers that answer wrongly: between a sample and a real server, for one fault at a time.

They know no API. A fault says what becomes of a request or an answer on its way, as bytes.
"""

import contextlib
import http.client
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal

from samplegen.connection import Connection
from samplegen.judge.machine import ports
from samplegen.spec import Call

_HOST = "127.0.0.1"
_UPSTREAM_SECONDS = 30
"""How long the real server may take."""
_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "http2-settings", "host"}
"""Headers that are about one connection; RFC 9110, 7.6.1."""
_CODINGS = {"accept-encoding", "content-length", "date", "server"}
"""Further headers that are not passed on: what is changed must be plain, and is measured anew."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with a server. What is not named is as the real server has it."""

    name: str
    transports: Sequence[Literal["grpc", "rest"]] = ("grpc", "rest")
    rpcs: frozenset[str] | None = None
    """The calls that are answered wrongly; None: all."""
    listens: bool = True
    raw: bytes | None = None
    """Sent to whoever connects and says something; then the connection is closed."""
    code: str | None = None
    """The gRPC status of every answer."""
    status: int | None = None
    """The HTTP status of every answer."""
    body: Mapping[str, bytes] = field(default_factory=dict)
    """By transport, what stands in place of an answer that is not empty, or of that of a status."""
    replace: Mapping[bytes, bytes] = field(default_factory=dict)
    """What is replaced in an answer."""
    ask: Mapping[bytes, bytes] = field(default_factory=dict)
    """What is replaced in a message, or in a path, before the real server sees it."""
    cut: bool = False
    """Whether the end of an answer is missing."""
    stalls: Literal["", "at once", "midway"] = ""
    """When it falls silent and leaves the connection open."""


@dataclass
class Faulty:
    """A running server that has a fault."""

    fault: Fault
    calls: Sequence[Call]
    upstream: Connection
    stalled: Callable[[], None]
    """Hears of it when the server falls silent for the first time."""
    ended: threading.Event = field(default_factory=threading.Event)
    asked: int = 0
    """How many requests, or connections that said something, came."""
    wrong: int = 0
    """How many of them were answered wrongly."""
    _silent: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def concerns(self, rpc: str) -> bool:
        """Whether this call is answered wrongly; counts it."""
        self.asked += 1
        return self.fault.rpcs is None or rpc in self.fault.rpcs

    def request(self, message: bytes) -> bytes:
        """A message or a path as the real server gets it."""
        changed = _replaced(message, self.fault.ask)
        self.wrong += changed != message
        return changed

    def answer(self, transport: str, message: bytes) -> bytes:
        """A message or a body as the sample gets it, still whole."""
        changed = self.fault.body.get(transport, message) if message else message
        changed = _replaced(changed, self.fault.replace)
        self.wrong += changed != message or bool(self.fault.cut and message)
        return changed

    def stall(self) -> None:
        """Says and does nothing until the sample has ended."""
        self.wrong += 1
        with self._lock:
            if not self._silent:
                self.stalled()
            self._silent = True
        self.ended.wait()


@contextlib.contextmanager
def reserved(port: int) -> Iterator[int]:
    """A port, that one if it is free, where nobody listens but who is started here."""
    with ports.claimed([port]) as (claimed,), socket.socket() as holder:
        # Bound, but without listening, it keeps others away and refuses connections.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((_HOST, claimed))
        yield claimed


@contextlib.contextmanager
def serving(faulty: Faulty, transport: str, port: int) -> Iterator[Faulty]:
    """Has a server with a fault on a reserved port."""
    fault = faulty.fault
    if not fault.listens:
        yield faulty
        return
    start = _tcp if fault.raw is not None or transport == "rest" else _grpc
    with start(faulty, port):
        try:
            yield faulty
        finally:
            faulty.ended.set()


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_port = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is what a wrong answer makes it do."""


@contextlib.contextmanager
def _tcp(faulty: Faulty, port: int) -> Iterator[None]:
    kind = _Rest if faulty.fault.raw is None else _Raw
    handler = type("Handler", (kind,), {"faulty": faulty})
    with _Tcp((_HOST, port), handler) as server:
        serve = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serve.start()
        try:
            yield
        finally:
            server.shutdown()
            serve.join()


class _Raw(socketserver.BaseRequestHandler):
    """Sends the same bytes to everybody."""

    faulty: Faulty

    def handle(self) -> None:
        self.request.settimeout(_UPSTREAM_SECONDS)
        if self.request.recv(65536):
            self.faulty.asked += 1
            self.faulty.wrong += 1
            self.request.sendall(self.faulty.fault.raw)


class _Rest(BaseHTTPRequestHandler):
    """Passes requests on, and answers with what the fault makes of the real answer."""

    faulty: Faulty
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        self.close_connection = True
        if self.raw_requestline and self.parse_request():
            self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""

    def _serve(self) -> None:
        faulty, fault = self.faulty, self.faulty.fault
        body = self._read()
        concerned = faulty.concerns(_rpc(faulty.calls, self.command, self.path))
        if concerned and fault.stalls == "at once":
            faulty.stall()
        elif concerned and fault.status is not None:
            faulty.wrong += 1
            self._send(fault.status, {}, fault.body.get("rest", b""))
        else:
            path = faulty.request(self.path.encode()).decode() if concerned else self.path
            status, headers, answer = self._ask(path, body)
            if concerned:
                answer = faulty.answer("rest", answer)
            self._send(status, headers, answer, concerned)

    def _read(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _ask(self, path: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        upstream = self.faulty.upstream
        connection = http.client.HTTPConnection(
            upstream.host, upstream.rest_port, timeout=_UPSTREAM_SECONDS
        )
        with contextlib.closing(connection):
            connection.request(self.command, path, body or None, _passed_on(self.headers.items()))
            response = connection.getresponse()
            return response.status, _passed_on(response.getheaders()), response.read()

    def _send(
        self, status: int, headers: Mapping[str, str], body: bytes, concerned: bool = False
    ) -> None:
        fault = self.faulty.fault
        partly = concerned and body and (fault.cut or fault.stalls)
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if partly else body)
        if partly and fault.stalls:
            self.wfile.flush()
            self.faulty.stall()


@contextlib.contextmanager
def _grpc(faulty: Faulty, port: int) -> Iterator[None]:
    import grpc  # those who judge REST clients need not have it

    fault = faulty.fault
    target = f"{faulty.upstream.host}:{faulty.upstream.grpc_port}"

    def answer(messages: Iterator[bytes], context: Any, method: str) -> Iterator[bytes]:
        concerned = faulty.concerns(method.rpartition("/")[2])
        if concerned and fault.stalls:
            if fault.stalls == "midway":
                context.send_initial_metadata(())
            faulty.stall()
            return
        if concerned and fault.code is not None:
            faulty.wrong += 1
            context.abort(grpc.StatusCode[fault.code], "it is\nbroken")
        asked = (faulty.request(message) if concerned else message for message in messages)
        call = channel.stream_stream(method)
        try:
            for message in call(asked, timeout=_UPSTREAM_SECONDS):
                changed = faulty.answer("grpc", message) if concerned else message
                yield changed[:-1] if concerned and fault.cut else changed
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
        def service(self, details: Any) -> Any:
            def behave(messages: Iterator[bytes], context: Any) -> Iterator[bytes]:
                return answer(messages, context, details.method)

            # On the wire one message is a stream of one, so this takes all kinds of calls.
            return grpc.stream_stream_rpc_method_handler(behave)

    pool = ThreadPoolExecutor(4)
    server = grpc.server(pool, handlers=[Handler()])
    with contextlib.closing(grpc.insecure_channel(target)) as channel:
        server.add_insecure_port(f"{_HOST}:{port}")
        server.start()
        try:
            yield
        finally:
            faulty.ended.set()
            server.stop(0).wait()
            pool.shutdown()


def _rpc(calls: Sequence[Call], method: str, path: str) -> str:
    """The call that a request over REST makes; empty if it is none of them."""
    for call in calls:
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(call.path))
        pattern = pattern.replace("/versions/[^/]+", "(/versions/[^/]+)?")
        if call.method == method and re.fullmatch(pattern, path.partition("?")[0]):
            return call.rpc
    return ""


def _passed_on(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in _HOP | _CODINGS}


def _replaced(message: bytes, replacements: Mapping[bytes, bytes]) -> bytes:
    for old, new in replacements.items():
        message = message.replace(old, new)
    return message
