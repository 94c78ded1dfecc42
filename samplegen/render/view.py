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
    def context(self) -> dict[str, Any]:
        """The names a template may use."""
        connection = self.connection
        host = value("host", connection.host)
        address = {n: f"{host}:{value(n, str(port))}" for n, port in connection.ports.items()}
        if "rest_port" in address:
            address["rest_port"] += connection.base_path
        model = connection.model or self.operation.model or ""
        own_version = connection.version_of(self.operation.model_version)
        version = value("model_version", own_version)
        in_path = {
            **{n: percent_encode(_plain(v), safe="") for n, v in self.operation.request.items()},
            "model": value("model", percent_encode(model, safe="")),
            "version": version,
        }
        return {
            "operation": self.operation,
            "deadline": connection.deadline or self.deadline,
            **options.context(connection),
            "variables": connection.variables,
            "shown": SHOWN,
            "binary": connection.binary,
            **{name.replace("port", "address"): text for name, text in address.items()},
            "model": value("model", model),
            "model_version": version,
            "url": {
                call.rpc: f"{'https' if connection.tls else 'http'}://{address['rest_port']}"
                + "".join(in_path.get(piece, piece) for piece in _pieces(call.path, own_version))
                for call in self.operation.calls
                if call.rest is not None and "rest_port" in address
            },
        }


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
