"""`samplegen model`: samples for a model of the reader's own server."""

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from samplegen.commands.printing import error, verify_extra
from samplegen.errors import Problem, SamplegenError, UsageError
from samplegen.options import (
    EXISTING,
    cache_option,
    catalogue_options,
    complete,
    connection,
    json_option,
    matching_clients,
)
from samplegen.samples import Catalogue, Cell, write_file
from samplegen.served import address, asking, operation
from samplegen.served.address import Address
from samplegen.spec import OPERATION_NAME, Connection, Operation

if TYPE_CHECKING:
    from samplegen.judge.verdicts import Verdict


@dataclass(frozen=True)
class _Task:
    """What the command line asks for, and what the server answered."""

    catalogue: Catalogue
    answer: asking.Answer
    operation: Operation
    cells: tuple[Cell, ...]
    connection: Connection
    unreached: dict[str, str]
    """Transport to why no server is known for it."""


@click.command("model")
@click.argument("address_text", metavar="ADDRESS")
@click.argument("name", metavar="NAME")
@click.option("--version", default="", metavar="N", help="Default: the server's default version.")
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="INPUT=SIZES",
    help="What is sent where the model takes any size, such as x=1,3,224,224; may be repeated. "
    "Default: 1 for each open dimension.",
)
@click.option(
    "--client",
    "clients",
    multiple=True,
    metavar="LANGUAGE[/CLIENT]",
    shell_complete=complete("clients"),
    help="Print the program of this one; with --run or --output, only these; may be repeated.",
)
@click.option("--output", type=EXISTING, metavar="DIR", help="Write the programs to a folder.")
@click.option("--run", is_flag=True, help="Build and run the programs against the server.")
@click.option(
    "--save",
    type=EXISTING,
    metavar="FILE",
    help="Write the operation, to be kept in a spec of your own; with --run, with what the model "
    "answered.",
)
@click.option("--force", is_flag=True, help="Let --output and --save replace files.")
@click.option(
    "--grpc-port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Where the same server speaks gRPC, if ADDRESS says where it speaks REST.",
)
@click.option(
    "--rest-port", type=click.IntRange(1, 65535), metavar="PORT", help="The other way round."
)
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Default: one for each core.")
@cache_option
@catalogue_options
@json_option
def command(
    catalogue: Catalogue,
    address_text: str,
    name: str,
    version: str,
    shapes: tuple[str, ...],
    clients: tuple[str, ...],
    output: Path | None,
    run: bool,
    save: Path | None,
    force: bool,
    jobs: int | None,
    cache: Path,
    as_json: bool,
    **ports: int | None,
) -> int:
    """Make samples for a model of your own server: its tensors, datatypes and shapes.

    ADDRESS is that of a running KServe v2 server, such as OpenVINO Model Server, Triton or KServe:
    http://HOST:PORT or https:// for REST, grpc:// or grpcs:// for gRPC. NAME is the model.

    \b
    samplegen model http://localhost:8000 resnet                        what can be made
    samplegen model http://localhost:8000 resnet --client go/http       one program
    samplegen model grpc://gpu7:8001 bert --shape ids=1,128 --output .  all programs
    samplegen model http://localhost:8000 resnet --run                  do they run?
    samplegen model http://localhost:8000 resnet --save spec/resnet.yaml

    Inputs are sent the numbers 0 to 9, again and again. A long tensor is made in code; of a long
    output, a sample prints the shape and the first values.

    With --run, every program is built, run against the server and judged: it must end well and print
    what the model's metadata promises, and all must print the same values.
    """
    where = address.parse(address_text)
    given = operation.parse_shapes(shapes)
    _check_files(output, save, force)
    chosen = matching_clients(catalogue, clients or ("all",), "--client")
    if clients and len(chosen) > 1 and not (run or output):
        names = ", ".join(sorted(chosen))
        raise UsageError(f"--client: found {names}; name one to print, or add --output or --run")
    task = _task(catalogue, where, name, version, given, chosen, ports)
    if run:
        return _run(task, jobs, cache, output, save, as_json)
    _write(task, output, save, task.operation)
    if clients and not output:
        _print(task, as_json)
    elif as_json:
        click.echo(json.dumps(_described(task), indent=1, ensure_ascii=False))
    elif not output:
        _list(task)
    return 0


def _task(
    catalogue: Catalogue,
    where: Address,
    name: str,
    version: str,
    shapes: operation.Shapes,
    chosen: frozenset[str],
    ports: dict[str, int | None],
) -> _Task:
    api = catalogue.spec.api
    own = f"{where.transport}_port"
    if ports[own] not in (None, where.port):
        raise UsageError(f"--{own.replace('_', '-')}: found {ports[own]}; the address has another")
    answer = asking.ask(where, name, version, api.deadline)
    made = operation.make(answer.model, name, shapes)
    reader = connection(
        api.connection, host=where.host, model_version=version, **(ports | {own: where.port})
    )
    other = "grpc" if where.transport == "rest" else "rest"
    unreached = {}
    if ports[f"{other}_port"] is None:
        port = getattr(reader, f"{other}_port")
        unreached[other] = f"the server's {other} port is not known; name it: --{other}-port {port}"
    cells = tuple(
        Cell(made, client) for client in catalogue.clients.all() if client.name in chosen
    )
    return _Task(catalogue.on(reader), answer, made, cells, reader, unreached)


def _check_files(output: Path | None, save: Path | None, force: bool) -> None:
    """Refuses what cannot be written before anything is asked."""
    problems: list[str] = []
    if save is not None:
        if save.suffix != ".yaml" or not OPERATION_NAME.fullmatch(save.stem):
            problems.append(
                f"--save: found {save.name!r}; expected lower-case words joined by '-', and .yaml"
            )
        if save.exists() and not force:
            problems.append(f"--save: {save} is there; name another file, or add --force")
    if output is not None and output.exists() and not output.is_dir():
        problems.append(f"--output: {output} is a file; name a folder")
    if output is not None and not force:
        pass
    if problems:
        raise UsageError(*problems)
