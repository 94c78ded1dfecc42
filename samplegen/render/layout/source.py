"""A line of source text taken apart: literals, brackets and what stands between them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from unicodedata import category, east_asian_width

from samplegen.render.layout.marks import CLOSE_LIST, OPEN_JSON, OPEN_LIST, SEPARATOR, plain

_OPENING = "|".join(map(re.escape, (OPEN_LIST, OPEN_JSON)))
_MARKS = f"{_OPENING}|{re.escape(CLOSE_LIST)}"
_INNER = "[^\"'`()\\[\\]{}\0]*"
_TOKEN = re.compile(
    rf"(?:{_OPENING})(?:\({_INNER}\)|\[{_INNER}\]|{{{_INNER}}}){re.escape(CLOSE_LIST)}"
    rf"|{_MARKS}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'(?:\\.|[^'\\])*'"
    r"|`[^`]*`"
    r"|[(\[{]|[)\]}]|,"
    rf"|(?:(?!{_MARKS})[^\"'`()\[\]{{}},])+"
    r"|."
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Group:
    """What stands between two brackets, cut at its commas."""

    opening: str
    items: tuple["Nodes", ...]
    """With the blanks behind the commas."""
    closing: str
    is_list: bool = False
    """Whether it is a list of values, and not the arguments of a call."""
    numbers: str = ""
    """What stands in it if that is numbers and the like, with ", " between them: nothing needs to
    look into these."""

    @property
    def text(self) -> str:
        """On one line."""
        if self.numbers:
            return f"{self.opening}{self.numbers}{self.closing}"
        return f"{self.opening}{','.join([flat(item) for item in self.items])}{self.closing}"


Nodes = tuple[str | Group, ...]


def flat(nodes: Iterable[str | Group]) -> str:
    """The nodes on one line."""
    return "".join([node if isinstance(node, str) else node.text for node in nodes])


def parse(line: str) -> Nodes:
    """The literals, brackets and texts of a line; a bracket without its other half is a text."""
    outer: list[str | Group] = []
    opened: list[tuple[str, list[str | Group], bool]] = []
    nodes, is_list = outer, False
    for token in _TOKEN.findall(line):
        if token in _CLOSING:
            opened.append((token, nodes, is_list))
            nodes, is_list = [], False
        elif opened and token == _CLOSING[opened[-1][0]]:
            inner = nodes
            opening, nodes, marked = opened.pop()
            nodes.append(Group(opening, tuple(_items(inner)), token, marked))
        elif token in (OPEN_LIST, OPEN_JSON):
            is_list = True
        elif token.startswith((OPEN_LIST, OPEN_JSON)):
            nodes.append(_numbers(token))
        elif token != CLOSE_LIST:
            nodes.append(token)
    while opened:
        inner = nodes
        opening, nodes, _ = opened.pop()
        nodes += [opening, *inner]
    return tuple(_merged(nodes))


def _numbers(token: str) -> Group:
    """A list of numbers or the like, which may have very many, with its marks."""
    text = token[len(OPEN_LIST) : -len(CLOSE_LIST)]
    inner = text[1:-1].rstrip(" ").removesuffix(",")
    items = tuple([(item,) for item in inner.split(",")]) if inner else ()
    numbers = inner if inner.isascii() and inner.count(",") == inner.count(", ") else ""
    return Group(text[0], items, text[-1], is_list=True, numbers=numbers)


def _items(nodes: list[str | Group]) -> Iterator[Nodes]:
    """The nodes between commas; a comma behind the last is not kept."""
    item: list[str | Group] = []
    for node in nodes:
        if node == ",":
            yield tuple(_merged(item))
            item = []
        else:
            item.append(node)
    if flat(item).strip():
        yield tuple(_merged(item))


def _merged(nodes: Iterable[str | Group]) -> Iterator[str | Group]:
    """Texts that follow one another as one."""
    texts: list[str] = []
    for node in nodes:
        if isinstance(node, str):
            texts.append(node)
            continue
        if texts:
            yield "".join(texts)
            texts = []
        yield node
    if texts:
        yield "".join(texts)


def stripped(nodes: Nodes) -> Nodes:
    """The nodes without blanks around them."""
    if len(nodes) == 1 and isinstance(nodes[0], str):
        return (nodes[0].strip(" "),)
    kept = list(nodes)
    if kept and isinstance(kept[0], str):
        kept[0] = kept[0].lstrip(" ")
    if kept and isinstance(kept[-1], str):
        kept[-1] = kept[-1].rstrip(" ")
    return tuple(kept)


def columns(line: str) -> int:
    """How wide a line is on a screen.

    As formatters count, a Chinese character takes two columns, and an accent that combines none.
    """
    if SEPARATOR in line:
        line = plain(line)
    if line.isascii():
        return len(line)
    return sum(
        0 if category(character) in ("Mn", "Me") else 1 + (east_asian_width(character) in "WF")
        for character in line
    )
