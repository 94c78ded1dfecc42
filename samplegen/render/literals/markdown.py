"""Values in Markdown: none can leave its place."""

import re

from samplegen.render.layout.marks import plain
from samplegen.render.literals.code import Code

_SPECIAL = re.compile(r"(^\d*)([.)])|([\\`*_\[\]<>|~&$#]|^[-+=])")
"""What could be read as anything but text: CommonMark, "Backslash escapes"."""


def text(value: str) -> Code:
    """Text within a line."""
    return Code(_SPECIAL.sub(_escaped, _line(value)))


def code(value: str) -> Code:
    """Code within a line: CommonMark, "Code spans"."""
    line = _line(value)
    ticks = _longer("", line)
    padding = " " if line.startswith("`") or line.endswith("`") else ""
    return Code(f"{ticks}{padding}{line}{padding}{ticks}")


def block(value: str, lexer: str) -> Code:
    """Lines of code: CommonMark, "Fenced code blocks"."""
    fence = _longer("``", value)
    return Code(f"{fence}{lexer}\n{value.strip()}\n{fence}")


def _escaped(match: re.Match[str]) -> str:
    number, point, special = match.groups(default="")
    return f"{number}\\{point or special}"


def _line(value: str) -> str:
    """A text with its connection values, on one line."""
    return " ".join(plain(value).split())


def _longer(least: str, text: str) -> str:
    """Backticks, more than `least` and than any that stand together in `text`."""
    runs: list[str] = re.findall("`+", text)
    return "`" + max([least, *runs], key=len)
