"""How source text writes values: what the kinds of literal have in common, and their parts."""

import math
import re
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from unicodedata import east_asian_width

from samplegen.render.literals.code import Code, LiteralError, Scalar, Span, Text, Value


@dataclass(frozen=True)
class Quotes:
    """The string literal for one text: what opens and closes it, and how its parts are written."""

    opening: str
    escape: Callable[[str], str]
    closing: str

    def always(self, text: str) -> "Quotes":
        """Itself, whatever the text."""
        return self


Call = Callable[..., Code]
"""Of the arguments, of what stands before them such as `int index = find`, and of the column where
the line starts."""

Numbers = Callable[[Sequence[Any], str], list[str]]
"""Writes numbers of one datatype, or of none: of the empty one."""


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
    last: str | None
    """What follows the last element of a list that has a line for each; None: it has one line."""
    indent: str = "    "
    """What a line stands in by for each level."""
    step: int = 4
    """The columns of a level."""
    deeper: int = 1
    """Levels by which the elements of a list stand deeper than what closes it."""
    width: int = 88
    """The longest line of a list."""
    filled: bool = False
    """Whether a list that takes several lines fills them, else it has an element a line."""
    continued: int = 4
    """Columns by which the second line of a statement stands deeper than the first."""
    comma_after_last: bool = False
    """Whether the last of the arguments that have a line each is followed by a comma."""
    remark: Callable[[str], str] = str
    """Makes a text harmless in a comment."""
    call: "Call" = field(default=lambda items, head, *_: Code(f"{head}({', '.join(items)})"))
    """Writes a call, in lines where the language's formatter would break it."""

    def quote(self, value: str | Text) -> Code:
        """The string literal of a text, or of a text with connection values in it."""
        return _quote_plain(self, value) if isinstance(value, str) else _quote_text(self, value)

    def values(
        self,
        values: Sequence[Scalar],
        column: int = 0,
        indent: int | None = None,
        datatype: str = "",
    ) -> Code:
        """A list literal, on one line if it then fits.

        The list keeps one character of its line for what follows.

        Args:
            values: Of one type, as the elements of a tensor are.
            column: Where the literal starts.
            indent: Where its line starts; by default, `column` cut to a whole level.
            datatype: The protocol datatype of the values, if they are a tensor's.
        """
        items = self._items(values, datatype)
        opening, separator, closing = self.brackets
        line = f"{opening}{separator.join(items)}{closing}"
        if self.last is None or column + columns(line) < self.width:
            return Code(line)
        level = (column if indent is None else indent) // self.step
        margin, deeper = self.indent * level, self.indent * (level + self.deeper)
        if self.filled:
            lines = _filled(items, self.width - (level + self.deeper) * self.step)
        else:
            lines = [f"{item}," for item in items]
        body = f"\n{deeper}".join(lines)[:-1] + self.last
        return Code(f"{opening}\n{deeper}{body}\n{margin}{closing}")

    def arguments(self, items: Sequence[str], column: int, indent: int, after: int = 1) -> Code:
        """The arguments of a call: on the line, or as formatters break it where they do not fit.

        Args:
            items: At least one.
            column: Where the first argument starts.
            indent: Where the line starts.
            after: Characters of the line that follow, such as 2 for `);`.
        """
        line = joined(", ", items)
        if column + columns(line) + after <= self.width:
            return line
        margin = " " * (indent + self.continued)
        if self.comma_after_last:
            broken = [joined("", [Code(f"{margin}"), item, Code(",\n")]) for item in items]
            return joined("", [Code("\n"), *broken, Code(" " * indent)])
        separator = ", " if len(margin) + columns(line) + after <= self.width else f",\n{margin}"
        return joined("", [Code(f"\n{margin}"), joined(separator, items)])

    def assigned(self, value: Code, column: int, indent: int) -> Code:
        """What stands behind `=`: the value on the line, or on one of its own where it must.

        Args:
            value: It keeps one character of its line for what follows.
            column: Where `=` ends.
            indent: Where the line starts.
        """
        if column + 1 + columns(value) + (not self.comma_after_last) <= self.width:
            return joined("", [Code(" "), value])
        margin = " " * (indent + self.continued)
        if self.comma_after_last:  # lines break in brackets only, and only where it helps
            if len(margin) + columns(value) > self.width:
                return joined("", [Code(" "), value])
            return joined("", [Code(f" (\n{margin}"), value, Code(f"\n{' ' * indent})")])
        return joined("", [Code(f"\n{margin}"), value])

    def comment(self, text: str, prefix: str, width: int = 88) -> Code:
        """Text as lines of a comment, each behind `prefix`."""
        return _comment(self, text, prefix, width)

    def _items(self, values: Sequence[Any], datatype: str) -> list[str]:
        match values:
            case [bool(), *_]:
                return [self.booleans[value] for value in values]
            case [str(), *_]:
                return [self.quote(value) for value in values]
        return self.numbers(values, datatype)


def _filled(items: Iterable[str], width: int) -> list[str]:
    """The items, each behind a comma, on lines as full as `width` allows."""
    lines = [""]
    for item in items:
        if lines[-1] and len(lines[-1]) + len(item) + 2 > width:
            lines.append("")
        lines[-1] += f" {item}," if lines[-1] else f"{item},"
    return lines


@lru_cache(maxsize=4096)
def _quote_plain(literals: Literals, text: str) -> Code:
    quotes = literals.quotes(text)
    return Code(f"{quotes.opening}{quotes.escape(text)}{quotes.closing}")


@lru_cache(maxsize=4096)
def _quote_text(literals: Literals, text: Text) -> Code:
    quotes = literals.quotes("".join(p.text if isinstance(p, Value) else p for p in text))
    code, spans = quotes.opening, []
    for part in text:
        if isinstance(part, Value):
            start = len(code)
            code += quotes.escape(part.text)
            spans.append(Span(start, len(code), part.name))
        else:
            code += quotes.escape(part)
    return Code(code + quotes.closing, tuple(spans))


def joined(separator: str, items: Iterable[str]) -> Code:
    """The items as one, with the connection values in them."""
    text, spans = "", []
    for index, item in enumerate(items):
        text += separator if index else ""
        found = item.spans if isinstance(item, Code) else ()
        spans += [Span(s.start + len(text), s.end + len(text), s.name) for s in found]
        text += item
    return Code(text, tuple(spans))


def columns(line: str) -> int:
    """How wide a line is on a screen: as formatters count, a Chinese character takes two."""
    if line.isascii():
        return len(line)
    return len(line) + sum(east_asian_width(character) in "WF" for character in line)


@lru_cache(maxsize=64)
def _comment(literals: Literals, text: str, prefix: str, width: int) -> Code:
    """What does not print, a line break included, becomes a space."""
    plain = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    measure = len if plain.isascii() else columns
    lines = [prefix]
    for word in literals.remark(plain).split():
        if measure(lines[-1]) + measure(word) > width and lines[-1] != prefix:
            lines.append(prefix)
        lines[-1] += f"{word} "
    return Code("\n".join(line.rstrip() for line in lines))


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
