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
        help="Folder of your own operations. Its files override the packaged ones; with an "
        "api.yaml, it replaces them all. Default: as in samplegen.yaml.",
    )
    @click.option(
        "--templates",
        type=EXISTING,
        multiple=True,
        default=lambda: settings().templates,
        metavar="DIR",
        help="Folder of your own templates. Its files override the packaged ones. "
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


_LACKS = {"rest": "REST, which has no such limit", "grpc": "gRPC, whose calls have fixed paths"}
"""Why an option changes nothing over a transport."""


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def other_port_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--grpc-port` and `--rest-port`, of a server whose address is given for one of them."""
    port = click.IntRange(1, 65535)
    text = "REST port, if ADDRESS is for gRPC."
    command = click.option("--rest-port", type=port, metavar="PORT", help=text)(command)
    text = "gRPC port of the same server, if ADDRESS is for REST."
    return click.option("--grpc-port", type=port, metavar="PORT", help=text)(command)


def client_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --client, of which there may be many, as `clients`."""
    return click.option(
        "--client",
        "clients",
        multiple=True,
        metavar="LANGUAGE[/CLIENT]",
        shell_complete=complete("clients"),
        help="Only these clients; may be repeated. A language selects all its clients.",
    )(command)


def require_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--require",
        multiple=True,
        metavar="LANGUAGE[/CLIENT]|all",
        help="Fail if a sample of these clients is skipped, or a gate is not tried.",
    )(command)


def junit_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--junit", type=EXISTING, metavar="FILE", help="Write a JUnit report.")(
        command
    )


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
        help="Client, such as python/tritonclient-grpc; `samplegen list` shows all.",
    )(command)


def force_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--force", is_flag=True, help="Replace existing files.")(command)


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
        help="Folder for stubs, libraries and built samples. Default: $SAMPLEGEN_CACHE, "
        "$XDG_CACHE_HOME/samplegen or ~/.cache/samplegen.",
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
    found = {
        (option.name, client.transport)
        for client in clients
        for option in without_effect(made, client.transport)
    }
    for name, transport in sorted(found):
        click.echo(f"note: --{name} changes nothing over {_LACKS[transport]}", err=True)
