"""The server that samples are judged against: ours, started here, or one given by address."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from samplegen.connection.model import Connection, with_values
from samplegen.errors import SamplegenError
from samplegen.judge.machine import ports, processes
from samplegen.judge.machine.processes import Processes
from samplegen.judge.servers.asking import get
from samplegen.spec.api import Api, Server
from samplegen.spec.reading import Spec

_START_SECONDS = 60
_STOP_SECONDS = 5
_LOG_LINES = 15


@dataclass(frozen=True)
class Target:
    """A running server."""

    connection: Connection
    version: str
    """Its own name and version."""
    process: subprocess.Popen[bytes] | None = None
    log: IO[bytes] | None = None

    def death(self) -> str | None:
        """How the server ended, if we started it and it did."""
        if self.process is None or self.process.poll() is None:
            return None
        return f"the server ended with status {self.process.returncode}{_tail(self.log)}"

    @property
    def last_lines(self) -> list[str]:
        """Of its log, if we started it."""
        return _lines(self.log) if self.log else []


@contextlib.contextmanager
def reached(api: Api, connection: Connection) -> Iterator[Target]:
    """A server that somebody else started.

    Raises:
        SamplegenError: It does not answer.
    """
    address = f"{connection.host}:{connection.rest_port or connection.grpc_port}"
    try:
        if (refusal := _refusal(api, connection)) is not None:
            raise SamplegenError(
                f"the server at {address} is not ready; wait until it is ({refusal})"
            )
        version = _version(api, connection)
    except (OSError, http.client.HTTPException) as error:
        cause = " ".join(str(error).split())
        message = f"no server answers at {address}: {cause}; start it, or leave out its address"
        raise SamplegenError(message) from error
    yield Target(connection, version)


@contextlib.contextmanager
def both(spec: Spec, address: Connection | None = None) -> Iterator[tuple[Target, Target | None]]:
    """The server at `address`, else the API's own; and one whose answers differ, if there is one.

    Raises:
        SamplegenError: One of them does not answer, does not come up or is not installed.
    """
    api = spec.api
    if not api.server.other or (address and not installed(api.server)):
        with reached(api, address) if address else started(api) as target:
            yield target, None
        return
    other = started(api, spec.folder)
    with contextlib.ExitStack() as stack:
        if address:
            target = stack.enter_context(reached(api, address))
            yield target, stack.enter_context(other) if _is_known(api, target) else None
            return
        with ThreadPoolExecutor(2) as pool:  # each takes a second to come up
            entered = [pool.submit(stack.enter_context, server) for server in (started(api), other)]
        yield entered[0].result(), entered[1].result()


def _is_known(api: Api, target: Target) -> bool:
    """Whether a server is of the API's own kind, so that the other one tells something of it."""
    return api.server.name is None or target.version.startswith(f"{api.server.name} ")


@contextlib.contextmanager
def started(api: Api, other: Path | None = None) -> Iterator[Target]:
    """The API's own server, on free ports: the documented ones are the proxy's.

    Args:
        api: Says how it is started.
        other: The spec's folder, for the server that answers differently.

    Raises:
        SamplegenError: It is not installed, or does not come up.
    """
    names = api.connection.ports
    with (
        ports.free(len(names)) as claimed,
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile() as log,
    ):
        connection = with_values(
            api.connection, host="127.0.0.1", **dict(zip(names, claimed, strict=True))
        )
        home = Path(folder)
        command = command_line(api.server, connection)
        if other is not None:
            command += [argument.format(spec=other) for argument in api.server.other]
        with Processes().guarded(command, home, processes.environment(home), log) as process:
            _wait_until_ready(api, connection, process, log)
            version = _version(api, connection)
            yield Target(connection, version, process, log)
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)


def installed(server: Server) -> bool:
    """Whether the program that starts the server is there, and the module that it needs."""
    program = server.command[0]
    found = program == "{python}" or shutil.which(program) is not None
    return found and (server.module is None or find_spec(server.module) is not None)


def command_line(server: Server, connection: Connection) -> list[str]:
    """The arguments that start the API's own server.

    Raises:
        SamplegenError: It is not installed.
    """
    if not installed(server):
        raise SamplegenError(f"{server.title} is not installed; type: {server.install}")
    values = {"python": sys.executable, **connection.ports}
    return [argument.format_map(values) for argument in server.command]


def _wait_until_ready(
    api: Api, connection: Connection, process: subprocess.Popen[bytes], log: IO[bytes]
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            message = f"ended with status {process.returncode} before it was ready{_tail(log)}"
            raise SamplegenError(f"{api.server.title} {message}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            if _refusal(api, connection) is None:
                return
        time.sleep(0.02)
    raise SamplegenError(f"{api.server.title} was not ready after {_START_SECONDS} s{_tail(log)}")


def _refusal(api: Api, connection: Connection) -> str | None:
    """What the server answers while it is not ready, None once it is.

    Raises:
        OSError: It takes no connection.
        http.client.HTTPException: It does not speak HTTP.
    """
    if api.server.ready is None:
        for port in connection.ports.values():
            socket.create_connection((connection.host.strip("[]"), port), timeout=5).close()
        return None
    status, _ = get(connection, api.server.ready)
    ready = status == http.HTTPStatus.OK
    return None if ready else f"HTTP status {status} at {api.server.ready}"


def _version(api: Api, connection: Connection) -> str:
    """The name and version that the server states of itself."""
    if api.server.metadata is None:
        return "unknown"
    _, body = get(connection, api.server.metadata)
    try:
        metadata = json.loads(body)
        return f"{metadata['name']} {metadata['version']}"
    except (ValueError, LookupError, TypeError):
        return "unknown"


def _tail(log: IO[bytes] | None) -> str:
    """The last lines of a server's log, behind a line break."""
    return "".join(f"\n  {line}" for line in _lines(log)) if log else ""


def _lines(log: IO[bytes]) -> list[str]:
    text = os.pread(log.fileno(), 2**20, 0).decode(errors="replace")
    return text.strip().splitlines()[-_LOG_LINES:]
