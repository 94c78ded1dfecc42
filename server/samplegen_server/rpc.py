"""The gRPC transport: protobuf messages to the service's requests and back."""

import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

# Read once, when grpc is imported. With it, a pool of threads hands each packet from one to the
# next before the event loop hears of it; without, the thread that grpc.aio polls with reads it.
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener")

import grpc
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from samplegen_server import errors
from samplegen_server.answers import Answer, Observer, Result
from samplegen_server.proto import inference_pb2 as pb
from samplegen_server.service import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    ServerMetadata,
    Service,
)
from samplegen_server.tensors import InputTensor, TensorInfo
from samplegen_server.turns import Turns

log = logging.getLogger(__name__)


SERVICE = pb.DESCRIPTOR.services_by_name["GRPCInferenceService"]
STREAM = "ModelStreamInfer"

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


def _parsing(message: type[Any]) -> Callable[[bytes], Any]:
    """A parser of messages that gives None for what is none: grpc would log and tell too much."""

    def parse(raw: bytes) -> Any:
        try:
            return message.FromString(raw)
        except DecodeError:
            return None

    return parse


def _answering(
    rpc: str,
    operation: "Operation",
    service: Service,
    observers: Sequence[Observer],
    turns: Turns,
) -> Callable[[Any, grpc.aio.ServicerContext], Awaitable[Any]]:
    """The operation as grpc calls it: the one place where errors become a status."""

    async def answer(request: Any, context: grpc.aio.ServicerContext) -> Any:
        start = time.perf_counter()
        turns.note_rpc(start)
        result: Result | None = None
        failure: errors.ServerError | None = None
        try:
            if request is None:
                raise errors.MalformedMessage
            result = await operation.ask(service, request)
            response = operation.message(result)
        except errors.ServerError as error:
            failure = error
        except Exception:
            log.exception("a request failed in an unexpected way")
            failure = errors.ServerError()
        for observe in observers:
            has_deadline = context.time_remaining() is not None
            seconds = time.perf_counter() - start
            observe(_describe(rpc, request, has_deadline, result, failure, seconds))
        if failure is not None:
            await _abort(context, failure)
        return response

    return answer


def _describe(
    rpc: str,
    request: Any,
    has_deadline: bool,
    result: Result | None,
    failure: errors.ServerError | None,
    seconds: float,
) -> Answer:
    infer = _infer_request(request) if isinstance(request, pb.ModelInferRequest) else None
    return Answer(
        interface="gRPC",
        rpc=rpc,
        model_name=infer.model_name if infer else getattr(request, "name", ""),
        model_version=infer.model_version if infer else getattr(request, "version", ""),
        infer=infer,
        has_deadline=has_deadline,
        result=None if failure else result,
        error=failure,
        seconds=seconds,
    )


async def _abort(context: grpc.aio.ServicerContext, error: errors.ServerError) -> None:
    await context.abort(grpc.StatusCode[error.grpc], error.grpc_text)


async def _server_live(_: Service, __: pb.ServerLiveRequest) -> bool:
    return True


async def _server_ready(service: Service, _: pb.ServerReadyRequest) -> bool:
    return service.is_ready


async def _model_ready(service: Service, request: pb.ModelReadyRequest) -> bool:
    return service.model_ready(request.name, request.version)


async def _server_metadata(service: Service, _: pb.ServerMetadataRequest) -> ServerMetadata:
    return service.server_metadata()


async def _model_metadata(service: Service, request: pb.ModelMetadataRequest) -> ModelMetadata:
    return service.model_metadata(request.name, request.version)


async def _model_infer(service: Service, request: pb.ModelInferRequest) -> InferResponse:
    return await service.infer(_infer_request(request))


def _server_metadata_message(metadata: ServerMetadata) -> pb.ServerMetadataResponse:
    return pb.ServerMetadataResponse(name=metadata.name, version=metadata.version)


def _model_metadata_message(metadata: ModelMetadata) -> pb.ModelMetadataResponse:
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


def _model_infer_message(answer: InferResponse) -> pb.ModelInferResponse:
    response = pb.ModelInferResponse()  # one by one, as keywords these take twice as long
    response.model_name = answer.model_name
    response.model_version = answer.model_version
    response.id = answer.id
    for output in answer.outputs:
        response.outputs.add(name=output.name, datatype=output.datatype, shape=output.shape)
        response.raw_output_contents.append(output.raw)
    return response


def _infer_request(request: pb.ModelInferRequest) -> InferRequest:
    return InferRequest(
        model_name=request.model_name,
        model_version=request.model_version,
        id=request.id,
        inputs=[_input(tensor) for tensor in request.inputs],
        raw=request.raw_input_contents,
    )


def _input(tensor: pb.ModelInferRequest.InferInputTensor) -> InputTensor:
    contents = None
    if tensor.HasField("contents"):
        field = CONTENTS.get(tensor.datatype)
        contents = getattr(tensor.contents, field) if field else ()
    return InputTensor(tensor.name, tensor.datatype, tuple(tensor.shape), contents)


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of RPC."""

    ask: Callable[[Service, Any], Awaitable[Any]]
    """Takes the request's message; gives a `Result`."""
    message: Callable[[Any], Any]
    """The result as the response's message."""


OPERATIONS: dict[str, Operation] = {
    "ServerLive": Operation(_server_live, lambda live: pb.ServerLiveResponse(live=live)),
    "ServerReady": Operation(_server_ready, lambda ready: pb.ServerReadyResponse(ready=ready)),
    "ModelReady": Operation(_model_ready, lambda ready: pb.ModelReadyResponse(ready=ready)),
    "ServerMetadata": Operation(_server_metadata, _server_metadata_message),
    "ModelMetadata": Operation(_model_metadata, _model_metadata_message),
    "ModelInfer": Operation(_model_infer, _model_infer_message),
}


def make_server(
    service: Service,
    max_message_bytes: int,
    observers: Sequence[Observer] = (),
    turns: Turns | None = None,
) -> grpc.aio.Server:
    """A gRPC server that answers with `service`, not started and bound to no port yet.

    Args:
        service: Answers the requests.
        max_message_bytes: The largest request.
        observers: Told of each answer.
        turns: Told of each request.
    """
    turns = turns or Turns()
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", max_message_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),  # two servers on one port would share the requests
        ]
    )
    handlers = {
        method.name: grpc.unary_unary_rpc_method_handler(
            _answering(method.name, OPERATIONS[method.name], service, observers, turns),
            request_deserializer=_parsing(GetMessageClass(method.input_type)),
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )
        for method in SERVICE.methods
        if method.name != STREAM
    }
    handlers[STREAM] = grpc.stream_stream_rpc_method_handler(_streaming(observers))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE.full_name, handlers),)
    )
    return server


def _streaming(
    observers: Sequence[Observer],
) -> Callable[[AsyncIterator[bytes], grpc.aio.ServicerContext], Awaitable[None]]:
    """OpenVINO Model Server streams MediaPipe graphs only, and none is served here."""

    async def answer(_: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> None:
        failure = errors.StreamNotFound()
        for observe in observers:
            has_deadline = context.time_remaining() is not None
            observe(_describe(STREAM, None, has_deadline, None, failure, 0.0))
        await _abort(context, failure)

    return answer
