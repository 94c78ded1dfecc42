"""What travels: a request, what it deserves, and what a server answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
"""Datatype to the field of InferTensorContents that holds it."""


class Refused(Exception):
    """The request deserves an error."""


class Unsure(Exception):
    """The protocol leaves it open, or only a decoder of such images could tell."""


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


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    is_fine: bool
    code: str
    shape: Sequence[int] = ()
    values: Sequence[Any] = ()
