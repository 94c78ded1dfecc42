"""Makes the calls of steps, over gRPC where the API has it, else over REST."""

import http.client
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from samplegen.calling.places import value_at
from samplegen.connection import secrets
from samplegen.connection.model import Connection, Tls
from samplegen.contract.model import Contract, Method
from samplegen.contract.paths import words
from samplegen.contract.trees import from_json, in_url, json_tree
from samplegen.contract.values import Saved
from samplegen.errors import SamplegenError
from samplegen.spec.operation import LinkedStep

_SHOWN = 300
"""Characters of a refusal that a message repeats."""


class Caller:
    """Calls one server, step by step."""

    def __init__(self, contract: Contract, connection: Connection, deadline: float) -> None:
        """Calls nothing yet.

        Args:
            contract: Of the API.
            connection: Where the server is.
            deadline: Seconds that a call may take.

        Raises:
            SamplegenError: A variable of the connection is not set.
        """
        self._connection = connection
        self._deadline = connection.deadline or deadline
        self._headers = secrets.headers(connection)
        self._stack = ExitStack()
        self._rpc: _Rpc | None = None
        if contract.descriptors and connection.grpc_port is not None:
            self._rpc = _Rpc(contract, connection, self._deadline, self._headers)

    def close(self) -> None:
        """Lets go of the server."""
        if self._rpc is not None:
            self._rpc.close()

    def answers(
        self, steps: Sequence[LinkedStep], saved: dict[str, Any] | None = None
    ) -> list[Any]:
        """The answers to steps, as trees with fields by name; None for one without a body.

        Args:
            steps: One after another.
            saved: What answers held before; what these hold is added.

        Raises:
            SamplegenError: The server refuses a call, or takes one that it should refuse; or an
                answer lacks what a later step needs.
        """
        saved = {} if saved is None else saved
        found = []
        for step in steps:
            answer = self._answer(step, saved)
            for name, way in step.saves:
                try:
                    saved[name] = value_at(step.contract, answer, way)
                except LookupError as error:
                    message = f"{step.call.rpc}: {name!r} cannot be saved: {error}"
                    raise SamplegenError(message) from error
            found.append(answer)
        return found

    def _answer(self, step: LinkedStep, saved: Mapping[str, Any]) -> Any:
        def fill(value: Saved) -> Any:
            return saved[value.name]

        if step.method is not None and self._rpc is not None:
            answer = self._rpc.answer(step, step.method, json_tree(step.request, fill))
        else:
            answer = self._rest(step, fill)
        if step.method is None or step.refused is not None:
            return answer
        return from_json(step.contract, step.method.response, answer)

    def _rest(self, step: LinkedStep, fill: Any) -> Any:
        """The JSON that answers a call over REST."""
        path = step.call.path
        for name, value in step.path.items():
            path = path.replace(f"{{{name}}}", quote(in_url(value), safe=""))
        query = [(n, in_url(fill(v) if isinstance(v, Saved) else v)) for n, v in step.query]
        target = f"{self._connection.base_path}{path}{'?' if query else ''}{urlencode(query)}"
        body, headers = None, dict(self._headers)
        content = step.body if step.method is None else json_tree(step.said, fill)
        has_body = step.body is not None or bool(
            step.method and step.method.route and step.method.route.body
        )
        if has_body:
            body = json.dumps(content).encode()
            headers["content-type"] = "application/json"
        if self._connection.authority is not None:
            headers["host"] = self._connection.authority
        status, text = self._asked(step.call.method, target, body, headers)
        shown = " ".join(text[:_SHOWN].decode(errors="replace").split())
        if status not in step.statuses:
            expected = " or ".join(map(str, step.statuses))
            message = f"{step.call.rpc}: HTTP status {status}, expected {expected}: {shown}"
            raise SamplegenError(message)
        if not step.has_answer:
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SamplegenError(f"{step.call.rpc}: found {shown!r}; expected JSON") from error

    def _asked(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        connection = self._connection
        host, port = connection.host.strip("[]"), connection.rest_port
        client = (
            http.client.HTTPConnection(host, port, timeout=self._deadline)
            if connection.tls is None
            else http.client.HTTPSConnection(
                host, port, timeout=self._deadline, context=secrets.context(connection.tls)
            )
        )
        try:
            client.request(method, target, body, dict(headers))
            response = client.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            what = " ".join(str(error).split()) or type(error).__name__
            raise SamplegenError(f"no answer from {host}:{port}: {what}") from error
        finally:
            client.close()


class _Rpc:
    """Calls over gRPC, with messages made of the contract."""

    def __init__(
        self,
        contract: Contract,
        connection: Connection,
        deadline: float,
        headers: Mapping[str, str],
    ) -> None:
        import grpc
        from google.protobuf import descriptor_pb2, descriptor_pool

        self._pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(contract.descriptors).file:
            self._pool.Add(file)
        self._deadline = deadline
        self._metadata = tuple(headers.items())
        size = connection.max_message_size
        limit = -1 if size is None else size * 2**20
        options: list[tuple[str, Any]] = [
            ("grpc.max_send_message_length", limit),
            ("grpc.max_receive_message_length", limit),
        ]
        if connection.authority is not None:
            options.append(("grpc.default_authority", connection.authority))
        address = f"{connection.host}:{connection.grpc_port}"
        self._channel: Any = (
            grpc.insecure_channel(address, options)
            if connection.tls is None
            else grpc.secure_channel(address, _credentials(connection.tls), options)
        )

    def close(self) -> None:
        self._channel.close()

    def answer(self, step: LinkedStep, method: Method, request: Any) -> Any:
        """The answer as JSON, with fields by name; of a refusal, its message at the printed place.

        Raises:
            SamplegenError: The server refuses the call, or does not, as it should; or it does not
                answer.
        """
        import grpc
        from google.protobuf import json_format, message_factory

        def message(name: str) -> Any:
            return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(name))

        call = self._channel.unary_unary(
            method.path,
            request_serializer=lambda made: made.SerializeToString(),
            response_deserializer=message(method.response).FromString,
        )
        made = json_format.ParseDict(request, message(method.request)())
        expected = step.refused.code if step.refused is not None else None
        try:
            answer = call(made, timeout=self._deadline, metadata=self._metadata)
        except grpc.RpcError as error:
            if error.code().name == expected:
                return _placed(step, error.details())
            what = " ".join(str(error.details()).split())
            raise SamplegenError(f"{method.title}: {error.code().name}: {what}") from error
        if expected is not None:
            raise SamplegenError(f"{method.title}: the call succeeded, expected {expected}")
        return json_format.MessageToDict(answer, preserving_proto_field_name=True)


def _placed(step: LinkedStep, details: str) -> Any:
    """The message of an error, where the error over REST has it."""
    tree: Any = details
    for word in reversed(words(step.lines[0].path) if step.lines else ()):
        tree = {word: tree}
    return tree


def _credentials(tls: Tls) -> Any:
    import grpc

    secrets.context(tls)  # says what is wrong with a file
    read = [Path(path).read_bytes() if path else None for path in (tls.cacert, tls.key, tls.cert)]
    return grpc.ssl_channel_credentials(*read)
