"""The server that samples are judged against: ours, started here, or one given by address."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from samplegen.errors import SamplegenError
from samplegen.judge import processes
from samplegen.judge.wire import Recording, Request
from samplegen.spec import Api, Connection, Server

_START_SECONDS = 60
_STOP_SECONDS = 5
_LOG_LINES = 15


@dataclass(frozen=True)
class Target:
    """A running server."""

    connection: Connection
    version: str
    """Its own name and version."""
    documented: bool
    """Whether it listens on the addresses that the published samples name."""
    recording: Recording | None = None
    """What it was asked, if it tells."""
    process: subprocess.Popen[bytes] | None = None
    log: IO[bytes] | None = None

    @contextlib.contextmanager
    def watch(self) -> Iterator[list[Request] | None]:
        """The requests it answers meanwhile; None if it does not tell."""
        if self.recording is None:
            yield None
        else:
            with self.recording.watch() as requests:
                yield requests

    def death(self) -> str | None:
        """How the server ended, if we started it and it did."""
        if self.process is None or self.process.poll() is None:
            return None
        return f"the server ended with status {self.process.returncode}{_tail(self.log)}"


@contextlib.contextmanager
def reached(api: Api, connection: Connection) -> Iterator[Target]:
    """A server that somebody else started.

    Raises:
        SamplegenError: It does not answer.
    """
    address = f"{connection.host}:{connection.rest_port}"
    try:
        status, _ = _get(connection, api.server.ready)
        if status != http.HTTPStatus.OK:
            raise SamplegenError(
                f"the server at {address} is not ready; wait until it has loaded its models "
                f"(HTTP status {status} at {api.server.ready})"
            )
        version = _version(api, connection)
    except (OSError, http.client.HTTPException) as error:
        message = f"no server answers at {address}: {error}; start it, or leave out --endpoint"
        raise SamplegenError(message) from error
    yield Target(connection, version, documented=connection == api.connection)


@contextlib.contextmanager
def started(api: Api) -> Iterator[Target]:
    """The API's own server, on the documented ports if they are free, else on free ones.

    Raises:
        SamplegenError: It is not installed, or does not come up.
    """
    connection, documented = _ports(api.connection)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
        home = Path(folder)
        record = home / "requests.jsonl"
        record.touch()
        command = command_line(api.server, connection)
        command += [argument.format(record=record) for argument in api.server.record]
        recording = Recording(record) if api.server.record else None
        with processes.group(command, home, processes.environment(home), log, log) as process:
            _wait_until_ready(api, connection, process, log)
            version = _version(api, connection)
            yield Target(connection, version, documented, recording, process, log)
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)


def command_line(server: Server, connection: Connection) -> list[str]:
    """The arguments that start the API's own server.

    Raises:
        SamplegenError: It is not installed.
    """
    if server.module is not None and find_spec(server.module) is None:
        raise SamplegenError(f"{server.title} is not installed; type: {server.install}")
    values = {
        "python": sys.executable,
        "grpc_port": connection.grpc_port,
        "rest_port": connection.rest_port,
    }
    return [argument.format_map(values) for argument in server.command]


def port_is_free(port: int) -> bool:
    """Whether nothing listens on the port of any local address that `localhost` may mean."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), socket.socket(family) as probe:
            probe.settimeout(1)
            probe.connect((host, port))
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _ports(documented: Connection) -> tuple[Connection, bool]:
    """The documented connection if its ports are free, else one with free ports."""
    if port_is_free(documented.grpc_port) and port_is_free(documented.rest_port):
        return documented, True
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        grpc_port, rest_port = first.getsockname()[1], second.getsockname()[1]
    return replace(documented, grpc_port=grpc_port, rest_port=rest_port), False


def _wait_until_ready(
    api: Api, connection: Connection, process: subprocess.Popen[bytes], log: IO[bytes]
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            message = f"ended with status {process.returncode} before it was ready{_tail(log)}"
            raise SamplegenError(f"{api.server.title} {message}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            if _get(connection, api.server.ready)[0] == http.HTTPStatus.OK:
                return
        time.sleep(0.02)
    raise SamplegenError(f"{api.server.title} was not ready after {_START_SECONDS} s{_tail(log)}")


def _get(connection: Connection, path: str) -> tuple[int, bytes]:
    client = http.client.HTTPConnection(connection.host, connection.rest_port, timeout=5)
    with contextlib.closing(client):
        client.request("GET", path)
        response = client.getresponse()
        return response.status, response.read()


def _version(api: Api, connection: Connection) -> str:
    """The name and version that the server states of itself."""
    _, body = _get(connection, api.server.metadata)
    try:
        metadata = json.loads(body)
        return f"{metadata['name']} {metadata['version']}"
    except (ValueError, LookupError, TypeError):
        return "unknown"


def _tail(log: IO[bytes] | None) -> str:
    """The last lines of a server's log, behind a line break."""
    if log is None:
        return ""
    text = os.pread(log.fileno(), 2**20, 0).decode(errors="replace")
    lines = text.strip().splitlines()[-_LOG_LINES:]
    return "".join(f"\n  {line}" for line in lines)
