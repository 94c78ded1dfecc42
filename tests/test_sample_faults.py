"""Every sample tells a failure in one line on stderr, with status 1, inside its deadline."""

import shutil
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from samplegen.judge import processes
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
def rest_server(answer: bytes | None) -> Iterator[int]:
    """Reads a request and sends `answer`, whatever was asked; gives its port."""
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
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up early is what a faulty answer makes it do."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield server.server_address[1]
        finally:
            ended.set()
            server.shutdown()


@contextmanager
def grpc_server(fault: grpc.StatusCode | bytes | None) -> Iterator[int]:
    """Answers every RPC with a status, with bytes, or not at all; gives its port."""
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
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        ended.set()
        server.stop(0).wait()


@contextmanager
def closed_port() -> Iterator[int]:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


CATALOGUE = Catalogue()
CELLS = [cell for cell in CATALOGUE.cells if CATALOGUE.state(cell) == "ready"]

Start = Callable[[], Any]


def faults(cell: Cell) -> Iterator[tuple[str, Start]]:
    """The faults that a cell must tell, and how to start a server that has them."""
    yield "server down", closed_port
    if cell.client.transport == "grpc":
        for name, fault in GRPC_FAULTS.items():
            yield name, lambda fault=fault: grpc_server(fault)  # type: ignore[misc]
        return
    answers = REST_FAULTS if cell.operation.form == "health" else REST_FAULTS | REST_BODY_FAULTS
    for name, answer in answers.items():
        yield name, lambda answer=answer: rest_server(answer)  # type: ignore[misc]


def run(cell: Cell, port: int, folder: Path) -> processes.Outcome:
    """Runs the cell's sample against a server on `port`."""
    api = replace(CATALOGUE.spec.api, deadline=DEADLINE)
    other = port - 1 if port > 1024 else port + 1
    ports: dict[str, Any] = {"grpc_port": port, "rest_port": other}
    if cell.client.transport == "rest":
        ports = {"grpc_port": other, "rest_port": port}
    seen = view(api, cell.operation, replace(api.connection, host="127.0.0.1", **ports))
    file = folder / Path(cell.client.sample(cell.operation)).name
    file.write_text(CATALOGUE.renderer.render(cell.client, seen).text)
    for name in cell.operation.files:
        shutil.copy(CATALOGUE.spec.data(name), folder)
    values = {"python": "python", "file": str(file), "work": str(folder)}
    command = [argument.format_map(values) for argument in cell.client.language.run]
    return processes.run(command, folder, processes.environment(folder), DEADLINE + SLACK)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name.replace(" × ", "-"))
def test_each_failure_is_one_line_and_status_1(cell: Cell, tmp_path: Path) -> None:
    if any(shutil.which(tool) is None for tool in ("curl", "jq")):
        pytest.skip("curl or jq is missing; type: sudo apt install curl jq")

    def told(item: tuple[int, tuple[str, Start]]) -> str | None:
        number, (name, start) = item
        folder = tmp_path / str(number)
        folder.mkdir()
        with start() as port:
            outcome = run(cell, port, folder)
        lines = outcome.stderr.splitlines()
        if outcome.status == 1 and len(lines) == 1 and "Traceback" not in lines[0]:
            return None
        return f"{name}: {outcome}"

    with futures.ThreadPoolExecutor(2) as pool:
        wrong = [problem for problem in pool.map(told, enumerate(faults(cell))) if problem]
    assert not wrong, "\n".join(wrong)
