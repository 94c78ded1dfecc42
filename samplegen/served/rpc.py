"""Asking a server over gRPC, with Triton's client, whose stubs are those of the protocol."""

import contextlib
import os
from collections.abc import Mapping
from typing import Any

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what is wrong is told once, by us

from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from samplegen.connection import Tls
from samplegen.errors import SamplegenError
from samplegen.served import hints
from samplegen.served.address import Address

_UNKNOWN = ("StatusCode.NOT_FOUND", "StatusCode.INVALID_ARGUMENT")
"""What servers answer for a model that is not there; Triton the second."""


class Rpc:
    """A server's gRPC API. Each question is done within the deadline."""

    def __init__(
        self,
        address: Address,
        deadline: float,
        headers: Mapping[str, str],
        tls: Tls,
        authority: str | None,
    ) -> None:
        self._address = address
        self._deadline = deadline
        self._headers = dict(headers)
        self._client = InferenceServerClient(
            f"{address.host}:{address.port}",
            ssl=address.tls,
            root_certificates=tls.cacert,
            certificate_chain=tls.cert,
            private_key=tls.key,
            channel_args=[("grpc.default_authority", authority)] if authority else [],
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

    def models(self) -> list[str]:
        """The models that the server has, as far as it tells."""
        with contextlib.suppress(InferenceServerException):
            index = self._client.get_model_repository_index(
                headers=self._headers, client_timeout=self._deadline
            )
            return sorted({model.name for model in index.models})
        return []

    def server(self) -> str:
        """The name and version that the server states of itself."""
        with contextlib.suppress(InferenceServerException):
            metadata = self._client.get_server_metadata(
                headers=self._headers, client_timeout=self._deadline
            )
            return f"{metadata.name} {metadata.version}"
        return "unknown"

    def _failure(self, error: InferenceServerException) -> str:
        code = str(error.status()).removeprefix("StatusCode.")
        message = " ".join(str(error.message()).split())
        if code == "DEADLINE_EXCEEDED":
            return f"{self._address} did not answer within {self._deadline:g} s"
        if code == "UNAVAILABLE":
            hint = hints.hint(message) or "name another address"
            return f"no gRPC server answers at {self._address}: {message}; {hint}"
        hint = hints.hint(code) or hints.hint(message)
        return f"{self._address} answers {code}: {message}{'; ' if hint else ''}{hint}"


def _tensor(tensor: Any) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": [*tensor.shape]}
