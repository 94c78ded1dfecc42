"""`samplegen record`: what a server answers, written into the operations."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from samplegen.catalogue import Catalogue
from samplegen.commands.options import catalogue_options, complete, connection_options
from samplegen.commands.printing import error, extra
from samplegen.connection.given import server_address
from samplegen.errors import Problem, SamplegenError, UsageError, gather
from samplegen.files import write_file
from samplegen.recording import editing
from samplegen.recording.editing import Place
from samplegen.recording.outcomes import Outcome
from samplegen.recording.runs import Runs
from samplegen.resources import shown
from samplegen.spec.reading import Recordable, Spec

_RUNS = 2
"""On one server; what differs between them is expected to differ."""
_COUNTED = {"value": "value", "pattern": "pattern", "lines": "list"}


@click.command("record")
@click.argument("operations", nargs=-1, shell_complete=complete("spec"), metavar="[OPERATION]...")
@click.option(
    "--endpoint",
    metavar="HOST:GRPC_PORT:REST_PORT",
    help="Ask this server instead of one that is started.",
)
@connection_options
@catalogue_options
def command(
    catalogue: Catalogue, operations: tuple[str, ...], endpoint: str | None, **security: Any
) -> int:
    """Ask a server, and write what it answers into the operations that consist of steps.

    \b
    samplegen record                              all operations, against the API's own server
    samplegen record put range                    two of them
    samplegen record --endpoint localhost:9000:8000

    Each step is taken several times. What it prints is expected as a `value`, or as a `pattern`
    where the answers differ; a pattern or a tolerance that holds is kept. A line of which nothing
    can be expected becomes a comment. All else in the files stays as it is.
    """
    spec = catalogue.spec
    api = spec.api
    named = operations or spec.names
    loaded = gather(partial(spec.recordable, name) for name in named)
    if operations and None in loaded:
        forms = [name for name, one in zip(named, loaded, strict=True) if one is None]
        raise UsageError(*(f"{name}: it has a form, and no steps to record" for name in forms))
    found = sorted(
        (one for one in loaded if one is not None), key=lambda one: (one.order, one.name)
    )
    if not found:
        click.echo("note: no operation has steps, so there is nothing to record", err=True)
        return 0
    address = server_address(api.connection, endpoint, **security)
    runs = Runs(spec.contract, found, api.deadline)
    if address is not None:
        for _ in range(_RUNS):
            runs.run(address)
    else:
        _run_on_own(spec, runs)
    problems = [problem for failed in runs.problems.values() for problem in failed.problems]
    for operation in found:
        if operation.name not in runs.problems:
            try:
                _write(operation, runs.outcomes(operation))
            except SamplegenError as failed:
                problems += failed.problems
    for problem in problems:
        error(problem)
    return 1 if problems else 0


def _run_on_own(spec: Spec, runs: Runs) -> None:
    """Runs on the API's own server, and backwards on a fresh one.

    There, values of the server itself may be others, and what one operation needs of another is
    missing.
    """
    with extra("verify"):
        from samplegen.judge.servers import started

    started.check_installed(spec)
    with started.started(spec.api) as target:
        for _ in range(_RUNS):
            runs.run(target.connection)
    with started.started(spec.api) as target:
        runs.run(target.connection, backwards=True)


def _write(operation: Recordable, outcomes: Mapping[Place, Outcome]) -> None:
    """Writes what an operation expects into its file, and prints what that is.

    Raises:
        SamplegenError: It would print nothing, or its file cannot be changed.
    """
    left_out = {place: one for place, one in outcomes.items() if not one.key}
    if len(left_out) == len(outcomes):
        reasons = ", ".join(dict.fromkeys(one.reason for one in left_out.values()))
        message = f"nothing of what it prints can be expected: {reasons}; print something else"
        raise SamplegenError(Problem(message, shown(operation.path)))
    text = editing.edited(operation.path, outcomes)
    write_file(operation.path, _with_breaks_of(operation.path, text).encode())
    counts = Counter(one.key for one in outcomes.values() if one.key)
    words = [f"{n} {_COUNTED[key]}{'s' if n > 1 else ''}" for key, n in counts.items()]
    click.echo(f"{operation.name}: {', '.join(words)}")
    for (step, line), one in left_out.items():
        path = operation.steps[step].print[line].each or operation.steps[step].print[line].path
        click.echo(f"  left out {path}: {one.reason}")


def _with_breaks_of(path: Path, text: str) -> str:
    """The text with the line breaks that a file has."""
    return text.replace("\n", "\r\n") if b"\r\n" in path.read_bytes() else text
