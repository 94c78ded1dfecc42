"""Values as source text: no value can leave its literal.

Each kind of literal is a row of `LITERALS`; a language names its row in `language.yaml`.
"""

import math
import re
import struct
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

    def always(self, text: str) -> "Quotes":
        """Itself, whatever the text."""
        return self


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
    remark: Callable[[str], str] = str
    """Makes a text harmless in a comment."""

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
        if self.last is None or column + _columns(line) < self.width:
            return Code(line)
        level = (column if indent is None else indent) // self.step
        margin, deeper = self.indent * level, self.indent * (level + self.deeper)
        if self.filled:
            lines = _filled(items, self.width - (level + self.deeper) * self.step)
        else:
            lines = [f"{item}," for item in items]
        body = f"\n{deeper}".join(lines)[:-1] + self.last
        return Code(f"{opening}\n{deeper}{body}\n{margin}{closing}")

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
def _comment(literals: Literals, text: str, prefix: str, width: int) -> Code:
    """What does not print, a line break included, becomes a space."""
    plain = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    measure = len if plain.isascii() else _columns
    lines = [prefix]
    for word in literals.remark(plain).split():
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


def _repr(non_finite: Callable[[float], str]) -> Numbers:
    """Writes numbers as Python does; infinity and not-a-number as told."""

    def numbers(values: Sequence[Any], datatype: str) -> list[str]:
        # Formatters leave 1e16 as it is, but not 1e+16.
        line = repr([*values])[1:-1].replace("e+", "e")
        items = line.split(", ") if line else []
        return [non_finite(float(i)) if "n" in i else i for i in items] if "n" in line else items

    return numbers


def _typed(integer: Callable[[int, str], str], real: Callable[[float, str], str]) -> Numbers:
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


JSON = Literals(_JSON_QUOTES.always, ("false", "true"), _repr(_no_number), ("[", ", ", "]"), "")
"""Also offered to every language, for the bodies of REST requests."""


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise LiteralError(f"half a surrogate pair is no text: {text!r}") from error


_NAMED = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


def _go_number(code: int) -> str:
    if 0xD800 <= code < 0xE000:
        raise LiteralError(f"half a surrogate pair is no text: U+{code:04X}")
    return _python_number(code) if code < 0x80 or code > 0xFF else f"\\u{code:04x}"


def _go_real(value: float, datatype: str) -> str:
    special = "math.NaN()" if math.isnan(value) else ""
    if math.isinf(value):
        special = f"math.Inf({math.copysign(1, value):.0f})"
    elif value == 0 and math.copysign(1, value) < 0:  # -0.0 is a constant expression, and positive
        special = "math.Copysign(0, -1)"
    return f"float32({special})" if special and datatype == "FP32" else special or repr(value)


def _java_number(code: int) -> str:
    """Octal in full length where it can be: `\u000a` would be read as a line break."""
    if code < 0x100:
        return f"\\{code:03o}"
    units = chr(code).encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in zip(*[iter(units)] * 2, strict=True))


def _java_integer(value: int, datatype: str) -> str:
    if not -(2**63) <= value < 2**63:
        raise LiteralError(f"Java has no integer {value}")
    return f"{value}L" if datatype == "INT64" or not -(2**31) <= value < 2**31 else str(value)


def _java_real(value: float, datatype: str) -> str:
    kind, suffix = ("Float", "f") if datatype == "FP32" else ("Double", "")
    if math.isnan(value):
        return f"{kind}.NaN"
    if math.isinf(value):
        return f"{kind}.{'POSITIVE' if value > 0 else 'NEGATIVE'}_INFINITY"
    return f"{value!r}{suffix}"


def _cpp_number(code: int) -> str:
    """The bytes in octal: three digits at most, so no digit behind them is swallowed."""
    return "".join(f"\\{byte:03o}" for byte in _utf8(chr(code)))


_cpp_escape = _escaper(_NAMED, _cpp_number)
_CPP_PLAIN = Quotes('"', lambda text: _cpp_escape(text).replace("??", r"?\?"), '"')
"""Two question marks may begin a trigraph."""


def _cpp_quotes(text: str) -> Quotes:
    if "\0" not in text:
        return _CPP_PLAIN
    return Quotes('std::string("', _CPP_PLAIN.escape, f'", {len(_utf8(text))})')


def _cpp_integer(value: int, datatype: str) -> str:
    if not -(2**63) <= value < 2**64:
        raise LiteralError(f"C++ has no integer {value}")
    if value == -(2**63):  # the minus is an operator, and 2**63 too large for its operand
        return f"{value + 1} - 1"
    return f"{value}u" if datatype.startswith("U") or value >= 2**63 else str(value)


def _cpp_real(value: float, datatype: str) -> str:
    kind, suffix = ("f", "f") if datatype == "FP32" else ("d", "")
    return f"{value!r}{suffix}" if math.isfinite(value) else f'std::sto{kind}("{value}")'


LITERALS = {
    "python": Literals(
        _python_quotes,
        ("False", "True"),
        _repr('float("{}")'.format),
        ("[", ", ", "]"),
        last=",",
        # Python would read the file in the encoding that a comment at its top names (PEP 263).
        remark=lambda text: text.replace("coding:", "coding :").replace("coding=", "coding ="),
    ),
    "shell": Literals(_shell_quotes, ("false", "true"), _repr(str), ("", " ", ""), last=None),
    "go": Literals(
        Quotes('"', _escaper(_NAMED, _go_number), '"').always,
        ("false", "true"),
        _typed(lambda value, datatype: str(value), _go_real),
        ("{", ", ", "}"),
        last=",",
        indent="\t",
        width=100,
        filled=True,
    ),
    "java": Literals(
        Quotes('"', _escaper(_NAMED, _java_number), '"').always,
        ("false", "true"),
        _typed(_java_integer, _java_real),
        ("{", ", ", "}"),
        last=",",
        indent="  ",
        step=2,
        width=100,
        filled=True,
        # A \u means its character even in a comment, but not behind another backslash.
        remark=lambda text: text.replace("\\", "\\\\"),
    ),
    "c++": Literals(
        _cpp_quotes,
        ("false", "true"),
        _typed(_cpp_integer, _cpp_real),
        ("{", ", ", "}"),
        last=",",
        indent="  ",
        step=2,
        deeper=2,
        width=80,
        # A backslash at the end of a line would go on with the comment.
        remark=lambda text: re.sub(r"(\\|\?\?/)(?!\S)", r"\1.", text),
    ),
}
"""The kinds of literal that a `language.yaml` may name."""
