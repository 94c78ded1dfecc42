"""What a request deserves, worked out without the server's code (but for the wire contract).

Written from the protocol's text and from how OpenVINO Model Server applies it: a second opinion on
which requests are valid, and on what their answers have to be.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from samplegen_server.proto import inference_pb2 as pb

from fuzzing import rest_oracle
from fuzzing.images import pixels_of
from fuzzing.models import Spec
from fuzzing.rest_oracle import INT32
from fuzzing.wire import CONTENTS, DTYPES, Answer, Refused, Reply, Tensor, Unsure, Wire

MAX_PADDED_BYTES = 1 << 26
"""The most that strings may take, padded to the longest."""


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


def deserved(wire: Wire, specs: Mapping[str, Spec]) -> Answer:
    """What a request deserves.

    Raises:
        Refused: An error.
        Unsure: Anyone's guess.
    """
    if wire.transport == "gRPC":
        model, tensors = _read_grpc(wire.body)
        return _answer(specs, model, tensors)
    tensors, is_binary = rest_oracle.read(wire)
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
        if any(element.endswith(b"\0") for element in elements):
            raise Refused("a string that ends in a zero")
        if len(elements) * max(map(len, elements), default=0) > MAX_PADDED_BYTES:
            raise Refused("strings of too different lengths")
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
