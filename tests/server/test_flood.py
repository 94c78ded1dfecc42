"""Clients that send half, too much or nothing, or never read, by the dozen: others are served."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb

from tests.server import graphs, zoo
from tests.server.asking import ASK, Input, Question, channel, stub
from tests.server.process import Server, running
from tests.server.test_limits import memory
from tests.server.test_rpc import run

CLIENTS = 64
SECONDS = 20.0
"""How long the others may wait for their answer, on a busy machine."""

INFER = "/inference.GRPCInferenceService/ModelInfer"
CLAIM = 1 << 24
"""The bytes that are announced and never come; for all clients together, more than `MOST_MEMORY`
were they reserved."""

MOST_MEMORY = 256 << 20

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("flood")
    for name, model in (("wide", zoo.wide()), ("two", zoo.two()), ("slow", zoo.slow())):
        zoo.write(model, folder / name, 1)
    graphs.write(folder / "spread", graphs.text("wide", {"in": "x"}, {"out": "y"}))
    graphs.write(folder / "pair", graphs.text("two", {"p": "first", "q": "second"}, {"t": "total"}))
    config = folder / "config.json"
    config.write_text(
        '{"model_config_list": [{"config": {"name": "wide", "base_path": "wide"}},'
        '{"config": {"name": "slow", "base_path": "slow"}},'
        '{"config": {"name": "two", "base_path": "two"}}],'
        '"mediapipe_config_list": [{"name": "spread"}, {"name": "pair"}]}'
    )
    with running(folder / "log", ("--config_path", config)) as one:
        yield one


@pytest.fixture(autouse=True)
def others_are_served(server: Server) -> Iterator[None]:
    yield
    are_served(server)
    assert "Traceback" not in server.log.read_text()


def are_served(server: Server) -> None:
    two = Question(
        "two", [Input(name, "FP32", [1, 2], raw=bytes(8)) for name in ("first", "second")]
    )
    for ask in ASK.values():
        start = time.monotonic()
        assert ask(server, two).code == "OK"
        assert time.monotonic() - start < SECONDS


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def headers(stream: int) -> bytes:
    pairs = (
        (":method", "POST"),
        (":scheme", "http"),
        (":path", INFER),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    )
    block = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in pairs
    )
    return frame(1, 4, stream, block)


def half_of_a_message(stream: int) -> bytes:
    return headers(stream) + frame(0, 0, stream, struct.pack(">BI", 0, CLAIM) + bytes(1000))


HALVES: dict[str, tuple[str, bytes]] = {
    "gRPC, half a message": ("gRPC", PREFACE + frame(4, 0, 0) + half_of_a_message(1)),
    "gRPC, a hundred half messages": (
        "gRPC",
        PREFACE + frame(4, 0, 0) + b"".join(half_of_a_message(2 * n + 1) for n in range(100)),
    ),
    "gRPC, half a frame": ("gRPC", PREFACE + frame(4, 0, 0) + headers(1)[:20]),
    "gRPC, nothing": ("gRPC", b""),
    "REST, half a body": (
        "REST",
        b"POST /v2/models/two/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n{" % CLAIM,
    ),
    "REST, half a head": ("REST", b"POST /v2/models/two/infer HTTP/1.1\r\nHost:"),
    "REST, nothing": ("REST", b""),
}


@pytest.mark.parametrize("case", HALVES)
@pytest.mark.parametrize("how", ["is closed", "is reset", "drips"])
def test_halves(server: Server, case: str, how: str) -> None:
    transport, sent = HALVES[case]
    port = server.port if transport == "gRPC" else server.rest_port
    before = memory(server)
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            for _ in range(CLIENTS)
        ]
        for one in sockets:
            if how == "drips":
                for byte in range(0, min(len(sent), 60)):
                    one.send(sent[byte : byte + 1])
            else:
                one.sendall(sent)
        are_served(server)
        assert memory(server) - before < MOST_MEMORY
        if how == "is reset":
            for one in sockets:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_flood_of_calls_over_one_connection(server: Server) -> None:
    request = pb.ModelInferRequest(model_name="two", raw_input_contents=[bytes(8), bytes(8)])
    for name in ("first", "second"):
        request.inputs.add(name=name, datatype="FP32", shape=[1, 2])
    with channel(server) as one:
        call = one.unary_unary(
            INFER, pb.ModelInferRequest.SerializeToString, pb.ModelInferResponse.FromString
        )
        futures = [call.future(request, timeout=60) for _ in range(2000)]
        are_served(server)
        assert all(len(future.result().outputs) == 2 for future in futures)


def test_flood_that_is_not_waited_for(server: Server) -> None:
    request = pb.ModelInferRequest(model_name="slow", raw_input_contents=[bytes(4)])
    request.inputs.add(name="x", datatype="FP32", shape=[1, 1])
    before = memory(server)
    with channel(server) as one:
        call = one.unary_unary(INFER, pb.ModelInferRequest.SerializeToString)
        futures = [call.future(request, timeout=0.2) for _ in range(500)]
        are_served(server)
        for future in futures:
            with contextlib.suppress(grpc.RpcError, grpc.FutureCancelledError):
                future.result()
    assert memory(server) - before < MOST_MEMORY


class Endless:
    """Requests without an end, and how many were asked for."""

    def __init__(self, make: Callable[[int], pb.ModelInferRequest]) -> None:
        self._make = make
        self._is_over = threading.Event()
        self.count = 0

    def __iter__(self) -> Iterator[pb.ModelInferRequest]:
        while not self._is_over.is_set():
            yield self._make(self.count)
            self.count += 1

    def stop(self) -> None:
        self._is_over.set()

    def settled(self) -> int:
        """How many were taken before no more are."""
        deadline = time.monotonic() + 60
        before = -1
        while time.monotonic() < deadline:
            if self.count == before:
                return before
            before = self.count
            time.sleep(1.0)
        raise AssertionError(f"requests are taken without an end: {self.count}")


def stamped(stamp: int, values: dict[str, np.ndarray]) -> pb.ModelInferRequest:
    message = pb.ModelInferRequest()
    message.parameters["OVMS_MP_TIMESTAMP"].int64_param = stamp
    for name, array in values.items():
        message.inputs.add(name=name, datatype="FP32", shape=array.shape)
        message.raw_input_contents.append(array.tobytes())
    return message


def test_stream_that_is_never_read_is_not_taken_for_ever(server: Server) -> None:
    """Each answer has 400 kB: the server stops reading long before they fill its memory."""

    def make(stamp: int) -> pb.ModelInferRequest:
        message = stamped(stamp, {"in": np.ones((1, 1), np.float32)})
        message.model_name = "spread"
        return message

    requests = Endless(make)
    before = memory(server)
    with channel(server) as one:
        # With a small window of its own, the client's side does not hold the answers.
        call = stub_of(one)(iter(requests))
        try:
            assert requests.settled() < 200_000
            are_served(server)
            assert memory(server) - before < MOST_MEMORY
        finally:
            requests.stop()
            call.cancel()


def stub_of(one: grpc.Channel) -> grpc.StreamStreamMultiCallable:
    return one.stream_stream(
        "/inference.GRPCInferenceService/ModelStreamInfer",
        pb.ModelInferRequest.SerializeToString,
        pb.ModelStreamInferResponse.FromString,
    )


def test_stream_without_partners_is_ended(server: Server) -> None:
    def make(stamp: int) -> pb.ModelInferRequest:
        message = stamped(stamp, {"p": np.ones((1, 2), np.float32)})
        message.model_name = "pair"
        return message

    requests = Endless(make)
    try:
        with pytest.raises(grpc.RpcError) as caught:
            list(stub(server).ModelStreamInfer(iter(requests), timeout=60))
    finally:
        requests.stop()
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "RESOURCE_EXHAUSTED: too much waits for p" in caught.value.details()


SILENT = """
import asyncio, json, socket, time
from samplegen_server import rpc

rpc.PING_SECONDS = rpc.PONG_SECONDS = 1.0

async def main():
    server = rpc.make_server(None, 1 << 20)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + bytes.fromhex("000000040000000000"))
    await asyncio.wait_for(reader.read(), 20)  # until it is closed: no ping is answered
    await server.stop(0)
    print(json.dumps(True))

asyncio.run(main())
"""


def test_client_that_has_vanished_in_silence_is_dropped() -> None:
    assert run(SILENT) is True


def test_log_is_quiet(server: Server) -> None:
    """Whatever such clients do, it is not the log's to tell."""
    lines = Path(server.log).read_text().splitlines()
    assert not [line for line in lines if "ERROR" in line]
