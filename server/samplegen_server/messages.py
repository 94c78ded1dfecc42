"""The messages of gRPC: protobuf to what the service takes, and its results back to protobuf."""

from collections.abc import Iterable
from typing import Any

from samplegen_server.contract import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    ModelRequest,
    Parameter,
    ServerMetadata,
)
from samplegen_server.proto import inference_pb2 as pb
from samplegen_server.tensors import InputTensor, TensorInfo

CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""Datatype to the field of InferTensorContents that holds it; FP16 has none and travels raw."""


PARAMETERS = ("bool_param", "int64_param", "string_param")
"""The types of parameters that OpenVINO Model Server knows."""


def read_server(_: Any) -> ModelRequest:
    """A request about the server, which names no model."""
    return ModelRequest()


def read_model(message: Any) -> ModelRequest:
    """A ModelReadyRequest or a ModelMetadataRequest."""
    return ModelRequest(message.name, message.version)


def read_infer(message: pb.ModelInferRequest) -> InferRequest:
    return InferRequest(
        model_name=message.model_name,
        model_version=message.model_version,
        id=message.id,
        inputs=[_input(tensor) for tensor in message.inputs],
        raw=message.raw_input_contents,
        parameters=_parameters(message) if message.parameters else {},
    )


def _parameters(message: pb.ModelInferRequest) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for name, parameter in message.parameters.items():
        kind = parameter.WhichOneof("parameter_choice")
        found[name] = getattr(parameter, kind) if kind in PARAMETERS else None
    return found


def _input(tensor: pb.ModelInferRequest.InferInputTensor) -> InputTensor:
    contents = None
    if tensor.HasField("contents"):
        field = CONTENTS.get(tensor.datatype)
        contents = getattr(tensor.contents, field) if field else ()
    return InputTensor(tensor.name, tensor.datatype, tuple(tensor.shape), contents)


def server_live(live: bool) -> pb.ServerLiveResponse:
    return pb.ServerLiveResponse(live=live)


def server_ready(ready: bool) -> pb.ServerReadyResponse:
    return pb.ServerReadyResponse(ready=ready)


def model_ready(ready: bool) -> pb.ModelReadyResponse:
    return pb.ModelReadyResponse(ready=ready)


def server_metadata(metadata: ServerMetadata) -> pb.ServerMetadataResponse:
    return pb.ServerMetadataResponse(name=metadata.name, version=metadata.version)


def model_metadata(metadata: ModelMetadata) -> pb.ModelMetadataResponse:
    return pb.ModelMetadataResponse(
        name=metadata.name,
        versions=metadata.versions,
        platform=metadata.platform,
        inputs=_tensors(metadata.inputs),
        outputs=_tensors(metadata.outputs),
    )


def _tensors(infos: Iterable[TensorInfo]) -> list[pb.ModelMetadataResponse.TensorMetadata]:
    return [
        pb.ModelMetadataResponse.TensorMetadata(
            name=info.name, datatype=info.datatype, shape=info.shape
        )
        for info in infos
    ]


def model_infer(answer: InferResponse) -> pb.ModelInferResponse:
    response = pb.ModelInferResponse()  # one by one, as keywords these take twice as long
    response.model_name = answer.model_name
    response.model_version = answer.model_version
    response.id = answer.id
    for output in answer.outputs:
        response.outputs.add(name=output.name, datatype=output.datatype, shape=output.shape)
        response.raw_output_contents.append(output.raw)
    for name, value in answer.parameters.items():
        response.parameters[name].int64_param = value
    return response
