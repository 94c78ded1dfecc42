"""Tensors and their raw bytes: the one place that knows how elements are laid out.

Layout follows "Tensor Data" of the Open Inference Protocol: row-major, no padding, little-endian;
each BYTES element stands behind its length as a 4-byte unsigned integer.

What is made anew for each request is not frozen, here and elsewhere: that would take five times as
long to make.
"""

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from samplegen_server import errors

Array = npt.NDArray[Any]
Buffer = bytes | memoryview

DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
"""Protocol datatype to NumPy dtype. BYTES is absent: its elements vary in size."""

PRECISIONS = {
    "BOOL": "BOOL",
    "UINT8": "U8",
    "UINT16": "U16",
    "UINT32": "U32",
    "UINT64": "U64",
    "INT8": "I8",
    "INT16": "I16",
    "INT32": "I32",
    "INT64": "I64",
    "FP16": "FP16",
    "FP32": "FP32",
    "FP64": "FP64",
    "BYTES": "STRING",
}
"""Protocol datatype to the name OpenVINO Model Server's messages use for what a model expects."""

LENGTH = struct.Struct("<I")
"""The length in front of a BYTES element."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """The sizes a dimension may take."""

    low: int
    high: int
    """-1 when there is no upper bound."""

    @property
    def is_static(self) -> bool:
        return self.low == self.high

    @property
    def is_any(self) -> bool:
        return self.high == -1

    def accepts(self, size: int) -> bool:
        return self.low <= size and (self.high == -1 or size <= self.high)

    def __str__(self) -> str:
        if self.is_static:
            return str(self.low)
        return "-1" if self.is_any else f"[{self.low}~{self.high}]"


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """What a model says about one of its inputs or outputs."""

    name: str
    datatype: str
    """The protocol's name; ``INVALID`` for a precision the protocol does not know."""
    dimensions: tuple[Dimension, ...]
    layout: str
    """One letter a dimension, such as ``NHWC``; ``N...`` when the model does not say."""
    element: str = "UNDEFINED"
    """What messages call a precision that the protocol does not know."""
    shape: tuple[int, ...] = field(init=False)
    """The dimensions' sizes, -1 where the size may vary."""

    def __post_init__(self) -> None:
        shape = tuple(size.low if size.is_static else -1 for size in self.dimensions)
        object.__setattr__(self, "shape", shape)  # since each request asks for it

    @property
    def precision(self) -> str:
        """OpenVINO Model Server's name of the datatype."""
        return PRECISIONS.get(self.datatype, self.element)

    @property
    def batch_index(self) -> int | None:
        """Where the batch dimension stands, if there is one; behind an ellipsis it is anywhere."""
        index = self.layout.partition("...")[0].find("N")
        return index if 0 <= index < len(self.dimensions) else None

    @property
    def holds_strings(self) -> bool:
        """Is this a matrix of bytes, which also takes strings, padded with zeros?"""
        return self.datatype == "UINT8" and len(self.dimensions) == 2

    def describe(self) -> str:
        return f"({','.join(map(str, self.dimensions))})"


@dataclass(slots=True)
class InputTensor:
    """One input of a request as it came, not yet compared with any model."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    contents: Sequence[Any] | None
    """The elements, flattened; None when the data travels in the request's raw buffers."""


@dataclass(slots=True)
class OutputTensor:
    """One output of a response."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    raw: bytes

    def values(self) -> list[Any]:
        """The elements, flattened, as Python values; BYTES as bytes."""
        if self.datatype == "BYTES":
            return unpack_bytes(self.raw)
        values: list[Any] = np.frombuffer(self.raw, DTYPES[self.datatype]).tolist()
        return values


def describe_shape(shape: Iterable[int]) -> str:
    """A shape as OpenVINO Model Server's messages show it: ``(1,10)``."""
    return f"({','.join(map(str, shape))})"


def content_size(datatype: str, shape: Sequence[int]) -> int:
    """The bytes that a tensor takes; Python integers, so that a hostile shape cannot overflow."""
    return math.prod(shape) * DTYPES[datatype].itemsize


def array_of(values: Sequence[Any], datatype: str, shape: tuple[int, ...]) -> Array:
    """A tensor of elements that came one by one.

    Args:
        values: As many elements as `shape` has.
        datatype: A key of `DTYPES`.
        shape: Dimensions, outermost first.

    Raises:
        InvalidValue: An element is outside the datatype's range.
    """
    dtype = DTYPES[datatype]
    if isinstance(values, np.ndarray) and values.dtype == dtype:
        return values.reshape(shape)
    # A float too large for FP32 becomes an infinity, as it does in OpenVINO Model Server.
    with np.errstate(over="ignore"):
        try:
            return np.array(values, dtype).reshape(shape)
        except OverflowError as error:
            raise errors.InvalidValue(f"{datatype}: {error}") from error


def pack_bytes(elements: Iterable[bytes]) -> bytes:
    """BYTES elements as one raw buffer."""
    return b"".join(part for element in elements for part in (LENGTH.pack(len(element)), element))


def unpack_bytes(raw: Buffer) -> list[bytes]:
    """The BYTES elements of one raw buffer.

    Raises:
        InvalidInputFormat: A length reaches past the end, or bytes are left over.
    """
    elements = []
    start = 0
    while start + LENGTH.size <= len(raw):
        (length,) = LENGTH.unpack_from(raw, start)
        start += LENGTH.size
        if start + length > len(raw):
            raise errors.InvalidInputFormat
        elements.append(bytes(raw[start : start + length]))
        start += length
    if start != len(raw):
        raise errors.InvalidInputFormat
    return elements
