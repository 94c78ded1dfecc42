"""Options that several commands share, and what their words stand for."""

import os
import re
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from samplegen.errors import Problem, SamplegenError, UsageError, nearest
from samplegen.samples import INDEX, Catalogue, Cell
from samplegen.settings import Settings, settings

VERDICTS = Path("build/verdicts.json")
EXISTING = click.Path(path_type=Path)
"""A path that is checked by the code that reads it, with a better message than click's."""


def catalogue_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --spec and --templates, and hands the command a `Catalogue` in their place."""

    @click.option(
        "--spec",
        type=EXISTING,
        multiple=True,
        default=lambda: settings().spec,
        metavar="DIR",
        help="Own operations, laid over the packaged ones file by file; "
        "with an api.yaml of its own, in their place. Default: as in samplegen.yaml.",
    )
    @click.option(
        "--templates",
        type=EXISTING,
        multiple=True,
        default=lambda: settings().templates,
        metavar="DIR",
        help="Own templates, laid over the packaged ones file by file. "
        "Default: as in samplegen.yaml.",
    )
    @wraps(command)
    def wrapper(*args: Any, spec: tuple[Path, ...], templates: tuple[Path, ...], **kw: Any) -> Any:
        return command(*args, catalogue=Catalogue(spec, templates), **kw)

    return wrapper


def complete(kind: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Completes the names of operations or of clients."""

    def complete(
        ctx: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        try:
            own = settings()
            folders = [ctx.params.get(n) or getattr(own, n) for n in ("spec", "templates")]
            catalogue = Catalogue(*folders)
            names = getattr(catalogue, kind).names
        except SamplegenError:
            return []
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]

    return complete


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="JSON on stdout, for machines.")(
        command
    )


def client_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --client, of which there may be many, as `clients`."""
    return click.option(
        "--client",
        "clients",
        multiple=True,
        metavar="LANGUAGE[/CLIENT]",
        shell_complete=complete("clients"),
        help="Only these; may be repeated. A language stands for all its clients.",
    )(command)


def require_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--require",
        multiple=True,
        metavar="LANGUAGE[/CLIENT]|all",
        help="Fail if any of their samples is skipped or any of their gates is not tried.",
    )(command)


def junit_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--junit", type=EXISTING, metavar="FILE", help="A JUnit report.")(command)


def single_client_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --client for exactly one client, as `client_name`."""
    return click.option(
        "--client",
        "client_name",
        required=True,
        metavar="LANGUAGE/CLIENT",
        shell_complete=complete("clients"),
        help="Such as python/tritonclient-grpc; `samplegen list` names them all.",
    )(command)


def cell(catalogue: Catalogue, operation: str, client: str) -> Cell:
    """The cell of these names.

    Raises:
        UsageError: No such operation or client, or neither.
        SamplegenError: Their files have mistakes.
    """
    problems: list[Problem] = []
    found: list[Any] = []
    for find, name in (
        (catalogue.spec.operation, operation),
        (catalogue.clients.client, client),
    ):
        try:
            found.append(find(name))
        except UsageError as error:
            problems.extend(error.problems)
    if problems:
        raise UsageError(*problems)
    return Cell(*found)


def force_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--force", is_flag=True, help="Replace files that are already there.")(
        command
    )


def shard(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    """The I and N of I/N, for a click option.

    Raises:
        click.BadParameter: It is not of that form.
    """
    if value is None:
        return None
    match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", value, re.ASCII)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise click.BadParameter(f"found {value!r}; expected I/N with I from 1 to N, such as 2/3")
    return int(match[1]), int(match[2])


def selected_cells(
    catalogue: Catalogue, operations: Sequence[str], clients: Sequence[str]
) -> tuple[Cell, ...]:
    """The cells of the matrix that the command line asks for."""
    unknown = [name for name in operations if name not in catalogue.spec.names]
    if unknown:
        raise UsageError(
            *(f"no operation {name!r}; {nearest(name, catalogue.spec.names)}" for name in unknown)
        )
    wanted = matching_clients(catalogue, clients or ("all",), "--client")
    return tuple(
        cell
        for cell in catalogue.cells
        if cell.client.name in wanted and (not operations or cell.operation.name in operations)
    )


def matching_clients(catalogue: Catalogue, wanted: Sequence[str], option: str) -> frozenset[str]:
    """The clients that the given names stand for."""
    names = catalogue.clients.names
    groups: dict[str, list[str]] = {"all": list(names)}
    for name in names:
        groups[name] = [name]
        groups.setdefault(name.partition("/")[0], []).append(name)
    unknown = [name for name in wanted if name not in groups]
    if unknown:
        raise UsageError(
            *(f"{option}: no client {name!r}; {nearest(name, groups)}" for name in unknown)
        )
    return frozenset(name for group in wanted for name in groups[group])


def cache_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --cache, and hands the command an absolute path."""
    return click.option(
        "--cache",
        type=click.Path(path_type=Path, resolve_path=True, file_okay=False),
        envvar="SAMPLEGEN_CACHE",
        default=default_cache,
        metavar="DIR",
        help="Keeps stubs, libraries and built samples. Default: $SAMPLEGEN_CACHE, else samplegen "
        "in $XDG_CACHE_HOME, else in ~/.cache.",
    )(command)


def default_cache() -> Path:
    """Where what samples are built with is kept, if nobody says otherwise."""
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(base or Path.home() / ".cache") / "samplegen"


def samples_folder(samples: Path | None, kept: Settings | None = None) -> Path | None:
    """The folder of the published samples; None where there is none by default.

    Args:
        samples: The one that was asked for.
        kept: Says which it is by default; those of the current folder, if None.
    """
    if samples is not None:
        if not (samples / INDEX).is_file():
            raise UsageError(f"--samples: {samples} holds no {INDEX}; name a generated folder")
        return samples
    own = (kept or settings()).samples
    return own if (own / INDEX).is_file() else None
