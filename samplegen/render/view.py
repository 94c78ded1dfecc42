"""What a template sees, and the program that it makes of that."""

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote as percent_encode

from samplegen.connection import options
from samplegen.connection.model import Connection
from samplegen.connection.options import Option
from samplegen.render.layout.marks import Span, plain, spans, value
from samplegen.spec.api import Api
from samplegen.spec.operation import Operation
from samplegen.spec.tensors import SHOWN


@dataclass(frozen=True)
class Rendered:
    """A program."""

    marked: str
    """With its marks."""

    @cached_property
    def text(self) -> str:
        return plain(self.marked)

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Where each connection value stands in it, in the order of the text."""
        return spans(self.marked)


@dataclass(frozen=True)
class View:
    """What a template sees of an operation and the server it talks to."""

    operation: Operation
    connection: Connection
    deadline: int

    @cached_property
    def asked(self) -> tuple[Option, ...]:
        """The options of the connection that a template has to heed."""
        return options.asked(self.connection)

    @cached_property
    def model(self) -> str:
        """The name of the model; empty if there is none."""
        return value("model", self._model)

    @cached_property
    def model_in_path(self) -> str:
        """The same as a part of a URL's path."""
        return value("model", percent_encode(self._model, safe=""))

    @property
    def _model(self) -> str:
        return self.connection.model or self.operation.model or ""

    @cached_property
    def url(self) -> dict[str, str]:
        """The URL of each call that can be made over REST, by its RPC."""
        server = _server(self.connection)
        if server is None:
            return {}
        version = self.connection.model_version
        in_path = {
            **{n: percent_encode(_plain(v), safe="") for n, v in self.operation.request.items()},
            "model": self.model_in_path,
            "version": value("model_version", version),
        }
        return {
            call.rpc: server + "".join([in_path.get(p, p) for p in _pieces(call.path, version)])
            for call in self.operation.calls
            if call.rest is not None
        }

    @cached_property
    def context(self) -> dict[str, Any]:
        """The names a template may use."""
        connection = self.connection
        return {
            "operation": self.operation,
            "deadline": connection.deadline or self.deadline,
            **options.context(connection),
            "variables": connection.variables,
            "shown": SHOWN,
            **_addresses(connection),
            "model": self.model,
            "model_in_path": self.model_in_path,
            "model_version": value("model_version", connection.model_version),
            "url": self.url,
        }


def _addresses(connection: Connection) -> dict[str, str]:
    """`grpc_address` and `rest_address`: the host with each port there is."""
    host = value("host", connection.host)
    return {
        name.replace("port", "address"): f"{host}:{value(name, str(port))}"
        for name, port in connection.ports.items()
    }


@lru_cache(maxsize=8)
def _server(connection: Connection) -> str | None:
    """What the URLs of a server begin with; None if it has no REST."""
    address = _addresses(connection).get("rest_address")
    return address and f"{'https' if connection.tls else 'http'}://{address}"


def _plain(value: object) -> str:
    """A value as a part of a path."""
    return value if isinstance(value, str) else json.dumps(value)


@lru_cache(maxsize=256)
def _pieces(path: str, version: str) -> tuple[str, ...]:
    """A path cut at its placeholders; without a version, its part of the path falls away."""
    if not version:
        path = path.replace("/versions/{version}", "")
    return tuple(piece for piece in path.replace("}", "{").split("{") if piece)


def view(api: Api, operation: Operation, connection: Connection | None = None) -> View:
    """An operation as the templates see it, on `connection` or the documented one."""
    return View(operation, connection or api.connection, api.deadline)
