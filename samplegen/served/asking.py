"""What a server knows of a model, whichever transport it is asked over."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol
from urllib.parse import quote

from samplegen.connection.model import Connection, Tls
from samplegen.errors import SamplegenError, UsageError, nearest
from samplegen.served import metadata
from samplegen.served.address import Address
from samplegen.served.metadata import (
    Given,
    ModelConfiguration,
    ModelMetadata,
    ServerMetadata,
)
from samplegen.served.rest import Rest

_CONFIGURATION = "model_configuration"
"""The extension of servers that tell how a model wants to be called."""


class Server(Protocol):
    """The questions that are put to a server."""

    def model(self, name: str, version: str) -> Any: ...
    def configuration(self, name: str, version: str) -> Any: ...
    def models(self) -> list[str]: ...
    def server(self) -> ServerMetadata: ...


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    model: ModelMetadata
    server: ServerMetadata
    configuration: ModelConfiguration = metadata.ORDINARY


def ask(
    address: Address,
    name: str,
    version: str,
    deadline: float,
    connection: Connection | None = None,
    given: Given | None = None,
) -> Answer:
    """Asks for a model.

    Args:
        address: The server.
        name: The model.
        version: Digits, or empty for the server's default version.
        deadline: Seconds that one question may take.
        connection: What the server asks of those who call; None: no more than an address.
        given: Tensors that the reader names.

    Raises:
        UsageError: The server has no such model; with those it has, if it tells.
        SamplegenError: It does not answer, or its answer cannot be used; or what the connection
            names is not there.
    """
    if connection is None:
        tls = Tls() if address.tls else None
        connection = Connection(host=address.host, rest_port=address.port, tls=tls)
    asked = server(address, deadline, connection)
    tree = asked.model(name, version)
    if tree is None:
        raise _unknown(asked, address, name, version)
    model = metadata.read(tree, str(address), given)
    itself = asked.server()
    told = _CONFIGURATION in itself.extensions
    configuration = asked.configuration(name, version) if told else None
    return Answer(model, itself, metadata.read_configuration(configuration))


def server(address: Address, deadline: float, connection: Connection) -> Server:
    """What asks the server at an address, which is not asked yet.

    Raises:
        SamplegenError: A variable of the connection is not set, or gRPC is not installed.
    """
    if address.transport == "rest":
        return Rest(address, deadline, connection)
    try:
        rpc = import_module("samplegen.served.rpc")
    except ModuleNotFoundError as missing:
        message = f"{missing.name} is not installed, which speaks gRPC; type: "
        message += "pip install 'samplegen[verify]'; or name the server's REST address"
        raise SamplegenError(message) from missing
    made: Server = rpc.Rpc(address, deadline, connection)
    return made


def _unknown(server: Server, address: Address, name: str, version: str) -> UsageError:
    """No such model, or no such version of it."""
    known = server.models()
    if version and (tree := server.model(name, "")) is not None:
        versions = tree.get("versions") or () if isinstance(tree, dict) else ()
        hint = nearest(version, versions) if versions else "the server does not tell which it has"
        return UsageError(f"no version {version!r} of {name!r}; {hint}")
    if name in known and address.transport == "rest" and quote(name, safe="") != name:
        return UsageError(
            f"{address} has the model {name!r}, but its REST API does not take this name; ask it "
            "over grpc://"
        )
    if name in known:
        return UsageError(f"{address} has the model {name!r}, but cannot serve it now")
    hint = nearest(name, known) if known else "the server does not list its models"
    if not known and address.transport == "rest" and quote(name, safe="") != name:
        hint += ", and the REST API of some does not take such a name; ask it over grpc://"
    return UsageError(f"no model {name!r} at {address}; {hint}")
