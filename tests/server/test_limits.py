"""Clients that are broken or mean harm: they are refused, and the others are served."""

import contextlib
import http.client
import json
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

from tests.server.asking import ASK, Input, Question, channel, lengths, stub
from tests.server.process import Server

TEN = np.arange(10, dtype=np.float32).tobytes()
B = Input("b", "FP32", [1, 10], raw=TEN)
HEAD = b"POST /v2/models/dummy/infer HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(autouse=True)
def others_are_served(server: Server) -> Iterator[None]:
    yield
    for ask in ASK.values():
        assert ask(server, Question("dummy", [B])).code == "OK"
    assert "Traceback" not in server.log.read_text()


def talk(server: Server, *parts: bytes) -> bytes:
    """Send all parts over one connection, and read until the server sends no more."""
    with socket.create_connection(("127.0.0.1", server.rest_port), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
        found = b""
        while part := connection.recv(65536):
            found += part
        return found


def memory(server: Server) -> int:
    """Bytes of memory that are the server's."""
    text = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
    match = re.search(r"^Pss:\s+(\d+) kB$", text, re.MULTILINE)
    assert match
    return int(match[1]) * 1024


def test_body_that_says_it_is_too_large(server: Server) -> None:
    found = talk(server, HEAD, b"Content-Length: 5000000\r\n\r\n")
    assert found.startswith(b"HTTP/1.1 413 ")
    assert b'{"error":"Request body is too large"}' in found
    assert b"connection: close" in found


def test_body_that_turns_out_too_large(server: Server) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    found = talk(server, HEAD, b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 80)
    assert found.startswith(b"HTTP/1.1 413 ")


def test_refused_body_is_read_so_that_its_answer_arrives(server: Server) -> None:
    for _ in range(30):
        found = talk(server, HEAD, b"Content-Length: 8000000\r\n\r\n", bytes(8_000_000))
        assert found.endswith(b'{"error":"Request body is too large"}')


def test_message_too_large_over_grpc(server: Server) -> None:
    said = ASK["gRPC"](
        server, Question("dummy", [Input("b", "FP32", [1, 10], raw=bytes(5_000_000))])
    )
    assert said.code == "RESOURCE_EXHAUSTED"


def test_head_of_many_lines(server: Server) -> None:
    found = talk(server, HEAD, *[b"x-%d: %s\r\n" % (n, b"y" * 8000) for n in range(100)])
    assert found.startswith(b"HTTP/1.1 431 ")


def test_head_of_one_endless_line(server: Server) -> None:
    found = talk(server, HEAD, b"x: ", *[b"y" * 65536] * 20)
    assert found.startswith(b"HTTP/1.1 431 ")


def test_endless_path(server: Server) -> None:
    found = talk(server, b"GET /", *[b"y" * 65536] * 20)
    assert found.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))


@pytest.mark.parametrize(
    "request_",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /v2 HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /v2 HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /v2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n",
        b"POST /v2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_http(server: Server, request_: bytes) -> None:
    assert talk(server, request_).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "request_",
    [
        b"CONNECT x:1 HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /v2 HTTP/1.1\r\nUpgrade: websocket\r\nConnection: close, upgrade\r\n\r\n",
        b"GET http://x/v2 HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"BREW /v2 HTTP/1.1\r\nConnection: close\r\n\r\n",
    ],
)
def test_unusual_http_gets_an_answer(server: Server, request_: bytes) -> None:
    assert talk(server, request_).startswith(b"HTTP/1.1 ")


def test_requests_in_one_go_are_answered_in_order(server: Server) -> None:
    get = b"GET /v2/models/%s/ready HTTP/1.1\r\nHost: x\r\n%s\r\n"
    close = b"Connection: close\r\n"
    found = talk(server, get % (b"dummy", b"") * 3 + get % (b"nope", close))
    assert re.findall(rb"HTTP/1.1 (\d+)", found) == [b"200", b"200", b"200", b"404"]


def test_expect_continue_is_honoured(server: Server) -> None:
    body = json.dumps(
        {"inputs": [{"name": "b", "shape": [1, 10], "datatype": "FP32", "data": [0] * 10}]}
    ).encode()
    with socket.create_connection(("127.0.0.1", server.rest_port), timeout=10) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_client_that_hangs_up_in_its_request(server: Server) -> None:
    for part in (HEAD, HEAD + b"Content-Length: 1000\r\n\r\n{"):
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", server.rest_port)) as connection:
                connection.sendall(part)


def test_client_that_hangs_up_before_its_answer(server: Server) -> None:
    body = b'{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}'
    path = "/v2/models/slow/infer"
    for _ in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=5)
        connection.request("POST", path, body)
        connection.close()
    request = Question("slow", [Input("x", "FP32", [1, 1], raw=bytes(4))])
    with channel(server) as one:
        call = one.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        futures = [call.future(b"\n\x04slow", timeout=5) for _ in range(3)]
        for future in futures:
            future.cancel()
    assert ASK["gRPC"](server, request).code == "OK"


def test_deadline_that_cannot_be_kept(server: Server) -> None:
    with pytest.raises(grpc.RpcError) as caught, channel(server) as one:
        request = pb.ModelInferRequest(model_name="slow", raw_input_contents=[bytes(4)])
        request.inputs.add(name="x", datatype="FP32", shape=[1, 1])
        service_pb2_grpc.GRPCInferenceServiceStub(one).ModelInfer(request, timeout=0.01)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize(
    "junk",
    [b"\xff" * 100, b"\x0a\xff\xff\xff\xff\x0f", b"\x2a\x02\x0a\x05"],
    ids=["no tag", "a length past the end", "a length past its message"],
)
def test_message_that_is_no_protobuf(server: Server, junk: bytes) -> None:
    with pytest.raises(grpc.RpcError) as caught, channel(server) as one:
        one.unary_unary("/inference.GRPCInferenceService/ModelInfer")(junk, timeout=5)
    said = (caught.value.code(), caught.value.details())
    assert said == (grpc.StatusCode.INTERNAL, "Request cannot be parsed")


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.mark.parametrize(
    "junk",
    [
        b"\xff" * 1000,
        b"GET /v2 HTTP/1.1\r\n\r\n",
        PREFACE + b"\xff" * 1000,
        PREFACE + bytes.fromhex("000000040000000000") + b"\xff\xff\xff\x01\x05\0\0\0\1" * 10,
        PREFACE[:10],
    ],
    ids=["no text", "HTTP/1.1", "no frames", "frames of 16 MB", "half a preface"],
)
def test_what_is_no_grpc(server: Server, junk: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(junk)
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(65536):
                pass


def test_unknown_rpc(server: Server) -> None:
    with pytest.raises(grpc.RpcError) as caught, channel(server) as one:
        one.unary_unary("/inference.GRPCInferenceService/Nothing")(b"", timeout=5)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_strings_by_the_hundred_thousand(server: Server) -> None:
    """Four bytes of zeros are an empty string."""
    before = memory(server)
    for model, code in (("same-BYTES", "OK"), ("text", "OK"), ("image-any", "")):
        given = Input("x", "BYTES", [10**5], raw=bytes(4 * 10**5))
        for ask in ASK.values():
            said = ask(server, Question(model, [given]))
            assert said.code == code or (code == "" and said.outputs is None)
    assert memory(server) - before < 300 << 20


def test_images_that_unpack_to_a_thousandfold(server: Server) -> None:
    """Each is ten thousand pixels square and a hundredth of a percent of that in bytes."""
    from tests.server.test_images import lying_png

    before = memory(server)
    given = Input("x", "BYTES", [8], raw=lengths(*[lying_png(5000, 5000)] * 8))
    for ask in ASK.values():
        assert ask(server, Question("image-any", [given])).code in ("UNKNOWN", "500")
    assert memory(server) - before < 200 << 20


def test_lengths_that_overflow(server: Server) -> None:
    for raw in (struct.pack("<I", 2**32 - 1) * 3, struct.pack("<Ix", 0), b"\0\0\0"):
        for ask in ASK.values():
            said = ask(server, Question("same-BYTES", [Input("x", "BYTES", [1], raw=raw)]))
            assert said.text == "Inputs inside buffer does not match expected format."


def test_shape_of_hundred_dimensions(server: Server) -> None:
    given = Input("b", "FP32", [2**31 - 1] * 100, raw=TEN)
    for ask in ASK.values():
        text = "Invalid number of shape dimensions"
        assert ask(server, Question("dummy", [given])).text.startswith(text)


def test_metadata_of_a_name_that_is_no_text(server: Server) -> None:
    assert server.rest("GET", "/v2/models/%ff%00%0a/ready").status == 404
    with pytest.raises(grpc.RpcError):
        stub(server).ModelReady(pb.ModelReadyRequest(name="\0\n"), timeout=5)
