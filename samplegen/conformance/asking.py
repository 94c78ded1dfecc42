"""Sends requests, and reads what comes back."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format
from tritonclient.grpc import service_pb2 as messages

from samplegen.conformance.cases import Request, RestRequest
from samplegen.connection import secrets
from samplegen.connection.model import Connection, Tls
from samplegen.errors import SamplegenError
from samplegen.judge.servers.proxy import kserve_tensors
from samplegen.judge.servers.proxy.documents import Undecodable
from samplegen.served.address import Address
from samplegen.served.rest import Rest

_SERVICE = "/inference.GRPCInferenceService/"
_LARGEST = 2**28
"""Bytes of an answer; some tests of OpenVINO Model Server ask for long ones."""
_SHOWN = 160
"""Characters of an answer that a reader is shown."""
NO_ANSWER = ""


@dataclass(frozen=True)
class Answered:
    """What a server answered."""

    code: str
    """The HTTP status, or the code of gRPC; empty if there was no answer."""
    text: str = ""
    """Its text in one line, cut; of no answer, why there is none."""
    tree: Any = None
    """The answer as JSON, with the data of tensors in `data`; None if it is none."""
    error: str | None = None
    """The text of an error in the form that the protocol gives it."""
    undecodable: str = ""
    """Why the answer cannot be read, though it is a success."""

    @property
    def succeeded(self) -> bool:
        return self.code in ("200", "OK")

    def __str__(self) -> str:
        words = {NO_ANSWER: "no answer", "OK": "success"}.get(self.code, self.code)
        return f"{words}: {self.text}" if self.text else words


class Server:
    """A server over one or both transports."""

    def __init__(
        self, rest: Address | None, rpc: Address | None, deadline: float, connection: Connection
    ) -> None:
        """Asks nothing yet.

        Raises:
            SamplegenError: A variable is not set, or a file is not what it should be.
        """
        self._rest = None if rest is None else Rest(rest, deadline, connection, _LARGEST)
        self._deadline = deadline
        self._metadata = tuple(secrets.headers(connection).items())
        self._channel = None if rpc is None else _channel(rpc, connection)

    def ask(self, request: Request) -> Answered:
        """What it answers, if it is reached over the transport of the request."""
        if isinstance(request, RestRequest):
            return self._over_rest(request)
        assert self._channel is not None  # noqa: S101
        call = self._channel.unary_unary(f"{_SERVICE}{request.rpc}")
        try:
            body = call(
                request.message.SerializeToString(),
                timeout=self._deadline,
                metadata=self._metadata,
            )
        except grpc.RpcError as error:
            code, details = error.code().name, str(error.details())
            if code in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
                return Answered(NO_ANSWER, _shown(details))
            return Answered(code, _shown(details), error=details)
        return _message(request.rpc, body)

    def _over_rest(self, request: RestRequest) -> Answered:
        assert self._rest is not None  # noqa: S101
        body = request.body or (b"" if request.method == "POST" else None)
        try:
            reply = self._rest.ask(request.method, request.path, body, request.headers)
        except SamplegenError as error:
            return Answered(NO_ANSWER, _shown(error.problems[0].message))
        shown = _shown(reply.body.decode(errors="replace"))
        code = str(reply.status)
        if code != "200":
            return Answered(code, shown, error=_error(reply.body))
        try:
            text, behind = kserve_tensors.split(
                tuple((n.lower(), v) for n, v in reply.headers), reply.body
            )
            tree = json.loads(text) if text else None
            document = kserve_tensors.from_json(tree, behind, lambda path: None)
            return Answered(code, shown, tree if document is None else document.tree)
        except (
            Undecodable,
            ValueError,
            ArithmeticError,
            RecursionError,
            TypeError,
            LookupError,
        ) as error:
            return Answered(code, shown, undecodable=f"it cannot be read: {error}")


def _message(rpc: str, body: bytes) -> Answered:
    try:
        message = getattr(messages, f"{rpc}Response").FromString(body)
        tree = json_format.MessageToDict(
            message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        document = kserve_tensors.from_message(message)
        if document is not None:
            tree = {**tree, **document.tree}
    except Exception as error:  # protobuf has several, and this is what a server sent
        return Answered("OK", undecodable=f"it cannot be read: {error}")
    return Answered("OK", _shown(json.dumps(tree, default=str, ensure_ascii=False)), tree)


def _error(body: bytes) -> str | None:
    try:
        text = json.loads(body)["error"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    return text if isinstance(text, str) else None


def _shown(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _channel(address: Address, connection: Connection) -> grpc.Channel:
    options: list[tuple[str, Any]] = [
        ("grpc.max_send_message_length", -1),
        ("grpc.max_receive_message_length", -1),
    ]
    if connection.authority is not None:
        options.append(("grpc.default_authority", connection.authority))
    where = f"{address.host}:{address.port}"
    if not address.tls:
        return grpc.insecure_channel(where, options)
    tls = connection.tls or Tls()
    secrets.context(tls)  # says what is wrong with a file
    read = [Path(path).read_bytes() if path else None for path in (tls.cacert, tls.key, tls.cert)]
    return grpc.secure_channel(where, grpc.ssl_channel_credentials(*read), options)
