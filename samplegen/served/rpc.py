"""Asking a server over gRPC, with Triton's client, whose stubs are those of the protocol."""

import contextlib
import os
from typing import Any

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what is wrong is told once, by us

from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from samplegen.connection import secrets
from samplegen.connection.model import Connection, Tls
from samplegen.errors import SamplegenError
from samplegen.served import trouble
from samplegen.served.address import Address
from samplegen.served.metadata import UNKNOWN, ServerMetadata

_UNKNOWN = ("StatusCode.NOT_FOUND", "StatusCode.INVALID_ARGUMENT")
"""What servers answer for a model that is not there; Triton the second."""
_REFUSED = ("UNAUTHENTICATED", "PERMISSION_DENIED")
_UNLIMITED = -1


class Rpc:
    """A server's gRPC API. Each question is done within the deadline."""

    def __init__(self, address: Address, deadline: float, connection: Connection) -> None:
        """Asks nothing yet.

        Raises:
            SamplegenError: A variable is not set, or a file is not what it should be.
        """
        self._address = address
        self._deadline = deadline
        self._connection = connection
        self._headers = secrets.headers(connection)
        tls = connection.tls or Tls()
        if address.tls:
            secrets.context(tls)  # says what is wrong with a file
        size = connection.max_message_size
        limit = _UNLIMITED if size is None else size * 2**20
        options: list[tuple[str, int | str]] = [
            ("grpc.max_send_message_length", limit),
            ("grpc.max_receive_message_length", limit),
        ]
        if connection.authority is not None:
            options.append(("grpc.default_authority", connection.authority))
        self._client = InferenceServerClient(
            f"{address.host}:{address.port}",
            ssl=address.tls,
            root_certificates=tls.cacert,
            private_key=tls.key,
            certificate_chain=tls.cert,
            channel_args=options,
        )

    def model(self, name: str, version: str) -> Any:
        """The metadata of a model; None if the server has no such model or version.

        Raises:
            SamplegenError: The server does not answer.
        """
        try:
            message = self._client.get_model_metadata(
                name, version, headers=self._headers, client_timeout=self._deadline
            )
        except InferenceServerException as error:
            if error.status() in _UNKNOWN:
                return None
            raise SamplegenError(self._failure(error)) from error
        return {
            "name": message.name,
            "versions": [*message.versions],
            "platform": message.platform,
            "inputs": [_tensor(tensor) for tensor in message.inputs],
            "outputs": [_tensor(tensor) for tensor in message.outputs],
        }

    def configuration(self, name: str, version: str) -> Any:
        """How a model wants to be called; None if the server does not tell."""
        with contextlib.suppress(InferenceServerException):
            found = self._client.get_model_config(
                name, version, headers=self._headers, client_timeout=self._deadline, as_json=True
            )
            return found.get("config")
        return None

    def models(self) -> list[str]:
        """The models that the server has, as far as it tells."""
        with contextlib.suppress(InferenceServerException):
            index = self._client.get_model_repository_index(
                headers=self._headers, client_timeout=self._deadline
            )
            return sorted({model.name for model in index.models})
        return []

    def server(self) -> ServerMetadata:
        """What the server says of itself."""
        with contextlib.suppress(InferenceServerException):
            metadata = self._client.get_server_metadata(
                headers=self._headers, client_timeout=self._deadline
            )
            extensions = tuple(metadata.extensions)
            return ServerMetadata(
                name=metadata.name, version=metadata.version, extensions=extensions
            )
        return UNKNOWN

    def _failure(self, error: InferenceServerException) -> str:
        code = str(error.status()).removeprefix("StatusCode.")
        message = " ".join(str(error.message()).split())
        if code == "DEADLINE_EXCEEDED":
            return f"{self._address} did not answer within {self._deadline:g} s"
        if code in _REFUSED:
            return trouble.refused(self._address, self._connection, code)
        reason = None
        if code == "UNAVAILABLE":
            reason = trouble.proxy_between(self._address) or trouble.unreached(
                self._address, self._connection
            )
        elif self._address.tls and message.endswith("status: 400"):
            reason = trouble.refused_over_grpc(self._address, self._connection)
        if reason is not None:
            return reason
        if code == "UNAVAILABLE":
            return f"no gRPC server answers at {self._address}: {message}; name another address"
        return f"{self._address} answers {code}: {message}"


def _tensor(tensor: Any) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": [*tensor.shape]}
