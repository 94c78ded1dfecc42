"""The body of a REST inference: JSON, and behind it the binary tensor extension's buffers.

Follows OpenVINO Model Server's ``rest_parser.cpp`` and ``http_rest_api_handler.cpp``, errors and
their order included.
"""

import re
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, cast

import numpy as np
import orjson

from samplegen_server import errors
from samplegen_server.contract import InferRequest
from samplegen_server.tensors import DTYPES, Array, Buffer, InputTensor

MAX_DEPTH = 100
"""How deep JSON may be nested."""

MAX_JSON_BYTES = 1 << 26
"""JSON takes many times its size in memory once read; large tensors belong into binary data."""

MANY = 256
"""Numbers, from which on their values are looked at before their types."""

INT32 = (-(2**31), 2**31 - 1)
UINT32 = (0, 2**32 - 1)
UINT64 = (0, 2**64 - 1)

SIZES = {**{datatype: dtype.itemsize for datatype, dtype in DTYPES.items()}, "BYTES": 1}
"""Datatype to the bytes of an element, as far as a shape alone can tell."""

SHAPE_OVERFLOW = "Binary input shape dimensions overflow size_t"

_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_STEPS = np.zeros(256, np.int8)
_STEPS[list(b"[{")], _STEPS[list(b"]}")] = 1, -1


@dataclass(slots=True)
class RestInferRequest:
    """An inference, and how its answer is to be written."""

    request: InferRequest
    binary_outputs: frozenset[str]
    """Names of the outputs that were asked for as binary data."""


def parse(model_name: str, model_version: str, body: bytes, json_size: int) -> RestInferRequest:
    """Read an inference.

    Args:
        model_name: From the path.
        model_version: From the path, or empty.
        body: JSON, followed by the buffers of the binary inputs.
        json_size: Bytes of `body` that are JSON.

    Raises:
        RestError: The body is malformed.
    """
    if json_size > len(body):
        raise errors.HeaderLengthExceeded
    tree = _parse_json(body[:json_size])
    if not isinstance(tree, dict):
        raise errors.BodyNotAnObject
    request_id = tree.get("id", "")
    if not isinstance(request_id, str):
        raise errors.CouldNotParseInput
    parameters = _parameters(tree)
    outputs = _outputs(tree)
    nodes = tree.get("inputs")
    if nodes is None and "inputs" not in tree:
        raise errors.NoInputsFound
    if not isinstance(nodes, list):
        raise errors.CouldNotParseInput
    if not nodes:
        raise errors.NoInputsFound
    inputs = [_input(node, is_only=len(nodes) == 1) for node in nodes]
    return RestInferRequest(
        InferRequest(
            model_name=model_name,
            model_version=model_version,
            id=request_id,
            inputs=[tensor for tensor, _ in inputs],
            raw=_slice(inputs, memoryview(body)[json_size:]),
            parameters=parameters,
        ),
        _binary_outputs(parameters, outputs),
    )


def _parse_json(text: bytes) -> Any:
    if len(text) > MAX_JSON_BYTES:
        raise errors.BodyTooLarge(f"JSON may have {MAX_JSON_BYTES} bytes")
    if not text or text.isspace():
        raise errors.JsonInvalid(f"Error: The document is empty. Offset: {len(text)}")
    if _depth(text) > MAX_DEPTH:
        raise errors.JsonTooDeep
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise errors.JsonInvalid(f"Error: {error.msg} Offset: {error.pos}") from error


def _depth(text: bytes) -> int:
    """How deep `text` is nested, or a lower number when it cannot be too deep."""
    if _has_few(text, b"[") and _has_few(text, b"{"):
        return 0
    brackets = _STRINGS.sub(b"", text).translate(None, _NO_BRACKETS)
    if not brackets:
        return 0
    return int(np.cumsum(_STEPS[np.frombuffer(brackets, np.uint8)], dtype=np.int32).max())


def _has_few(text: bytes, bracket: bytes) -> bool:
    """Are there at most half of `MAX_DEPTH`? `bytes.count` would take ten times as long."""
    place = -1
    for _ in range(MAX_DEPTH // 2 + 1):
        place = text.find(bracket, place + 1)
        if place < 0:
            return True
    return False


def _parameters(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters of a request, an input or an output."""
    parameters = node.get("parameters", {})
    if not isinstance(parameters, dict):
        raise errors.CouldNotParseParameters
    for value in parameters.values():
        if not isinstance(value, str | bool) and not _is_int(value, INT32):
            raise errors.CouldNotParseParameters
    return parameters


def _is_int(value: Any, limits: tuple[int, int]) -> bool:
    return type(value) is int and limits[0] <= value <= limits[1]


def _outputs(tree: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    outputs = tree.get("outputs", [])
    if not isinstance(outputs, list):
        raise errors.CouldNotParseInput
    for output in outputs:
        if not isinstance(output, dict) or not isinstance(output.get("name"), str):
            raise errors.CouldNotParseOutput
        _parameters(output)
    return outputs


def _binary_outputs(
    parameters: Mapping[str, Any], outputs: Sequence[Mapping[str, Any]]
) -> frozenset[str]:
    """OpenVINO Model Server remembers the last entry of ``outputs`` only, and so do we."""
    return frozenset(
        output["name"]
        for output in outputs[-1:]
        if _parameters(output).get("binary_data", parameters.get("binary_data_output")) is True
    )


def _input(node: Any, is_only: bool) -> tuple[InputTensor, Mapping[str, Any]]:
    """One input and its parameters."""
    if not isinstance(node, dict):
        raise errors.CouldNotParseInput
    name, shape, datatype = node.get("name"), node.get("shape"), node.get("datatype")
    if not isinstance(name, str) or not isinstance(shape, list) or not isinstance(datatype, str):
        raise errors.CouldNotParseInput
    if not all(_is_int(size, (0, INT32[1])) for size in shape):
        raise errors.CouldNotParseInput
    parameters = _parameters(node)
    contents = None
    if "data" in node:
        contents = _contents(node["data"], datatype)
    elif (
        "binary_data_size" not in parameters
        and datatype == "BYTES"
        and (not is_only or shape != [1])
    ):
        raise errors.CouldNotParseInput
    return InputTensor(name, datatype, tuple(shape), contents), parameters


def _contents(data: Any, datatype: str) -> Sequence[Any] | None:
    """The elements of an input's ``data``, flattened; None when it has none."""
    if not isinstance(data, list) or datatype in ("FP16", "BF16"):
        raise errors.CouldNotParseInput
    read = READERS.get(datatype)
    if read is None:
        raise errors.UnsupportedDatatype
    while data:
        found = read(data)
        if found is not None:
            return found
        data = _flat(data)
    return None


def _flat(data: list[Any]) -> list[Any]:
    """What the lists in `data` hold, and what stands between them."""
    types = set(map(type, data))
    if list not in types:
        raise errors.CouldNotParseInput
    if types == {list}:
        return list(chain.from_iterable(data))
    return list(chain.from_iterable(item if type(item) is list else (item,) for item in data))


def _floats(data: list[Any]) -> Sequence[Any] | None:
    # FP64, too, goes through a float of 32 bits in OpenVINO Model Server, and becomes an infinity
    # where it does not fit.
    try:
        values = np.frombuffer(array("f", data), np.float32)
    except TypeError:
        return None
    return cast(Sequence[Any], values) if _is_without_bool(data, values) else None


def _is_without_bool(data: list[Any], values: Array) -> bool:
    """Is no element true or false, which became 1 or 0 in `values`?

    To look at the type of each takes as long as all else, so that many are looked at only where
    there is a 1 or a 0.
    """
    may_have = len(data) < MANY or bool(((values == 0) | (values == 1)).any())
    return not may_have or bool not in set(map(type, data))


def _integers(limits: tuple[int, int]) -> Callable[[list[Any]], Sequence[Any] | None]:
    def read(data: list[Any]) -> Sequence[Any] | None:
        if set(map(type, data)) != {int}:
            return None
        if not limits[0] <= min(data) <= max(data) <= limits[1]:
            raise errors.CouldNotParseInput
        return data

    return read


def _booleans(data: list[Any]) -> Sequence[Any] | None:
    return data if set(map(type, data)) == {bool} else None


def _strings(data: list[Any]) -> Sequence[Any] | None:
    if set(map(type, data)) != {str}:
        return None
    return [text.encode() for text in data]


READERS: dict[str, Callable[[list[Any]], Sequence[Any] | None]] = {
    "FP32": _floats,
    "FP64": _floats,
    "INT8": _integers(INT32),
    "INT16": _integers(INT32),
    "INT32": _integers(INT32),
    "INT64": _integers(INT32),
    "UINT8": _integers(UINT32),
    "UINT16": _integers(UINT32),
    "UINT32": _integers(UINT32),
    "UINT64": _integers(UINT32),
    "BOOL": _booleans,
    "BYTES": _strings,
}
"""How JSON values of a datatype are read, or None when they are not all of its kind.

64-bit integers, too, have to fit 32 bits.
"""


def _slice(
    inputs: Sequence[tuple[InputTensor, Mapping[str, Any]]], buffer: memoryview
) -> list[Buffer]:
    """The binary data of each input that has any, in the order of the inputs."""
    raw: list[Buffer] = []
    start = 0
    for tensor, parameters in inputs:
        size = parameters.get("binary_data_size")
        if size is not None:
            if tensor.contents is not None:
                raise errors.ContentsNotEmpty
            if type(size) is not int or size < 0:
                raise errors.BinaryDataSizeInvalid
        elif tensor.contents is not None:
            continue
        elif len(inputs) == 1 and tensor.datatype == "BYTES":
            size = len(buffer)
        else:
            size = _size_of_shape(tensor)
        if size > len(buffer) - start:
            raise errors.BinaryBufferExceeded
        raw.append(buffer[start : start + size])
        start += size
    return raw


def _size_of_shape(tensor: InputTensor) -> int:
    """The bytes of an input that says nothing of its data but the shape.

    A BYTES element counts as one byte, and one of an unknown datatype as none: such an input is
    refused once it is compared with the model.

    Raises:
        InvalidContentSize: They do not fit 64 bits.
    """
    count = 1
    for size in tensor.shape:
        if size == 0:  # what follows does not count, what came before does
            return 0
        count *= size
        if count > UINT64[1]:
            raise errors.InvalidContentSize(SHAPE_OVERFLOW)
    bytes_ = count * SIZES.get(tensor.datatype, 0)
    if bytes_ > UINT64[1]:
        raise errors.InvalidContentSize(SHAPE_OVERFLOW)
    return bytes_
