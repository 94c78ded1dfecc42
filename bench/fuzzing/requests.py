"""What is asked: requests that are valid, or nearly so, or nothing like it."""

import contextlib
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from samplegen_server.proto import inference_pb2 as pb

from fuzzing.images import png
from fuzzing.models import SPECS, TYPES, Spec
from fuzzing.wire import CONTENTS, DTYPES, Wire

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
BOMB = png(3500, 3500, 3, bytes(36_750_000))
"""A file of 36 kB that is just small enough to be decoded."""


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
