"""A real server in a process of its own."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import samplegen_server

START_SECONDS = 90.0


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    """A server that is ready."""

    process: subprocess.Popen[bytes]
    port: int
    rest_port: int
    log: Path

    def rest(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.rest_port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, found, response.read())

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to stop; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(10)


def environment() -> dict[str, str]:
    """Where a subprocess finds the server, installed or not."""
    home = Path(samplegen_server.__file__).parents[1]
    return {**os.environ, "PYTHONPATH": str(home)}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "samplegen_server", *map(str, arguments)]


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def running(
    log: Path, arguments: Sequence[object] = (), *, is_ready: bool = True
) -> Generator[Server]:
    """A server on free ports, stopped at the end; with `is_ready`, waited for."""
    port, rest_port = free_ports(2)
    with log.open("wb") as out:
        process = subprocess.Popen(
            command("--port", port, "--rest_port", rest_port, *arguments),
            env=environment(),
            stdout=out,
            stderr=out,
        )
    server = Server(process, port, rest_port, log)
    try:
        if is_ready:
            wait_ready(server)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_ready(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            if server.rest("GET", "/v2/health/ready").status == 200:
                return
        time.sleep(0.02)
    raise AssertionError(f"the server did not get ready:\n{server.log.read_text()}")
