"""Where the server of an API is, and what starts it, as far as a reader or a contract tells."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from samplegen.connection.model import Connection, Header
from samplegen.contract.model import Contract, Security
from samplegen.errors import UsageError, both

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:/\s]+):(\d{1,5})(?::(\d{1,5}))?")
_PORTS = {"grpc_port": 50051, "rest_port": 8080}
"""Those that most servers have, where nobody tells."""
_READY = ("health", "healthz", "ready", "readyz", "livez", "ping", "status")
_KNOWN = frozenset({"python", "spec", *_PORTS})
_PLACE = re.compile(r"{(.*?)}")


@dataclass(frozen=True, kw_only=True)
class Place:
    """The server of a draft."""

    host: str
    ports: Mapping[str, int]
    command: tuple[str, ...]
    """Empty: nobody tells."""
    ready: str
    """The path that tells whether it is ready; empty: nobody tells."""
    headers: tuple[Header, ...] = ()
    bearer_token_env: str = ""
    notes: tuple[str, ...] = ()
    """What a reader has to look at."""

    @property
    def connection(self) -> dict[str, Any]:
        """As `api.yaml` has it."""
        found: dict[str, Any] = {"host": self.host, **self.ports}
        if self.bearer_token_env:
            found["bearer_token_env"] = self.bearer_token_env
        if self.headers:
            found["headers"] = [{"name": one.name, "env": one.env} for one in self.headers]
        return found


@dataclass(frozen=True)
class Asked:
    """What a reader tells of the server."""

    command: tuple[str, ...] = ()
    host: str = ""
    ports: tuple[int, ...] = ()


def asked(server: str, endpoint: str) -> Asked:
    """What the command line tells of the server.

    Args:
        server: The command that starts it; empty: nobody tells.
        endpoint: HOST:PORT, with the ports of gRPC and REST if it has both; empty: nobody tells.

    Raises:
        UsageError: One of them is not as it should be.
    """
    command, (host, ports) = both(lambda: _command(server), lambda: _address(endpoint))
    return Asked(command, host, ports)


def place(contract: Contract, transports: frozenset[str], asked: Asked, name: str) -> Place:
    """The server of an API.

    Args:
        contract: Of the API.
        transports: Those of the clients.
        asked: What a reader tells.
        name: Of the API, in variables that hold secrets.

    Raises:
        UsageError: The address has more or fewer ports than there are transports.
    """
    wanted = [port for port in _PORTS if port.removesuffix("_port") in transports]
    host, ports, notes = _documented(contract, wanted, asked)
    headers, bearer, secret_notes = _security(contract.security, name)
    ready = _ready(contract) if "rest_port" in ports else ""
    if not asked.command:
        notes.append("server: the command that starts it; write it into 'server' of spec/api.yaml")
    if not ready:
        notes.append("server: when it is ready; 'ready' of spec/api.yaml may name a path")
    made = Place(
        host=host,
        ports=ports,
        command=asked.command,
        ready=ready,
        headers=headers,
        bearer_token_env=bearer,
        notes=(*notes, *secret_notes),
    )
    _check(made)
    return made


def _check(made: Place) -> None:
    """Raises UsageError if there can be no such connection."""
    try:
        Connection(
            host=made.host,
            grpc_port=made.ports.get("grpc_port"),
            rest_port=made.ports.get("rest_port"),
            headers=made.headers,
            bearer_token_env=made.bearer_token_env or None,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error


def _address(endpoint: str) -> tuple[str, tuple[int, ...]]:
    """Host and ports; none if there is no endpoint."""
    if not endpoint:
        return "", ()
    match = _ADDRESS.fullmatch(endpoint)
    ports = tuple(int(port) for port in (match.groups()[1:] if match else ()) if port)
    if match is None or not all(0 < port < 2**16 for port in ports):
        message = "expected HOST:PORT, or HOST:GRPC_PORT:REST_PORT"
        raise UsageError(f"--endpoint: found {endpoint!r}; {message}")
    return match[1], ports


def _documented(
    contract: Contract, wanted: Sequence[str], asked: Asked
) -> tuple[str, dict[str, int], list[str]]:
    """Host and ports that samples call, and what is to be said of them.

    Raises:
        UsageError: The address has more or fewer ports than are wanted.
    """
    ports = {port: _PORTS[port] for port in wanted}
    if asked.host:
        if len(asked.ports) != len(wanted):
            names = ":".join(port.upper() for port in wanted)
            raise UsageError(f"--endpoint: found {len(asked.ports)} ports; expected HOST:{names}")
        return asked.host, dict(zip(wanted, asked.ports, strict=True)), []
    urls = [urlsplit(url) for url in contract.servers]
    named = [url for url in urls if url.hostname] if "rest_port" in ports else []
    plain = next((url for url in named if url.scheme == "http"), None)
    if plain is not None and plain.hostname and plain.port != ports.get("grpc_port"):
        return plain.hostname, {**ports, "rest_port": plain.port or 80}, []
    listens = " and ".join(f"localhost:{port}" for port in ports.values())
    if named:
        message = f"the contract names {named[0].geturl()}, but samples call {listens}"
        return "localhost", ports, [f"server: {message}; see 'connection' in spec/api.yaml"]
    if any(f"{{{port}}}" in word for port in ports for word in asked.command):
        return "localhost", ports, []
    message = f"on which port it listens; samples call {listens}"
    return "localhost", ports, [f"server: {message}; see 'connection' in spec/api.yaml"]


def _security(schemes: Sequence[Security], name: str) -> tuple[tuple[Header, ...], str, list[str]]:
    """The headers that hold secrets, the variable of a token, and what is to be said of them."""
    headers, bearer, notes = [], "", []
    for scheme in schemes:
        variable = f"{_variable(name)}_{'TOKEN' if scheme.kind == 'bearer' else 'KEY'}"[-40:]
        if scheme.kind == "bearer":
            bearer = variable
        elif scheme.kind in ("basic", "header"):
            header = "authorization" if scheme.kind == "basic" else scheme.header
            headers.append(Header(name=header, env=variable))
        else:
            notes.append(f"security: {scheme.name!r}, which connections cannot express")
            continue
        notes.append(f"security: {scheme.name!r}; set the environment variable {variable}")
    return tuple(headers), bearer, notes


def _command(server: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(server))
    except ValueError as error:
        raise UsageError(f"--server: found {server!r}: {error}") from error
    if wrong := {name for word in words for name in _PLACE.findall(word)} - _KNOWN:
        expected = ", ".join(f"{{{name}}}" for name in sorted(_KNOWN))
        raise UsageError(
            *(f"--server: found {{{name}}}; expected one of {expected}" for name in sorted(wrong))
        )
    return words


def _ready(contract: Contract) -> str:
    """A path by which the contract tells whether the server is up."""
    routes = [m.route for m in contract.methods if m.route and m.route.method == "GET"]
    plain = (route.path for route in routes if "{" not in route.path)
    return next((path for path in plain if path.rpartition("/")[2].lower() in _READY), "")


def _variable(name: str) -> str:
    found = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
    return found if found and not found[0].isdigit() else f"API_{found}".rstrip("_")
