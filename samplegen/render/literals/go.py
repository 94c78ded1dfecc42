"""Go literals."""

import math

from samplegen.render.layout.go import GoLayout
from samplegen.render.literals import python
from samplegen.render.literals.code import LiteralError
from samplegen.render.literals.writing import (
    NAMED,
    Literals,
    Nested,
    Quotes,
    bracketed,
    escaper,
    typed_numbers,
)


def _number(code: int) -> str:
    if 0xD800 <= code < 0xE000:
        raise LiteralError(f"half a surrogate pair is no text: U+{code:04X}")
    return python.number(code) if code < 0x80 or code > 0xFF else f"\\u{code:04x}"


def _real(value: float, datatype: str) -> str:
    special = "math.NaN()" if math.isnan(value) else ""
    if math.isinf(value):
        special = f"math.Inf({math.copysign(1, value):.0f})"
    elif value == 0 and math.copysign(1, value) < 0:  # -0.0 is a constant expression, and positive
        special = "math.Copysign(0, -1)"
    return f"float32({special})" if special and datatype == "FP32" else special or repr(value)


def _raw(content: bytes) -> str:
    text = "".join(f"\\x{byte:02x}" for byte in content)
    return f'[]byte("{text}")'


GO = Literals(
    Quotes('"', escaper(NAMED, _number), '"').always,
    ("false", "true"),
    typed_numbers(lambda value, datatype: str(value), _real),
    ("{", ", ", "}"),
    raw=_raw,
    nested=Nested(
        lambda items: bracketed("[]any{", items, "}"),
        lambda pairs: bracketed("map[string]any{", map(": ".join, pairs), "}"),
        "nil",
    ),
    layout=GoLayout(),
)
