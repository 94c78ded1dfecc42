"""ModelStreamInfer: one call, in which requests and answers come and go independently."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import grpc

from samplegen_server import answers, errors, messages
from samplegen_server.answers import Observer, Result
from samplegen_server.contract import InferRequest, InferResponse, ModelRequest
from samplegen_server.graph_stream import GraphStream
from samplegen_server.proto import inference_pb2 as pb
from samplegen_server.service import Service

STREAM = "ModelStreamInfer"

FIRST = "partial deserialization of first request"
FURTHER = "partial deserialization of subsequent requests"
CHECK = "validate subsequent requests"
"""What OpenVINO Model Server was doing when a request was refused; its messages end so."""


class ClientGone(Exception):
    """The client has hung up; nobody waits for an answer."""


class Stream:
    """One call.

    Args:
        service: Answers the requests.
        context: The call.
        observers: Told of each answer.
        note: Told of each request.
    """

    def __init__(
        self,
        service: Service,
        context: grpc.aio.ServicerContext,
        observers: Sequence[Observer],
        note: Callable[[float], None],
    ) -> None:
        self._service = service
        self._context = context
        self._observers = observers
        self._note = note
        self._writing = asyncio.Lock()

    async def serve(self) -> None:
        """Serve until the client has closed its side and all is answered.

        Raises:
            ServerError: The stream cannot begin, or cannot go on.
            ClientGone: The client did not wait for the end.
        """
        start = time.perf_counter()
        request: ModelRequest = ModelRequest()
        try:
            first = await self._read()
            if first is None:
                raise errors.StreamWithoutRequest
            request = first
            stream = self._service.open_stream(first)
        except errors.ServerError as error:
            self._tell(request, start, error)
            raise
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._take(stream, first))
                tasks.create_task(self._give(stream))
        except ExceptionGroup as group:
            # Not `except*`: before Python 3.11.4 what is raised there comes out as a group.
            _, unexpected = group.split((ClientGone, errors.ServerError))
            raise (unexpected or group).exceptions[0] from None

    async def _take(self, stream: GraphStream, request: InferRequest | None) -> None:
        """Read requests until there are no more, or the run has failed."""
        step = FIRST
        while request is not None:
            start = time.perf_counter()
            try:
                if step != FIRST:
                    step = CHECK
                    stream.check(request)
                    step = FURTHER
                await stream.push(request)
            except errors.GraphFailed as error:
                self._tell(request, start, error)
                return
            except errors.ServerError as error:
                self._tell(request, start, error)
                await self._write(pb.ModelStreamInferResponse(error_message=f"{error}; {step}"))
            step = FURTHER
            request = await self._read()
        await stream.close()

    async def _give(self, stream: GraphStream) -> None:
        while (packets := await stream.next()) is not None:
            try:
                responses = await stream.answer(packets)
            except errors.ServerError as error:
                self._tell(packets.request, packets.arrived, error)
                raise
            for response in responses:
                message = pb.ModelStreamInferResponse()
                message.infer_response.CopyFrom(messages.model_infer(response))
                await self._write(message)
            outputs = [output for response in responses for output in response.outputs]
            whole = InferResponse(
                responses[0].model_name, responses[0].model_version, packets.request.id, outputs
            )
            self._tell(packets.request, packets.arrived, whole)

    async def _read(self) -> InferRequest | None:
        message: Any = await self._context.read()
        self._note(time.perf_counter())
        if message is grpc.aio.EOF:
            return None
        if message is None:
            raise errors.MalformedMessage
        return messages.read_infer(message)

    async def _write(self, message: pb.ModelStreamInferResponse) -> None:
        async with self._writing:
            try:
                await self._context.write(message)
            except Exception as error:  # grpc has no public name for it, and no other cause
                raise ClientGone from error

    def _tell(
        self, request: ModelRequest, start: float, outcome: Result | errors.ServerError
    ) -> None:
        answers.tell(self._observers, STREAM, request, start, outcome, self._context)
