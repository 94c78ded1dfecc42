"""A kind of literal that a `language.yaml` declares."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, StrictBool, StrictInt, StrictStr

from samplegen.render.layout.layouts import Layout
from samplegen.render.literals.code import LiteralError
from samplegen.render.literals.writing import Literals, Quotes, escaper

_FORBID = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True)
class DeclaredText:
    """How a language writes texts."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    quote: Annotated[StrictStr, Field(min_length=1, max_length=1)] = '"'
    """What opens and closes a text."""
    escapes: dict[Annotated[StrictStr, Field(min_length=1, max_length=1)], StrictStr]
    """Character to what stands for it; the quote and the character that starts escapes belong in
    it."""
    unit: StrictStr
    """What stands for a character that does not print: `{:04x}` is filled in with each of its
    UTF-16 code units, `{:x}` in a text with `{{` with its code point, such as `\\u{:04x}`."""
    units: Annotated[StrictStr, Field(pattern="^(utf-8|utf-16|utf-32)$")] = "utf-16"
    """What `unit` counts: bytes, code units or code points."""

    def __post_init__(self) -> None:
        """Refuses what would let a text leave its literal."""
        try:
            numbered, other = self.unit.format(10), self.unit.format(11)
        except (ValueError, IndexError, KeyError):
            numbered = other = ""
        if numbered == other:
            raise ValueError(
                f"unit: found {self.unit!r}; expected a format such as '\\\\u{{:04x}}'"
            )
        first = {text[:1] for text in (*self.escapes.values(), numbered)}
        missing = [c for c in sorted({self.quote, *first}) if c not in self.escapes]
        if missing:
            raise ValueError(f"escapes: {missing[0]!r} is missing; add its escape sequence")

    def number(self, code: int) -> str:
        """The escape of a character."""
        if self.units == "utf-32":
            return self.unit.format(code)
        if self.units == "utf-8":
            if 0xD800 <= code < 0xE000:
                raise LiteralError(f"half a surrogate pair is no text: U+{code:04X}")
            return "".join(self.unit.format(byte) for byte in chr(code).encode())
        units = chr(code).encode("utf-16-be", "surrogatepass")
        pairs = zip(units[::2], units[1::2], strict=True)
        return "".join(self.unit.format(high << 8 | low) for high, low in pairs)


@dataclass(frozen=True, kw_only=True)
class DeclaredNumbers:
    """How a language writes numbers."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    infinity: StrictStr | None = None
    """None: the language has no literal for it; likewise the next two."""
    negative_infinity: StrictStr | None = None
    not_a_number: StrictStr | None = None
    exact: StrictInt = 2**64
    """The largest whole number that can be written as it is."""
    larger: StrictStr | None = None
    """What stands for one that is larger, such as `{}n`; None: it is refused."""

    def write(self, value: Any) -> str:
        """The literal of a number."""
        if isinstance(value, int):
            if abs(value) <= self.exact:
                return str(value)
            if self.larger is None:
                raise LiteralError(f"the language has no integer {value}")
            return self.larger.format(value)
        if math.isfinite(value):
            return repr(value).replace("e+", "e")
        special = self.not_a_number if math.isnan(value) else self.infinity
        if value == -math.inf:
            special = self.negative_infinity
        if special is None:
            raise LiteralError(f"the language has no number {value}")
        return special


@dataclass(frozen=True, kw_only=True)
class DeclaredLayout:
    """How a language breaks lists that are too long for their line."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    width: Annotated[StrictInt, Field(ge=20)] = 80
    indent: StrictStr = "  "
    last: StrictStr = ","
    """What follows the last element."""
    filled: StrictBool = False
    """Whether short elements share lines."""


@dataclass(frozen=True, kw_only=True)
class DeclaredLiterals:
    """How a language writes values."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    text: DeclaredText
    booleans: tuple[StrictStr, StrictStr] = ("false", "true")
    """False and true."""
    numbers: DeclaredNumbers = field(default_factory=DeclaredNumbers)
    brackets: tuple[StrictStr, StrictStr] = ("[", "]")
    """What opens and closes a list."""
    never_in_comments: tuple[StrictStr, ...] = ()
    """What would end a comment, such as `*/`; a blank is put behind its first character."""
    layout: DeclaredLayout = field(default_factory=DeclaredLayout)

    @property
    def literals(self) -> Literals:
        text, numbers = self.text, self.numbers
        opening, closing = self.brackets
        laid = self.layout

        def write(values: Sequence[Any], datatype: str) -> list[str]:
            return [numbers.write(value) for value in values]

        def remark(comment: str) -> str:
            for ending in self.never_in_comments:
                comment = comment.replace(ending, f"{ending[:1]} {ending[1:]}")
            return comment

        escape = escaper(text.escapes.items(), text.number)
        return Literals(
            Quotes(text.quote, escape, text.quote).always,
            self.booleans,
            write,
            (opening, ", ", closing),
            remark=remark,
            layout=Layout(width=laid.width, indent=laid.indent, last=laid.last, filled=laid.filled),
        )
