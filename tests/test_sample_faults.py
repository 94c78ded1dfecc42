"""Every sample tells a failure in one line on stderr, with status 1, inside its deadline."""

import shutil
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from samplegen.clients import Gate
from samplegen.judge import processes
from samplegen.judge.preparing import Workshop
from samplegen.judge.requirements import versions
from samplegen.options import default_cache
from samplegen.render import view
from samplegen.samples import Catalogue, Cell

DEADLINE = 2
"""Seconds; rendered into the samples in place of the documented deadline."""
SLACK = 8
"""Seconds that starting a program may take on a busy machine."""


def http_answer(status: str, body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), size, body)


REST_FAULTS: dict[str, bytes | None] = {
    "not found": http_answer("404 Not Found", b'{"error":"Model is not found"}'),
    "error": http_answer("500 Internal Server Error", b'{"error":"boom"}'),
    "unavailable": http_answer("503 Service Unavailable", b""),
    "page of a proxy": http_answer("502 Bad Gateway", b"<html>\n<h1>Bad\nGateway</h1>\n</html>\n"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "closed": b"",
    "stalls": None,
}
"""What the server sends; None holds the connection open in silence."""

REST_BODY_FAULTS: dict[str, bytes | None] = {
    "cut": http_answer("200 OK", b'{"name": "du', 400),
    "not JSON": http_answer("200 OK", b"It works!"),
    "empty object": http_answer("200 OK", b"{}"),
    "wrong kind": http_answer("200 OK", b"[]"),
    "empty body": http_answer("200 OK", b""),
}
"""Answers to which only a call without a body, such as health, is blind."""

GRPC_FAULTS: dict[str, grpc.StatusCode | bytes | None] = {
    "not found": grpc.StatusCode.NOT_FOUND,
    "error": grpc.StatusCode.INTERNAL,
    "unavailable": grpc.StatusCode.UNAVAILABLE,
    "unimplemented": grpc.StatusCode.UNIMPLEMENTED,
    "no protobuf": b"\xff\xff\xff\xff",
    "stalls": None,
}


@contextmanager
def rest_server(answer: bytes | None, port: int) -> Iterator[None]:
    """Reads a request and sends `answer`, whatever was asked."""
    ended = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(DEADLINE + SLACK)
            self.request.recv(65536)
            if answer is None:
                ended.wait()
            else:
                self.request.sendall(answer)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up early is what a faulty answer makes it do."""

    with Server(("127.0.0.1", port), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield
        finally:
            ended.set()
            server.shutdown()


@contextmanager
def grpc_server(fault: grpc.StatusCode | bytes | None, port: int) -> Iterator[None]:
    """Answers every RPC with a status, with bytes, or not at all."""
    ended = threading.Event()

    def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
        if fault is None:
            ended.wait(DEADLINE + SLACK)
            return b""
        if isinstance(fault, grpc.StatusCode):
            context.abort(fault, "it is\nbroken")
        assert isinstance(fault, bytes)
        return fault

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
        def service(self, details: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Handler()])
    assert server.add_insecure_port(f"127.0.0.1:{port}") == port
    server.start()
    try:
        yield
    finally:
        ended.set()
        server.stop(0).wait()


CATALOGUE = Catalogue()
COMPILED = ("health", "infer-array")
"""The operations to which programs that must be built are put: building takes seconds."""
CELLS = [
    cell
    for cell in CATALOGUE.cells
    if not cell.client.language.build or cell.operation.name in COMPILED
]

Start = Callable[[int], AbstractContextManager[None]]


def faults(cell: Cell) -> Iterator[tuple[str, Start]]:
    """The faults that a cell must tell, and how to start a server that has them on a port."""
    yield "server down", lambda port: nullcontext()
    if cell.client.transport == "grpc":
        for name, fault in GRPC_FAULTS.items():
            yield name, partial(grpc_server, fault)
        return
    answers = REST_FAULTS if cell.operation.form == "health" else REST_FAULTS | REST_BODY_FAULTS
    for name, answer in answers.items():
        yield name, partial(rest_server, answer)


def free_port() -> int:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port: int = reserved.getsockname()[1]
        return port


def built(cell: Cell, port: int, cache: Path) -> list[str]:
    """The command that runs the cell's sample, made for a server on `port`."""
    found = versions(cell.client.requirements, 2)
    missing = [r for r in cell.client.requirements if not r.gates and found[r] is None]
    if missing:
        pytest.skip(f"{missing[0].name} is missing; type: {missing[0].install}")
    api = replace(CATALOGUE.spec.api, deadline=DEADLINE)
    ports: dict[str, Any] = {"grpc_port": 1, "rest_port": 2}
    ports[f"{cell.client.transport}_port"] = port
    seen = view(api, cell.operation, replace(api.connection, host="127.0.0.1", **ports))
    text = CATALOGUE.renderer.render(cell.client, seen).text
    workshop = Workshop(cache, CATALOGUE.clients, CATALOGUE.spec.proto, found)
    language = cell.client.language
    # C++ compiles in the gate of its warnings, and links in that of the build.
    gates: dict[Gate, Any] = (
        {"lint": language.lint, "build": language.build} if language.build else {}
    )
    name = Path(cell.client.sample(cell.operation)).name
    values = workshop.built(cell.client, name, text, gates, lambda gate: None)
    return [argument.format_map(values) for argument in language.run]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name.replace(" × ", "-"))
def test_each_failure_is_one_line_and_status_1(cell: Cell, tmp_path: Path) -> None:
    port = free_port()
    command = built(cell, port, default_cache())
    for name in cell.operation.files:
        shutil.copy(CATALOGUE.spec.data(name), tmp_path)
    wrong = []
    for name, start in faults(cell):
        with start(port):
            env = processes.environment(tmp_path)
            outcome = processes.run(command, tmp_path, env, DEADLINE + SLACK)
        lines = outcome.stderr.splitlines()
        if outcome.status != 1 or len(lines) != 1 or "Traceback" in lines[0]:
            wrong.append(f"{name}: {outcome}")
    assert not wrong, "\n".join(wrong)
