"""Java literals."""

import math
from collections.abc import Sequence

from samplegen.render.literals.code import Code, LiteralError
from samplegen.render.literals.writing import NAMED, Literals, Quotes, escaper, typed_numbers

_WIDTH = 100
"""The longest line; google-java-format."""
_CONTINUED = 4
"""Columns that a continued line stands deeper."""


def _number(code: int) -> str:
    """Octal in full length where it can be: `\u000a` would be read as a line break."""
    if code < 0x100:
        return f"\\{code:03o}"
    units = chr(code).encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in zip(*[iter(units)] * 2, strict=True))


def _integer(value: int, datatype: str) -> str:
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


def _call(items: Sequence[str], head: str, indent: int, end: str = ";") -> Code:
    """A call as google-java-format breaks it: behind `=`, then before the arguments, then each.

    Args:
        items: The arguments; literals without connection values.
        head: What stands before the parenthesis, such as `int index = find`.
        indent: Where the line starts.
        end: What stands behind the call.
    """
    before, _, callee = head.rpartition(" = ")
    arguments = ", ".join(items)
    if _fits(f"{head}({arguments}){end}", indent):
        return Code(f"{head}({arguments})")
    start = f"{head}("
    if before:
        indent += _CONTINUED
        line = f"{before} =\n{' ' * indent}"
        if _fits(f"{callee}({arguments}){end}", indent):
            return Code(f"{line}{callee}({arguments})")
        start = f"{line}{callee}("
    indent += _CONTINUED
    margin = f"\n{' ' * indent}"
    if not _fits(f"{arguments}){end}", indent):
        arguments = f",{margin}".join(items)
    return Code(f"{start}{margin}{arguments})")


def _fits(line: str, indent: int) -> bool:
    return indent + len(line) <= _WIDTH


JAVA = Literals(
    Quotes('"', escaper(NAMED, _number), '"').always,
    ("false", "true"),
    typed_numbers(_integer, _real),
    ("{", ", ", "}"),
    last=",",
    indent="  ",
    step=2,
    width=_WIDTH,
    filled=True,
    call=_call,
    # A \u means its character even in a comment, but not behind another backslash.
    remark=lambda text: text.replace("\\", "\\\\"),
)
