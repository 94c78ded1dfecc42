"""YAML files whose every value knows its line and column, validated into frozen dataclasses."""

import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from samplegen.errors import Problem, SamplegenError, nearest
from samplegen.resources import shown

T = TypeVar("T")
Location = tuple[str | int, ...]
"""Keys and list indexes from the top of a document to a value."""

_LONGEST_VALUE = 60
"""Characters of a wrong value that a message repeats."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads plain scalars as YAML 1.2 does: `no` is text, `1e-6` is a number."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


for _tag, _pattern, _first in (
    ("null", r"~|null|", [*"~n", ""]),
    ("bool", r"true|false", [*"tf"]),
    ("int", r"[-+]?[0-9]+", [*"-+0123456789"]),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", [*"-+.0123456789"]),
    ("float", r"[-+]?\.inf|\.nan", [*"-+."]),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), _first
    )
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))


@dataclass(frozen=True)
class Document:
    """The values of a YAML file and where each stands."""

    path: Path
    values: Any
    marks: dict[Location, tuple[int, int]]
    """Line and column, from 1, of each value."""
    key_marks: dict[Location, tuple[int, int]]
    """The same, of each key of a mapping."""

    def problem(self, location: Location, message: str, *, key: bool = False) -> Problem:
        """A problem at `location`, or at the nearest enclosing value that stands in the file."""
        marks = self.key_marks if key else self.marks
        while location not in marks and location:
            location, marks = location[:-1], self.marks
        line, column = marks.get(location, (1, 1))
        return Problem(message, shown(self.path), line, column)


def read(path: Path) -> Document:
    """Parse one YAML file.

    Raises:
        SamplegenError: The file cannot be read, is not UTF-8 or not YAML, or repeats a key.
    """
    try:
        text = path.read_text(encoding="utf-8")
        loader = _Loader(text)
        node = loader.get_single_node()
    except OSError as error:
        raise SamplegenError(Problem(f"cannot be read: {error.strerror}", shown(path))) from error
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8; save the file as UTF-8"
        raise SamplegenError(Problem(message, shown(path))) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = ": ".join(part for part in (error.context, error.problem) if part)
        raise SamplegenError(Problem(f"not YAML: {what}", shown(path), line, column)) from error
    except yaml.reader.ReaderError as error:
        message = f"not YAML: character #x{error.character:04x} is not allowed"
        raise SamplegenError(Problem(message, shown(path))) from error
    if node is None:
        raise SamplegenError(Problem("found an empty file; expected a mapping", shown(path), 1, 1))
    document = Document(path, None, {}, {})
    problems: list[Problem] = []
    values = _build(loader, node, (), document, problems, ())
    if problems:
        raise SamplegenError(*problems)
    return Document(path, values, document.marks, document.key_marks)


def _build(
    loader: Any,
    node: yaml.Node,
    location: Location,
    document: Document,
    problems: list[Problem],
    parents: tuple[yaml.Node, ...],
) -> Any:
    """The value of `node`; notes where it and its parts stand."""
    document.marks[location] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if node in parents:
        problems.append(document.problem(location, "an alias refers to the value it stands in"))
        return None
    inside = (*parents, node)
    if isinstance(node, yaml.SequenceNode):
        return [
            _build(loader, item, (*location, index), document, problems, inside)
            for index, item in enumerate(node.value)
        ]
    if not isinstance(node, yaml.MappingNode):
        try:
            return loader.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError) as error:
            problem = getattr(error, "problem", None) or str(error)
            problems.append(document.problem(location, f"not a plain value: {problem}"))
            return None
    mapping: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value
        place = (*location, key if isinstance(key, str) else str(key))
        if place in document.key_marks:
            first = document.key_marks[place][0]
            message = f"{key!r} stands here again, first on line {first}; keep one of them"
            document.key_marks[place] = (
                key_node.start_mark.line + 1,
                key_node.start_mark.column + 1,
            )
            problems.append(document.problem(place, message, key=True))
        document.key_marks[place] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        mapping[place[-1]] = _build(loader, value_node, place, document, problems, inside)
    return mapping


def load(
    path: Path,
    kind: type[T],
    check: Callable[[T], Iterable[tuple[Location, str]]] = lambda value: (),
) -> T:
    """Read a YAML file into a validated, frozen `kind`.

    Args:
        path: The file.
        kind: A dataclass.
        check: Finds what types cannot express: where it stands, and what to do about it.

    Raises:
        SamplegenError: With a problem for each mistake, at its line and column.
    """
    document = read(path)
    try:
        value: T = adapter(kind).validate_python(document.values)
    except ValidationError as error:
        raise SamplegenError(*(_problem(document, e, kind) for e in error.errors())) from None
    problems = [document.problem(location, message) for location, message in check(value)]
    if problems:
        raise SamplegenError(*problems)
    return value


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """The validator of a dataclass; building one costs milliseconds, so it is kept."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def _problem(document: Document, details: ErrorDetails, kind: type[Any]) -> Problem:
    location: Location = details["loc"]
    name = ".".join(str(part) for part in location)
    match details["type"]:
        case "missing":
            message = f"{location[-1]!r} is missing; add it"
            return document.problem(location[:-1], message)
        case "unexpected_keyword_argument" | "extra_forbidden":
            known = _fields(kind, location[:-1])
            message = f"found the unknown key {location[-1]!r}; {nearest(str(location[-1]), known)}"
            return document.problem(location, message, key=True)
        case "dataclass_type":
            expected = "expected a mapping"
        case "value_error":
            return document.problem(
                location, f"{name}: {details['ctx']['error']}".removeprefix(": ")
            )
        case _:
            expected = details["msg"].replace("Input should be", "expected", 1)
    found = repr(details["input"])
    if len(found) > _LONGEST_VALUE:
        found = found[:_LONGEST_VALUE] + "…"
    return document.problem(location, f"{name}: found {found}; {expected}".removeprefix(": "))


def _fields(kind: type[Any], location: Location) -> list[str]:
    """The keys that the mapping at `location` may have, read off the JSON Schema of `kind`."""
    schema = adapter(kind).json_schema()
    node: Any = schema
    for part in (*location, None):
        while "$ref" in node or "anyOf" in node:
            node = (
                schema["$defs"][node["$ref"].rpartition("/")[2]]
                if "$ref" in node
                else next((option for option in node["anyOf"] if option.get("type") != "null"), {})
            )
        if part is None:
            break
        children = node.get("properties", {})
        node = children.get(part) or node.get("items") or node.get("additionalProperties") or {}
    return list(node.get("properties", ()))
