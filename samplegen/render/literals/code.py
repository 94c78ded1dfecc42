"""Source text that is safe where it stands, and where connection values stand in it."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

Scalar = bool | int | float | str


class LiteralError(ValueError):
    """A value that the language cannot write."""


class Span(NamedTuple):
    """Where a connection value stands in a text, in characters; `end` is exclusive."""

    start: int
    end: int
    name: str


class Code(str):
    """Source text that is safe where it stands, and the connection values in it."""

    __slots__ = ("spans",)
    spans: tuple[Span, ...]

    def __new__(cls, text: str, spans: tuple[Span, ...] = ()) -> "Code":
        code = super().__new__(cls, text)
        code.spans = spans
        return code

    def __str__(self) -> "Code":
        """Itself: Jinja calls `str` on what it prints, which would lose the spans."""
        return self


@dataclass(frozen=True)
class Rendered:
    """A program, and where each connection value stands in it."""

    text: str
    _parts: tuple[str, ...]

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """In the order of the text, in characters."""
        spans = []
        offset = 0
        for part in self._parts:
            if isinstance(part, Code):
                spans += [Span(offset + s.start, offset + s.end, s.name) for s in part.spans]
            offset += len(part)
        return tuple(spans)


class Value(NamedTuple):
    """A connection value, such as `("host", "localhost")`."""

    name: str
    text: str


Text = tuple[str | Value, ...]
"""Text of which parts are connection values, such as an address."""
