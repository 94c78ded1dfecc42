"""What a request deserves, worked out without the server's code (but for the wire contract).

Written from the protocol's text and from how OpenVINO Model Server applies it: a second opinion on
which requests are valid, and on what their answers have to be.
"""

import json
import math
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError
from samplegen_server.proto import inference_pb2 as pb

Array = npt.NDArray[Any]

DTYPES = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
"""The datatypes of the fuzzed models, and how NumPy calls them; BYTES comes beside them."""

OTHERS = {"UINT16", "UINT32", "INT16", "BYTES"}
"""Further datatypes that may have values in JSON."""

CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}

MAX_DEPTH = 100
INT32 = range(-(2**31), 2**31)
UINT32 = range(2**32)


class Refused(Exception):
    """The request deserves an error."""


class Unsure(Exception):
    """The protocol leaves it open, or only a decoder of such images could tell."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A model as its clients know it: all inputs are of one kind, and the output follows."""

    inputs: Sequence[str]
    datatype: str
    sizes: Sequence[range]
    """For each dimension, what it may be."""
    output: str = "y"
    is_image: bool = False

    @property
    def is_text(self) -> bool:
        """A matrix of bytes also takes strings."""
        return self.datatype == "UINT8" and len(self.sizes) == 2


@dataclass(slots=True)
class Tensor:
    """One input, as either transport brought it."""

    name: str
    datatype: str
    shape: Sequence[int]
    values: Sequence[Any] | None = None
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a valid request deserves."""

    shape: Sequence[int]
    values: Sequence[Any] | None
    """The output's elements; None when only a decoder of such images could tell."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as it travels."""

    transport: str
    model: str
    """In the path, over REST."""
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def deserved(wire: Wire, specs: Mapping[str, Spec]) -> Answer:
    """What a request deserves.

    Raises:
        Refused: An error.
        Unsure: Anyone's guess.
    """
    if wire.transport == "gRPC":
        model, tensors = _read_grpc(wire.body)
        return _answer(specs, model, tensors)
    tensors, is_binary = _read_rest(wire)
    answer = _answer(specs, wire.model, tensors)
    datatype = specs[wire.model].datatype
    if datatype == "FP16":
        raise Refused("REST has no FP16 outputs")
    if not is_binary and answer.values is not None and datatype.startswith("FP"):
        finite = all(map(math.isfinite, answer.values))
        if not finite:
            raise Refused("JSON has no such number")
    if datatype == "BYTES" and not is_binary:
        _require_text(answer)
    return answer


def _require_text(answer: Answer) -> None:
    for element in answer.values or ():
        try:
            element.decode()
        except UnicodeDecodeError as error:
            raise Unsure("JSON holds no such bytes") from error


def _read_grpc(body: bytes) -> tuple[str, list[Tensor]]:
    try:
        message = pb.ModelInferRequest.FromString(body)
    except DecodeError as error:
        raise Refused("no protobuf") from error
    if message.model_version not in ("", "0", "1"):
        raise Refused("no such version")
    raw = message.raw_input_contents
    if raw and (len(raw) != len(message.inputs)):
        raise Refused("raw buffers do not match the inputs")
    tensors = []
    for index, node in enumerate(message.inputs):
        tensor = Tensor(node.name, node.datatype, list(node.shape))
        if raw:
            if node.HasField("contents"):
                raise Refused("both contents and raw")
            tensor.raw = raw[index]
        else:
            fields = CONTENTS.get(node.datatype)
            tensor.values = list(getattr(node.contents, fields)) if fields else []
        tensors.append(tensor)
    return message.model_name, tensors


def _read_rest(wire: Wire) -> tuple[list[Tensor], bool]:
    """The inputs, and whether the output was asked for as binary data."""
    size = len(wire.body)
    header = wire.headers.get("Inference-Header-Content-Length")
    if header is not None:
        if not (header.isascii() and header.isdecimal()) or int(header) > size:
            raise Refused("a wrong header")
        if str(int(header)) != header:
            raise Unsure("leading zeros")
        size = int(header)
    tree = _parse_json(wire.body[:size])
    if not isinstance(tree, dict) or not isinstance(tree.get("id", ""), str):
        raise Refused("no request")
    parameters = _parameters(tree)
    is_binary = _asks_for_binary(tree, parameters)
    nodes = tree.get("inputs")
    if not isinstance(nodes, list) or not nodes:
        raise Refused("no inputs")
    inputs = [_read_input(node) for node in nodes]
    _slice(inputs, wire.body[size:])
    tensors = [tensor for tensor, _ in inputs]
    if len({tensor.values is None for tensor in tensors}) > 1:
        raise Refused("JSON and binary data mixed")
    return tensors, is_binary


def _parse_json(text: bytes) -> Any:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(found)) != len(found):
            raise Unsure("a key twice")
        return dict(found)

    def constant(name: str) -> Any:
        raise Refused(f"{name} is no JSON")

    try:
        tree = json.loads(text.decode(), object_pairs_hook=pairs, parse_constant=constant)
    except (ValueError, RecursionError) as error:
        raise Refused("no JSON") from error
    _look_through(tree, 0)
    return tree


def _look_through(tree: Any, depth: int) -> None:
    if isinstance(tree, list | dict):
        if depth == MAX_DEPTH:
            raise Refused("nested too deep")
        children = [*tree, *tree.values()] if isinstance(tree, dict) else tree
        for child in children:
            _look_through(child, depth + 1)
    elif isinstance(tree, float) and math.isinf(tree):
        raise Unsure("a number that no float holds")
    elif isinstance(tree, int) and not -(2**63) <= tree < 2**64:
        raise Unsure("a number that no integer type holds")
    elif isinstance(tree, str):
        try:
            tree.encode()
        except UnicodeEncodeError as error:
            raise Unsure("half a character") from error


def _is_int(value: Any, limits: range) -> bool:
    return type(value) is int and value in limits


def _parameters(node: Mapping[str, Any]) -> Mapping[str, Any]:
    parameters = node.get("parameters", {})
    if not isinstance(parameters, dict):
        raise Refused("parameters")
    if not all(isinstance(v, str | bool) or _is_int(v, INT32) for v in parameters.values()):
        raise Refused("parameters")
    return parameters


def _asks_for_binary(tree: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    outputs = tree.get("outputs", [])
    if not isinstance(outputs, list):
        raise Refused("outputs")
    is_binary = False
    for node in outputs:
        if not isinstance(node, dict) or not isinstance(node.get("name"), str):
            raise Refused("outputs")
        wanted = _parameters(node).get("binary_data", parameters.get("binary_data_output"))
        # Only the last entry counts, and a name that the model lacks is no error.
        is_binary = wanted is True and node["name"] in ("x", "y")
    return is_binary


def _read_input(node: Any) -> tuple[Tensor, Mapping[str, Any]]:
    if not isinstance(node, dict):
        raise Refused("an input")
    name, datatype, shape = node.get("name"), node.get("datatype"), node.get("shape")
    if not isinstance(name, str) or not isinstance(datatype, str) or not isinstance(shape, list):
        raise Refused("an input")
    if not all(_is_int(size, range(2**31)) for size in shape):
        raise Refused("a shape")
    parameters = _parameters(node)
    tensor = Tensor(name, datatype, shape)
    if "data" in node:
        tensor.values = _values(node["data"], datatype)
    return tensor, parameters


def _values(data: Any, datatype: str) -> list[Any] | None:
    """The elements in an input's ``data``; none at all count as no data."""
    if not isinstance(data, list) or datatype not in {*DTYPES, *OTHERS} - {"FP16"}:
        raise Refused("data")
    found: list[Any] = []
    _flatten(data, found)
    if datatype.startswith("FP"):
        fine = all(type(value) in (int, float) for value in found)
        found = _floats(found) if fine else found
    elif datatype == "BOOL":
        fine = all(type(value) is bool for value in found)
    elif datatype == "BYTES":
        fine = all(type(value) is str for value in found)
        found = [value.encode() for value in found] if fine else found
    else:
        limits = UINT32 if datatype.startswith("U") else INT32
        fine = all(_is_int(value, limits) for value in found)
    if not fine:
        raise Refused("values")
    return found or None


def _floats(values: Sequence[float]) -> list[Any]:
    with np.errstate(over="ignore"):
        found: list[Any] = [float(np.float32(value)) for value in values]
    if not all(map(math.isfinite, found)):
        raise Unsure("a number that no float of 32 bits holds")
    return found


def _flatten(data: list[Any], found: list[Any]) -> None:
    for value in data:
        if isinstance(value, list):
            _flatten(value, found)
        else:
            found.append(value)


def _slice(inputs: Sequence[tuple[Tensor, Mapping[str, Any]]], buffer: bytes) -> None:
    """Give each input without values its part of the binary data."""
    start = 0
    for tensor, parameters in inputs:
        size = parameters.get("binary_data_size")
        if size is not None:
            if tensor.values is not None or type(size) is not int or size < 0:
                raise Refused("binary_data_size")
        elif tensor.values is not None:
            continue
        elif tensor.datatype == "BYTES":
            if len(inputs) > 1 or list(tensor.shape) != [1]:
                raise Refused("BYTES without a size")
            size = len(buffer)
        elif tensor.datatype in DTYPES:
            size = math.prod(tensor.shape) * np.dtype(DTYPES[tensor.datatype]).itemsize
        else:
            raise Refused("no data")
        tensor.raw = buffer[start : start + size]
        start += size
        if start > len(buffer):
            raise Refused("too little binary data")


def _answer(specs: Mapping[str, Spec], model: str, tensors: Sequence[Tensor]) -> Answer:
    spec = specs.get(model)
    if spec is None or sorted(tensor.name for tensor in tensors) != sorted(spec.inputs):
        raise Refused("no such model, or other inputs")
    answers = [_echo(spec, tensor) for tensor in tensors]
    if len(answers) == 1:
        return answers[0]
    with np.errstate(over="ignore", invalid="ignore"):
        total = sum(np.array(answer.values, "<f4") for answer in answers)
    return Answer(answers[0].shape, np.asarray(total, "<f4").tolist())


def _echo(spec: Spec, tensor: Tensor) -> Answer:
    """One input as the model gives it back."""
    if any(size < 0 for size in tensor.shape):
        raise Refused("a negative size")
    if tensor.datatype == "BYTES":
        return _echo_bytes(spec, tensor)
    if tensor.datatype != spec.datatype:
        raise Refused("another datatype")
    _require_shape(spec, tensor.shape)
    count = math.prod(tensor.shape)
    if tensor.raw is None:
        values = tensor.values or []
        if len(values) != count:
            raise Refused("a wrong number of values")
        return Answer(tensor.shape, _converted(values, spec.datatype))
    dtype = np.dtype(DTYPES[spec.datatype])
    if len(tensor.raw) != count * dtype.itemsize:
        raise Refused("a wrong number of bytes")
    if spec.datatype == "BOOL" and set(tensor.raw) - {0, 1}:
        raise Unsure("neither true nor false")
    return Answer(tensor.shape, _computed(np.frombuffer(tensor.raw, dtype).tolist(), dtype))


def _require_shape(spec: Spec, shape: Sequence[int]) -> None:
    if len(shape) != len(spec.sizes):
        raise Refused("another number of dimensions")
    if not all(size in sizes for size, sizes in zip(shape, spec.sizes, strict=True)):
        raise Refused("another shape")


def _converted(values: Sequence[Any], datatype: str) -> list[Any]:
    dtype = np.dtype(DTYPES[datatype])
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if any(not limits.min <= value <= limits.max for value in values):
            raise Refused("a value outside its datatype")
    return _computed(np.array(values, dtype).tolist(), dtype)


def _computed(values: list[Any], dtype: np.dtype[Any]) -> list[Any]:
    """The values, if they come through OpenVINO unchanged: on a CPU it computes in 32 bits."""
    if dtype.itemsize == 8:
        narrow = np.float32 if dtype.kind == "f" else None
        with np.errstate(over="ignore"):
            if any(
                value not in INT32 if narrow is None else float(narrow(value)) != value
                for value in values
            ):
                raise Unsure("64 bits")
    return values


def _echo_bytes(spec: Spec, tensor: Tensor) -> Answer:
    elements = list(tensor.values or ()) if tensor.raw is None else _elements(tensor.raw)
    if spec.datatype == "BYTES":
        _require_shape(spec, tensor.shape)
        if len(elements) != math.prod(tensor.shape):
            raise Refused("a wrong number of strings")
        return Answer(tensor.shape, elements)
    if not spec.is_text and not spec.is_image:
        raise Refused("neither strings nor images")
    if list(tensor.shape) != [len(elements)] or not elements:
        raise Refused("a wrong number of strings")
    if spec.is_image:
        if len(elements) != 1:
            raise Refused("a wrong number of images")
        return Answer([1, 4, 4, 3], pixels_of(elements[0]))
    width = max(map(len, elements)) + 1
    padded = b"".join(element.ljust(width, b"\0") for element in elements)
    return Answer([len(elements), width], list(padded))


def _elements(raw: bytes) -> list[bytes]:
    elements = []
    while raw:
        if len(raw) < 4:
            raise Refused("half a length")
        (size,) = struct.unpack_from("<I", raw)
        if len(raw) < 4 + size:
            raise Refused("a length beyond the end")
        elements.append(raw[4 : 4 + size])
        raw = raw[4 + size :]
    return elements


PNG = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


def png(width: int, height: int, channels: int, pixels: bytes, claimed: int | None = None) -> bytes:
    """A PNG file of 8 bits; `claimed` is a width that it only claims to have."""
    kind = next(kind for kind, count in CHANNELS.items() if count == channels)
    row = width * channels
    rows = b"".join(b"\0" + pixels[start : start + row] for start in range(0, row * height, row))
    header = struct.pack(">IIBBBBB", claimed or width, height, 8, kind, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return PNG + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def pixels_of(file: bytes) -> list[int] | None:
    """The pixels of a plain PNG of 4 × 4, as blue, green and red; None when it is to be resized.

    Raises:
        Refused: It is cut, lies about its size, or has no three channels.
        Unsure: Only a decoder could tell.
    """
    if file.startswith((b"\xff\xd8\xff", b"BM")):
        raise Unsure("JPEG or BMP")
    if not file.startswith(PNG):
        raise Refused("no image")
    chunks = _chunks(file)
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        raise Refused("no header")
    width, height, depth, kind, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    if not width or not height or width * height > 1 << 30:
        raise Refused("an impossible size")
    if depth != 8 or rest != [0, 0, 0] or len(chunks) != 3:
        raise Unsure("no plain PNG")
    if CHANNELS.get(kind) != 3:
        raise Refused("other channels")
    rows = _inflate(chunks[1][1], height * (width * 3 + 1))
    if (width, height) != (4, 4):
        return None
    if any(rows[start] for start in range(0, len(rows), 13)):
        raise Unsure("a filter")
    kept = np.frombuffer(rows, "u1").reshape(4, 13)[:, 1:].reshape(4, 4, 3)
    found: list[int] = kept[..., ::-1].ravel().tolist()
    return found


def _chunks(file: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG, which has to end with its last."""
    chunks, start = [], len(PNG)
    while start < len(file):
        if start + 12 > len(file):
            raise Refused("cut")
        (size,) = struct.unpack_from(">I", file, start)
        name, data = file[start + 4 : start + 8], file[start + 8 : start + 8 + size]
        if start + 12 + size > len(file):
            raise Refused("cut")
        if file[start : start + 12 + size] != _chunk(name, data):
            raise Unsure("a wrong checksum")
        chunks.append((name, data))
        start += 12 + size
        if name == b"IEND":
            break
    if not chunks or chunks[-1][0] != b"IEND":
        raise Refused("cut")
    return chunks


def _inflate(data: bytes, expected: int) -> bytes:
    try:
        inflater = zlib.decompressobj()
        rows = inflater.decompress(data, expected)
    except zlib.error as error:
        raise Unsure("a broken stream") from error
    if len(rows) < expected:
        raise Refused("fewer pixels than it claims")
    return rows


Ask = Callable[[Wire], "Reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    is_fine: bool
    code: str
    shape: Sequence[int] = ()
    values: Sequence[Any] = ()


def problem(wire: Wire, reply: Reply, specs: Mapping[str, Spec]) -> str | None:
    """What is wrong with a reply, if anything."""
    try:
        answer = deserved(wire, specs)
    except Unsure:
        return None
    except Refused as reason:
        return f"answered {reply.code}, but: {reason}" if reply.is_fine else None
    if not reply.is_fine:
        return f"answered {reply.code} to a valid request"
    if list(reply.shape) != list(answer.shape):
        return f"shape {list(reply.shape)}, not {list(answer.shape)}"
    if answer.values is not None and not _are_equal(reply.values, answer.values):
        return f"values {list(reply.values)[:20]}, not {list(answer.values)[:20]}"
    return None


def _are_equal(found: Sequence[Any], expected: Sequence[Any]) -> bool:
    # NaN equals NaN here.
    return len(found) == len(expected) and all(
        a == b or (a != a and b != b) for a, b in zip(found, expected, strict=True)
    )
