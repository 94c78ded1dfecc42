"""Decoded messages as trees of dicts, lists and scalars, and paths into them."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from samplegen.judge.servers.proxy.exchanges import Path


class Undecodable(Exception):
    """The bytes are not what the contract or the header says; the message tells why."""


@dataclass(frozen=True)
class Kind:
    """What a scalar can be."""

    name: str
    """A datatype of KServe, for any number and boolean; or `TEXT`, `ENUM`, `DATATYPE` (the name of
    one), `BASE64` (bytes in JSON), `DIMENSION` (a size, or -1)."""
    choices: tuple[str, ...] = ()
    """The names that an `ENUM` can have."""


Kinds = Callable[[Path], Kind | None]
"""What stands at a path; None if only the value tells."""


def as_json(tree: Any, kinds: Kinds) -> bytes:
    """A tree as JSON, compact."""
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a tree is written, where there are several ways."""

    write: Callable[[Any, Kinds], bytes] = as_json
    """Writes JSON."""
    other_contents: bool = False
    """Over gRPC, typed contents of tensors in place of raw ones and the other way round."""


@dataclass(frozen=True)
class Encoded:
    """A message as bytes."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those that say how it is laid out, in lower case."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A decoded message, and the way back to bytes."""

    tree: Any
    kinds: Kinds
    encode: Callable[[Any, Style], Encoded]
    """Makes bytes of another tree of the same message; raises Undecodable if it does not fit."""


def refusal(details: str, place: Sequence[str]) -> Document:
    """The message of a status of gRPC, at the place where the error over REST has it."""
    tree: Any = details
    for word in reversed(place):
        tree = {word: tree}
    return Document(tree=tree, kinds=lambda path: None, encode=lambda tree, style: Encoded(b""))


def leaves(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """All scalars and empty containers, with their paths."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    elif isinstance(tree, list) and tree:
        for index, value in enumerate(tree):
            yield from leaves(value, (*path, index))
    else:
        yield path, tree


def at(tree: Any, path: Path) -> Any:
    """What stands at a path.

    Raises:
        LookupError: Nothing does.
    """
    for step in path:
        tree = tree[step]
    return tree


def put(tree: Any, path: Path, value: Any) -> Any:
    """Sets what stands at a path; returns the tree, or the value for the root."""
    if not path:
        return value
    at(tree, path[:-1])[path[-1]] = value
    return tree


def copied(tree: Any) -> Any:
    """A tree of its own."""
    return copy.deepcopy(tree)


_PARTS = {"argmax": (), "max": (), "signature": ("datatype", "shape")}
"""A last word of a place that makes something of what it leads to, and what it makes it of."""


def resolved(tree: Any, words: Sequence[str]) -> list[Path]:
    """The paths that a place means: fields by key, items of lists by their `name` or index.

    Args:
        tree: A decoded answer.
        words: As an expected line names what of the answer it prints, without the call.

    Returns:
        One path, or those of the parts that a last word such as `signature` is made of.

    Raises:
        LookupError: There is no such place; the message says what is missing.
    """
    path: Path = ()
    for number, word in enumerate(words):
        here = at(tree, path)
        step = _step(here, word)
        if step is not None:
            path = (*path, step)
        elif word in _PARTS and number == len(words) - 1:
            return [(*path, part) for part in _PARTS[word]] or [path]
        else:
            way = ".".join(words[:number]) or "the answer"
            raise LookupError(f"no {word} in {way}")
    return [path]


def completed(tree: Any, words: Sequence[str], value: Any) -> Any:
    """The tree with a value at a place, if nothing stands there, and the object that would hold it.

    JSON of protos leaves out what is zero or empty.
    """
    try:
        (path,) = resolved(tree, words[:-1])
    except (LookupError, ValueError):
        return tree
    here = at(tree, path)
    if not isinstance(here, dict) or words[-1] in here:
        return tree
    return put(copied(tree), (*path, words[-1]), value)


def _step(here: Any, word: str) -> str | int | None:
    if isinstance(here, dict):
        return word if word in here else None
    if not isinstance(here, list):
        return None
    for index, item in enumerate(here):
        if isinstance(item, dict) and item.get("name") == word:
            return index
    return int(word) if word.isdecimal() and int(word) < len(here) else None


def located(tree: Any, value: Any) -> list[Path]:
    """The paths of all leaves that hold just this value; 1 is neither 1.0 nor true."""
    return [path for path, found in leaves(tree) if type(found) is type(value) and found == value]
