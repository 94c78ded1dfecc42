"""How `ruff format` breaks a line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from samplegen.layout.layouts import LineLayout, margin_of
from samplegen.layout.source import Group, Nodes, flat, parse, stripped

_LITERAL = r'"(?:\\.|[^"\\])*"' r"|'(?:\\.|[^'\\])*'"
_BEFORE_VALUE = re.compile(rf" *(?:return |(?:{_LITERAL}|[^\"'(=])+ [-+*/|&]?= )")
"""What stands before the value that a statement returns or assigns."""
_CODE = re.compile(rf"(?:{_LITERAL}|[^\"'#])*")
_CLAUSE = re.compile(r" (?=for |if )")


class _Split(NamedTuple):
    """Brackets at which a line can be broken."""

    before: str
    group: Group
    after: str
    is_subscript: bool


@dataclass(frozen=True)
class PythonLayout(LineLayout):
    """As `ruff format`: what stands in brackets has a line for each item, with a comma behind it.

    The comma makes the formatter leave the lines as they are. Lines are broken in brackets only,
    not at operators.
    """

    width: int = 88

    def broken(self, line: str) -> str:
        if self.columns(line) <= self.width:
            return line
        margin = margin_of(line)
        code = _CODE.match(line)
        end = len(code[0].rstrip(" ")) if code else 0
        statement = _BEFORE_VALUE.match(line, 0, end)
        before = statement[0] if statement else margin
        value = parse(line[len(before) : end])
        if splits := [*_splits(before, value)]:
            # The last brackets that begin within the line; behind the others, nothing is broken.
            fitting = [s for s in splits if self.columns(s.before) < self.width]
            return self._split(fitting[-1] if fitting else splits[0], margin) + line[end:]
        if statement and self._helps(before, margin, value):
            return f"{before}(\n{margin}{self.indent}{flat(value)}{line[end:]}\n{margin})"
        return line

    def _split(self, split: _Split, margin: str) -> str:
        group = split.group
        lines = (self.broken(line) for line in self._lines(split, margin + self.indent))
        last = self.broken(f"{margin}{group.closing}{split.after}")
        return "\n".join((f"{split.before}{group.opening}", *lines, last))

    def _lines(self, split: _Split, margin: str) -> list[str]:
        """The lines between the brackets."""
        items = [flat(stripped(item)) for item in split.group.items]
        line = margin + ", ".join(items)
        clauses = _clauses(line)
        if split.is_subscript or (len(clauses) > 1 and self.columns(line) <= self.width):
            return [line]
        if len(clauses) > 1:
            return [clauses[0], *(margin + clause for clause in clauses[1:])]
        return [f"{margin}{item}," for item in items]

    def _helps(self, before: str, margin: str, value: Nodes) -> bool:
        """Whether parentheses make a value fit, or keep what it is assigned to in one line."""
        fits = self.columns(f"{margin}{self.indent}{flat(value)}") <= self.width
        return fits or before.rstrip("-+*/|&= ").endswith("]")


def _splits(before: str, nodes: Nodes) -> Iterator[_Split]:
    """The brackets that hold something."""
    for index, node in enumerate(nodes):
        if isinstance(node, Group) and node.items:
            head = f"{before}{flat(nodes[:index])}"
            follows = re.search(r"[\w)\]\"']$", head) is not None
            # In parentheses that only group, a comma would make a tuple.
            if node.opening != "(" or len(node.items) > 1 or follows:
                is_subscript = node.opening == "[" and follows
                yield _Split(head, node, flat(nodes[index + 1 :]), is_subscript)


def _clauses(line: str) -> list[str]:
    """A comprehension, cut before each `for` and `if` of its own; anything else as a whole."""
    masked = "".join(
        re.sub(_LITERAL, lambda literal: "x" * len(literal[0]), node)
        if isinstance(node, str)
        else "x" * len(node.text)
        for node in parse(line)
    )
    start = masked.find(" for ")
    if start < 0:
        return [line]
    cuts = [cut.start() for cut in _CLAUSE.finditer(masked, start)]
    ends = [*cuts, len(line)]
    return [line[: cuts[0]], *(line[i + 1 : end] for i, end in zip(cuts, ends[1:], strict=True))]
