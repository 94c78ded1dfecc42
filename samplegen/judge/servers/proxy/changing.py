"""Other values in an answer, such that whoever prints them in part, or not at all, is found out.

All follow from a seed. Numbers need every digit that their datatype has, integers go beyond what
FP64 can hold, no two values are alike, the greatest of a tensor lies elsewhere, and texts hold what
a careless reader of JSON or a careless printer trips over.
"""

import base64
import binascii
import datetime
import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from samplegen.judge.servers.proxy.documents import Document, Kind, at, copied, leaves, put
from samplegen.judge.servers.proxy.exchanges import Altered, Path
from samplegen.judge.servers.proxy.kserve_tensors import side
from samplegen.judge.servers.proxy.numbers import DIGITS, limits, needs_every_digit, rounded

_TRIES = 200
"""How often a value that is not yet used is looked for."""
_NUMBERS = ({int}, {float})
_FEW = 2000
"""Values of an answer for which time is taken."""
_LONG_BELOW_1 = {"FP16": (0.1, 0.125), "FP32": (0.1, 0.125), "FP64": (0.25, 1.0)}
_LONG_ABOVE_1 = {"FP16": (100, 128), "FP32": (100, 128), "FP64": (4, 8)}
"""Where many values of a datatype need every digit: its steps are small for their power of ten."""
_FLOATS = frozenset(DIGITS)
_TELLING = (
    "é",
    "ß",
    "漢",
    "😀",
    "'",
    '"',
    "\\",
    "$x",
    "%d",
    "<i>",
    "{0}",
    ", ",
    "}",
    "]",
    ": ",
    "\\n",
)
"""What stands in changed texts: quotes and brackets of JSON, and what formats and shells read."""
_INTEGER = re.compile(r"U?INT(8|16|32|64)$")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_EXACT_IN_FP64 = 2**53
_EXACT_IN_INT32 = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Changed:
    """Another answer."""

    tree: Any
    changes: dict[Path, Altered] = field(default_factory=dict)
    """By place in `tree`."""


def changed(document: Document, places: Sequence[Path], seed: str) -> Changed:
    """The answer with other values.

    Args:
        document: The right answer.
        places: What changes: each leaf that stands there or below, but for datatype and shape of a
            tensor with data. A list of scalars that stands there gets longer, too, unless it holds
            such data.
        seed: Makes all choices.

    Returns:
        The new tree; each such leaf is another one, but for null and empty containers.
    """
    return _Changing(document, random.Random(seed)).all(places)  # noqa: S311  (no secret)


class _Changing:
    def __init__(self, document: Document, rng: random.Random) -> None:
        self._document = document
        self._tensors = side(document.tree)
        self._rng = rng
        self._tree = copied(document.tree)
        self._used: set[Any] = {_key(value) for _, value in leaves(document.tree)}
        self._changes: dict[Path, Altered] = {}
        self._few = len(self._used) <= _FEW

    def all(self, places: Sequence[Path]) -> Changed:
        groups: dict[Path, list[Path]] = {}
        for place in places:
            for path, _ in leaves(at(self._document.tree, place), place):
                if self._part_of_tensor(path) in ("datatype", "shape"):
                    continue
                group = path[:-1] if path and isinstance(path[-1], int) else path
                groups.setdefault(group, []).append(path)
        for group, paths in groups.items():
            self._group([*dict.fromkeys(paths)], is_list=group != paths[0])
        for place in dict.fromkeys(places):
            self._lengthen(place)
        return Changed(tree=self._tree, changes=self._changes)

    def _part_of_tensor(self, path: Path) -> Any:
        """Which part of a tensor with data a path leads to or into; None if to no such."""
        return path[2] if len(path) > 2 and path[0] == self._tensors else None

    def _group(self, paths: Sequence[Path], *, is_list: bool) -> None:
        """Changes the elements of a list, or one leaf."""
        old = [at(self._document.tree, path) for path in paths]
        new = [
            self._other(value, self._document.kinds(path))
            for path, value in zip(paths, old, strict=True)
        ]
        if is_list and len(new) > 1 and {type(value) for value in [*old, *new]} in _NUMBERS:
            self._move_greatest(old, new)
            self._turn_sign(old, new)
        for path, before, after in zip(paths, old, new, strict=True):
            if _key(before) != _key(after):
                self._tree = put(self._tree, path, after)
                self._changes[path] = Altered(before, after)

    def _lengthen(self, place: Path) -> None:
        """Adds an element to a list that is printed as a whole; a tensor has as many as it says."""
        found = at(self._tree, place)
        if not isinstance(found, list) or not found or self._part_of_tensor(place) is not None:
            return
        if any(isinstance(item, dict | list) for item in found):
            return
        path = (*place, len(found))
        added = self._other(found[-1], self._document.kinds((*place, 0)))
        found.append(added)
        self._changes[path] = Altered(None, added)

    def _move_greatest(self, old: Sequence[Any], new: list[Any]) -> None:
        """Puts the greatest element where it was not; most often at the end."""
        before, now = old.index(max(old)), new.index(max(new))
        ends = [len(new) - 1] * 3 + [self._rng.randrange(len(new))]
        target = self._rng.choice(ends)
        if target == before:
            target = (target + 1) % len(new)
        new[now], new[target] = new[target], new[now]

    def _turn_sign(self, old: Sequence[Any], new: list[Any]) -> None:
        """Makes one fraction negative, but not where all may be shares of one."""
        others = [index for index, value in enumerate(new) if value != max(new)]
        if isinstance(new[0], float) and others and any(abs(value) > 1 for value in old):
            index = self._rng.choice(others)
            new[index] = -abs(new[index])

    def _other(self, old: Any, kind: Kind | None) -> Any:
        """A value that is nowhere in the answer, if there are enough of its kind."""
        made = old
        for _ in range(_TRIES):
            made = self._made(old, kind)
            if _key(made) not in self._used:
                break
        self._used.add(_key(made))
        if _key(made) == _key(old):  # few values, all used: any other one
            others = (self._made(old, kind) for _ in range(_TRIES))
            made = next((other for other in others if _key(other) != _key(old)), old)
        return made

    def _made(self, old: Any, kind: Kind | None) -> Any:
        if isinstance(old, bool):
            return not old
        if isinstance(old, str | bytes):
            return self._text(old, kind)
        if isinstance(old, int) and kind is not None and kind.name == "BOOL":
            return 1 - old
        if isinstance(old, int) and (kind is None or kind.name not in _FLOATS):
            return self._integer(old, kind)
        if isinstance(old, int | float):
            known = kind is not None and kind.name in _FLOATS
            return self._float(float(old), kind.name if kind is not None and known else "FP64")
        return old

    def _text(self, old: str | bytes, kind: Kind | None) -> str | bytes:
        if isinstance(old, bytes):
            return self._bytes(old)
        if kind is not None and kind.name == "BASE64":
            return base64.b64encode(self._bytes(_decoded(old))).decode()
        if kind is not None and kind.choices:
            return self._rng.choice([name for name in kind.choices if name != old] or [old])
        if kind is not None and _INTEGER.match(kind.name):
            return str(self._integer(int(old), kind))  # as JSON of a contract holds INT64
        if re.fullmatch(r"-?(0|[1-9]\d*)", old):
            return str(self._integer(int(old), None))
        if _DATE.match(old):
            return self._date() + self._scrambled(old[10:], "0123456789")
        return self._words(old)

    def _bytes(self, old: bytes) -> bytes:
        """A text of UTF-8 if the old bytes are one; programs print them as such."""
        try:
            text = old.decode()
        except UnicodeDecodeError:
            text = ""
        if text.isprintable() and text:
            return self._words(text).encode()
        return bytes(self._rng.randrange(1, 256) for _ in range(len(old) + 1))

    def _words(self, old: str) -> str:
        """Other letters, and among them what one trips over; never a space at either end."""
        letters = self._scrambled(old, None) + self._rng.choice("aeiou")
        telling = "".join(self._rng.sample(_TELLING, 3))
        middle = self._rng.randint(1, len(letters))
        return f"{letters[:middle]}{telling}{letters[middle:]}z".strip()

    def _scrambled(self, text: str, keep: str | None) -> str:
        """Letters become other letters, digits other digits; but for digits of `keep`, a time's."""
        found = []
        for character in filter(str.isprintable, text):
            if character.isascii() and character.isalpha() and keep is None:
                first = "A" if character.isupper() else "a"
                found.append(chr(ord(first) + self._rng.randrange(26)))
            elif character.isascii() and character.isdigit() and keep is None:
                found.append(str(self._rng.randrange(1, 10)))
            else:
                found.append(character)
        return "".join(found)

    def _date(self) -> str:
        days = self._rng.randrange(20_000)
        return (datetime.date(1971, 1, 1) + datetime.timedelta(days)).isoformat()

    def _integer(self, old: int, kind: Kind | None) -> int:
        if kind is not None and kind.name == "DIMENSION":
            return self._rng.choice([-1, self._rng.randint(2, 4096)])
        known = kind is not None and _INTEGER.match(kind.name)
        low, high = limits(kind.name) if kind is not None and known else _unknown_range(old)
        beyond = _EXACT_IN_FP64 if high > _EXACT_IN_FP64 else high // 2
        if low < 0 and self._rng.random() < 0.5:
            return self._rng.randint(low, -beyond) | 1
        return min(self._rng.randint(beyond, high) | 1, high)

    def _float(self, old: float, datatype: str) -> float:
        """A value that needs every digit; between 0 and 1 if the old one lies there."""
        low, high = _LONG_BELOW_1[datatype] if abs(old) <= 1 else _LONG_ABOVE_1[datatype]
        made = old
        for _ in range(_TRIES if self._few else 1):
            made = rounded(math.copysign(self._rng.uniform(low, high), old), datatype)
            if needs_every_digit(made, datatype):
                break
        return made


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return text.encode()


def _unknown_range(old: int) -> tuple[int, int]:
    """Of an integer of which nobody says how long it can be."""
    if abs(old) <= _EXACT_IN_INT32:
        return (0 if old >= 0 else -_EXACT_IN_INT32, _EXACT_IN_INT32)
    return (0 if old >= 0 else -(2**63), 2**63 - 1)


def _key(value: Any) -> Any:
    """Tells 1, 1.0 and true apart; containers are all alike."""
    return (type(value), None if isinstance(value, dict | list) else value)
