"""How `ruff format` breaks a line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from samplegen.render.layout.layouts import LineLayout, margin_of
from samplegen.render.layout.marks import CLOSE_LIST, OPEN_LIST

_LITERAL = r'"(?:\\.|[^"\\])*"' r"|'(?:\\.|[^'\\])*'"
_TOKEN = re.compile(rf"{_LITERAL}|[()\[\]{{}},]| for | if |#")
_TARGET = rf"[\w.]+(?:\[(?:{_LITERAL}|[^\"'\]])*\])?(?:: [^\"'(=]+)?"
_BEFORE_VALUE = re.compile(rf" *(?:return |{_TARGET} [-+*/|&]?= )")
"""What stands before the value that a statement returns or assigns."""


@dataclass(frozen=True)
class PythonLayout(LineLayout):
    """As `ruff format`: what stands in brackets has a line for each item, with a comma behind it.

    The comma makes the formatter leave the lines as they are. Lines are broken in brackets only,
    not at operators.
    """

    width: int = 88

    def broken(self, line: str) -> str:
        return self._broken(line.replace(OPEN_LIST, "").replace(CLOSE_LIST, ""))

    def _broken(self, line: str) -> str:
        if self.columns(line) <= self.width:
            return line
        margin = margin_of(line)
        statement = _BEFORE_VALUE.match(line)
        before = statement[0] if statement else margin
        if found := [*_brackets(line, len(before))]:
            # The last ones that begin within the line: what follows the others is not broken.
            fitting = [b for b in found if self.columns(line[: b.start]) < self.width]
            return self._split(line, fitting[-1] if fitting else found[0], margin)
        inner = f"{margin}{self.indent}{line[len(before) :]}"
        if statement and (self.columns(inner) <= self.width or _ends_in_brackets(before)):
            return f"{before}(\n{inner}\n{margin})"
        return line

    def _split(self, line: str, brackets: "_Brackets", margin: str) -> str:
        """The line with what stands in the brackets on lines of its own."""
        items = self._items(line, brackets, margin + self.indent)
        last = self._broken(f"{margin}{line[brackets.end :]}")
        return "\n".join((line[: brackets.start + 1], *map(self._broken, items), last))

    def _items(self, line: str, brackets: "_Brackets", margin: str) -> list[str]:
        """The lines between brackets."""
        whole = margin + line[brackets.start + 1 : brackets.end]
        if brackets.clauses and self.columns(whole) > self.width:
            return [f"{margin}{clause}" for clause in brackets.cut(line, brackets.clauses)]
        if brackets.clauses or brackets.is_subscript:
            return [whole]
        return [f"{margin}{item}," for item in brackets.cut(line, brackets.commas) if item]


@dataclass
class _Brackets:
    """A pair of brackets, and where in the line what it holds can be cut."""

    start: int
    is_subscript: bool
    end: int = 0
    commas: list[int] = field(default_factory=list)
    clauses: list[int] = field(default_factory=list)
    """Where `for` and `if` of a comprehension stand."""

    def cut(self, line: str, places: list[int]) -> Iterator[str]:
        """What stands between the places, without the commas and spaces there."""
        edges = [self.start, *places, self.end]
        return (line[a + 1 : b].strip(" ") for a, b in pairwise(edges))


def _brackets(line: str, start: int) -> Iterator[_Brackets]:
    """The outermost brackets behind `start` that can be broken."""
    opened: list[_Brackets] = []
    for token in _TOKEN.finditer(line, start):
        match token[0]:
            case "#":
                return
            case "(" | "[" | "{":
                is_subscript = token[0] == "[" and _follows_value(line, token.start())
                opened.append(_Brackets(token.start(), is_subscript))
            case ")" | "]" | "}" if opened:
                pair = opened.pop()
                pair.end = token.start()
                if not opened and _can_break(line, pair):
                    yield pair
            case "," if opened:
                opened[-1].commas.append(token.start())
            case " for " if opened:
                opened[-1].clauses.append(token.start())
            case " if " if opened and opened[-1].clauses:
                opened[-1].clauses.append(token.start())


def _can_break(line: str, brackets: _Brackets) -> bool:
    """Not if they are empty, nor if they only group: a comma would make a tuple of that."""
    if brackets.end == brackets.start + 1:
        return False
    start = brackets.start
    return line[start] != "(" or bool(brackets.commas) or _follows_value(line, start)


def _follows_value(line: str, index: int) -> bool:
    """Whether a name, a literal or a bracket ends there, so that brackets call or subscribe it."""
    before = line[:index][-1:]
    return before.isalnum() or before in {*"_)]\"'"}


def _ends_in_brackets(before: str) -> bool:
    """Whether it assigns to an item, or to a name with an annotation that has brackets."""
    return before.rstrip("-+*/|&= ").endswith("]")
