"""The same answer in other bytes: whoever takes it apart by its look is found out."""

import json
import math
import random
from collections.abc import Callable
from typing import Any

from samplegen.judge.servers.proxy.documents import Document, Encoded, Kinds, Style
from samplegen.judge.servers.proxy.exchanges import Headers, Path
from samplegen.judge.servers.proxy.numbers import DIGITS

_SPACES = ("", "", " ", "  ", "\n", "\n    ", "\t", "\r\n")


def laid_out(
    document: Document, seed: str, tree: Any = None, *, other_contents: bool = True
) -> Encoded:
    """The same values in another layout.

    Args:
        document: The answer.
        seed: Makes all choices: spaces, order of keys, escapes, how numbers are written.
        tree: What is written in place of the document's own tree.
        other_contents: Whether, over gRPC, typed contents of KServe's tensors stand in place of raw
            ones, and the other way round.

    Raises:
        Undecodable: The tree does not fit.
    """
    rng = random.Random(seed)  # noqa: S311  (no secret)
    values = document.tree if tree is None else tree
    style = Style(write=_Writer(rng).write, other_contents=other_contents)
    return document.encode(values, style)


def headers_laid_out(headers: Headers, seed: str) -> Headers:
    """The same headers, their names written otherwise; they mean the same in any case."""
    rng = random.Random(seed)  # noqa: S311
    case: Callable[[str], str] = rng.choice([str.lower, str.upper])
    return tuple((case(name), value) for name, value in headers)


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._ascii = rng.random() < 0.5

    def write(self, tree: Any, kinds: Kinds) -> bytes:
        self._kinds = kinds
        return f"{self._space()}{self._value(tree, ())}{self._space()}".encode()

    def _value(self, value: Any, path: Path) -> str:
        if isinstance(value, dict):
            keys = self._rng.sample([*value], len(value))
            items = [f"{self._text(key)}{self._space()}:{self._space()}"
                     f"{self._value(value[key], (*path, key))}" for key in keys]  # fmt: skip
            return self._enclosed("{", items, "}")
        if isinstance(value, list):
            items = [self._value(item, (*path, index)) for index, item in enumerate(value)]
            return self._enclosed("[", items, "]")
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number(value, path)
        return json.dumps(value)

    def _enclosed(self, start: str, items: list[str], end: str) -> str:
        inner = ",".join(f"{self._space()}{item}{self._space()}" for item in items)
        return f"{start}{inner or self._space()}{end}"

    def _space(self) -> str:
        return self._rng.choice(_SPACES)

    def _text(self, text: str) -> str:
        r"""With some characters as \uXXXX; a slash may have a backslash."""
        written = []
        for character in text:
            plain = json.dumps(character, ensure_ascii=self._ascii)[1:-1]
            if character == "/" and self._rng.random() < 0.5:
                plain = r"\/"
            elif self._rng.random() < 0.2:
                plain = _escaped(character)
            written.append(plain)
        return f'"{"".join(written)}"'

    def _number(self, value: float, path: Path) -> str:
        kind = self._kinds(path)
        floating = isinstance(value, float) or (kind is not None and kind.name in DIGITS)
        if not floating or value == 0:  # an integer, or a zero that may have a sign
            return json.dumps(value)
        ways = [json.dumps(float(value)), _exponent(float(value))]
        if float(value).is_integer() and abs(value) < 2**53:
            ways.append(str(int(value)))
        return self._rng.choice([way for way in ways if float(way) == value] or ways)


def _exponent(value: float) -> str:
    """The shortest decimal as JSON may have it, too: 1.25e+1."""
    if not math.isfinite(value):
        return json.dumps(value)
    for digits in range(17):
        written = f"{value:.{digits}e}"
        if float(written) == value:
            return written
    return repr(value)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
