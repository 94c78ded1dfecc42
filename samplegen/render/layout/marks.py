"""Marks within source text: where connection values and lists stand, until it is laid out.

A mark is a label between two separators. The separator holds a NUL, which no literal of any
language holds as it is, and digits drawn for this process, which no value can know. So texts
with marks can be joined, sliced into lines and passed through macros like any others.
"""

import os
import re
from typing import NamedTuple

SEPARATOR = f"\0{int.from_bytes(os.urandom(4)):010}"
LIST, JSON_LIST, LIST_END, END = "(", "[", ")", ""
"""The labels of marks that are no names: a list opens, one of JSON opens, a list closes, a
connection value ends."""


class Span(NamedTuple):
    """Where a connection value stands in a text, in characters; `end` is exclusive."""

    start: int
    end: int
    name: str


def mark(label: str) -> str:
    """The mark with this label."""
    return f"{SEPARATOR}{label}{SEPARATOR}"


OPEN_LIST, OPEN_JSON, CLOSE_LIST = mark(LIST), mark(JSON_LIST), mark(LIST_END)
LISTS = re.compile("|".join(map(re.escape, (OPEN_LIST, OPEN_JSON, CLOSE_LIST))))
"""The marks of lists."""


def value(name: str, text: str) -> str:
    """A connection value, such as `value("host", "localhost")`, as a text that can be joined."""
    return f"{mark(name)}{text}{mark(END)}"


def is_name(label: str) -> bool:
    """Whether a mark belongs to a connection value."""
    return label not in (LIST, JSON_LIST, LIST_END)


def plain(text: str) -> str:
    """The text without its marks."""
    return "".join(text.split(SEPARATOR)[::2]) if SEPARATOR in text else text


def spans(text: str) -> tuple[Span, ...]:
    """Where the connection values of a text stand in it when its marks are gone."""
    found = []
    name, start, end = "", 0, 0
    for index, piece in enumerate(text.split(SEPARATOR)):
        if not index % 2:
            end += len(piece)
        elif piece == END:
            found.append(Span(start, end, name))
        elif is_name(piece):
            name, start = piece, end
    return tuple(found)
