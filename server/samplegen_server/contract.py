"""What the protocol's operations take and give, free of transport.

What is made anew for each request is not frozen: that would take five times as long to make.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from samplegen_server import errors
from samplegen_server.model_options import MAX_VERSION
from samplegen_server.tensors import Buffer, InputTensor, OutputTensor, TensorInfo

DEFAULT_VERSION = ""
"""The version of a request that leaves the choice to the server."""

Parameter = str | bool | int | None
"""A parameter of a request; None when it has a type that OpenVINO Model Server does not know."""


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
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    """Those of the whole request; only graphs look at them."""


@dataclass(slots=True)
class InferResponse:
    """The answer to one inference."""

    model_name: str
    model_version: str
    id: str
    outputs: Sequence[OutputTensor]
    parameters: Mapping[str, int] = field(default_factory=dict)


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
    error: str
    """``OK``, or of which kind the error of its last load was."""


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
