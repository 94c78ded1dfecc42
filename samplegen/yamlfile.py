"""YAML files whose every value knows its line and column, validated into frozen dataclasses."""

import re
from collections.abc import Callable, Iterable
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
Mistakes = Iterable[tuple[Location, str]]
"""Where a mistake stands below the checked value, and what to do about it."""

_SURROGATES = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE
)
_LONGEST_VALUE = 60
"""Characters of a wrong value that a message repeats."""
_DEEPEST = 50
"""Levels of nesting; the parser, written in C, would crash on very many."""
_MOST_VALUES = 200_000
"""A few aliases of aliases stand for more values than memory holds."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Resolves plain scalars as YAML 1.2 does: `no` is text, `1e-6` is a number."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


def _integer(text: str) -> int:
    return int(text, 0 if text[1:2] in ("o", "x") else 10)


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_MEANT = (
    ("Input should be", "expected"),
    ("String should have", "expected"),
    ("String should match pattern", "expected text that matches"),
)
"""What pydantic says, and how we say it."""
_TAG = "tag:yaml.org,2002:"
_CORE: tuple[tuple[str, str, str, Callable[[str], Any]], ...] = (
    ("null", "~nN", r"~|null|Null|NULL|", lambda text: None),
    ("bool", "tTfF", r"true|True|TRUE|false|False|FALSE", lambda text: text.lower() == "true"),
    ("int", "-+0123456789", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", _integer),
    (
        "float",
        "-+.0123456789",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        _float,
    ),
)
"""Each kind of scalar that is no text: what it starts with, what it looks like and what it is;
YAML 1.2, "Core Schema"."""
_SCALARS: dict[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    _TAG + "str": (re.compile(".*", re.DOTALL), str)
}
"""By tag, the whole of such a scalar and what it is."""

for _name, _first, _pattern, _convert in _CORE:
    _SCALARS[_TAG + _name] = re.compile(f"(?:{_pattern})", re.DOTALL), _convert
    _starts = [*_first, ""] if _name == "null" else [*_first]
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(f"(?:{_pattern})$"), _starts)


@dataclass(frozen=True)
class Document:
    """The values of a YAML file, and its nodes, which know where each stands."""

    path: Path
    values: Any
    root: yaml.Node
    text: str
    """In which the nodes stand: that of the file, but for line breaks and pairs of surrogates."""

    def problem(self, location: Location, message: str, *, key: bool = False) -> Problem:
        """A problem at `location`, or at the nearest enclosing value that stands in the file.

        Args:
            location: Where it is.
            message: What it is.
            key: Whether it is the last key of the location, not the value behind it.
        """
        node, place = self.root, self.root
        for part in location:
            found = _child(node, part)
            if found is None:
                return Problem(message, shown(self.path), *_place(node.start_mark))
            place, node = found
        return Problem(message, shown(self.path), *_place((place if key else node).start_mark))


def _child(node: yaml.Node, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The key and the value of a mapping, or twice an item of a list."""
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def read(path: Path) -> Document:
    """Parse one YAML file.

    Raises:
        SamplegenError: The file cannot be read, is not UTF-8 or not YAML, or repeats a key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SamplegenError(Problem(f"cannot be read: {error.strerror}", shown(path))) from error
    except UnicodeDecodeError as error:
        found = error.object[error.start]
        message = f"found the byte 0x{found:02x}, which is not UTF-8; save the file as UTF-8"
        before = error.object[: error.start].decode(errors="replace")
        raise SamplegenError(Problem(message, shown(path), *_end(before))) from error
    return parse(text, path)


def parse(text: str, path: Path) -> Document:
    """Parse the text of a YAML file.

    Raises:
        SamplegenError: It is not YAML, or repeats a key.
    """
    try:
        text = _joined(text)
        if (deep := _too_deep(text)) is not None:
            message = f"found more than {_DEEPEST} levels of nesting; write it flatter"
            raise SamplegenError(Problem(message, shown(path), *_place(deep)))
        node = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ": ".join(part for part in (error.context, error.problem) if part)
        raise SamplegenError(Problem(f"not YAML: {what}", shown(path), *_place(mark))) from error
    except yaml.reader.ReaderError as error:
        found = error.character
        message = f"not YAML: found the control character U+{found:04X}; remove it"
        before = text.partition(chr(found))[0]
        raise SamplegenError(Problem(message, shown(path), *_end(before))) from error
    if node is None:
        raise SamplegenError(Problem("found an empty file; expected a mapping", shown(path), 1, 1))
    builder = _Builder(path)
    values = builder.build(node, ())
    if builder.problems:
        raise SamplegenError(*builder.problems)
    return Document(path, values, node, text)


def _joined(text: str) -> str:
    """The text in which one escape of YAML stands for each pair of surrogates, as JSON writes them.

    The parser knows no such pair: RFC 8259, section 7, and YAML 1.2.2, section 5.7.
    """
    if _SURROGATES.search(text) is None:
        return text
    try:
        for _ in yaml.scan(text, _Loader):
            pass
    except yaml.scanner.ScannerError:
        return _SURROGATES.sub(_escape, text)
    return text  # they stand where a backslash means nothing


def _escape(pair: re.Match[str]) -> str:
    high, low = (int(code, 16) for code in pair.group(2, 3))
    return f"{pair[1]}\\U{0x10000 + (high - 0xD800 << 10) + low - 0xDC00:08x}"


def _too_deep(text: str) -> Any:
    """The mark at which the nesting becomes too deep to be read safely, if it does."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                return event.start_mark
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def _place(mark: Any) -> tuple[int, int]:
    """Line and column, from 1, of a mark of the YAML parser."""
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _end(before: str) -> tuple[int, int]:
    """Line and column, from 1, of what stands behind `before`."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


class _Builder:
    """Makes values of nodes, and notes what is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self.problems: list[Problem] = []

    def build(self, node: yaml.Node, parents: tuple[yaml.Node, ...]) -> Any:
        """The value of a node.

        Raises:
            SamplegenError: There are too many values.
        """
        self._count += 1
        if self._count > _MOST_VALUES:
            message = f"found more than {_MOST_VALUES:,} values, those of aliases included"
            raise SamplegenError(self._problem(node, f"{message}; use fewer"))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node in parents:
            self._note(
                node, "found an alias inside the value that it refers to; write the value out"
            )
            return None
        inside = (*parents, node)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, inside) for item in node.value]
        lines: dict[str, int] = {}
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._note(key_node, "found a list or a mapping as a key; expected text")
                continue
            key = key_node.value
            line = key_node.start_mark.line + 1
            if key in lines:
                message = f"{key!r} is repeated, first on line {lines[key]}"
                self._note(key_node, f"{message}; keep one of them")
            lines[key] = line
            mapping[key] = self.build(value_node, inside)
        return mapping

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        """The value of a scalar; one whose explicit tag does not suit it is a problem."""
        pattern, convert = _SCALARS.get(node.tag, (None, str))
        if pattern is None or not pattern.fullmatch(node.value):
            tag = node.tag.replace(_TAG, "!!")
            self._note(node, f"found the tag {tag} before {_cut(repr(node.value))}; remove the tag")
            return None
        try:
            return convert(node.value)
        except ValueError:  # the longest integer that Python reads has 4300 digits
            self._note(node, f"found a number of {len(node.value)} digits; write a shorter one")
            return None

    def _note(self, node: yaml.Node, message: str) -> None:
        self.problems.append(self._problem(node, message))

    def _problem(self, node: yaml.Node, message: str) -> Problem:
        return Problem(message, shown(self._path), *_place(node.start_mark))


def _cut(text: str) -> str:
    """As much of a value as a message repeats."""
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def load(
    path: Path,
    kind: type[T],
    check: Callable[[T], Mistakes] = lambda value: (),
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
        raise SamplegenError(
            *sorted((_problem(document, e, kind) for e in error.errors()), key=_by_place)
        ) from None
    problems = [document.problem(location, message) for location, message in check(value)]
    if problems:
        raise SamplegenError(*sorted(problems, key=_by_place))
    return value


def _by_place(problem: Problem) -> tuple[int, int]:
    return problem.line or 0, problem.column or 0


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
        case "dataclass_type" | "dict_type":
            expected = "expected a mapping"
        case "tuple_type":
            expected = "expected a list"
        case "string_type":
            expected = "expected text"
        case "value_error":
            return document.problem(
                location, f"{name}: {details['ctx']['error']}".removeprefix(": ")
            )
        case _:
            expected = details["msg"]
            for said, meant in _MEANT:
                expected = expected.replace(said, meant, 1)
    found = _cut(repr(details["input"]))
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
