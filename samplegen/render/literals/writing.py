"""How source text writes values: what the kinds of literal have in common, and their parts."""

import math
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from samplegen.render.layout.layouts import JSON_LAYOUT, Layout
from samplegen.render.layout.marks import (
    CLOSE_LIST,
    LISTS,
    OPEN_JSON,
    OPEN_LIST,
    SEPARATOR,
    is_name,
    mark,
    plain,
)
from samplegen.render.layout.source import columns
from samplegen.render.literals.code import Code, LiteralError, Scalar


@dataclass(frozen=True)
class Quotes:
    """The string literal for one text: what opens and closes it, and how its parts are written."""

    opening: str
    escape: Callable[[str], str]
    closing: str

    def always(self, text: str) -> "Quotes":
        """Itself, whatever the text."""
        return self


_PREFIX = re.compile(r"[ \t]*[#/*%;!-]+[ \t]*")
_SHORT = 20
"""A list of fewer characters never has to be broken."""


def _no_bytes(content: bytes) -> str:
    raise LiteralError("the language has no literal for bytes")


Numbers = Callable[[Sequence[Any], str], list[str]]
"""Writes numbers of one datatype, or of none: of the empty one."""


@dataclass(frozen=True)
class Nested:
    """How values within values are written."""

    sequence: Callable[[Sequence[str]], str]
    mapping: Callable[[Sequence[tuple[str, str]]], str]
    null: str


def bracketed(opening: str, items: Iterable[str], closing: str) -> str:
    """Items in brackets that may be broken; the opening one is the last character of `opening`."""
    return f"{opening[:-1]}{OPEN_LIST}{opening[-1]}{', '.join(items)}{closing}{CLOSE_LIST}"


@dataclass(frozen=True, eq=False)
class Literals:
    """How one kind of source text writes values."""

    quotes: Callable[[str], Quotes]
    """Picks the string literal that suits a text."""
    booleans: tuple[str, str]
    """False and true."""
    numbers: Numbers
    brackets: tuple[str, str, str]
    """What opens a list, stands between its elements, and closes it."""
    raw: Callable[[bytes], str] = _no_bytes
    """Writes bytes."""
    nested: "Nested | None" = None
    """How values within values are written; None: they are not."""
    remark: Callable[[str], str] = str
    """Makes a text harmless in a comment."""
    layout: Layout = field(default_factory=Layout)
    """How lines that are too long are broken."""

    def lines(self, text: str) -> str:
        """The text with its marks, its long lines broken, each on its own."""
        if OPEN_JSON in text:
            text = JSON_LAYOUT.lay_out(text).replace(OPEN_JSON, "")
        return self.layout.lay_out(text)

    def line(self, line: str) -> str:
        """A line, broken if it is too long; most are not, as is seen at once."""
        short = len(line) <= self.layout.width and SEPARATOR not in line and line.isascii()
        return line if short else self.lines(line)

    def quote(self, value: str) -> Code:
        """The string literal of a text, in which connection values may be marked."""
        if not isinstance(value, str):
            raise LiteralError(f"quote: found {value!s}; expected text")  # str: Undefined tells
        if SEPARATOR not in value:
            quotes = self.quotes(value)
            return Code(f"{quotes.opening}{quotes.escape(value)}{quotes.closing}")
        text = plain(value)
        quotes = self.quotes(text)
        if quotes.escape(text) == text:
            inner = LISTS.sub("", value)
        else:
            pieces = value.split(SEPARATOR)
            before = ""  # the last character, on which the next ones' escapes may depend
            for index, piece in enumerate(pieces):
                if not index % 2:
                    pieces[index] = quotes.escape(before + piece)[len(quotes.escape(before)) :]
                    before = piece[-1:] or before
                else:
                    pieces[index] = mark(piece) if is_name(piece) else ""
            inner = "".join(pieces)
        return Code(f"{quotes.opening}{inner}{quotes.closing}")

    def values(self, values: Sequence[Scalar], datatype: str = "") -> Code:
        """A list literal.

        Args:
            values: Of one type, as the elements of a tensor are.
            datatype: The protocol datatype of the values, if they are a tensor's.
        """
        if isinstance(values, str):
            raise LiteralError(f"values: found {values!r}; expected a list")
        values = [*values]
        opening, separator, closing = self.brackets
        items = separator.join(self._items(values, datatype))
        if not opening or len(items) < _SHORT:
            return Code(f"{opening}{items}{closing}")
        return Code(f"{self.layout.opening}{opening}{items}{closing}{CLOSE_LIST}")

    def value(self, value: Any) -> Code:
        """The literal of a value of any kind: text, number, boolean, null, list or mapping."""
        nested = self.nested
        if nested is None:
            raise LiteralError(f"value: the language has no literal for {value!r}")
        match value:
            case None:
                return Code(nested.null)
            case str():
                return self.quote(value)
            case bool() | int() | float():
                return Code(self._items([value], "")[0])
            case Mapping():
                pairs = [(self.quote(key), self.value(item)) for key, item in value.items()]
                return Code(nested.mapping(pairs))
            case Sequence():
                return Code(nested.sequence([self.value(item) for item in value]))
        raise LiteralError(f"value: found {value!r}; expected what JSON can hold")

    def boolean(self, value: object) -> Code:
        """The literal of true or false."""
        if isinstance(value, bool):
            return Code(self.booleans[value])
        raise LiteralError(f"boolean: found {value!r}; expected true or false")

    def bytes(self, value: object) -> Code:
        """The literal of bytes, or of those of a text in UTF-8."""
        content = utf8(value) if isinstance(value, str) else value
        if isinstance(content, bytes):
            return Code(self.raw(content))
        raise LiteralError(f"bytes: found {value!r}; expected bytes or text")

    def comment(self, text: str, prefix: str, width: int = 88) -> Code:
        """Text as lines of a comment, each behind `prefix`."""
        if not _PREFIX.fullmatch(prefix):
            raise LiteralError(f"comment: found {prefix!r}; expected what begins one, such as '# '")
        shown = self.remark(_printable(plain(text)))
        if "*" in prefix:
            shown = shown.replace("*/", "* /")
        return _comment(shown, prefix, width)

    def _items(self, values: Sequence[Any], datatype: str) -> list[str]:
        match values:
            case [bool(), *_]:
                return [self.booleans[value] for value in values]
            case [str(), *_]:
                return [self.quote(value) for value in values]
        kinds = set(map(type, values))
        if not kinds <= {int, float}:
            raise LiteralError(f"values: found {values!r}; expected values of one type")
        return self.numbers(values, datatype)


def _printable(text: str) -> str:
    """What does not print, a line break included, becomes a space."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


@lru_cache(maxsize=64)
def _comment(text: str, prefix: str, width: int) -> Code:
    measure = len if text.isascii() else columns
    lines = []
    line, used = prefix, measure(prefix)
    for word in text.split():
        size = measure(word)
        if used + size > width and line != prefix:
            lines.append(line.rstrip())
            line, used = prefix, measure(prefix)
        line += f"{word} "
        used += size + 1
    return Code("\n".join((*lines, line.rstrip())))


NAMED = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))
"""The escapes that C and its descendants share."""


def escaper(
    named: Iterable[tuple[str, str]], numeric: Callable[[int], str]
) -> Callable[[str], str]:
    """Writes the characters of `named` as told, and those that do not print by number."""
    table = dict(named)
    special = re.compile("[" + re.escape("".join(table)) + "]")

    def escape(text: str) -> str:
        if text.isprintable() and not special.search(text):
            return text
        return "".join(
            table[c] if c in table else c if c.isprintable() else numeric(ord(c)) for c in text
        )

    return escape


def repr_numbers(non_finite: Callable[[float], str]) -> Numbers:
    """Writes numbers as Python does; infinity and not-a-number as told."""

    def numbers(values: Sequence[Any], datatype: str) -> list[str]:
        # Formatters leave 1e16 as it is, but not 1e+16.
        line = repr([*values])[1:-1].replace("e+", "e")
        items = line.split(", ") if line else []
        return [non_finite(float(i)) if "n" in i else i for i in items] if "n" in line else items

    return numbers


def typed_numbers(integer: Callable[[int, str], str], real: Callable[[float, str], str]) -> Numbers:
    """Writes each number as its datatype asks; an FP32 one is rounded to what FP32 can hold."""

    def numbers(values: Sequence[Any], datatype: str) -> list[str]:
        return [
            integer(value, datatype)
            if isinstance(value, int)
            else real(_float32(value) if datatype == "FP32" else value, datatype)
            for value in values
        ]

    return numbers


def _float32(value: float) -> float:
    if value == 0 or (1e-37 < abs(value) < 1e38 and len(repr(value)) < 9):
        return value  # few enough digits to mean the same in both
    try:
        rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    # The shortest digits that mean the same number; those of a double are needlessly many.
    for digits in range(6, 9):
        short = float(f"{rounded:.{digits}g}")
        if struct.pack("f", short) == struct.pack("f", rounded):
            return short
    return rounded


def utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise LiteralError(f"half a surrogate pair is no text: {text!r}") from error
