"""`samplegen model`: samples for a model of the reader's own server."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from samplegen import outputs
from samplegen.catalogue import Catalogue, Cell
from samplegen.commands.looking_up import Task, look_up, wants_tls
from samplegen.commands.options import (
    EXISTING,
    cache_option,
    catalogue_options,
    complete,
    json_option,
    other_port_options,
    report_without_effect,
    security_options,
)
from samplegen.commands.printing import error, extra
from samplegen.connection.given import on_this_machine
from samplegen.errors import SamplegenError, UsageError
from samplegen.files import write_file
from samplegen.gates import Gate
from samplegen.project import project_files, write_project
from samplegen.selection import matching_clients
from samplegen.served import address, operation
from samplegen.served.metadata import Given, parse_tensors
from samplegen.spec.operation import OPERATION_NAME, Operation

_GATES: tuple[Gate, ...] = ("format", "lint", "build", "run", "output")
"""Those of a sample that is not published, on a server of the reader's that records nothing."""


@click.command("model")
@click.argument("address_text", metavar="ADDRESS")
@click.argument("name", metavar="NAME")
@click.option(
    "--version",
    default="",
    metavar="N",
    help="Model version. Default: the server's default version.",
)
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="INPUT=SIZES",
    help="Input shape to send if the model leaves dimensions open, such as x=1,3,224,224; may be "
    "repeated. Default: 1 for each open dimension.",
)
@click.option(
    "--data",
    "files",
    multiple=True,
    metavar="INPUT=FILE",
    help="Send the elements in a file, such as x=row.npy; .npy, .json (a list, or lists in lists), "
    ".txt (a text a line), or .png and .jpg (8-bit pixels, red first); may be repeated.",
)
@click.option(
    "--input-tensor",
    "inputs",
    multiple=True,
    metavar="NAME:DATATYPE:SHAPE",
    help="An input that the server does not describe, or not as it is, such as x:FP32:1,4; may be "
    "repeated.",
)
@click.option(
    "--output-tensor",
    "outputs_",
    multiple=True,
    metavar="NAME:DATATYPE:SHAPE",
    help="The same of an output; -1 stands for any size.",
)
@click.option(
    "--client",
    "clients",
    multiple=True,
    metavar="LANGUAGE[/CLIENT]",
    shell_complete=complete("clients"),
    help="Print this client's program; with --run or --output, use only these; may be repeated.",
)
@click.option("--output", type=EXISTING, metavar="DIR", help="Write the programs to a folder.")
@click.option(
    "--export",
    "project",
    type=EXISTING,
    metavar="DIR",
    help="Write the program of --client as a complete project.",
)
@click.option("--run", is_flag=True, help="Build and run the programs against the server.")
@click.option(
    "--save",
    type=EXISTING,
    metavar="FILE",
    help="Write the operation to a YAML file for your own spec; with --run, with the model's "
    "answer.",
)
@click.option("--force", is_flag=True, help="Let --output, --export and --save replace files.")
@other_port_options
@security_options
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Samples to run at once. Default: one per core.",
)
@cache_option
@catalogue_options
@json_option
def command(
    catalogue: Catalogue,
    address_text: str,
    name: str,
    version: str,
    shapes: tuple[str, ...],
    files: tuple[str, ...],
    inputs: tuple[str, ...],
    outputs_: tuple[str, ...],
    clients: tuple[str, ...],
    output: Path | None,
    project: Path | None,
    run: bool,
    save: Path | None,
    force: bool,
    jobs: int | None,
    cache: Path,
    as_json: bool,
    grpc_port: int | None,
    rest_port: int | None,
    **security: Any,
) -> int:
    """Generate samples for a model on your own server.

    Tensor names, datatypes and shapes come from the model's metadata. ADDRESS is a running KServe
    v2 server, such as OpenVINO Model Server, Triton or KServe: http://HOST:PORT for REST,
    grpc://HOST:PORT for gRPC, https:// or grpcs:// with TLS. NAME is the model.

    \b
    samplegen model http://localhost:8000 resnet                        show the model
    samplegen model http://localhost:8000 resnet --client go/http       one program
    samplegen model grpc://gpu7:8001 bert --shape ids=1,128 --output .  all programs
    samplegen model http://localhost:8000 resnet --run                  run the programs
    samplegen model http://localhost:8000 resnet --client go/http --export app
    samplegen model http://localhost:8000 resnet --save spec/resnet.yaml
    samplegen model https://models.example resnet --cacert ca.pem --bearer-token-env TOKEN

    Inputs are filled with the numbers 0 to 9, repeated, unless --data names a file. Long inputs are
    filled in a loop; of long outputs, a sample prints the shape and the first values.

    With --run, every program is built and run against the server. It must exit with status 0 and
    print what the model's metadata promises; all programs must print the same values.

    Options for certificates, tokens and headers apply to this command and to the programs. Secrets
    are never written into programs: they read the environment variables at run time.
    """
    where = address.parse(address_text)
    security["tls"] = wants_tls(where, security)
    given = operation.parse_shapes(shapes)
    _check_files(save, force)
    chosen = matching_clients(catalogue, clients or ("all",), "--client")
    if clients and len(chosen) > 1 and not (run or output or project):
        names = ", ".join(sorted(chosen))
        raise UsageError(f"--client: found {names}; name one to print, or add --output or --run")
    if project and len(chosen) > 1:
        raise UsageError("--export: a project has one program; name its --client")
    ports = {"grpc_port": grpc_port, "rest_port": rest_port}
    tensors = Given(
        parse_tensors("--input-tensor", inputs), parse_tensors("--output-tensor", outputs_)
    )
    task = look_up(catalogue, where, name, version, given, chosen, ports, security, tensors, files)
    status = 0
    if run:
        status, answered = _run(task, jobs, cache, as_json)
        task = replace(task, operation=answered)
    _write(task, output, save, force)
    if project:
        _export(task, project, force)
    if run or ((output or project) and not as_json):
        return status
    if clients and not (output or project):
        _print(task, as_json)
    elif as_json or not save:
        _list(task, as_json)
    return 0


def _check_files(save: Path | None, force: bool) -> None:
    """Refuses what cannot be saved before anything is asked."""
    if save is None:
        return
    problems = []
    if save.suffix != ".yaml" or not OPERATION_NAME.fullmatch(save.stem):
        expected = "expected lower-case words joined by '-', and .yaml"
        problems.append(f"--save: found {save.name!r}; {expected}")
    if save.exists() and not force:
        problems.append(f"--save: {save} is there; name another file, or add --force")
    if problems:
        raise UsageError(*problems)


def _run(task: Task, jobs: int | None, cache: Path, as_json: bool) -> tuple[int, Operation]:
    """Judges the samples; returns the exit status, and the operation with what was answered."""
    with extra("verify"):
        from samplegen.commands.concluding import conclude
        from samplegen.judge.judging import Judge
        from samplegen.judge.results import agreement, report
        from samplegen.judge.servers import running
        from samplegen.judge.servers.started import Target

    reached = on_this_machine(task.connection)
    server = Target(reached, str(task.answer.server))
    catalogue = task.catalogue.on(reached)
    cells = [cell for cell in task.cells if cell.client.transport not in task.unreached]
    with (
        running.opened(catalogue.spec, server, kept=[cache]) as runner,
        report.progress(len(cells)) as judged,
    ):
        judge = Judge(catalogue, server, None, cache, runner, gates=_GATES)
        found = judge.judge(cells, jobs or os.cpu_count() or 1, judged)
    first = next((verdict for verdict in found if verdict.status == "passed"), None)
    answered = task.operation
    if first is not None:
        answered = operation.answered(task.operation, first.output)
        found = agreement.agreed(found, answered.expect, first.client, answered.quoted)
    status = conclude(found, (), None, as_json)
    for cell in task.cells:
        if cell.client.transport in task.unreached:
            note = task.unreached[cell.client.transport]
            click.echo(f"{cell.client.name} was not judged: {note}", err=True)
    if first is None and not status:
        error("no sample was judged")
    return (1 if first is None else status), answered


def _write(task: Task, output: Path | None, save: Path | None, force: bool) -> None:
    """Writes what was asked for; nothing if a file that is there would be replaced.

    Raises:
        SamplegenError: It would, or it cannot be written.
    """
    files = {}
    if output is not None:
        samples = task.catalogue.samples(task.cells)
        files = {output / path: content for path, content in samples.items()}
        kept = [path for path, content in files.items() if path.exists() and not force]
        wrong = [path for path in kept if path.is_dir() or path.read_bytes() != files[path]]
        if wrong:
            hint = "name another folder, or add --force"
            raise SamplegenError(*(f"--output: {path} is there; {hint}" for path in wrong))
    if save is not None:
        files[save] = operation.as_yaml(task.operation).encode()
    for path, content in files.items():
        write_file(path, content)
        click.echo(f"wrote {path}", err=True)


def _export(task: Task, folder: Path, force: bool) -> None:
    """Writes the project of the one client."""
    (cell,) = task.cells
    files = project_files(task.catalogue, cell, {}, task.connection)
    write_project(files, folder, force)
    _note(task, cell)
    click.echo(
        f"{len(files)} files in {folder}; {folder / 'README.md'} shows the next commands", err=True
    )


def _note(task: Task, cell: Cell) -> None:
    """Tells what the reader may have meant otherwise."""
    report_without_effect([cell.client], task.connection)
    if cell.client.transport in task.unreached:
        click.echo(f"note: {task.unreached[cell.client.transport]}", err=True)


def _print(task: Task, as_json: bool) -> None:
    """Prints the one program."""
    (cell,) = task.cells
    if cell.omitted is not None:
        raise SamplegenError(f"{cell.name}: {cell.omitted}")
    rendered = task.catalogue.render(cell)
    if as_json:
        click.echo(outputs.to_json(outputs.shown_program(rendered)))
    else:
        click.echo(rendered.text, nl=False)
    _note(task, cell)


def _list(task: Task, as_json: bool) -> None:
    """Prints the model, and the clients that can call it."""
    states = [(cell, task.catalogue.state(cell)) for cell in task.cells]
    if as_json:
        clients = tuple(
            outputs.ClientState(
                client=cell.client.name,
                state=state,
                reason=cell.omitted or "",
                path=cell.client.sample(cell.operation),
            )
            for cell, state in states
        )
        served = outputs.ServedModel(str(task.answer.server), task.answer.model, clients)
        click.echo(outputs.to_json(served, indent=1))
        return
    model = task.answer.model
    click.echo(f"{model.name}  {click.style(str(task.answer.server), dim=True)}")
    for kind, tensors in (("input", model.inputs), ("output", model.outputs)):
        for tensor in tensors:
            name = tensor.name if tensor.name.isprintable() else ascii(tensor.name)
            click.echo(f"  {kind:6}  {name}  {tensor.datatype} {[*tensor.shape]}")
    if batch := task.answer.configuration.max_batch_size:
        click.echo(f"  batch   up to {batch}, the first dimension of each tensor")
    width = max((len(cell.client.name) for cell, _ in states), default=0)
    for cell, state in states:
        colour = {"ready": "green", "omitted": "yellow"}.get(state, "red")
        reason = f"  {cell.omitted}" if cell.omitted else ""
        click.echo(f"  {cell.client.name:{width}}  {click.style(state, fg=colour)}{reason}")
