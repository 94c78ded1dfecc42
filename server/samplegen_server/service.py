"""The protocol's operations, free of transport."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from samplegen_server import errors, validation
from samplegen_server.config import ConfigError, ConfigUnreadable
from samplegen_server.repository import Repository, Served
from samplegen_server.tensors import Buffer, InputTensor, OutputTensor, TensorInfo

log = logging.getLogger(__name__)

SERVER_NAME = "OpenVINO Model Server"
PLATFORM = "OpenVINO"

DEFAULT_VERSION = ""
"""The version of a request that leaves the choice to the server."""

MAX_VERSION = 2**63 - 1


@dataclass(slots=True)
class ModelRequest:
    """What a request is about, as either transport read it."""

    model_name: str = ""
    """Empty when it is about no model."""
    model_version: str = DEFAULT_VERSION


@dataclass(slots=True)
class InferRequest(ModelRequest):
    """One inference."""

    id: str = ""
    inputs: Sequence[InputTensor] = ()
    raw: Sequence[Buffer] = ()
    """The data of `inputs`, one buffer an input, or nothing when it is in their contents."""


@dataclass(slots=True)
class InferResponse:
    """The answer to one inference."""

    model_name: str
    model_version: str
    id: str
    outputs: Sequence[OutputTensor]


@dataclass(frozen=True, slots=True)
class ServerMetadata:
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """What became of one version."""

    version: int
    state: str
    """``LOADING``, ``AVAILABLE`` or ``END``."""
    has_failed: bool
    """Did its last load fail?"""


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    name: str
    versions: Sequence[str]
    platform: str
    inputs: Sequence[TensorInfo]
    outputs: Sequence[TensorInfo]
    model_info: dict[str, Any] | None
    """What the model's file says of itself, if it does; REST shows it, gRPC has no field for it."""


def parse_version(text: str) -> int | None:
    """A version as a client wrote it; None when it left the choice to the server.

    Raises:
        ModelVersionInvalidFormat: It is no decimal number, has leading zeros or is too large.
    """
    if text == DEFAULT_VERSION:
        return None
    if re.fullmatch(r"0|-?[1-9][0-9]{0,18}", text) is None or abs(int(text)) > MAX_VERSION:
        raise errors.ModelVersionInvalidFormat
    return int(text)


class Service:
    """Answers each of the protocol's requests.

    Args:
        repository: The models to serve.
        version: The version the server says it has.
        name: What it says it is.
        platform: What it says its models run on.
    """

    def __init__(
        self,
        repository: Repository,
        version: str,
        name: str = SERVER_NAME,
        platform: str = PLATFORM,
    ) -> None:
        self._repository = repository
        self._version = version
        self._name = name
        self._platform = platform

    @property
    def is_ready(self) -> bool:
        """Has the first load of models come to its end, whatever became of each?"""
        return self._repository.is_loaded

    def server_metadata(self) -> ServerMetadata:
        return ServerMetadata(self._name, self._version)

    def model_ready(self, name: str, version: str) -> bool:
        """Can this version answer? An unknown one is an error.

        Raises:
            ServerError: There is no such model or version, or `version` is malformed.
        """
        return self._repository.find(name, parse_version(version)).is_available

    def model_metadata(self, name: str, version: str) -> ModelMetadata:
        """Inputs, outputs and available versions.

        Raises:
            ServerError: There is no such model or version, or it is not available.
        """
        served = self._repository.find(name, parse_version(version))
        model = served.model
        return ModelMetadata(
            name=name,
            versions=[
                str(number)
                for number, other in self._repository.models()[name].items()
                if other.is_available
            ],
            platform=self._platform,
            inputs=list(model.inputs.values()),
            outputs=list(model.outputs.values()),
            model_info=model.model_info,
        )

    async def infer(self, request: InferRequest) -> InferResponse:
        """One inference.

        Raises:
            ServerError: The request does not fit the model, or the model fails.
        """
        version = parse_version(request.model_version) or None  # here 0, too, means the default
        served = await self._settled(request.model_name, version)
        values = validation.values(served.model.inputs, request.inputs, request.raw)
        outputs = await served.model.infer(values)
        return InferResponse(request.model_name, str(served.version), request.id, outputs)

    def config_status(self) -> dict[str, list[VersionStatus]]:
        """Every version that is or was served, by the model's name."""
        return {
            name: [
                VersionStatus(version, served.state.name, served.has_failed)
                for version, served in versions.items()
            ]
            for name, versions in self._repository.models().items()
        }

    async def config_reload(self) -> bool:
        """Read the configuration and the folders anew; say if anything changed.

        Raises:
            RestError: The config file cannot be used; what was served still is.
        """
        try:
            return await self._repository.reload()
        except ConfigUnreadable as error:
            log.error("%s", error)
            raise errors.ConfigMissing from error
        except ConfigError as error:
            log.error("%s", error)
            raise errors.ConfigInvalid from error

    async def _settled(self, name: str, version: int | None) -> Served:
        """The version to ask; one that is being loaded is waited for."""
        served = self._repository.find(name, version)
        if not served.is_available:
            await served.settle()
        return served
