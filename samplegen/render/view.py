"""What a template sees, and the program that it makes of that."""

import textwrap
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote as percent_encode
from urllib.parse import quote_plus

from samplegen.connection import options
from samplegen.connection.model import Connection
from samplegen.connection.options import Option
from samplegen.contract.paths import is_choice
from samplegen.contract.trees import in_url
from samplegen.contract.values import Value
from samplegen.render.layout.marks import Span, calls, plain, spans, value
from samplegen.spec.api import Api
from samplegen.spec.operation import LinkedStep, Operation
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

    @cached_property
    def calls(self) -> tuple[tuple[int, int], ...]:
        """Where the lines stand that call the server: their start and end, in characters."""
        return calls(self.marked)

    @cached_property
    def call(self) -> str:
        """These lines, without their common indentation; empty if the template marks none."""
        parts = [self.text[start:end] for start, end in self.calls]
        return textwrap.dedent("\n".join(parts)).strip("\n") + "\n" if parts else ""


@dataclass(frozen=True)
class StepView:
    """What a template sees of a step."""

    linked: LinkedStep
    """With what the contract says, for the filters that write messages."""
    answer: str
    """The name of the variable that holds the answer."""
    url: str
    """Of REST, without its query."""

    @property
    def address(self) -> str:
        """Of REST, with its query."""
        query = "&".join(
            f"{quote_plus(name)}={quote_plus(in_url(value))}" for name, value in self.linked.query
        )
        return f"{self.url}?{query}" if query else self.url

    @property
    def call(self) -> str:
        """The name of the method, or that of HTTP."""
        return self.linked.method.name if self.linked.method else self.verb

    @property
    def verb(self) -> str:
        """The method of HTTP."""
        return self.linked.call.method

    @property
    def has_body(self) -> bool:
        """Whether its request has a body over REST."""
        method = self.linked.method
        if method is None:
            return self.linked.body is not None
        return method.route is not None and method.route.body != ""

    @property
    def is_strict(self) -> bool:
        """Whether a field of a message is read that must be set."""
        lines = self.linked.of_message
        ways = [way for _, way in self.linked.saves]
        ways += [line.path for line in lines if not line.may_be_zero]
        ways += [line.label for line in lines if not isinstance(line.label, str)]
        return any(way[-1].index is None and not is_choice(way) for way in ways)

    @property
    def has_bytes(self) -> bool:
        """Whether JSON has Base64 of what it sends or prints."""
        ways = [way for line in self.linked.lines for way in (line.path, line.label)]
        ends = [way[-1].field for way in ways if not isinstance(way, str)]
        sent = any(_has_bytes(value) for value in self.linked.request)
        return sent or any(known is not None and known.kind == "bytes" for known in ends)

    @property
    def may_be_empty(self) -> bool:
        """Whether an answer over REST may hold nothing, so that an error in it would go unseen."""
        linked = self.linked
        return linked.has_answer and linked.refused is None and linked.may_be_empty("rest")

    @property
    def has_other_status(self) -> bool:
        """Whether another status of HTTP than 200 is right."""
        return self.linked.statuses != (200,)

    @property
    def expected(self) -> str:
        """The statuses of HTTP that are right, with blanks between them."""
        return " ".join(map(str, self.linked.statuses))

    @property
    def is_read(self) -> bool:
        """Whether anything of its answer is used."""
        return bool(self.linked.lines or self.linked.saves)


def _has_bytes(value: Value) -> bool:
    inner = value.content if isinstance(value.content, tuple) else ()
    items = (item[1] for item in inner) if value.field.is_map else inner
    return value.field.kind == "bytes" or any(map(_has_bytes, items))


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
    def _model_version(self) -> str:
        return self.connection.version_of(self.operation.model_version)

    @property
    def _model(self) -> str:
        return self.connection.model or self.operation.model or ""

    @cached_property
    def url(self) -> dict[str, str]:
        """The URL of each call that can be made over REST, by its RPC."""
        server = _server(self.connection)
        if server is None:
            return {}
        version = self._model_version
        in_path = {
            **{n: percent_encode(in_url(v), safe="") for n, v in self.operation.request.items()},
            "model": self.model_in_path,
            "version": self.model_version,
        }
        return {
            call.rpc: server + "".join([in_path.get(p, p) for p in _pieces(call.path, version)])
            for call in self.operation.calls
            if call.rest is not None
        }

    @property
    def context(self) -> dict[str, Any]:
        """The names a template may use."""
        return {
            **self.common,
            "operation": self.operation,
            "steps": self.steps,
            "model": self.model,
            "model_in_path": self.model_in_path,
            "model_version": self.model_version,
            "url": self.url,
        }

    @cached_property
    def common(self) -> dict[str, Any]:
        """Those of them that are alike for all operations on a connection."""
        connection = self.connection
        return {
            "deadline": connection.deadline or self.deadline,
            **options.context(connection),
            "variables": connection.variables,
            "shown": SHOWN,
            "binary": connection.binary,
            **_addresses(connection),
        }

    @cached_property
    def model_version(self) -> str:
        """The version that is asked for; empty asks for the server's default."""
        return value("model_version", self._model_version)

    @cached_property
    def steps(self) -> tuple[StepView, ...]:
        """What is called, one after another; none of an operation that has a form."""
        server = _server(self.connection)
        found = []
        for number, step in enumerate(self.operation.linked, 1):
            path = step.call.path
            for name, given in step.path.items():
                path = path.replace(f"{{{name}}}", percent_encode(in_url(given), safe=""))
            url = "" if server is None else f"{server}{path}"
            found.append(StepView(step, f"answer{number if number > 1 else ''}", url))
        return tuple(found)


def _addresses(connection: Connection) -> dict[str, str]:
    """`grpc_address` and `rest_address`: the host with each port; REST with its base path."""
    host = value("host", connection.host)
    addresses = {
        name.replace("port", "address"): f"{host}:{value(name, str(port))}"
        for name, port in connection.ports.items()
    }
    if "rest_address" in addresses:
        addresses["rest_address"] += connection.base_path
    return addresses


@lru_cache(maxsize=8)
def _server(connection: Connection) -> str | None:
    """What the URLs of a server begin with; None if it has no REST."""
    address = _addresses(connection).get("rest_address")
    return address and f"{'https' if connection.tls else 'http'}://{address}"


@lru_cache(maxsize=256)
def _pieces(path: str, version: str) -> tuple[str, ...]:
    """A path cut at its placeholders; without a version, its part of the path falls away."""
    if not version:
        path = path.replace("/versions/{version}", "")
    return tuple(piece for piece in path.replace("}", "{").split("{") if piece)


def view(api: Api, operation: Operation, connection: Connection | None = None) -> View:
    """An operation as the templates see it, on `connection` or the documented one."""
    return View(operation, connection or api.connection, api.deadline)
