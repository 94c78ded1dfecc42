"""Options that several commands share, and what their words stand for."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from samplegen.catalogue import Catalogue
from samplegen.connection.model import Connection
from samplegen.connection.options import OPTIONS, SECURITY, Option, without_effect
from samplegen.errors import SamplegenError
from samplegen.render.clients import Client
from samplegen.selection import default_cache
from samplegen.settings import settings

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


def verbose_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--verbose", is_flag=True, help="Print a row for each sample, with the gates it passed."
    )(command)


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


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what `connection` takes: where the server is, and what it asks of those who call."""
    return _with(OPTIONS, command)


def security_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds those of `connection_options` that say what the server asks of those who call."""
    return _with(SECURITY, command)


def _with(options: Sequence[Option], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = click.option(
            f"--{option.name}",
            is_flag=not option.metavar,
            default=None if not option.multiple else (),
            metavar=option.metavar or None,
            multiple=option.multiple,
            type=click.IntRange(*option.bounds) if option.bounds else None,
            help=option.help or None,
        )(command)
    return command


def report_without_effect(clients: Iterable[Client], made: Connection) -> None:
    """Reports on stderr the options that change nothing over a client's transport."""
    found = {option.name for c in clients for option in without_effect(made, c.transport)}
    for name in sorted(found):
        click.echo(f"note: --{name} changes nothing over REST, which has no such limit", err=True)
