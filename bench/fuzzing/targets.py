"""Who is asked: the server's code in this process, and a running server."""

import asyncio
import contextlib
import http.client
import json
import logging
import socket
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from google.protobuf.message import DecodeError
from samplegen_server import config as server_config
from samplegen_server import rest, rpc
from samplegen_server.errors import ServerError
from samplegen_server.proto import inference_pb2 as pb
from samplegen_server.repository import Repository
from samplegen_server.service import Service
from serving import processes
from serving.processes import INFER, Server

from fuzzing.models import SPECS
from fuzzing.oracle import problem
from fuzzing.wire import DTYPES, Reply, Wire

MEMORY_BAR = 256 << 20
ANSWER_SECONDS = 10.0
SILENCE_SECONDS = 0.2
"""How long a server may say nothing to half a request before we hang up."""
MAX_MESSAGE = 1 << 22


class Finding(AssertionError):
    """The server did what it must not."""


def rest_reply(code: int, headers: Mapping[str, str], body: bytes) -> Reply:
    if code != 200:
        return Reply(False, str(code))
    size = int(headers.get("inference-header-content-length", len(body)))
    tree = json.loads(body[:size])
    (output,) = tree["outputs"]
    if "data" not in output:
        raw = body[size:] if size < len(body) else b""
        return Reply(True, "200", output["shape"], unpacked(output["datatype"], raw))
    data = output["data"]
    if output["datatype"] == "BYTES":
        data = [text.encode() for text in data]
    return Reply(True, "200", output["shape"], data)


def grpc_reply(raw: bytes) -> Reply:
    response = pb.ModelInferResponse.FromString(raw)
    (output,) = response.outputs
    found = unpacked(output.datatype, response.raw_output_contents[0])
    return Reply(True, "OK", list(output.shape), found)


def unpacked(datatype: str, raw: bytes) -> list[Any]:
    if datatype != "BYTES":
        found: list[Any] = np.frombuffer(raw, DTYPES[datatype]).tolist()
        return found
    strings = []
    while raw:
        (size,) = struct.unpack_from("<I", raw)
        strings.append(raw[4 : 4 + size])
        raw = raw[4 + size :]
    return strings


class InProcess:
    """The server's own code, called without a network.

    Args:
        config: The config file that names the models.
    """

    def __init__(self, config: Path) -> None:
        self._runner = asyncio.Runner()
        repository = Repository(lambda: server_config.read_file(config))
        self._service = Service(repository, "fuzz")
        self._app = rest.App(self._service, MAX_MESSAGE)
        self._surprises: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: self._surprises.append(  # type: ignore[method-assign]
            handler.format(record)
        )
        logger = logging.getLogger("samplegen_server")
        logger.addHandler(handler)
        logger.propagate = False
        self._runner.run(repository.load())
        self._surprises.clear()

    def close(self) -> None:
        self._runner.close()

    def ask(self, wire: Wire) -> Reply:
        asking = self._ask_rest(wire) if wire.transport == "REST" else self._ask_grpc(wire)
        reply = self._runner.run(asking)
        if self._surprises:
            raise Finding(self._surprises.pop())
        return reply

    async def _ask_rest(self, wire: Wire) -> Reply:
        sent: list[dict[str, Any]] = []

        async def receive() -> Mapping[str, Any]:
            return {"type": "http.request", "body": wire.body, "more_body": False}

        async def send(part: dict[str, Any]) -> None:
            sent.append(part)

        headers = [(name.lower().encode(), value.encode()) for name, value in wire.headers.items()]
        path = f"/v2/models/{wire.model}/infer".encode()
        scope = {"type": "http", "method": "POST", "raw_path": path, "headers": headers}
        await self._app(scope, receive, send)
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return rest_reply(sent[0]["status"], found, sent[1]["body"])

    async def _ask_grpc(self, wire: Wire) -> Reply:
        infer = rpc.OPERATIONS["ModelInfer"]
        try:
            message = pb.ModelInferRequest.FromString(wire.body)
        except DecodeError:
            return Reply(False, "INTERNAL")
        try:
            result = await infer.ask(self._service, infer.read(message))
        except ServerError as error:
            return Reply(False, error.grpc)
        return grpc_reply(infer.write(result).SerializeToString())


class OverNetwork:
    """The running server, which has to stay well.

    Args:
        server: It, ready.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connect()
        self._log = 0
        self._channel = grpc.insecure_channel(f"127.0.0.1:{server.port}")
        self._call = self._channel.unary_unary(INFER)
        self.start_bytes = processes.peak_bytes(server.pid)
        self.peak = self.start_bytes

    def _connect(self) -> None:
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", self._server.rest_port, timeout=ANSWER_SECONDS
        )

    def close(self) -> None:
        self._connection.close()
        self._channel.close()

    def ask(self, wire: Wire) -> Reply:
        try:
            reply = self._ask_rest(wire) if wire.transport == "REST" else self._ask_grpc(wire)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connect()
            raise Finding(f"no answer: {error!r}") from error
        self.look()
        return reply

    def look(self) -> None:
        """Is it alive, unsurprised and no larger than it may be?"""
        if self._server.process.poll() is not None:
            raise Finding(f"it ended with status {self._server.process.returncode}")
        if self._server.log.stat().st_size > self._log:
            text = self._server.log.read_text()
            fresh, self._log = text[self._log :], len(text.encode())
            if "Traceback" in fresh:
                raise Finding(fresh[fresh.index("Traceback") :])
        before, self.peak = self.peak, processes.peak_bytes(self._server.pid)
        if self.peak > before and self.peak - self.start_bytes > MEMORY_BAR:
            raise Finding(f"it took {(self.peak - self.start_bytes) >> 20} MB more than before")

    def _ask_rest(self, wire: Wire) -> Reply:
        path = f"/v2/models/{wire.model}/infer"
        self._connection.request("POST", path, wire.body, dict(wire.headers))
        response = self._connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return rest_reply(response.status, headers, response.read())

    def _ask_grpc(self, wire: Wire) -> Reply:
        try:
            return grpc_reply(self._call(wire.body, timeout=ANSWER_SECONDS))
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE):
                raise Finding(f"no answer: {error.details()}") from error
            return Reply(False, error.code().name)

    def frame_http1(self, wire: Wire, claimed: int) -> None:
        """Send a REST request that claims another length; it must not be answered as if whole."""
        lines = [f"POST /v2/models/{wire.model}/infer HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in wire.headers.items()]
        head = "\r\n".join([*lines, f"Content-Length: {claimed}", "", ""]).encode()
        found = self._talk(self._server.rest_port, head + wire.body)
        self.look()
        if not found.startswith(b"HTTP/1.1 200"):
            return
        if claimed > len(wire.body):
            raise Finding("answered before the request was complete")
        cut = Wire("REST", wire.model, wire.body[:claimed], wire.headers)
        if (text := problem(cut, Reply(True, "200"), SPECS)) and "but:" in text:
            raise Finding(text)

    def frame_http2(self, wire: Wire, flag: int, claimed: int) -> None:
        """Send a gRPC request in a frame that lies; only a whole one may be answered."""
        body = struct.pack(">BI", flag, claimed) + wire.body
        found = self._talk(self._server.port, http2_request(INFER, body))
        self.look()
        is_honest = flag == 0 and claimed == len(wire.body)
        if not is_honest and any(kind == 0 and size for kind, size in http2_frames(found)):
            raise Finding("answered a frame that lies about its length")

    def _talk(self, port: int, sent: bytes) -> bytes:
        """What comes back until the server falls silent."""
        found = b""
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=SILENCE_SECONDS) as connection,
        ):
            connection.sendall(sent)
            while part := connection.recv(1 << 16):
                found += part
        return found


def http2_request(path: str, body: bytes) -> bytes:
    """A connection with one POST, its headers without any compression."""
    headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
    block = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in headers
    )
    pieces = [body[start : start + 16384] for start in range(0, len(body), 16384)]
    frames = [(4, 0, 0, b""), (1, 4, 1, block)]
    frames += [(0, int(piece is pieces[-1]), 1, piece) for piece in pieces]
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"".join(
        struct.pack(">I", len(data))[1:] + struct.pack(">BBI", kind, flags, stream) + data
        for kind, flags, stream, data in frames
    )


def http2_frames(found: bytes) -> Iterator[tuple[int, int]]:
    """Kind and size of each frame."""
    while len(found) >= 9:
        size = int.from_bytes(found[:3])
        yield found[3], size
        found = found[9 + size :]
