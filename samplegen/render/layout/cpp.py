"""How `clang-format` indents a line that is broken; it breaks none itself if it has no limit."""

import re
from dataclasses import dataclass

from samplegen.render.layout.layouts import Layout, last_call, margin_of
from samplegen.render.layout.source import Group, Nodes, flat, parse, stripped

_LITERAL = re.compile(r'"(?:\\.|[^"\\])*"' r"|'(?:\\.|[^'\\])*'")
_TYPE = r"[\w:]+(?:<[\w:<>, *&]*>)?"
_CALL = rf"{_TYPE}(?:\(\)|\[\])*"
_EXPRESSION = rf"(?:{_CALL}(?:(?:\.|->){_CALL})*)?"
_BEFORE_ITEM = re.compile(_EXPRESSION)
"""What stands before the last brackets of an item: what is called or made, brackets emptied."""
_BEFORE = re.compile(rf" *(?:return |[^=]+ [-+*/|&^]?= |(?:\w+ )*{_TYPE}[*&]* )?{_EXPRESSION}")
"""What stands before the last brackets of a statement."""

_OPENING, _CLOSING = re.compile(r"(?<=\w)<"), re.compile(r"(?<![- <>])>|(?<=>)>")
"""Brackets of template arguments; operators stand between blanks."""


@dataclass(frozen=True)
class CppLayout(Layout):
    """Breaks lists of values, and what follows one among the arguments of a call.

    Lists that are operands, such as that of `f({1, 2}) + 1`, stay on their line, as do those within
    conditions and function bodies.
    """

    width: int = 80
    indent: str = "  "

    def lines_of(self, line: str) -> str:
        margin = margin_of(line)
        writer = _Writer(self)
        writer.item(parse(line), len(margin), _BEFORE)
        return writer.text


class _Writer:
    """Writes a statement, and breaks each list that would end too far to the right.

    `base` is the column from which the lines of a list are indented: that of the argument or the
    element that it stands in, or of the statement.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._column = 0
        self._written: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._written)

    def item(self, nodes: Nodes, base: int, before: re.Pattern[str] = _BEFORE_ITEM) -> bool:
        """Writes a statement, an argument or an element; returns whether it has several lines."""
        split = _split(nodes, before)
        if split is None:
            self._write(flat(nodes))
            return False
        self._write(flat(split[0]))
        is_broken = self._group(split[1], base)
        self._write(flat(split[2]))
        return is_broken

    def _group(self, group: Group, base: int) -> bool:
        if not group.is_list:
            return self._arguments(group, base)
        if self._column + self._layout.columns(group.text) < self._layout.width:
            self._write(group.text)
            return False
        self._list(group, base)
        return True

    def _list(self, group: Group, base: int) -> None:
        """A line for each element. The comma behind the last makes the formatter keep the lines."""
        inner = base + 2 * len(self._layout.indent)
        self._write(group.opening)
        if group.numbers:
            begin = "\n" + " " * inner
            self._written.append(f"{begin}{group.numbers.replace(', ', f',{begin}')},")
            self._break(base)
            self._write(group.closing)
            return
        for item in _items(group):
            self._break(inner)
            if len(item) == 1 and isinstance(item[0], str):  # the usual element: a number or a text
                self._written.append(item[0])
            else:
                self.item(item, inner)
            self._written.append(",")
        self._break(base)
        self._write(group.closing)

    def _arguments(self, group: Group, base: int) -> bool:
        """Writes brackets that are not to be broken; what follows a broken item begins a line.

        Between braces, only the last two items are broken: how the formatter continues after
        others depends on what is around the braces.
        """
        self._write(group.opening)
        start = self._column
        items = _items(group)
        first = len(items) - 2 if group.opening == "{" else 0
        are_broken = [False]
        for index, item in enumerate(items):
            if are_broken[-1]:
                self._write(",")
                self._break(start)
            elif index:
                self._write(", ")
            if index < first:
                self._write(flat(item))
            else:
                are_broken.append(self.item(item, self._column if len(items) > 1 else base))
        self._write(group.closing)
        return any(are_broken)

    def _write(self, text: str) -> None:
        self._written.append(text)
        self._column += self._layout.columns(text)

    def _break(self, column: int) -> None:
        self._written.append("\n" + " " * column)
        self._column = column


def _split(nodes: Nodes, before: re.Pattern[str]) -> tuple[Nodes, Group, Nodes] | None:
    """The last brackets that hold something, with what stands around them; None if not known."""
    last = last_call(nodes)
    group = nodes[last]
    if last < 0 or not isinstance(group, Group) or flat(nodes[last + 1 :]).strip(" ;,)"):
        return None
    if before.fullmatch(_shape(nodes[:last])) is None:
        return None
    return nodes[:last], group, nodes[last + 1 :]


def _shape(nodes: Nodes) -> str:
    """The nodes without what stands in their brackets and literals."""
    return "".join(
        _LITERAL.sub('""', node) if isinstance(node, str) else f"{node.opening}{node.closing}"
        for node in nodes
    )


def _items(group: Group) -> list[Nodes]:
    """What stands between the commas of brackets, but for those between `<` and `>`."""
    if "<" not in group.text:
        return [stripped(item) for item in group.items]
    items: list[Nodes] = []
    depth = 0
    for item in group.items:
        items[-1:] = [(*items[-1], ",", *item)] if depth else [*items[-1:], stripped(item)]
        shape = _shape(item)
        depth += len(_OPENING.findall(shape)) - len(_CLOSING.findall(shape))
    return items
