"""Values as source text: no value can leave its literal.

Each kind of literal is a row of `LITERALS`; a language names its row in `language.yaml`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple
from unicodedata import east_asian_width

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


class Value(NamedTuple):
    """A connection value, such as `("host", "localhost")`."""

    name: str
    text: str


Text = tuple[str | Value, ...]
"""Text of which parts are connection values, such as an address."""


@dataclass(frozen=True)
class Quotes:
    """The string literal for one text: what opens and closes it, and how its parts are written."""

    opening: str
    escape: Callable[[str], str]
    closing: str


@dataclass(frozen=True, eq=False)
class Literals:
    """How one kind of source text writes values."""

    quotes: Callable[[str], Quotes]
    """Picks the string literal that suits a text."""
    booleans: tuple[str, str]
    """False and true."""
    non_finite: Callable[[float], str]
    """Infinity and not-a-number."""
    brackets: tuple[str, str, str]
    """What opens a list, stands between its elements, and closes it."""
    last: str | None
    """What follows the last element of a list that has a line for each; None: it has one line."""

    def quote(self, value: str | Text) -> Code:
        """The string literal of a text, or of a text with connection values in it."""
        return _quote_plain(self, value) if isinstance(value, str) else _quote_text(self, value)

    def values(self, values: Sequence[Scalar], column: int = 0, width: int = 88) -> Code:
        """A list literal that starts in `column`, on one line if it then fits into `width`.

        The values are of one type, as the elements of a tensor are. One character of the line is
        kept for what follows the list.
        """
        items = self._items(values)
        opening, separator, closing = self.brackets
        line = f"{opening}{separator.join(items)}{closing}"
        if self.last is None or column + _columns(line) < width:
            return Code(line)
        margin = " " * (column - column % 4)
        lines = f",\n{margin}    ".join(items)
        return Code(f"{opening}\n{margin}    {lines}{self.last}\n{margin}{closing}")

    def _items(self, values: Sequence[Any]) -> list[str]:
        match values:
            case [bool(), *_]:
                return [self.booleans[value] for value in values]
            case [str(), *_]:
                return [self.quote(value) for value in values]
            case []:
                return []
        # Formatters leave 1e16 as it is, but not 1e+16.
        line = repr([*values])[1:-1].replace("e+", "e")
        items = line.split(", ")
        return [self._number(item) for item in items] if "n" in line else items

    def _number(self, item: str) -> str:
        """A number as Python writes it; infinity and not-a-number as this kind of text does."""
        return self.non_finite(float(item)) if "n" in item else item


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


def arguments(items: Sequence[Code], column: int, indent: int, width: int = 88) -> Code:
    """The arguments of a call: on the line, or one a line where they would not fit.

    Args:
        items: Literals without connection values.
        column: Where the first argument starts.
        indent: Where the line starts.
        width: The longest line, with one character kept for the closing parenthesis.
    """
    line = ", ".join(items)
    if column + _columns(line) < width:
        return Code(line)
    margin = " " * indent
    return Code("\n" + "".join(f"{margin}    {item},\n" for item in items) + margin)


def _columns(line: str) -> int:
    """How wide a line is on a screen: as formatters count, a Chinese character takes two."""
    if line.isascii():
        return len(line)
    return len(line) + sum(east_asian_width(character) in "WF" for character in line)


@lru_cache(maxsize=64)
def comment(text: str, prefix: str, width: int = 88) -> Code:
    """Text as lines of a comment, each behind `prefix`; what does not print becomes a space.

    A line break is one of them. `coding:` becomes `coding :`, since Python would read the file in
    the encoding that a comment at its top names (PEP 263).
    """
    plain = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    measure = len if plain.isascii() else _columns
    lines = [prefix]
    for word in plain.replace("coding:", "coding :").replace("coding=", "coding =").split():
        if measure(lines[-1]) + measure(word) > width and lines[-1] != prefix:
            lines.append(prefix)
        lines[-1] += f"{word} "
    return Code("\n".join(line.rstrip() for line in lines))


def _escaper(
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


def _python_number(code: int) -> str:
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


_PYTHON_NAMED = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))
_PYTHON_QUOTES = {
    quote: Quotes(quote, _escaper((*_PYTHON_NAMED, (quote, f"\\{quote}")), _python_number), quote)
    for quote in "\"'"
}


def _python_quotes(text: str) -> Quotes:
    """Double quotes, unless single ones need fewer escapes; so does `ruff format`."""
    return _PYTHON_QUOTES["'" if text.count('"') > text.count("'") else '"']


def _no_number(value: float) -> str:
    raise LiteralError(f"JSON has no number {value}")


_JSON_QUOTES = Quotes('"', lambda text: encode_basestring_ascii(text)[1:-1], '"')
_SHELL_SAFE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_SHELL_UNFIT = re.compile("[\0\ud800-\udfff]")
_SHELL_BARE = Quotes("", str, "")
_SHELL_QUOTED = Quotes("'", lambda text: text.replace("'", "'\"'\"'"), "'")


def _shell_quotes(text: str) -> Quotes:
    if _SHELL_SAFE.fullmatch(text):
        return _SHELL_BARE
    if unfit := _SHELL_UNFIT.search(text):
        raise LiteralError(f"a shell word cannot hold the character {unfit[0]!a}: {text!r}")
    return _SHELL_QUOTED


JSON = Literals(lambda text: _JSON_QUOTES, ("false", "true"), _no_number, ("[", ", ", "]"), "")
"""Also offered to every language, for the bodies of REST requests."""

LITERALS = {
    "python": Literals(
        _python_quotes, ("False", "True"), lambda value: f'float("{value}")', ("[", ", ", "]"), ","
    ),
    "shell": Literals(_shell_quotes, ("false", "true"), str, ("", " ", ""), None),
}
"""The kinds of literal that a `language.yaml` may name."""
