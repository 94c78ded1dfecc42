"""Options that several commands share, and what their words stand for."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from samplegen.clients import Client
from samplegen.connection import Connection, Header, Tls
from samplegen.errors import Problem, SamplegenError, UsageError, nearest
from samplegen.features import needless
from samplegen.render import with_values
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


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what `connection` takes: where the server is, and what it asks of those who call."""
    for option in reversed(_CONNECTION_OPTIONS):
        command = option(command)
    return command


def security_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds those of `connection_options` that say what the server asks of those who call."""
    for option in reversed(_SECURITY_OPTIONS):
        command = option(command)
    return command


_SECURITY_OPTIONS = (
    click.option("--tls", is_flag=True, help="Encrypt, and trust whom the client library trusts."),
    click.option("--cacert", metavar="FILE", help="TLS; trust the authorities of a PEM file."),
    click.option("--cert", metavar="FILE", help="TLS; the client's own certificate, as PEM."),
    click.option("--key", metavar="FILE", help="The key of --cert: PEM, PKCS #8, not encrypted."),
    click.option(
        "--bearer-token-env",
        metavar="VARIABLE",
        help="Send the token that the sample finds in this environment variable.",
    ),
    click.option(
        "--header",
        multiple=True,
        metavar="'NAME: VALUE'",
        help="A header of every request, over gRPC metadata; may be repeated.",
    ),
    click.option(
        "--header-env",
        multiple=True,
        metavar="NAME=VARIABLE",
        help="The same, with a secret value, which the sample reads from its environment.",
    ),
    click.option(
        "--authority",
        metavar="HOST[:PORT]",
        help="What requests name as their host, for an ingress: Host, over gRPC :authority.",
    ),
    click.option(
        "--deadline",
        type=click.IntRange(1, 3600),
        metavar="SECONDS",
        help="When every call gives up.",
    ),
    click.option(
        "--max-message-size",
        type=click.IntRange(1, 2047),
        metavar="MIB",
        help="The largest gRPC message. Many clients take no answer of more than 4 MiB by default.",
    ),
)
_CONNECTION_OPTIONS = (
    click.option("--host", metavar="HOST", help="Name or address of the server."),
    click.option("--grpc-port", type=click.IntRange(1, 65535), metavar="PORT"),
    click.option("--rest-port", type=click.IntRange(1, 65535), metavar="PORT"),
    click.option("--model", metavar="NAME", help="In place of the operation's own model."),
    click.option(
        "--model-version",
        metavar="N",
        help="Digits; '' for the server's default version.",
    ),
    *_SECURITY_OPTIONS,
)


def connection(
    documented: Connection,
    *,
    host: str | None = None,
    model_version: str | None = None,
    header: Sequence[str] = (),
    header_env: Sequence[str] = (),
    tls: bool = False,
    cacert: str | None = None,
    cert: str | None = None,
    key: str | None = None,
    **values: Any,
) -> Connection:
    """The documented connection with the reader's own values.

    Raises:
        UsageError: With every value that is not as it should be.
    """
    problems = []
    if host is not None:
        host = f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
        if not re.fullmatch(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", host):
            problems.append(f"--host: found {host!r}; expected a host name or an IP address")
    if model_version is not None and not re.fullmatch(r"[0-9]*", model_version):
        problems.append(
            f"--model-version: found {model_version!r}; expected digits, or '' for the default"
        )
    headers = [*documented.headers]
    for option, texts, parsed in (
        ("--header", header, _header),
        ("--header-env", header_env, _secret_header),
    ):
        for text in texts:
            try:
                headers.append(parsed(text))
            except ValueError as error:
                problems.append(f"{option}: {error}")
    own = {"host": host, "model_version": model_version, "headers": tuple(headers), **values}
    made = documented
    try:
        if tls or cacert is not None or cert is not None or key is not None:
            own["tls"] = Tls(cacert=cacert, cert=cert, key=key)
        made = with_values(documented, **own)
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise UsageError(*problems)
    return made


def _header(text: str) -> Header:
    """Of `Name: value`, as curl writes it."""
    name, colon, value = text.partition(":")
    if not colon:
        raise ValueError(f"found {text!r}; expected 'NAME: VALUE'")
    return Header(name=name.strip().lower(), value=value.strip(" "))


def _secret_header(text: str) -> Header:
    """Of `Name=VARIABLE`."""
    name, equals, variable = text.partition("=")
    if not equals:
        raise ValueError(f"found {text!r}; expected NAME=VARIABLE")
    return Header(name=name.strip().lower(), env=variable.strip())


def endpoint_connection(documented: Connection, endpoint: str, **values: Any) -> Connection:
    """The server at HOST:GRPC_PORT:REST_PORT, with the values that `connection` takes.

    Raises:
        UsageError: It is not of that form, or a value is not as it should be.
    """
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:]+):(\d{1,5}):(\d{1,5})", endpoint)
    if match is None or not all(0 < int(port) < 2**16 for port in match.groups()[1:]):
        message = f"--endpoint: found {endpoint!r}; expected HOST:GRPC_PORT:REST_PORT"
        raise UsageError(f"{message}, such as localhost:9000:8000")
    host, grpc_port, rest_port = match.groups()
    return connection(
        documented, host=host, grpc_port=int(grpc_port), rest_port=int(rest_port), **values
    )


def tell_needless(clients: Iterable[Client], made: Connection) -> None:
    """Says on stderr which options change nothing, since the protocol asks for nothing there."""
    found = {option for client in clients for option in needless(client, made)}
    for option in sorted(found):
        click.echo(f"note: --{option} changes nothing over REST, which has no such limit", err=True)


def server_address(
    documented: Connection, endpoint: str | None, **security: Any
) -> Connection | None:
    """The server that samples are judged against; None: one that has yet to be started.

    A sample runs in a folder of its own, so it gets the paths of its PEM files whole.

    Raises:
        UsageError: The endpoint or a value is not as it should be, or there is no endpoint.
    """
    given = [name for name, value in security.items() if value]
    if endpoint is None and given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(f"{names}: expected --endpoint, the server that asks for it, too")
    if endpoint is None:
        return None
    for name in ("cacert", "cert", "key"):
        if security[name] is not None:
            security[name] = str(Path(security[name]).resolve())
    return endpoint_connection(documented, endpoint, **security)


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
