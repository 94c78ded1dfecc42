"""The inputs of a REST request, read without the server's code, or why they are refused."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fuzzing.wire import DTYPES, Refused, Tensor, Unsure, Wire

OTHERS = {"UINT16", "UINT32", "INT16", "BYTES"}
"""Further datatypes that may have values in JSON."""

SIZES = {
    **{datatype: np.dtype(dtype).itemsize for datatype, dtype in DTYPES.items()},
    **{"UINT16": 2, "UINT32": 4, "INT16": 2, "BYTES": 1},
}
"""Datatype to the bytes that its shape stands for, an element."""

MAX_DEPTH = 100
INT32 = range(-(2**31), 2**31)
UINT32 = range(2**32)


def read(wire: Wire) -> tuple[list[Tensor], bool]:
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
    inputs = [_read_input(node, len(nodes) == 1) for node in nodes]
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


def _read_input(node: Any, is_only: bool) -> tuple[Tensor, Mapping[str, Any]]:
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
    elif datatype == "BYTES" and "binary_data_size" not in parameters:
        _require_one_element(shape, is_only)
    return tensor, parameters


def _require_one_element(shape: Sequence[int], is_only: bool) -> None:
    if not is_only or shape != [1]:
        raise Refused("BYTES without a size")


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
        elif tensor.datatype == "BYTES" and len(inputs) == 1:
            size = len(buffer)  # "data": [] is no data, but says enough (kfs rest_parser.cpp)
        else:
            size = math.prod(tensor.shape) * SIZES.get(tensor.datatype, 0)
        tensor.raw = buffer[start : start + size]
        start += size
        if start > len(buffer):
            raise Refused("too little binary data")
