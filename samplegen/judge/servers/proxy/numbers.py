"""Elements of tensors: what fits a datatype, and how it is written."""

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from samplegen.judge.servers.proxy.documents import Undecodable
from samplegen.spec.packing import FORMATS, raw, raw_texts

DIGITS = {"FP16": 5, "FP32": 9, "FP64": 17}
"""Decimal digits that tell any two values apart; some need fewer."""
WIDEST = "FP64"
"""The datatype whose numbers are compared by every digit."""


def limits(datatype: str) -> tuple[int, int]:
    """The least and the greatest integer of an integer datatype."""
    bits = int(datatype.removeprefix("U").removeprefix("INT"))
    return (
        (0, 2**bits - 1) if datatype.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    )


def rounded(value: float, datatype: str) -> float:
    """The nearest value of the datatype, as the shortest decimal that means it."""
    code = FORMATS[datatype]
    try:
        (exact,) = struct.unpack(f"<{code}", struct.pack(f"<{code}", value))
    except OverflowError:
        return math.copysign(math.inf, value)
    return shortest(exact, datatype)


def shortest(value: float, datatype: str) -> float:
    """The shortest decimal that means this value of the datatype."""
    if datatype == "FP64" or not math.isfinite(value):
        return value
    code = FORMATS[datatype]
    for digits in range(DIGITS[datatype] - 3, DIGITS[datatype]):
        short = float(f"{value:.{digits}g}")
        try:
            if struct.unpack(f"<{code}", struct.pack(f"<{code}", short)) == (value,):
                return short
        except OverflowError:  # the digits round up beyond the greatest value
            continue
    return float(f"{value:.{DIGITS[datatype]}g}")


def needs_every_digit(value: float, datatype: str) -> bool:
    """Whether no shorter decimal than the longest means this value."""
    digits = DIGITS[datatype]
    short = float(f"{value:.{digits - 1}g}")
    code = FORMATS[datatype]
    return struct.pack(f"<{code}", short) != struct.pack(f"<{code}", value)


def unpacked(datatype: str, data: bytes) -> list[Any]:
    """The elements of raw contents; those of BYTES as text, if they are UTF-8.

    Raises:
        Undecodable: They do not fit the datatype.
    """
    if datatype == "BYTES":
        return [_text(element) for element in _texts(data)]
    if datatype not in FORMATS:
        raise Undecodable(f"the datatype {datatype!r} is not known")
    size = struct.calcsize(FORMATS[datatype])
    if len(data) % size:
        raise Undecodable(f"{len(data)} bytes are no whole number of {datatype}")
    elements = struct.unpack(f"<{len(data) // size}{FORMATS[datatype]}", data)
    if datatype in DIGITS:
        return [shortest(element, datatype) for element in elements]
    return [*elements]


def packed(datatype: str, elements: Sequence[Any]) -> bytes:
    """The raw contents of elements.

    Raises:
        Undecodable: An element is not of the datatype.
    """
    try:
        if datatype == "BYTES":
            return raw_texts(as_bytes(element) for element in elements)
        if datatype == "BOOL" and not all(isinstance(element, bool) for element in elements):
            raise TypeError("neither true nor false")
        return raw(datatype, elements)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, struct.error) as error:
        raise Undecodable(f"an element is no {datatype}: {error}") from error


def as_bytes(element: str | bytes) -> bytes:
    """An element of BYTES."""
    return element if isinstance(element, bytes) else element.encode()


def _text(element: bytes) -> str | bytes:
    try:
        return element.decode()
    except UnicodeDecodeError:
        return element


def _texts(data: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        end = start + 4 + int.from_bytes(data[start : start + 4], "little")
        if end > len(data) or start + 4 > len(data):
            raise Undecodable("an element of BYTES is cut")
        yield data[start + 4 : end]
        start = end
