"""`samplegen init`: a project of one's own."""

import re
from dataclasses import dataclass
from pathlib import Path

import click

from samplegen.commands.options import EXISTING, force_option
from samplegen.contract.model import Method
from samplegen.drafting import choosing, contracts, operations, project, serving
from samplegen.drafting.contracts import Given
from samplegen.errors import UsageError, both
from samplegen.project import write_project
from samplegen.resources import starter
from samplegen.selection import matching


@click.command("init")
@click.argument("folder", type=EXISTING, default=Path(), metavar="[DIR]")
@click.option(
    "--openapi", type=EXISTING, metavar="FILE", help="The contract: OpenAPI 2.0, 3.0 or 3.1."
)
@click.option(
    "--proto",
    "protos",
    type=EXISTING,
    multiple=True,
    metavar="FILE",
    help="The contract: a proto with services; may be repeated.",
)
@click.option(
    "-I",
    "folders",
    type=EXISTING,
    multiple=True,
    metavar="DIR",
    help="Folder of what the protos import; may be repeated.",
)
@click.option(
    "--call",
    "calls",
    multiple=True,
    metavar="NAME",
    help="A call to document, such as KV.Put or an operationId; may be repeated. "
    f"Default: the first {choosing.MOST_CALLS}.",
)
@click.option(
    "--client",
    "clients",
    multiple=True,
    metavar="LANGUAGE[/CLIENT]",
    help="Only these clients; may be repeated. Default: all that fit the contract.",
)
@click.option(
    "--server",
    metavar="COMMAND",
    help="What starts a server of the API; {rest_port} and {grpc_port} are filled in.",
)
@click.option(
    "--endpoint", metavar="HOST:PORT", help="Where a server of the API is, for the samples."
)
@force_option
def command(
    folder: Path,
    openapi: Path | None,
    protos: tuple[Path, ...],
    folders: tuple[Path, ...],
    calls: tuple[str, ...],
    clients: tuple[str, ...],
    server: str | None,
    endpoint: str | None,
    force: bool,
) -> int:
    """Create a project for your own API, with a docs site.

    \b
    samplegen init shop --openapi shop.yaml --server 'shop --port {rest_port}'
    samplegen init etcd --proto rpc.proto -I protos --call KV.Put --call KV.Range
    samplegen init greeter

    Of a contract it makes an operation of each call, which all clients can say; there is no
    template to write. `samplegen record` then writes what the server answers into the operations.

    Without a contract it starts with a small example server, one operation and two clients;
    replace them with your own.
    """
    if openapi is None and not protos:
        options = ("-I", "--call", "--client", "--server", "--endpoint")
        values = (folders, calls, clients, server, endpoint)
        if given := [name for name, value in zip(options, values, strict=True) if value]:
            raise UsageError(f"{', '.join(given)}: expected --openapi or --proto, too")
        files = starter()
    else:
        asked = _Asked(openapi, protos, folders, calls, clients, server or "", endpoint or "")
        files = _drafted(asked, _title(folder))
    write_project(files, folder, force)
    click.echo(
        f"{len(files)} files in {folder}; {folder / 'README.md'} shows the next commands", err=True
    )
    return 0


@dataclass(frozen=True)
class _Asked:
    """What the command line asks for."""

    openapi: Path | None
    protos: tuple[Path, ...]
    folders: tuple[Path, ...]
    calls: tuple[str, ...]
    clients: tuple[str, ...]
    server: str
    endpoint: str


def _drafted(asked: _Asked, title: str) -> dict[str, bytes]:
    """The files of a project, made of a contract; what it cannot tell is printed to stderr.

    Raises:
        SamplegenError: With all that is wrong.
    """
    known = choosing.clients_with_steps()
    names = [client.name for client in known]
    (given, calls), (wanted, server) = both(
        lambda: _calls(asked),
        lambda: both(
            lambda: matching(names, asked.clients or ("all",), "--client"),
            lambda: serving.asked(asked.server, asked.endpoint),
        ),
    )
    clients = [client for client in known if client.name in wanted]
    fitting = choosing.fitting(clients, given, calls.found)
    title = given.contract.api_title or title
    transports = frozenset(client.transport for client in fitting.found)
    place = serving.place(given.contract, transports, server, title)
    drafts = operations.drafts(given.contract, calls.found)
    for note in (*calls.notes, *fitting.notes, *place.notes, *operations.notes(drafts)):
        click.echo(f"note: {note}", err=True)
    return project.files(given, title, drafts, fitting.found, place)


def _calls(asked: _Asked) -> tuple[Given, choosing.Chosen[Method]]:
    """The contract, and which of its calls are drafted."""
    given = _given(asked)
    return given, choosing.calls(given.contract, asked.calls)


def _title(folder: Path) -> str:
    return re.sub(r"[-_]+", " ", folder.resolve().name) or "API"


def _given(asked: _Asked) -> Given:
    if asked.openapi is not None and asked.protos:
        raise UsageError("--openapi and --proto: found both; leave one of them out")
    if asked.openapi is not None:
        return contracts.of_openapi(asked.openapi)
    return contracts.of_protos(asked.protos, asked.folders)
