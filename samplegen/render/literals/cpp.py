"""C++ literals."""

import math
import re

from samplegen.render.layout.cpp import CppLayout
from samplegen.render.literals.code import LiteralError
from samplegen.render.literals.writing import (
    NAMED,
    Literals,
    Nested,
    Quotes,
    bracketed,
    escaper,
    typed_numbers,
    utf8,
)


def _number(code: int) -> str:
    """The bytes in octal: three digits at most, so no digit behind them is swallowed."""
    return "".join(f"\\{byte:03o}" for byte in utf8(chr(code)))


_escape = escaper(NAMED, _number)
_TRIGRAPH = re.compile(r"(?<=\?)\?")
"""Two question marks may begin one."""
_PLAIN = Quotes('"', lambda text: _TRIGRAPH.sub(r"\\?", _escape(text)), '"')


def _quotes(text: str) -> Quotes:
    if "\0" not in text:
        return _PLAIN
    return Quotes('std::string("', _PLAIN.escape, f'", {len(utf8(text))})')


def _integer(value: int, datatype: str) -> str:
    if not -(2**63) <= value < 2**64:
        raise LiteralError(f"C++ has no integer {value}")
    if value == -(2**63):  # the minus is an operator, and 2**63 too large for its operand
        return f"{value + 1} - 1"
    return f"{value}u" if datatype.startswith("U") or value >= 2**63 else str(value)


def _real(value: float, datatype: str) -> str:
    kind, suffix = ("f", "f") if datatype in ("FP16", "FP32") else ("d", "")
    return f"{value!r}{suffix}" if math.isfinite(value) else f'std::sto{kind}("{value}")'


def _raw(content: bytes) -> str:
    text = "".join(f"\\{byte:03o}" for byte in content)
    return f'std::string("{text}", {len(content)})'


def _pair(pair: tuple[str, str]) -> str:
    return bracketed("{", pair, "}")


CPP = Literals(
    _quotes,
    ("false", "true"),
    typed_numbers(_integer, _real),
    ("{", ", ", "}"),
    raw=_raw,
    nested=Nested(
        lambda items: f"nlohmann::json::array({bracketed('{', items, '}')})",
        lambda pairs: f"nlohmann::json::object({bracketed('{', map(_pair, pairs), '}')})",
        "nullptr",
    ),
    layout=CppLayout(),
    # A backslash at the end of a line would go on with the comment.
    remark=lambda text: re.sub(r"(\\|\?\?/)(?!\S)", r"\1.", text),
)
