"""How gofmt leaves a list that is broken: it breaks no lines, but aligns keys and values."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from samplegen.render.layout.layouts import Layout
from samplegen.render.layout.marks import plain
from samplegen.render.layout.source import Group, Nodes, flat

_PAIR = re.compile(r'(\s*(?:"(?:\\.|[^"\\])*"|-?\w+):) +(.*)', re.S)
"""A key with its colon, and its value."""
_SMALL, _RATIO = 40, 2.5
"""Longer keys are aligned only if their sizes are alike: go/printer, `exprList`."""


@dataclass(frozen=True)
class GoLayout(Layout):
    """Aligns the values of pairs that have a line each; a value of several lines stands alone."""

    width: int = 100
    indent: str = "\t"
    filled: bool = True

    def lines_of(self, line: str) -> str:
        """What a line becomes; a value that takes several lines is aligned with no other."""
        broken = super().lines_of(line)
        if "\n" in broken and (pair := _PAIR.fullmatch(broken)):
            return f"{pair[1]} {pair[2]}"
        return broken

    def fills(self, items: Sequence[Nodes]) -> bool:
        return super().fills(items) and not _PAIR.fullmatch(flat(items[0]))

    def broken_items(self, group: Group, inner: str) -> list[str]:
        items = super().broken_items(group, inner)
        pairs = [_PAIR.fullmatch(item) for item in items]
        if len(items) < 2 or not all(pairs):
            return items
        return list(_aligned([(pair[1], pair[2]) for pair in pairs if pair]))


def _aligned(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    for section in _sections(pairs):
        widest = max(len(plain(key)) for key, _ in section)
        for key, value in section:
            yield f"{key}{' ' * (widest - len(plain(key)) + 1)}{value}"


def _sections(pairs: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """The pairs that stand under one another: of one line, with keys of about the same size."""
    section: list[tuple[str, str]] = []
    sizes: list[int] = []
    for key, value in pairs:
        # Without the colon, in bytes: go/printer, `nodeSize`.
        size = 0 if "\n" in value else len(plain(key).encode()) - 1
        if section and not _alike(sizes, size):
            yield section
            section, sizes = [], []
        section.append((key, value))
        sizes.append(size)
    yield section


def _alike(sizes: Sequence[int], size: int) -> bool:
    previous = sizes[-1]
    if not previous or not size:
        return False
    if max(previous, size) <= _SMALL:
        return True
    ratio = size / math.exp(sum(map(math.log, sizes)) / len(sizes))
    return 1 / _RATIO < ratio < _RATIO
