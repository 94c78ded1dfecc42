"""Options that say where the server is and what it asks of those who call."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from samplegen.clients import Client
from samplegen.connection import Connection, Header, Tls
from samplegen.errors import UsageError
from samplegen.features import needless

_FILES = ("cacert", "cert", "key")


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
    click.option(
        "--tls",
        is_flag=True,
        default=None,
        help="Encrypt, and trust whom the client library trusts.",
    ),
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
    tls: bool | None = None,
    cacert: str | None = None,
    cert: str | None = None,
    key: str | None = None,
    **values: Any,
) -> Connection:
    """The documented connection with the reader's own values; None leaves what is documented.

    False as `tls` takes the encryption away that is documented.

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
        given = {name: value for name, value in own.items() if value is not None}
        made = replace(documented, **given | ({"tls": None} if tls is False else {}))
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


def on_this_machine(made: Connection) -> Connection:
    """With whole paths of its PEM files, since a judged sample runs in a folder of its own."""
    if made.tls is None:
        return made
    paths = {name: getattr(made.tls, name) for name in _FILES}
    whole = {name: str(Path(path).resolve()) for name, path in paths.items() if path is not None}
    return replace(made, tls=Tls(**whole))


def words(security: Mapping[str, Any]) -> list[str]:
    """The options of `security_options` as they are typed, with whole paths of files."""
    found = []
    for name, value in security.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            found.append(option)
        elif value:
            values = value if isinstance(value, tuple) else (value,)
            whole = map(os.path.abspath, values) if name in _FILES else map(str, values)
            found += [word for text in whole for word in (option, text)]
    return found


def server_address(
    documented: Connection, endpoint: str | None, **security: Any
) -> Connection | None:
    """The server that samples are judged against; None: one that has yet to be started.

    Raises:
        UsageError: The endpoint or a value is not as it should be, or there is no endpoint.
    """
    given = [name for name, value in security.items() if value]
    if endpoint is None and given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(f"{names}: expected --endpoint, the server that asks for it, too")
    if endpoint is None:
        return None
    return on_this_machine(endpoint_connection(documented, endpoint, **security))
