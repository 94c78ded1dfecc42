"""The connection: what a reader changes to reach their own server."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar
from urllib.parse import unquote

from pydantic import ConfigDict, Field, StrictBool, StrictInt, StrictStr

Port = Annotated[StrictInt, Field(ge=1, le=65535)]
_FORBID = ConfigDict(extra="forbid")
_NAME = re.compile(r"[a-z0-9_.-]+")
"""A gRPC metadata key (PROTOCOL-HTTP2.md, "Custom-Metadata"); all of them are HTTP field names."""
_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")
"""Printable ASCII, as gRPC metadata is; what surrounds it would be lost on the way."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
"""Short enough to stand in one line with what is done with it."""
_BASE_PATH = r"^(/([A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+)*$"
_AUTHORITY = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_RESERVED = {
    "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect",
    "inference-header-content-length", "keep-alive", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade", "user-agent",
}  # fmt: skip
"""Headers that the client libraries set, and of which a second one breaks the request."""


def check_variable(name: str) -> None:
    """Refuses what is no name of an environment variable.

    Raises:
        ValueError: It is none.
    """
    if not _VARIABLE.fullmatch(name):
        raise ValueError(
            f"found {name!r}; expected the name of an environment variable, of up to 40 characters"
        )


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Encryption, and who proves to be who. Paths are as a sample opens them."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    cacert: StrictStr | None = None
    """A PEM file of the authorities that vouch for the server; None: those the client trusts."""
    cert: StrictStr | None = None
    """A PEM file with the client's own certificate and those that lead to its authority."""
    key: StrictStr | None = None
    """A PEM file with the key of `cert`: PKCS #8, not encrypted."""

    def __post_init__(self) -> None:
        for name in ("cacert", "cert", "key"):
            path = getattr(self, name)
            if path is not None and (not path or "\0" in path):
                raise ValueError(f"{name}: found {path!r}; expected the path of a PEM file")
        if (self.cert is None) != (self.key is None):
            raise ValueError("a client certificate takes both 'cert' and 'key'; add the other one")


@dataclass(frozen=True, kw_only=True)
class Header:
    """What each request carries besides its own: a header over REST, metadata over gRPC."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    name: StrictStr
    """In lower case."""
    value: StrictStr | None = None
    env: StrictStr | None = None
    """The environment variable that holds the value, in place of it."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"found the header {self.name!r}; expected a name of lower-case letters, digits, "
                "'-', '_' and '.'"
            )
        if self.name == "host":
            raise ValueError("the header 'host' is the authority; use that")
        if self.name in _RESERVED or self.name.startswith("grpc-"):
            raise ValueError(f"the header {self.name!r} is set by the client itself; leave it out")
        if self.name.endswith("-bin"):
            raise ValueError(
                f"the header {self.name!r} would hold bytes over gRPC, as any name in '-bin'; "
                "choose another"
            )
        if (self.value is None) == (self.env is None):
            raise ValueError(f"header {self.name!r}: expected exactly one of 'value' and 'env'")
        if self.value is not None and not _VALUE.fullmatch(self.value):
            raise ValueError(
                f"header {self.name!r}: found the value {self.value!r}; expected printable ASCII "
                "on one line"
            )
        if self.env is not None:
            check_variable(self.env)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Where the server is, and what it asks of those who call."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    host: StrictStr
    grpc_port: Port | None = None
    """None if the API has no gRPC; likewise `rest_port`."""
    rest_port: Port | None = None
    one_port: StrictBool = False
    """Whether the server takes both transports at one port; else that is a mistake."""
    model: StrictStr | None = None
    """None leaves the model that the operation names."""
    model_version: Annotated[StrictStr, Field(pattern=r"^[0-9]*$")] = ""
    """Digits; empty asks for the server's default version."""
    fixed_version: StrictBool = False
    """Whether `model_version` holds for operations that name a version of their own, too."""
    base_path: Annotated[StrictStr, Field(pattern=_BASE_PATH)] = ""
    """What stands before `/v2` in the paths of REST, such as `/seldon/default`; gRPC has none."""
    binary: StrictBool = True
    """Whether the server's REST takes tensors as bytes behind the JSON."""
    tls: Tls | None = None
    """None: the connection is not encrypted."""
    headers: tuple[Header, ...] = ()
    bearer_token_env: StrictStr | None = None
    """The environment variable that holds a token, sent as `authorization: Bearer TOKEN`."""
    authority: StrictStr | None = None
    """The host that requests name, in place of the one they are sent to: `Host` or `:authority`."""
    deadline: Annotated[StrictInt, Field(ge=1, le=3600)] | None = None
    """Seconds after which every call gives up; None leaves that of the API."""
    max_message_size: Annotated[StrictInt, Field(ge=1, le=2047)] | None = None
    """MiB that a gRPC message may have, sent or received; None leaves the client's own limit."""

    def __post_init__(self) -> None:
        """The values come from the command line, too, so the class itself holds the line."""
        if self.ports == {}:
            raise ValueError("'grpc_port' and 'rest_port' are both missing; add one of them")
        # An ingress tells them apart by more than the port.
        may_share = self.one_port or self.tls is not None or self.authority is not None
        if self.grpc_port == self.rest_port and not may_share:
            raise ValueError(
                f"gRPC and REST cannot share port {self.grpc_port}; change one of them, or add "
                "'one_port: true'"
            )
        if self.one_port and self.grpc_port != self.rest_port:
            raise ValueError(
                f"found 'one_port' beside the ports {self.grpc_port} and {self.rest_port}; "
                "expected the same one twice"
            )
        if self.bearer_token_env is not None:
            check_variable(self.bearer_token_env)
        if self.authority is not None and not _AUTHORITY.fullmatch(self.authority):
            raise ValueError(f"found the authority {self.authority!r}; expected HOST or HOST:PORT")
        if not re.fullmatch(_BASE_PATH, self.base_path):
            raise ValueError(
                f"found the base path {self.base_path!r}; expected one such as /models"
            )
        if {".", ".."} & set(unquote(self.base_path).split("/")):
            raise ValueError(
                f"found '.' or '..' in the base path {self.base_path!r}, which clients resolve; "
                "write the path that they lead to"
            )
        names = [header.name for header in self.headers]
        names += ["authorization"] if self.bearer_token_env is not None else []
        repeated = [name for name, count in Counter(names).items() if count > 1]
        if repeated:
            raise ValueError(f"the header {repeated[0]!r} is given twice; leave one out")

    def version_of(self, own: str | None) -> str:
        """The model version that an operation asks for.

        Args:
            own: The one that it names; None if it names none.
        """
        return self.model_version if own is None or self.fixed_version else own

    @property
    def ports(self) -> dict[str, int]:
        """Those that the API has, by name."""
        ports = {"grpc_port": self.grpc_port, "rest_port": self.rest_port}
        return {name: port for name, port in ports.items() if port is not None}

    @property
    def plain_headers(self) -> tuple[Header, ...]:
        return tuple(header for header in self.headers if header.value is not None)

    @property
    def secret_headers(self) -> tuple[Header, ...]:
        """Those whose values a sample reads from its environment."""
        return tuple(header for header in self.headers if header.env is not None)

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that a sample reads."""
        names = [header.env for header in self.secret_headers]
        return tuple(dict.fromkeys(name for name in (*names, self.bearer_token_env) if name))


def with_values(connection: Connection, **values: Any) -> Connection:
    """`connection` with those of `values` that are not None."""
    return replace(connection, **{k: v for k, v in values.items() if v is not None})
