"""The connection that a reader's own values make of the documented one."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from samplegen.connection.model import Connection, Header, Tls
from samplegen.errors import UsageError


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
        is_ipv6 = host.count(":") > 1 and re.fullmatch(r"[0-9A-Fa-f:.]+", host)
        host = f"[{host}]" if is_ipv6 else host
        if not re.fullmatch(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", host):
            problems.append(
                f"--host: found {host!r}; expected a host name or an IP address{_parts(host)}"
            )
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
    fixed = None if model_version is None else True
    own = {
        "host": host,
        "model_version": model_version,
        "fixed_version": fixed,
        "headers": tuple(headers),
        **values,
    }
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


def _parts(host: str) -> str:
    """What to write in place of a host that is more than one."""
    found = re.fullmatch(r"(?:https?://)?([A-Za-z0-9._-]+)(?::(\d{1,5}))?((?:/.*)?)", host)
    if found is None:
        return ""
    name, port, path = found.groups()
    words = [f"--host {name}"]
    words += [f"--rest-port {port}"] if port else []
    words += [f"--base-path {path.rstrip('/')}"] if path.strip("/") else []
    return f"; write {' '.join(words)}"


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
    """The server at an endpoint, with the values that `connection` takes.

    Args:
        documented: The connection that other values are taken from.
        endpoint: HOST:GRPC_PORT:REST_PORT; of an API with one transport, HOST:PORT will do.
        values: What `connection` takes.

    Raises:
        UsageError: The endpoint or a value is not as it should be.
    """
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:]+):(\d{1,5})(?::(\d{1,5}))?", endpoint)
    numbers = [int(port) for port in match.groups()[1:] if port] if match else []
    if documented.one_port and len(numbers) == 1:
        numbers *= 2
    names = [*documented.ports] if len(numbers) == 1 else ["grpc_port", "rest_port"]
    if match is None or len(names) != len(numbers) or not all(0 < p < 2**16 for p in numbers):
        expected = "HOST:GRPC_PORT:REST_PORT, such as localhost:9000:8000"
        if len(documented.ports) == 1:
            expected = "HOST:PORT, such as localhost:8000"
        raise UsageError(f"--endpoint: found {endpoint!r}; expected {expected}")
    place = {"host": match[1], **dict(zip(names, numbers, strict=True))}
    return connection(documented, **values | place)


def on_this_machine(made: Connection) -> Connection:
    """With whole paths of its PEM files, since a judged sample runs in a folder of its own."""
    if made.tls is None:
        return made
    paths = {name: getattr(made.tls, name) for name in ("cacert", "cert", "key")}
    whole = {name: str(Path(path).resolve()) for name, path in paths.items() if path is not None}
    return replace(made, tls=Tls(**whole))


def server_address(
    documented: Connection, endpoint: str | None, **values: Any
) -> Connection | None:
    """The server that samples are judged against; None: one that has yet to be started.

    Args:
        documented: The connection that other values are taken from.
        endpoint: As `endpoint_connection` takes it; or else some of these alone.
        values: What `connection` takes.

    Raises:
        UsageError: The endpoint or a value is not as it should be, or there is no endpoint.
    """
    given = [name for name, value in values.items() if value not in (None, False, ())]
    parts = [name for name in ("host", "grpc_port", "rest_port") if name in given]
    if endpoint is not None and parts:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in parts)
        raise UsageError(f"{names}: --endpoint names it, too; leave one out")
    if parts:
        return on_this_machine(connection(documented, **values))
    if endpoint is None and given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(
            f"{names}: expected --endpoint, too: the address of the server that needs it"
        )
    if endpoint is None:
        return None
    return on_this_machine(endpoint_connection(documented, endpoint, **values))
