"""How `ruff format` breaks a line."""

from dataclasses import dataclass

from samplegen.layout.layouts import LineLayout, last_call, margin_of
from samplegen.layout.source import Group, flat, parse, stripped


@dataclass(frozen=True)
class PythonLayout(LineLayout):
    """What stands in brackets has a line for each item, with a comma behind it."""

    width: int = 88

    def broken(self, line: str) -> str:
        margin = margin_of(line)
        if self.columns(line) <= self.width or line.startswith("#", len(margin)):
            return line
        nodes = parse(line)
        index = last_call(nodes)
        group = nodes[index]
        if index < 0 or not isinstance(group, Group):
            return self._in_parentheses(line, margin)
        inner = margin + self.indent
        items = (self.broken(f"{inner}{flat(stripped(item))},") for item in group.items)
        lines = (f"{flat(nodes[:index])}{group.opening}", *items)
        return "\n".join((*lines, f"{margin}{group.closing}{flat(nodes[index + 1 :])}"))

    def _in_parentheses(self, line: str, margin: str) -> str:
        """An assignment with its value on a line of its own, where that helps."""
        name, equals, value = line.partition(" = ")
        inner = margin + self.indent
        if not equals or self.columns(inner + value) > self.width:
            return line
        return f"{name} = (\n{inner}{value}\n{margin})"
