"""The server that samples are judged against: ours, started here, or one given by address."""

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from samplegen.connection.model import Connection, with_values
from samplegen.errors import SamplegenError
from samplegen.judge.machine import ports, processes
from samplegen.judge.machine.commands import ending, execute
from samplegen.judge.machine.processes import Outcome, Processes
from samplegen.judge.servers.asking import get
from samplegen.spec import places
from samplegen.spec.api import Api, Server, Version
from samplegen.spec.reading import Spec

_START_SECONDS = 60
_STOP_SECONDS = 5
_COMMAND_SECONDS = 10
"""How long a command may take that asks the server."""
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
    if not address:
        check_installed(spec)
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
    documented = api.connection.ports
    numbers = [*dict.fromkeys(documented.values())]
    with ports.free(len(numbers)) as claimed, tempfile.TemporaryFile() as log:
        own = dict(zip(numbers, claimed, strict=True))
        own_ports = {name: own[number] for name, number in documented.items()}
        connection = with_values(api.connection, host="127.0.0.1", **own_ports)
        with tempfile.TemporaryDirectory() as folder, prepared(api.server, connection) as server:
            home = Path(folder)
            command = [*server.command]
            if other is not None:
                command += [argument.format(spec=other) for argument in api.server.other]
            env = {**processes.environment(home), **server.env}
            with Processes().guarded(command, home, env, log) as process:
                _wait_until_ready(api, connection, process, log)
                version = _version(api, connection)
                yield Target(connection, version, process, log)
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_STOP_SECONDS)


@contextlib.contextmanager
def prepared(server: Server, connection: Connection) -> Iterator[Server]:
    """The server with all places filled in; its folder and its further ports, until the block ends.

    Args:
        server: As `api.yaml` has it.
        connection: Has the ports that it is to listen on.

    Raises:
        SamplegenError: It is not installed.
    """
    if not installed(server):
        raise SamplegenError(not_installed(server))
    if not places.needs_folder(server):
        yield places.filled_server(server, _values(connection))
        return
    names = places.extra_ports(server)
    with ports.free(len(names)) as further, tempfile.TemporaryDirectory() as work:
        own = {name: str(port) for name, port in zip(names, further, strict=True)}
        filled = places.filled_server(server, {**_values(connection), **own, "work": work})
        for name, text in filled.files.items():
            Path(work, name).write_text(text, encoding="utf-8")
        yield filled


def served(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Runs a server until it ends, or until Ctrl-C; returns its status."""
    with Processes().guarded(command, Path(), env, sys.stdout.buffer) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):  # leaving the block kills it
                process.wait(_STOP_SECONDS)
            raise


def installed(server: Server) -> bool:
    """Whether the program that starts the server is there, and the module that it needs."""
    program = server.command[0]
    found = program == "{python}" or shutil.which(program) is not None
    return found and (server.module is None or find_spec(server.module) is not None)


def not_installed(server: Server) -> str:
    """Says that the server is not there."""
    program = server.command[0]
    missing = "" if server.module or program == "{python}" else f": there is no {program!r}"
    return f"{server.title} is not installed{missing}; type: {server.install}"


def check_installed(spec: Spec) -> None:
    """Raises SamplegenError, with the place in `api.yaml`, if the API's server is not there."""
    if not installed(spec.api.server):
        raise SamplegenError(spec.server_problem(not_installed(spec.api.server)))


def _values(connection: Connection) -> dict[str, str]:
    """What is filled into any command, but for folders."""
    return {"python": sys.executable, **{n: str(port) for n, port in connection.ports.items()}}


def _wait_until_ready(
    api: Api, connection: Connection, process: subprocess.Popen[bytes], log: IO[bytes]
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    refusal: str | None = ""
    while time.monotonic() < deadline:
        if process.poll() is not None:
            message = f"ended with status {process.returncode} before it was ready{_tail(log)}"
            raise SamplegenError(f"{api.server.title} {message}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            refusal = _refusal(api, connection)
            if refusal is None:
                return
        time.sleep(0.02)
    said = f" ({refusal})" if refusal else ""
    raise SamplegenError(
        f"{api.server.title} was not ready after {_START_SECONDS} s{said}{_tail(log)}"
    )


def _refusal(api: Api, connection: Connection) -> str | None:
    """What the server answers while it is not ready, None once it is.

    Raises:
        OSError: It takes no connection.
        http.client.HTTPException: It does not speak HTTP.
    """
    ready = api.server.ready
    if ready is None:
        for port in connection.ports.values():
            socket.create_connection((connection.host.strip("[]"), port), timeout=5).close()
        return None
    if ready.path is None:
        outcome = _ran(ready.command, connection)
        return None if outcome.status == 0 else f"{ready.command[0]}: {ending(outcome)}"
    status, body = get(connection, ready.path)
    if status != ready.status:
        return f"HTTP status {status} at {ready.path}"
    if ready.body is not None and re.search(ready.body, body.decode(errors="replace")) is None:
        return f"the answer at {ready.path} does not match {ready.body!r}"
    return None


def _ran(command: Sequence[str], connection: Connection) -> Outcome:
    """How a command ended that asks the server.

    Raises:
        SamplegenError: It cannot be started.
    """
    arguments = [places.filled(argument, _values(connection)) for argument in command]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        env = processes.environment(home)
        return execute(Processes(), tuple(arguments), {}, home, env, _COMMAND_SECONDS)


def _version(api: Api, connection: Connection) -> str:
    """The name and version that the server states of itself."""
    if api.server.version is not None:
        return _matched(api.server, api.server.version, connection)
    if api.server.metadata is None:
        return "unknown"
    _, body = get(connection, api.server.metadata)
    try:
        metadata = json.loads(body)
        return f"{metadata['name']} {metadata['version']}"
    except (ValueError, LookupError, TypeError):
        return "unknown"


def _matched(server: Server, version: Version, connection: Connection) -> str:
    """The name of the server, and the version that stands where `api.yaml` says."""
    if version.path is not None:
        text = get(connection, version.path)[1].decode(errors="replace")
    else:
        outcome = _ran(version.command, connection)
        text = outcome.stdout + outcome.stderr
    match = re.search(version.pattern, text)
    if match is None:
        return "unknown"
    return f"{server.name or server.title} {match[1] if match.re.groups else match[0]}"


def _tail(log: IO[bytes] | None) -> str:
    """The last lines of a server's log, behind a line break."""
    return "".join(f"\n  {line}" for line in _lines(log)) if log else ""


def _lines(log: IO[bytes]) -> list[str]:
    text = os.pread(log.fileno(), 2**20, 0).decode(errors="replace")
    return text.strip().splitlines()[-_LOG_LINES:]
