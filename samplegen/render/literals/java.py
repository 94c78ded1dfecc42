"""Java literals."""

import math

from samplegen.render.layout.java import JavaLayout
from samplegen.render.layout.marks import CLOSE_LIST, OPEN_LIST
from samplegen.render.literals.code import LiteralError
from samplegen.render.literals.writing import (
    NAMED,
    Literals,
    Nested,
    Quotes,
    escaper,
    typed_numbers,
)


def _number(code: int) -> str:
    """Octal in full length where it can be: `\u000a` would be read as a line break."""
    if code < 0x100:
        return f"\\{code:03o}"
    units = chr(code).encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in zip(*[iter(units)] * 2, strict=True))


_LONGEST = 10_000
"""Characters of a string constant; a class file holds 65,535 bytes of one, six a character at
most."""
_escape = escaper(NAMED, _number)
_PLAIN = Quotes('"', _escape, '"')


def _chunks(text: str) -> str:
    """The escaped text, cut into constants."""
    pieces = (text[start : start + _LONGEST] for start in range(0, len(text), _LONGEST))
    return '", "'.join(map(_escape, pieces))


_LONG = Quotes('String.join("", "', _chunks, '")')
"""Constants that are added with `+` would be one constant again."""


def _quotes(text: str) -> Quotes:
    return _PLAIN if len(text) <= _LONGEST else _LONG


def _integer(value: int, datatype: str) -> str:
    if datatype == "UINT64" and 2**63 <= value < 2**64:
        return f'Long.parseUnsignedLong("{value}")'
    if not -(2**63) <= value < 2**63:
        raise LiteralError(f"Java has no integer {value}")
    return f"{value}L" if datatype == "INT64" or not -(2**31) <= value < 2**31 else str(value)


def _real(value: float, datatype: str) -> str:
    kind, suffix = ("Float", "f") if datatype in ("FP16", "FP32") else ("Double", "")
    if math.isnan(value):
        return f"{kind}.NaN"
    if math.isinf(value):
        return f"{kind}.{'POSITIVE' if value > 0 else 'NEGATIVE'}_INFINITY"
    return f"{value!r}{suffix}"


def _raw(content: bytes) -> str:
    signed = (byte - 256 if byte > 127 else byte for byte in content)
    return f"new byte[] {OPEN_LIST}{{{', '.join(map(str, signed))}}}{CLOSE_LIST}"


def _entry(pair: tuple[str, str]) -> str:
    """`Map.of` takes ten of them at most."""
    return f"Map.entry({', '.join(pair)})"


JAVA = Literals(
    _quotes,
    ("false", "true"),
    typed_numbers(_integer, _real),
    ("{", ", ", "}"),
    raw=_raw,
    nested=Nested(
        lambda items: f"List.of({', '.join(items)})",
        lambda pairs: f"Map.ofEntries({', '.join(map(_entry, pairs))})",
        "null",
    ),
    layout=JavaLayout(),
    # A \u means its character even in a comment, but not behind another backslash.
    remark=lambda text: text.replace("\\", "\\\\"),
)
