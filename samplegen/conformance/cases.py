"""A request, and what a server must answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tritonclient.grpc import service_pb2 as messages

from samplegen.conformance.results import Rule
from samplegen.judge.servers.proxy.kserve_tensors import TYPED
from samplegen.spec.packing import raw
from samplegen.spec.tensors import Scalar

Status = str
"""As the table of statuses calls it; `OK` is a success, `!OK` any error."""

LENGTH = "inference-header-content-length"


@dataclass(frozen=True)
class RestRequest:
    """A request over REST."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class RpcRequest:
    """A request over gRPC."""

    rpc: str
    message: Any
    """Of the protocol; see inference_grpc.md."""

    def __str__(self) -> str:
        about = self.message
        name = getattr(about, "model_name", getattr(about, "name", ""))
        version = getattr(about, "model_version", getattr(about, "version", ""))
        return " ".join(filter(None, (self.rpc, name, version)))


Request = RestRequest | RpcRequest


@dataclass(frozen=True)
class WantedOutput:
    """An output of an answer; what is None may be anything."""

    name: str | None = None
    """None: it is the first one."""
    datatype: str | None = None
    shape: tuple[int, ...] | None = None
    """-1 stands for any size."""
    data: tuple[Any, ...] | None = None
    raw: bytes | None = None
    """In place of `data`."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request, and the answer that is right."""

    group: str
    name: str
    source: str = ""
    """The place in OpenVINO Model Server's own tests."""
    request: Request
    status: Status = "OK"
    rule: Rule = "OVMS"
    """Whose rule it is that the request succeeds, or fails."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Of the answer, with their values."""
    outputs: tuple[WantedOutput, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of the request."""
        if isinstance(self.request, RestRequest):
            return len(self.request.body)
        size: int = self.request.message.ByteSize()
        return size

    @property
    def request_path(self) -> str:
        """Of REST; empty over gRPC."""
        return self.request.path if isinstance(self.request, RestRequest) else ""

    @property
    def transport(self) -> str:
        return "REST" if isinstance(self.request, RestRequest) else "gRPC"


@dataclass(frozen=True)
class Untried:
    """A request that is not sent."""

    group: str
    name: str
    transport: str
    reason: str


@dataclass(frozen=True)
class Input:
    """An input of a request: its elements, or its bytes."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    elements: tuple[Scalar | bytes, ...] | None = None
    data: bytes | None = None

    @property
    def packed(self) -> bytes:
        """As bytes, however it is given."""
        if self.data is not None:
            return self.data
        return raw(self.datatype, self.elements or ())


# As requests


def model_path(name: str, version: str = "") -> str:
    path = f"/v2/models/{quote(name, safe='')}"
    return f"{path}/versions/{quote(version, safe='')}" if version else path


def posted(path: str, text: bytes, behind: bytes = b"", length: int | None = None) -> RestRequest:
    """A body of JSON, and bytes behind it if there is a length of the JSON."""
    if length is None:
        return RestRequest("POST", path, text, {"content-type": "application/json"})
    headers = {"content-type": "application/octet-stream", LENGTH: str(length)}
    return RestRequest("POST", path, text + behind, headers)


def over_rest(
    name: str, inputs: tuple[Input, ...], *, version: str = "", id: str = ""
) -> RestRequest:
    """An inference over REST: what is given as bytes travels behind the JSON."""
    behind, tensors = b"", []
    for given in inputs:
        tensor: dict[str, Any] = {
            "name": given.name, "datatype": given.datatype, "shape": [*given.shape]
        }  # fmt: skip
        if given.elements is not None:
            tensor["data"] = [
                each.decode() if isinstance(each, bytes) else each for each in given.elements
            ]
        if given.data is not None:
            tensor["parameters"] = {"binary_data_size": len(given.data)}
            behind += given.data
        tensors.append(tensor)
    tree = {"inputs": tensors} | ({"id": id} if id else {})
    text = json.dumps(tree).encode()
    has_bytes = any(given.data is not None for given in inputs)
    return posted(f"{model_path(name, version)}/infer", text, behind, len(text) * has_bytes or None)


def over_grpc(
    name: str, inputs: tuple[Input, ...], *, version: str = "", id: str = ""
) -> RpcRequest:
    """The same over gRPC: what is given as bytes travels in `raw_input_contents`."""
    message = messages.ModelInferRequest(model_name=name, model_version=version, id=id)
    for given in inputs:
        tensor = message.inputs.add(name=given.name, datatype=given.datatype, shape=given.shape)
        if given.elements is not None:
            tensor.contents.SetInParent()
            elements = getattr(tensor.contents, TYPED.get(given.datatype, "fp32_contents"))
            elements.extend(
                each.encode() if isinstance(each, str) else each for each in given.elements
            )
        if given.data is not None:
            message.raw_input_contents.append(given.data)
    return RpcRequest("ModelInfer", message)
