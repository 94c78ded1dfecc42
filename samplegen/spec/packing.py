"""Tensors as bytes: row-major, little-endian, each BYTES element behind its length.

So they stand in `raw_input_contents` (inference_grpc.md, "Tensor Data") and in the binary tensor
extension of REST.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import Any

FORMATS = {
    "BOOL": "?",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
"""Protocol datatype to the `struct` code of its elements."""


def raw(datatype: str, elements: Sequence[Any]) -> bytes:
    """The bytes of a tensor's elements."""
    if datatype == "BYTES":
        return raw_texts(str(element).encode() for element in elements)
    return struct.pack(f"<{len(elements)}{FORMATS[datatype]}", *elements)


def raw_texts(elements: Iterable[bytes]) -> bytes:
    """The bytes of BYTES elements."""
    return b"".join(struct.pack("<I", len(element)) + element for element in elements)
