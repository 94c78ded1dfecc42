"""The gRPC transport: a server with a handler for each of the protocol's RPCs."""

import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

# Read once, when grpc is imported. With it, a pool of threads hands each packet from one to the
# next before the event loop hears of it; without, the thread that grpc.aio polls with reads it.
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener")

import grpc
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from samplegen_server import answers, errors, messages
from samplegen_server.answers import Observer, Result
from samplegen_server.contract import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    ModelRequest,
    ServerMetadata,
)
from samplegen_server.proto import inference_pb2 as pb
from samplegen_server.service import Service
from samplegen_server.streaming import STREAM, ClientGone, Stream
from samplegen_server.turns import Turns

log = logging.getLogger(__name__)


SERVICE = pb.DESCRIPTOR.services_by_name["GRPCInferenceService"]
NO_MODEL = ModelRequest()

MAX_PENDING = 100_000
"""How many calls of all connections may wait to be taken up: gRPC's own 1,000 would make it cancel
the calls of others while a flood lasts."""

PING_SECONDS = 60.0
"""How long a connection may be silent before the client is asked whether it is still there."""

PONG_SECONDS = 20.0
"""How long it may take to say so."""


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

    async def answer(message: Any, context: grpc.aio.ServicerContext) -> Any:
        start = time.perf_counter()
        turns.note_rpc(start)
        request = NO_MODEL
        outcome: Result | errors.ServerError
        try:
            if message is None:
                raise errors.MalformedMessage
            request = operation.read(message)
            outcome = await operation.ask(service, request)
            response = operation.write(outcome)
        except errors.ServerError as error:
            outcome = error
        except Exception:
            log.exception("a request failed in an unexpected way")
            outcome = errors.ServerError()
        answers.tell(observers, rpc, request, start, outcome, context)
        if isinstance(outcome, errors.ServerError):
            await _abort(context, outcome)
        return response

    return answer


async def _abort(context: grpc.aio.ServicerContext, error: errors.ServerError) -> None:
    await context.abort(grpc.StatusCode[error.grpc], error.grpc_text)


async def _server_live(_: Service, __: ModelRequest) -> bool:
    return True


async def _server_ready(service: Service, _: ModelRequest) -> bool:
    return service.is_ready


async def _model_ready(service: Service, request: ModelRequest) -> bool:
    return service.model_ready(request.model_name, request.model_version)


async def _server_metadata(service: Service, _: ModelRequest) -> ServerMetadata:
    return service.server_metadata()


async def _model_metadata(service: Service, request: ModelRequest) -> ModelMetadata:
    return service.model_metadata(request.model_name, request.model_version)


async def _model_infer(service: Service, request: InferRequest) -> InferResponse:
    return await service.infer(request)


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of RPC."""

    read: Callable[[Any], ModelRequest]
    """The request's message as the service takes it."""
    ask: Callable[[Service, Any], Awaitable[Any]]
    """Takes what `read` gives; gives a `Result`."""
    write: Callable[[Any], Any]
    """The result as the response's message."""


OPERATIONS: dict[str, Operation] = {
    "ServerLive": Operation(messages.read_server, _server_live, messages.server_live),
    "ServerReady": Operation(messages.read_server, _server_ready, messages.server_ready),
    "ModelReady": Operation(messages.read_model, _model_ready, messages.model_ready),
    "ServerMetadata": Operation(messages.read_server, _server_metadata, messages.server_metadata),
    "ModelMetadata": Operation(messages.read_model, _model_metadata, messages.model_metadata),
    "ModelInfer": Operation(messages.read_infer, _model_infer, messages.model_infer),
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
            ("grpc.server.max_pending_requests", MAX_PENDING),
            ("grpc.server.max_pending_requests_hard_limit", MAX_PENDING),
            ("grpc.keepalive_time_ms", round(PING_SECONDS * 1000)),
            ("grpc.keepalive_timeout_ms", round(PONG_SECONDS * 1000)),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.ping_timeout_ms", round(PONG_SECONDS * 1000)),
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
    handlers[STREAM] = grpc.stream_stream_rpc_method_handler(
        _streaming(service, observers, turns),
        request_deserializer=_parsing(pb.ModelInferRequest),
        response_serializer=pb.ModelStreamInferResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE.full_name, handlers), _Unknown())
    )
    return server


class _Unknown(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Ends all other RPCs without a text, as C++ gRPC does; Python's would give one of its own."""

    def service(self, _: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.stream_stream_rpc_method_handler(self._refuse)

    @staticmethod
    async def _refuse(_: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> None:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED)


def _streaming(
    service: Service, observers: Sequence[Observer], turns: Turns
) -> Callable[[AsyncIterator[Any], grpc.aio.ServicerContext], Awaitable[None]]:
    async def answer(_: AsyncIterator[Any], context: grpc.aio.ServicerContext) -> None:
        failure: errors.ServerError
        try:
            await Stream(service, context, observers, turns.note_rpc).serve()
            return
        except ClientGone:
            return
        except errors.ServerError as error:
            failure = error
        except Exception:
            log.exception("a stream failed in an unexpected way")
            failure = errors.ServerError()
        await _abort(context, failure)

    return answer
