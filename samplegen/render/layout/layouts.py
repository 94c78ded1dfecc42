"""How each language breaks a line that is too long for it.

A layout sees one line at a time, such as `String url = "http://…";`, with its literals as they
are. What it does not break stays as it is, however long.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from samplegen.render.layout.marks import OPEN_JSON, OPEN_LIST, plain
from samplegen.render.layout.source import Group, Nodes, columns, flat, parse, stripped


@dataclass(frozen=True)
class Layout:
    """Breaks lists of values and nothing else: for languages whose formatter breaks no lines."""

    width: int = 80
    """The longest line."""
    indent: str = "    "
    """What a level of indentation is."""
    tab: int = 4
    """The columns of a tab."""
    deeper: int = 1
    """Levels by which the elements of a list stand deeper than the line that opens it."""
    last: str = ","
    """What follows the last element of a list that is broken."""
    filled: bool = False
    """Whether numbers and texts fill their lines; else each element has a line of its own."""
    opening: str = OPEN_LIST
    """The mark of the lists that it breaks."""

    def lay_out(self, text: str) -> str:
        """The text with its marks, its long lines broken."""
        start = text.find(self.opening)
        while start >= 0:
            start = text.rfind("\n", 0, start) + 1
            end = text.find("\n", start)
            line = text[start:] if end < 0 else text[start:end]
            # One column stays free for what follows the list.
            if self.columns(line) >= self.width:
                broken = self.lines_of(line)
                text = f"{text[:start]}{broken}{text[start + len(line) :]}"
                line = broken
            start = text.find(self.opening, start + len(line))
        return text

    def lines_of(self, line: str) -> str:
        """What a line becomes that is too long and holds a list."""
        return Lists(self, margin_of(line)).laid_out(parse(line))

    def columns(self, line: str) -> int:
        """The width of a line on a screen."""
        return columns(line.expandtabs(self.tab) if "\t" in line else line)

    def broken_list(self, group: Group, margin: str) -> str:
        """A list on lines of its own between its brackets."""
        inner = margin + self.indent * self.deeper
        body = f"\n{inner}".join(self.broken_items(group, inner))[:-1] + self.last
        return f"{group.opening}\n{inner}{body}\n{margin}{group.closing}"

    def broken_items(self, group: Group, inner: str) -> list[str]:
        """The elements of a broken list, each line with a comma behind it."""
        if group.numbers:
            if self.fills(group.items[:1]):
                return filled_numbers(group.numbers, self.width - self.columns(inner))
            return [f"{number}," for number in group.numbers.split(", ")]
        items = [stripped(item) for item in group.items]
        if self.fills(items):
            return filled([flat(item) for item in items], self.width - self.columns(inner))
        return [f"{Lists(self, inner, inner).laid_out(item)}," for item in items]

    def fills(self, items: Sequence[Nodes]) -> bool:
        """Whether the elements of a broken list share lines."""
        return self.filled and all(isinstance(node, str) for item in items for node in item)


JSON_LAYOUT = Layout(width=88, last="", opening=OPEN_JSON)
"""In whatever language a request's body stands, it is laid out as JSON."""


class LineLayout(Layout):
    """Breaks any line that is too long, not only lists."""

    def lay_out(self, text: str) -> str:
        lines = plain(text).split("\n")
        if max(map(len, lines)) <= self.width and text.isascii():
            return text
        return "\n".join(
            self._kept(line) if self._is_too_long(seen) else line
            for line, seen in zip(text.split("\n"), lines, strict=True)
        )

    def _is_too_long(self, line: str) -> bool:
        if line.isascii():
            return len(line) > self.width
        return self.columns(line) > self.width

    @cached_property
    def _kept(self) -> Callable[[str], str]:
        """Breaks a line, or knows it from before: frames have long lines that hold no value."""
        return lru_cache(maxsize=1024)(self.broken)

    @abstractmethod
    def broken(self, line: str) -> str:
        """The lines that a line becomes: itself, if it is not too long or cannot be broken."""


class Lists:
    """Writes nodes, and breaks each list that would end too far to the right."""

    def __init__(self, layout: Layout, margin: str, before: str = "") -> None:
        self._layout = layout
        self._margin = margin
        self._column = layout.columns(before)
        self._written: list[str] = []

    def laid_out(self, nodes: Nodes) -> str:
        for node in nodes:
            if isinstance(node, str):
                self._write(node)
            elif node.is_list:
                self._write_list(node)
            else:
                self._write_group(node)
        return "".join(self._written)

    def _write(self, text: str) -> None:
        self._written.append(text)
        end = text.rpartition("\n")[2]
        self._column = self._layout.columns(end) + (0 if "\n" in text else self._column)

    def _write_group(self, group: Group) -> None:
        self._write(group.opening)
        for index, item in enumerate(group.items):
            self._write("," if index else "")
            self.laid_out(item)
        self._write(group.closing)

    def _write_list(self, group: Group) -> None:
        fits = self._column + self._layout.columns(group.text) < self._layout.width
        fits = fits or not group.items
        self._write(group.text if fits else self._layout.broken_list(group, self._margin))


def margin_of(line: str) -> str:
    """The blanks that a line starts with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def last_call(nodes: Nodes) -> int:
    """The index of the last brackets that hold something; -1 if there are none."""
    indices = (i for i, node in enumerate(nodes) if isinstance(node, Group) and node.items)
    return max(indices, default=-1)


def filled(items: Sequence[str], width: int) -> list[str]:
    """The items, each with a comma behind it, on lines as full as `width` allows."""
    lines: list[list[str]] = []
    used = width
    for item in items:
        size = columns(item)
        if used + size + 2 > width:
            lines.append([])
            used = -1
        lines[-1].append(f"{item},")
        used += size + 2
    return [" ".join(line) for line in lines]


def filled_numbers(numbers: str, width: int) -> list[str]:
    """The same of numbers and the like that stand between commas, without a look at each."""
    text = f"{numbers},"
    lines, start = [], 0
    while len(text) - start > width:
        end = text.rfind(", ", start, start + width + 1)
        end = end if end >= 0 else text.find(", ", start)
        if end < 0:
            break
        lines.append(text[start : end + 1])
        start = end + 2
    return [*lines, text[start:]]
