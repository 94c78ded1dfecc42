"""Fuzz everything of the bundled server that parses, in process and over the network.

    python bench/fuzz.py [--seconds 60] [--seed N] [--out FILE]
    python bench/fuzz.py --replay FILE

Hypothesis makes requests, valid ones and such as are nearly so: JSON bodies, binary headers and
lengths, length-prefixed BYTES, shapes that overflow, images that are cut, huge or lie about their
size, raw protobuf messages, and frames of HTTP/1.1 and HTTP/2 that lie about their lengths. An
oracle that shares no code with the server says what each deserves. Exits with status 1 if the
server crashed, hung, took 256 MB more than at its start, answered a request that deserves an error,
refused one that does not, or answered wrongly; the request is then written to a file.
"""

import argparse
import asyncio
import contextlib
import http.client
import itertools
import json
import logging
import shutil
import socket
import struct
import sys
import tempfile
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import openvino as ov
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from openvino import opset13 as ops
from samplegen_server import config as server_config
from samplegen_server import rest, rpc
from samplegen_server.errors import ServerError
from samplegen_server.proto import inference_pb2 as pb
from samplegen_server.repository import Repository
from samplegen_server.service import Service
from serving import models, processes
from serving.oracle import CONTENTS, DTYPES, Reply, Spec, Wire, png, problem
from serving.processes import INFER, Server

MEMORY_BAR = 256 << 20
ANSWER_SECONDS = 10.0
SILENCE_SECONDS = 0.2
"""How long a server may say nothing to half a request before we hang up."""
MAX_MESSAGE = 1 << 22
EXAMPLES = 100
"""In each round, of each kind of request."""
FRAMES = 20
"""In each round, of frames that lie: for most, the server rightly says nothing."""

ANY = range(2**63)
TYPES = {
    "BOOL": ov.Type.boolean,
    "UINT8": ov.Type.u8,
    "UINT64": ov.Type.u64,
    "INT8": ov.Type.i8,
    "INT32": ov.Type.i32,
    "INT64": ov.Type.i64,
    "FP16": ov.Type.f16,
    "FP32": ov.Type.f32,
    "FP64": ov.Type.f64,
    "BYTES": ov.Type.string,
}
SPECS = {
    **{
        f"echo-{datatype}": Spec(["x"], datatype, [range(1, 2), range(3, 4)])
        for datatype in DTYPES
        if datatype != "UINT8"
    },
    "sum": Spec(["first", "second"], "FP32", [range(1, 2), range(2, 3)]),
    "dynamic": Spec(["x"], "FP32", [ANY, range(1, 5)]),
    "scalar": Spec(["x"], "FP32", []),
    "strings": Spec(["x"], "BYTES", [ANY], output="x"),
    "text": Spec(["x"], "UINT8", [ANY, ANY]),
    "image": Spec(
        ["x"], "FP32", [range(1, 2), range(4, 5), range(4, 5), range(3, 4)], is_image=True
    ),
}
"""The models that are asked."""


class Finding(AssertionError):
    """The server did what it must not."""


def make(spec: Spec) -> ov.Model:
    sizes = [ov.Dimension(one.start, -1 if one is ANY else one.stop - 1) for one in spec.sizes]
    given_inputs = [models.parameter(name, TYPES[spec.datatype], sizes) for name in spec.inputs]
    if spec.is_image:
        given_inputs[0].set_layout(ov.Layout("NHWC"))
    if spec.datatype == "BYTES":
        return ov.Model([ops.result(given_inputs[0])], given_inputs)
    if len(given_inputs) > 1:
        return ov.Model([models.result(ops.add(*given_inputs), spec.output)], given_inputs)
    (x,) = given_inputs
    y = ops.reshape(x, ops.shape_of(x, "i64"), special_zero=False)
    return ov.Model([models.result(y, spec.output)], [x])


# --- What is asked ----------------------------------------------------------------------------

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-3, 300)
    | st.floats()
    | st.text(max_size=8)
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
sizes = st.sampled_from([0, 1, 2, 3, 4, 5, 10, 255, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1, -1])
lengths = st.integers(0, 20) | st.sampled_from([2**31, 2**32 - 1, 2**31 - 1, 255, 65536])
names = st.sampled_from(["x", "y", "first", "second", "", "z"])
datatypes = st.sampled_from([*TYPES, "BF16", "UINT16", "INT16", "UINT32", "X", ""])
model_names = st.sampled_from(list(SPECS))
BOMB = png(5000, 5000, 3, bytes(75_000_000))


@st.composite
def images(draw: st.DrawFn) -> bytes:
    """An image, whole or not."""
    kind = draw(st.sampled_from(["fine", "fine", "size", "lie", "cut", "bomb", "jpeg", "bytes"]))
    if kind == "bomb":
        return BOMB
    if kind == "bytes":
        return draw(st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"BM", b"GIF89a"])) + draw(
            st.binary()
        )
    if kind == "jpeg":
        # A baseline header that claims a size, and no pixels.
        height, width = draw(st.integers(0, 65535)), draw(st.integers(0, 65535))
        frame = struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
        return b"\xff\xd8\xff\xc0" + frame + draw(st.binary(max_size=40))
    width, height, channels = 4, 4, 3
    if kind == "size":
        width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
        channels = draw(st.sampled_from([1, 3, 4]))
    count = width * height * channels
    pixels = draw(st.binary(min_size=count, max_size=count))
    claimed = draw(st.sampled_from([5, 40, 5000, 2**30, 2**31])) if kind == "lie" else None
    file = png(width, height, channels, pixels, claimed)
    return file[: draw(st.integers(0, len(file) - 1))] if kind == "cut" else file


@st.composite
def elements(draw: st.DrawFn) -> bytes:
    """Length-prefixed BYTES, most with the right lengths."""
    found = draw(st.lists(st.binary(max_size=12) | images(), min_size=1, max_size=3))
    is_lying = draw(st.integers(0, 3)) == 0
    prefixes = [draw(lengths) if is_lying else len(one) for one in found]
    parts = [struct.pack("<I", prefix) + one for prefix, one in zip(prefixes, found, strict=True)]
    return b"".join(parts)


@st.composite
def shapes(draw: st.DrawFn, spec: Spec) -> list[int]:
    """A shape that the model takes, or another."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.lists(sizes, max_size=5))
    if spec.is_image or (spec.is_text and draw(st.booleans())):
        return [draw(st.integers(1, 2))]
    return [draw(st.integers(max(one.start, 0), min(one.stop - 1, 4))) for one in spec.sizes]


@st.composite
def values(draw: st.DrawFn, datatype: str, count: int) -> list[Any]:
    """As many elements as asked for, or a few more or less, most of the right kind."""
    count = max(0, count + draw(st.sampled_from([0] * 8 + [-1, 1])))
    kinds: Mapping[str, st.SearchStrategy[Any]] = {
        "BOOL": st.booleans(),
        "BYTES": st.text(max_size=6),
        "FP16": st.floats(width=16),
        "FP32": st.floats(width=32, allow_nan=False, allow_infinity=False),
        "FP64": st.floats(allow_nan=False, allow_infinity=False),
        "UINT8": st.integers(0, 255),
        "INT8": st.integers(-128, 127),
    }
    kind = kinds.get(datatype, st.integers(-1 if datatype[:1] == "I" else 0, 2**31 - 1))
    if draw(st.integers(0, 7)) == 0:
        kind = scalars
    return draw(st.lists(kind, min_size=count, max_size=count))


def count_of(shape: Sequence[int]) -> int:
    count = int(np.prod([float(size) for size in shape]))
    return count if 0 <= count <= 64 else 3


@st.composite
def raws(draw: st.DrawFn, datatype: str, shape: Sequence[int]) -> bytes:
    """A tensor's bytes, most of the right number."""
    if datatype == "BYTES":
        return draw(elements())
    size = count_of(shape) * (np.dtype(DTYPES[datatype]).itemsize if datatype in DTYPES else 4)
    size = max(0, size + draw(st.sampled_from([0] * 8 + [-1, 1])))
    if datatype == "BOOL":
        return bytes(draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)))
    return draw(st.binary(min_size=size, max_size=size))


@st.composite
def heads(draw: st.DrawFn) -> tuple[str, list[tuple[str, str, list[int]]]]:
    """A model, and for each input its name, datatype and shape, most as the model wants them."""
    model = draw(model_names)
    spec = SPECS[model]
    found = []
    for name in spec.inputs:
        datatype = spec.datatype
        if spec.is_image or (spec.is_text and draw(st.booleans())):
            datatype = "BYTES"
        if draw(st.integers(0, 9)) == 0:
            datatype, name = draw(datatypes), draw(names)
        found.append((name, datatype, draw(shapes(spec))))
    return model, found


@st.composite
def rest_requests(draw: st.DrawFn) -> Wire:
    """A REST inference, valid or nearly so."""
    model, inputs = draw(heads())
    nodes: list[Any] = []
    tail = b""
    is_raw = draw(st.booleans())
    for name, datatype, shape in inputs:
        node: dict[str, Any] = {"name": name, "datatype": datatype, "shape": shape}
        if is_raw and draw(st.integers(0, 9)):
            raw = draw(raws(datatype, shape))
            if draw(st.integers(0, 3)):
                size = draw(lengths) if draw(st.integers(0, 7)) == 0 else len(raw)
                node["parameters"] = {"binary_data_size": size}
            tail += raw
        else:
            node["data"] = draw(values(datatype, count_of(shape)))
        if draw(st.integers(0, 9)) == 0:
            node[draw(st.sampled_from([*node, "parameters", "data"]))] = draw(trees)
        nodes.append(node)
    tree: dict[str, Any] = {"inputs": nodes}
    if draw(st.booleans()):
        wanted = draw(st.sampled_from([True, True, False, 1, "true"]))
        tree["outputs"] = [{"name": draw(names), "parameters": {"binary_data": wanted}}]
    if draw(st.integers(0, 9)) == 0:
        key = draw(st.sampled_from(["id", "parameters", "inputs", "outputs"]))
        tree[key] = draw(trees)
    text = json.dumps(tree).encode()
    size = len(text) if draw(st.integers(0, 7)) else draw(st.integers(-1, len(text + tail) + 2))
    headers = {"Inference-Header-Content-Length": str(size)} if tail or size != len(text) else {}
    return Wire("REST", model, text + tail, headers)


@st.composite
def grpc_requests(draw: st.DrawFn) -> Wire:
    """A gRPC inference, valid or nearly so."""
    model, inputs = draw(heads())
    message = pb.ModelInferRequest(model_name=model)
    message.model_version = draw(st.sampled_from([""] * 6 + ["1", "0", "01", "-1", "9" * 30]))
    is_raw = draw(st.booleans())
    for name, datatype, shape in inputs:
        message.inputs.add(name=name, datatype=datatype, shape=shape)
        if is_raw:
            message.raw_input_contents.append(draw(raws(datatype, shape)))
        if not is_raw or draw(st.integers(0, 15)) == 0:
            contents = message.inputs[-1].contents
            contents.SetInParent()
            for value in draw(values(datatype, count_of(shape))):
                value = value.encode() if isinstance(value, str) else value
                with contextlib.suppress(TypeError, ValueError):  # of another type than the field
                    getattr(contents, CONTENTS.get(datatype, "fp32_contents")).append(value)
    return Wire("gRPC", model, message.SerializeToString())


@st.composite
def image_requests(draw: st.DrawFn, transport: str) -> Wire:
    """An inference with one image, whole or not."""
    file = draw(images())
    raw = struct.pack("<I", len(file)) + file
    if transport == "gRPC":
        message = pb.ModelInferRequest(model_name="image", raw_input_contents=[raw])
        message.inputs.add(name="x", datatype="BYTES", shape=[1])
        return Wire("gRPC", "image", message.SerializeToString())
    text = json.dumps({"inputs": [{"name": "x", "datatype": "BYTES", "shape": [1]}]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(text))}
    return Wire("REST", "image", text + raw, headers)


@st.composite
def mutated(draw: st.DrawFn, requests: st.SearchStrategy[Wire]) -> Wire:
    """A request with some of its bytes changed, cut out or repeated."""
    wire = draw(requests)
    body = bytearray(wire.body)
    for _ in range(draw(st.integers(1, 4))):
        start, size = draw(st.integers(0, len(body))), draw(st.integers(0, 8))
        body[start : start + size] = draw(st.binary(max_size=8) | st.just(body[: size * 4]))
    return Wire(wire.transport, wire.model, bytes(body), wire.headers)


@st.composite
def deep(draw: st.DrawFn) -> Wire:
    """JSON that is nested about as deep as it may be, or far deeper."""
    depth = draw(st.integers(90, 110) | st.integers(1000, 50_000))
    opening, closing = draw(st.sampled_from([("[", "]"), ('{"a":', "}"), ('["[",', "]")]))
    nested = f"{opening * depth}1{closing * depth}"
    node = '{"name": "x", "datatype": "FP32", "shape": [], "data": [1]}'
    where = draw(st.sampled_from(["data", "other"]))
    text = f'{{"inputs": [{node}], "other": {nested}}}'
    if where == "data":
        text = f'{{"inputs": [{node.replace("[1]", nested)}]}}'
    return Wire("REST", "scalar", text.encode())


REQUESTS: Mapping[str, st.SearchStrategy[Wire]] = {
    "REST": rest_requests(),
    "gRPC": grpc_requests(),
    "REST, images": image_requests("REST"),
    "gRPC, images": image_requests("gRPC"),
    "REST, bytes changed": mutated(rest_requests()),
    "gRPC, bytes changed": mutated(grpc_requests()),
    "REST, any bytes": st.builds(Wire, st.just("REST"), model_names, st.binary()),
    "gRPC, any bytes": st.builds(Wire, st.just("gRPC"), st.just(""), st.binary()),
    "REST, any JSON": st.builds(
        Wire, st.just("REST"), model_names, trees.map(lambda tree: json.dumps(tree).encode())
    ),
    "REST, nested": deep(),
}


# --- Who is asked -----------------------------------------------------------------------------


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
            result = await infer.ask(self._service, message)
        except ServerError as error:
            return Reply(False, error.grpc)
        return grpc_reply(infer.message(result).SerializeToString())


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


# --- The run ----------------------------------------------------------------------------------


class Run:
    """Rounds of requests until the time is over, or something is found."""

    def __init__(self, seconds: float, seed: int) -> None:
        self._end = time.monotonic() + seconds
        self._seed = seed
        self.last: dict[str, Any] = {}
        """The request that was sent last, ready to be written."""
        self.counts: dict[str, int] = {}
        self.fine = 0
        """How many deserved an answer and got it."""

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self._end

    def check(
        self,
        name: str,
        strategy: st.SearchStrategy[Any],
        one: Callable[[Any], None],
        examples: int = EXAMPLES,
    ) -> None:
        """Try some of the strategy's examples; the smallest that fails is the last one tried."""

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )
        @with_seed(self._seed)
        @given(strategy)
        def test(example: Any) -> None:
            if not self.is_over:
                self.counts[name] = self.counts.get(name, 0) + 1
                one(example)

        self._seed += 1
        test()

    def wire(self, target: InProcess | OverNetwork, wire: Wire) -> None:
        body = b64encode(wire.body).decode()
        self.last = {**asdict(wire), "body": body, "target": type(target).__name__}
        reply = target.ask(wire)
        self.fine += reply.is_fine
        text = problem(wire, reply, SPECS)
        if text is not None:
            raise Finding(text)

    def http1(self, target: OverNetwork, example: tuple[Wire, int]) -> None:
        wire, change = example
        claimed = max(0, len(wire.body) + change)
        body = b64encode(wire.body).decode()
        self.last = {**asdict(wire), "body": body, "target": "HTTP/1.1", "claimed": claimed}
        target.frame_http1(wire, claimed)

    def http2(self, target: OverNetwork, example: tuple[Wire, int, int]) -> None:
        wire, flag, change = example
        claimed = min(max(0, len(wire.body) + change), 2**32 - 1)
        body = b64encode(wire.body).decode()
        self.last = {
            **asdict(wire),
            "body": body,
            "target": "HTTP/2",
            "flag": flag,
            "claimed": claimed,
        }
        target.frame_http2(wire, flag, claimed)


def fuzz(run: Run, inside: InProcess, outside: OverNetwork) -> None:
    """Ask until the time is over.

    Raises:
        Finding: Something is wrong; `run.last` is the request.
    """
    changes = st.sampled_from([0, 0, -1, 1, -10, 10, 2**31, 2**32 - 1])
    for _ in itertools.count():
        for kind, strategy in REQUESTS.items():
            run.check(f"in process: {kind}", strategy, lambda wire: run.wire(inside, wire))
            run.check(f"network: {kind}", strategy, lambda wire: run.wire(outside, wire))
            if run.is_over:
                return
        framed = st.tuples(rest_requests(), changes)
        run.check("network: HTTP/1.1 lengths", framed, lambda one: run.http1(outside, one), FRAMES)
        flagged = st.tuples(grpc_requests(), st.sampled_from([0, 0, 0, 1, 255]), changes)
        run.check("network: HTTP/2 frames", flagged, lambda one: run.http2(outside, one), FRAMES)


def replay(run: Run, saved: dict[str, Any], inside: InProcess, outside: OverNetwork) -> None:
    """Send the one request that a file holds.

    Raises:
        Finding: It still goes wrong.
    """
    body = b64decode(saved["body"])
    wire = Wire(saved["transport"], saved["model"], body, saved["headers"])
    if saved["target"] == "HTTP/1.1":
        outside.frame_http1(wire, saved["claimed"])
    elif saved["target"] == "HTTP/2":
        outside.frame_http2(wire, saved["flag"], saved["claimed"])
    else:
        run.wire(inside if saved["target"] == "InProcess" else outside, wire)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: the time")
    parser.add_argument("--out", type=Path, default=Path("fuzz-finding.json"), metavar="FILE")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="send that request only")
    flags = parser.parse_args()
    processes.stop_servers_when_terminated()
    folder = Path(tempfile.mkdtemp())
    config = folder / "config.json"
    for name, spec in SPECS.items():
        models.write(make(spec), folder / name)
    models.write_config(config, {name: folder / name for name in SPECS})
    run = Run(flags.seconds, flags.seed)
    arguments = ("--config_path", config, "--max_message_bytes", MAX_MESSAGE)
    try:
        with (
            contextlib.closing(InProcess(config)) as inside,
            processes.running_ours(folder / "log", *arguments) as server,
            contextlib.closing(OverNetwork(server)) as outside,
        ):
            try:
                if flags.replay:
                    replay(run, json.loads(flags.replay.read_text()), inside, outside)
                else:
                    fuzz(run, inside, outside)
            finally:
                growth = (outside.peak - outside.start_bytes) / 1e6
                print(f"seed {flags.seed}; {sum(run.counts.values()):,} requests: {run.counts}")
                print(f"{run.fine:,} of them got an answer; memory at most {growth:+.0f} MB")
    except Finding as finding:
        print(f"found: {finding}", file=sys.stderr)
        if not flags.replay:
            flags.out.write_text(json.dumps(run.last, indent=2) + "\n")
            print(f"python bench/fuzz.py --replay {flags.out}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
