"""How `ruff format` breaks a line."""

import re
from dataclasses import dataclass

from samplegen.layout.layouts import LineLayout, margin_of
from samplegen.layout.source import Group, Nodes, flat, parse, stripped

_LITERAL = r'"(?:\\.|[^"\\])*"|' r"'(?:\\.|[^'\\])*'"
_COMMENT = re.compile(rf"((?:{_LITERAL}|[^#\"'])*)(  #.*)")
_ASSIGNMENT = re.compile(rf"((?:{_LITERAL}|[^\"'(=])+ [-+*/|&]?= |return )(.+)", re.DOTALL)
_CLAUSE = re.compile(r" (?=(?:async )?for |if )")


@dataclass(frozen=True)
class PythonLayout(LineLayout):
    """As `ruff format`: what stands in brackets has a line for each item, with a comma behind it."""

    width: int = 88

    def broken(self, line: str) -> str:
        margin = margin_of(line)
        if self.columns(line) <= self.width or line.startswith("#", len(margin)):
            return line
        nodes = parse(line)
        candidates = [i for i in range(len(nodes)) if _breaks(nodes, i)]
        fitting = [i for i in candidates if self.columns(flat(nodes[:i])) < self.width]
        if not candidates:
            return self._in_parentheses(line, margin)
        index = (fitting or candidates)[-1]
        inner = margin + self.indent
        lines = self._items(nodes, index, inner)
        head = f"{flat(nodes[:index])}{nodes[index].opening}"
        tail = self.broken(f"{margin}{nodes[index].closing}{flat(nodes[index + 1 :])}")
        return "\n".join((head, *lines, tail))

    def _items(self, nodes, index, inner) -> list[str]:
        group = nodes[index]
        items = [flat(stripped(item)) for item in group.items]
        if is_subscript(nodes, index):
            return [self.broken(inner + ", ".join(items))]
        if any(" for " in re.sub(_LITERAL, "", node) for item in group.items for node in item if isinstance(node, str)):
            line = inner + ", ".join(items)
            if self.columns(line) <= self.width:
                return [line]
            return [self.broken(inner + i) for i in _CLAUSE.split(", ".join(items))]
        return [self.broken(f"{inner}{item},") for item in items]

    def _in_parentheses(self, line: str, margin: str) -> str:
        """An assignment with its value on a line of its own, where that helps."""
        match = _ASSIGNMENT.fullmatch(line, len(margin))
        inner = margin + self.indent
        if not match or self.columns(inner + match[2]) > self.width:
            return line
        return f"{margin}{match[1]}(\n{inner}{match[2]}\n{margin})"


def _adjacent(nodes: Nodes, index: int) -> bool:
    before = flat(nodes[:index])[-1:]
    return before.isidentifier() or before.isdigit() or before in tuple(")]\"'")

def is_subscript(nodes, index):
    return nodes[index].opening == "[" and _adjacent(nodes, index)

def _breaks(nodes, index):
    group = nodes[index]
    if not isinstance(group, Group) or not group.items:
        return False
    return group.opening != "(" or len(group.items) > 1 or _adjacent(nodes, index)
