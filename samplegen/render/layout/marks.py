"""Marks within source text: where connection values, lists and calls stand.

A mark is a label between two separators. The separator holds a NUL, which no literal of any
language holds as it is, and digits drawn for this process, which no value can know. So texts
with marks can be joined, sliced into lines and passed through macros like any others.
"""

import os
import re
from typing import NamedTuple

_DIGITS = f"{int.from_bytes(os.urandom(4)):010}"
SEPARATOR = f"\0{_DIGITS}"
END = ""
"""The label of the mark with which a connection value ends."""


def label(kind: str) -> str:
    """A label that is no name, and not the text of a value between two marks either."""
    return f"{kind}{_DIGITS}"


LIST, JSON_LIST, LIST_END, CALL, CALL_END = map(label, ("(", "[", ")", "<", ">"))
"""Of a list that opens, one of JSON that opens, a list that closes, the lines of a call that begin
and end."""


class Span(NamedTuple):
    """Where a connection value stands in a text, in characters; `end` is exclusive."""

    start: int
    end: int
    name: str


def mark(text: str) -> str:
    """The mark with this label."""
    return f"{SEPARATOR}{text}{SEPARATOR}"


OPEN_LIST, OPEN_JSON, CLOSE_LIST = mark(LIST), mark(JSON_LIST), mark(LIST_END)
LISTS = re.compile("|".join(map(re.escape, (OPEN_LIST, OPEN_JSON, CLOSE_LIST))))
"""The marks of lists."""
OPEN_CALL, CLOSE_CALL = mark(CALL), mark(CALL_END)
_CALLS = re.compile(f"{re.escape(OPEN_CALL)}|{re.escape(CLOSE_CALL)}")


def value(name: str, text: str) -> str:
    """A connection value, such as `value("host", "localhost")`, as a text that can be joined."""
    return f"{mark(name)}{text}{mark(END)}"


def is_name(text: str) -> bool:
    """Whether a label belongs to a connection value."""
    return text not in (LIST, JSON_LIST, LIST_END, CALL, CALL_END)


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


def by_calls(text: str) -> list[str]:
    """A text cut at the marks of calls, and without them; a call takes the whole of its lines.

    Returns:
        By turns the lines outside of calls and those of a call; first and last ones outside.
    """
    if OPEN_CALL not in text:
        return [text]
    whole = _CALLS.sub("", text)
    cut: list[str] = []
    begin = end = removed = depth = 0
    for found in _CALLS.finditer(text):
        at = found.start() - removed
        removed += len(found[0])
        if found[0] == OPEN_CALL:
            begin = begin if depth else max(end, whole.rfind("\n", 0, at) + 1)
            depth += 1
            continue
        depth = max(depth - 1, 0)
        if not depth:
            cut += (whole[end:begin], whole[begin : (end := max(begin, _line_end(whole, at)))])
    return [*cut, whole[end:]]


def _line_end(text: str, at: int) -> int:
    """Where the line ends that the text before an index is a part of."""
    if not at or text[at - 1] == "\n":
        return at
    return text.find("\n", at) + 1 or len(text)


def in_call(lines: str) -> str:
    """The lines of a call between their marks; nothing, if there are none."""
    return f"{OPEN_CALL}{lines}{CLOSE_CALL}" if lines else ""


def calls(text: str) -> tuple[tuple[int, int], ...]:
    """Where the lines of calls stand in a text when its marks are gone: start and end.

    Calls between which there is nothing but empty lines are one.
    """
    found: list[tuple[int, int]] = []
    end, is_apart = 0, False
    for number, piece in enumerate(map(plain, by_calls(text))):
        start, end = end, end + len(piece)
        if not number % 2:
            is_apart |= bool(piece.strip())
        elif piece:
            begin = start if is_apart or not found else found.pop()[0]
            found.append((begin, end))
            is_apart = False
    return tuple(found)
