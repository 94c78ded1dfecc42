"""How google-java-format breaks a line."""

from dataclasses import dataclass

from samplegen.layout.layouts import LineLayout, Lists, last_call, margin_of
from samplegen.layout.source import Group, Nodes, flat, parse, stripped


@dataclass(frozen=True)
class JavaLayout(LineLayout):
    """As google-java-format: behind `=`, then before the arguments, then at each of them."""

    width: int = 100
    indent: str = "  "
    last: str = ","
    filled: bool = True

    def broken(self, line: str) -> str:
        margin = margin_of(line)
        if self.columns(line) <= self.width or line.startswith(("//", "*", "/*"), len(margin)):
            return line
        nodes = parse(line)
        if any(isinstance(node, Group) and node.is_list for node in nodes):
            return Lists(self, margin).laid_out(nodes)
        return self._statement(nodes, margin)

    def _statement(self, nodes: Nodes, margin: str) -> str:
        before, value = _assignment(nodes)
        if not before:
            return self._call(nodes, margin)
        inner = f"{margin}{self.indent * 2}"
        line = f"{inner}{flat(value)}"
        if self.columns(line) > self.width:
            line = self._call((inner, *value), inner)
        return f"{before}\n{line}"

    def _call(self, nodes: Nodes, margin: str) -> str:
        """The last call of the nodes, whose line starts with `margin`, with broken arguments."""
        index = last_call(nodes)
        group = nodes[index]
        if index < 0 or not isinstance(group, Group):
            return flat(nodes)
        before, after = flat(nodes[:index]), flat(nodes[index + 1 :])
        inner = f"{margin}{self.indent * 2}"
        items = [flat(stripped(item)) for item in group.items]
        end = f"{group.closing}{after}"
        line = f"{inner}{', '.join(items)}{end}"
        if self.columns(line) > self.width:
            broken = [*(f"{item}," for item in items[:-1]), f"{items[-1]}{end}"]
            line = "\n".join(self._argument(f"{inner}{item}", inner) for item in broken)
        return f"{before}{group.opening}\n{line}"

    def _argument(self, line: str, margin: str) -> str:
        return line if self.columns(line) <= self.width else self._call(parse(line), margin)


def _assignment(nodes: Nodes) -> tuple[str, Nodes]:
    """What stands before the value that a line assigns, and the value; nothing and all if none."""
    for index, node in enumerate(nodes):
        if isinstance(node, str) and " = " in node:
            before, _, value = node.partition(" = ")
            return f"{flat(nodes[:index])}{before} =", (value, *nodes[index + 1 :])
    return "", nodes
