"""Who asks: one connection each, over REST or gRPC, or one that reads slowly."""

import asyncio
import contextlib
import json
import socket

import grpc
import numpy as np
from serving.processes import INFER, Server
from tritonclient.grpc import service_pb2

from soaking.questions import Question, Reply


class Lost(Exception):
    """The connection ended before the answer was complete."""


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """One HTTP response.

    Raises:
        Lost: The connection ended before it did.
    """
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers["content-length"]))
    except (asyncio.IncompleteReadError, OSError) as error:
        raise Lost("the answer was cut off") from error
    return _rest_reply(head[0].split()[1], body)


def _rest_reply(code: str, body: bytes) -> Reply:
    if code != "200" or not body:
        return Reply(code)
    found = json.loads(body)
    values = np.array(found["outputs"][0]["data"], np.float32)
    return Reply(code, found["model_version"], values)


class RestClient:
    """A client over one connection that is kept alive."""

    def __init__(self, server: Server) -> None:
        self._port = server.rest_port
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, question: Question) -> Reply:
        if self._writer is None:
            self._reader, self._writer = await connect(self._port)
        try:
            with contextlib.suppress(OSError):  # a refused body breaks the pipe; an answer waits
                self._writer.write(question.rest)
                await self._writer.drain()
            reply = await read_reply(self._reader)
        except Lost:
            self.close()
            raise
        if reply.code == "413":  # the server closes the connection then
            self.close()
        return reply

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    except OSError as error:
        raise Lost("no connection") from error


class GrpcClient:
    """A client over a channel of its own."""

    def __init__(self, server: Server) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{server.port}", options)
        self.call = self._channel.unary_unary(INFER)

    async def ask(self, question: Question) -> Reply:
        try:
            raw = await self.call(question.grpc)
        except grpc.aio.AioRpcError as error:
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                raise Lost(f"{error.code().name}: {error.details()}") from error
            return Reply(error.code().name)
        response = service_pb2.ModelInferResponse.FromString(raw)
        values = np.frombuffer(response.raw_output_contents[0], np.float32)
        return Reply("OK", response.model_version, values)

    async def close(self) -> None:
        await self._channel.close()


async def slow_reply(connection: socket.socket, port: int, question: Question) -> Reply:
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, ("127.0.0.1", port))
    closing = question.rest.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    await loop.sock_sendall(connection, closing)
    found = b""
    while piece := await loop.sock_recv(connection, 1 << 14):
        found += piece
        await asyncio.sleep(0.02)
    head, _, body = found.partition(b"\r\n\r\n")
    if f"content-length: {len(body)}" not in head.decode().lower():
        raise OSError("the answer was cut off")
    return _rest_reply(head.split()[1].decode(), body)
