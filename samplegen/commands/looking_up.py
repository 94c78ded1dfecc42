"""The model that `samplegen model` is about, and the samples that can be made of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from samplegen.catalogue import Catalogue, Cell
from samplegen.connection.given import connection
from samplegen.connection.model import Connection
from samplegen.errors import UsageError
from samplegen.served import asking, data, limits, operation
from samplegen.served.address import Address
from samplegen.served.metadata import Given
from samplegen.spec.operation import Operation

_TITLES = {"grpc": "gRPC", "rest": "REST"}


@dataclass(frozen=True)
class Task:
    """What the command line asks for, and what the server answered."""

    catalogue: Catalogue
    answer: asking.Answer
    operation: Operation
    cells: tuple[Cell, ...]
    connection: Connection
    unreached: dict[str, str]
    """Transport to why no server is known for it."""


def look_up(
    catalogue: Catalogue,
    where: Address,
    name: str,
    version: str,
    shapes: operation.Shapes,
    chosen: frozenset[str],
    ports: dict[str, int | None],
    security: dict[str, Any],
    tensors: Given | None = None,
    files: Sequence[str] = (),
) -> Task:
    """Asks for the model, over the transport of `where`.

    Args:
        catalogue: Whose clients are to call it.
        where: The server.
        name: The model.
        version: Digits, or empty for the server's default version.
        shapes: Those that the reader wants.
        chosen: The names of the clients.
        ports: `grpc_port` and `rest_port`, where the reader names them.
        security: What `security_options` adds.
        tensors: Those that the reader names.
        files: The data that the reader sends, as INPUT=FILE.

    Raises:
        UsageError: The server has no such model, or an option is not as it should be.
        SamplegenError: The server does not answer, or what it answers cannot be used.
    """
    api = catalogue.spec.api
    own = f"{where.transport}_port"
    if ports[own] not in (None, where.port):
        raise UsageError(f"--{own.replace('_', '-')}: found {ports[own]}; the address has another")
    other = "grpc" if where.transport == "rest" else "rest"
    unreached = {}
    values = ports | {own: where.port}
    if values[f"{other}_port"] is None:
        usual = (
            getattr(api.connection, f"{transport}_port") for transport in (other, "grpc", "rest")
        )
        # What terminates TLS mostly has both on one port.
        port = where.port if where.tls else next(port for port in usual if port != where.port)
        values[f"{other}_port"] = port
        name_it = f"name it, such as --{other}-port {port}"
        unreached[other] = f"{where} does not report its port for {_TITLES[other]}; {name_it}"
    reader = connection(
        api.connection,
        host=where.host,
        model_version=version,
        grpc_port=values["grpc_port"],
        rest_port=values["rest_port"],
        **security | {"base_path": where.path or security["base_path"]},
    )
    deadline = reader.deadline or api.deadline
    answer = asking.ask(where, name, version, deadline, reader, tensors)
    reader = replace(reader, binary=limits.speaks_binary(answer.server))
    sent = data.read(files, answer.model.inputs, shapes)
    made = operation.make(
        answer.model,
        name,
        version,
        {**shapes, **{name: one.shape for name, one in sent.items()}},
        answer.configuration,
        {name: one.elements for name, one in sent.items()},
    )
    clients = (client for client in catalogue.clients.all() if client.name in chosen)
    cells = tuple(Cell(made, limits.fitted(client, answer.server)) for client in clients)
    return Task(catalogue.on(reader), answer, made, cells, reader, unreached)


def wants_tls(where: Address, security: dict[str, Any]) -> bool:
    """Whether the samples speak TLS, which the address says."""
    given = [name for name in ("tls", "cacert", "cert", "key") if security[name]]
    if given and not where.tls:
        names = ", ".join(f"--{name}" for name in given)
        raise UsageError(f"{names}: {where} is not encrypted; write {where.encrypted}")
    return where.tls
