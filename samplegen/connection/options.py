"""The options of a connection: how each is typed, what it asks of a sample, what templates see.

A new option is a row here, and the lines of the templates that heed it.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from samplegen.connection.model import Connection, Tls

Transport = Literal["grpc", "rest"]


@dataclass(frozen=True)
class Option:
    """An option of the command line that changes how a sample reaches its server."""

    name: str
    """As it is typed, without `--`."""
    metavar: str
    """What stands for its value; empty: it is a flag."""
    help: str
    effect: str = ""
    """What a program does that heeds it, as Markdown for readers; empty: it goes elsewhere."""
    context: Mapping[str, Callable[[Connection], Any]] = field(default_factory=dict)
    """What templates see of it, by name. A template heeds the option if it uses any of these."""
    also: Mapping[Transport, tuple[str, ...]] = field(default_factory=dict)
    """Other names by whose use a template of a transport heeds it."""
    transports: tuple[Transport, ...] = ("grpc", "rest")
    """Those over which it changes anything."""
    bounds: tuple[int, int] | None = None
    """Of a whole number."""
    multiple: bool = False
    is_file: bool = False
    is_address: bool = False
    """Whether it is a part of where the server is, not of what it asks of those who call."""

    @property
    def parameter(self) -> str:
        """Its name in Python."""
        return self.name.replace("-", "_")

    def is_in(self, connection: Connection) -> bool:
        """Whether the connection asks for it."""
        return any(value(connection) for value in self.context.values())

    def names(self, transport: Transport) -> frozenset[str]:
        """The names by any of which a template of this transport heeds it."""
        return frozenset((*self.context, *self.also.get(transport, ())))


def _tls(connection: Connection) -> Tls:
    return connection.tls or Tls()


_PORT = (1, 65535)
OPTIONS = (
    Option("host", "HOST", "Name or address of the server.", is_address=True),
    Option("grpc-port", "PORT", "gRPC port of the server.", bounds=_PORT, is_address=True),
    Option("rest-port", "PORT", "REST port of the server.", bounds=_PORT, is_address=True),
    Option(
        "model", "NAME", "Name of the model. Default: the operation's own model.", is_address=True
    ),
    Option(
        "model-version",
        "N",
        "Model version, in digits; '' for the server's default.",
        is_address=True,
    ),
    Option(
        "tls",
        "",
        "Use TLS with the client library's default CA certificates.",
        effect="uses TLS with the library's default CA certificates",
        context={"tls": lambda c: c.tls is not None},
        also={"rest": ("url", "steps")},
    ),
    Option(
        "cacert",
        "FILE",
        "Use TLS with the CA certificates of this PEM file.",
        effect="uses TLS with the CA certificates of a PEM file",
        context={"cacert": lambda c: _tls(c).cacert},
        is_file=True,
    ),
    Option(
        "cert",
        "FILE",
        "Client certificate for mutual TLS, as PEM.",
        effect="presents a client certificate (mutual TLS); needs `--key`",
        context={"cert": lambda c: _tls(c).cert},
        is_file=True,
    ),
    Option(
        "key",
        "FILE",
        "Key of --cert: PEM, PKCS #8, not encrypted.",
        effect="uses this key of `--cert`: PEM, PKCS #8, not encrypted",
        context={"key": lambda c: _tls(c).key},
        is_file=True,
    ),
    Option(
        "bearer-token-env",
        "VARIABLE",
        "Send a bearer token. The sample reads it from this environment variable.",
        effect="sends a bearer token, read from an environment variable",
        context={"bearer_token_env": lambda c: c.bearer_token_env},
    ),
    Option(
        "header",
        "'NAME: VALUE'",
        "Header of every request (metadata over gRPC); may be repeated.",
        effect="sends a header (metadata over gRPC)",
        context={"headers": lambda c: c.plain_headers},
        multiple=True,
    ),
    Option(
        "header-env",
        "NAME=VARIABLE",
        "Header with a secret value, read from an environment variable; may be repeated.",
        effect="sends a header whose value is read from an environment variable",
        context={"secret_headers": lambda c: c.secret_headers},
        multiple=True,
    ),
    Option(
        "authority",
        "HOST[:PORT]",
        "Host name to send to an ingress: Host over REST, :authority over gRPC.",
        effect="sends this host name to an ingress: `Host` over REST, `:authority` over gRPC",
        context={"authority": lambda c: c.authority},
    ),
    Option(
        "deadline",
        "SECONDS",
        "Deadline (timeout) of each call.",
        effect="sets the deadline (timeout) of each call",
        bounds=(1, 3600),
    ),
    Option(
        "base-path",
        "PATH",
        "What stands before /v2 in the paths of REST, such as /seldon/default.",
        effect="puts this before the path of every request",
        context={"base_path": lambda c: c.base_path},
        also={"rest": ("url", "rest_address", "steps")},
        transports=("rest",),
    ),
    Option(
        "max-message-size",
        "MIB",
        "Largest gRPC message. Many clients reject answers of more than 4 MiB by default.",
        effect="raises gRPC's 4 MiB message limit",
        context={"max_message_size": lambda c: c.max_message_size},
        transports=("grpc",),
        bounds=(1, 2047),
    ),
)
SECURITY = tuple(option for option in OPTIONS if not option.is_address)
"""Those that say what the server asks of those who call."""


@lru_cache(maxsize=8)
def asked(connection: Connection) -> tuple[Option, ...]:
    """The options that a sample has to heed besides an address."""
    return tuple(option for option in SECURITY if option.is_in(connection))


def without_effect(connection: Connection, transport: Transport) -> tuple[Option, ...]:
    """Those that are asked for, and change nothing over a transport."""
    return tuple(option for option in asked(connection) if transport not in option.transports)


@lru_cache(maxsize=8)
def context(connection: Connection) -> Mapping[str, Any]:
    """What templates see of all options."""
    return {name: value(connection) for o in SECURITY for name, value in o.context.items()}


def words(given: Mapping[str, Any]) -> list[str]:
    """The options of `SECURITY` as they are typed, with whole paths of files.

    Args:
        given: Their values, by the names of parameters.
    """
    files = {option.parameter for option in OPTIONS if option.is_file}
    found = []
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            found.append(option)
        elif value not in (None, False, ()):
            values = value if isinstance(value, tuple) else (value,)
            whole = map(os.path.abspath, values) if name in files else map(str, values)
            found += [word for text in whole for word in (option, text)]
    return found
