"""Requests and answers in Go: JSON."""

from collections.abc import Iterable, Sequence
from typing import Any

from samplegen.contract.model import Kind
from samplegen.contract.paths import Way, places, shown
from samplegen.contract.trees import in_url, json_scalar
from samplegen.contract.values import Joined, Saved, Value
from samplegen.render.literals.code import Code
from samplegen.render.literals.go import GO
from samplegen.render.literals.writing import bracketed
from samplegen.render.structures.go_names import Variables, local, variables
from samplegen.render.structures.go_text import joined, literal
from samplegen.spec.operation import Line, LinkedStep

_TYPES: dict[Kind, tuple[str, str]] = {
    "string": ("string", '""'), "enum": ("string", '""'), "bytes": ("[]byte", "[]byte{}"),
    "bool": ("bool", "false"),
}  # fmt: skip
"""What a value of JSON becomes, and what stands for one that is zero."""
_NUMBER = ("json.Number", 'json.Number("0")')
_ANY = ("scalar", 'scalar("")')
"""Those of a value that no contract types."""


def body(step: LinkedStep) -> Code:
    """The request as JSON in maps and slices."""
    if step.method is None:
        return GO.value(step.body)
    return Code(_object(step.said))


def _object(values: Iterable[Value]) -> str:
    pairs = (f"{GO.quote(value.field.name)}: {_nested(value)}" for value in values)
    return bracketed("map[string]any{", pairs, "}")


def _nested(value: Value) -> str:
    if value.field.repeated:
        return bracketed("[]any{", map(_single, value.content), "}")
    if value.field.is_map:
        pairs = (f"{GO.quote(_key(key))}: {_single(item)}" for key, item in value.content)
        return bracketed("map[string]any{", pairs, "}")
    return _single(value)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else in_url(key)


def _single(value: Value) -> str:
    content, kind = value.content, value.field.kind
    if kind == "message":
        return _object(content)
    if isinstance(content, Saved):
        is_long = kind in ("int64", "uint64")
        return f"{local(content.name)}.String()" if is_long else local(content.name)
    if isinstance(content, Joined):
        return joined(content, kind, {"bool": "%t"})
    return literal(content) if kind == "bytes" else GO.value(json_scalar(kind, content))


def query(items: Iterable[tuple[str, Any]]) -> Code:
    """Names and values of a query."""
    found: dict[str, list[str]] = {}
    for name, value in items:
        found.setdefault(name, []).append(GO.quote(in_url(value)))
    pairs = (f"{GO.quote(name)}: {bracketed('{', texts, '}')}" for name, texts in found.items())
    return Code(bracketed("url.Values{", pairs, "}"))


# Answers


def kept(step: LinkedStep, answer: str) -> Code:
    """The statements that keep what later steps send."""
    found = (_read(way, answer, local(name)) for name, way in step.saves)
    return Code("\n".join(line for lines in found for line in lines))


def printed(step: LinkedStep, answer: str, steps: Sequence[LinkedStep]) -> Code:
    """The statements that print what a step says."""
    names = variables(steps)
    found = (_printed(line, answer, names[id(line)]) for line in step.lines)
    return Code("\n".join(text for lines in found for text in lines))


def _printed(line: Line, answer: str, names: Variables) -> list[str]:
    value = names.value
    if not line.each:
        found = _read(line.path, answer, value, may_be_zero=line.may_be_zero)
        return [*found, f"fmt.Println({GO.quote(f'{line.label}:')}, {_text(line.path, value)})"]
    body: list[str] = []
    if isinstance(line.label, str):
        said = GO.quote(f"{line.label}:")
    else:
        body += _read(line.label, "item", names.label)
        said = Code(f'{_text(line.label, names.label, joins=True)}+":"')
    body += _read(line.path, "item", value, may_be_zero=line.may_be_zero)
    body.append(f"fmt.Println({said}, {_text(line.path, value)})")
    return [
        f"{names.items}, err := field[[]json.RawMessage]({answer}, {_path(line.each)})",
        *_FAILED,
        f"for _, item := range {names.items} {{",
        *(f"\t{text}" for text in body),
        "}",
    ]


_FAILED = ("if err != nil {", "\treturn err", "}")


def _read(way: Way, owner: str, name: str, *, may_be_zero: bool = False) -> list[str]:
    """The statements that put a field into a variable, if it is as it must be."""
    type_, zero = _type(way)
    if may_be_zero and way[-1].index is None:
        found = [f"{name}, err := optional({zero}, {owner}, {_path(way)})", *_FAILED]
    else:
        found = [f"{name}, err := field[{type_}]({owner}, {_path(way)})", *_FAILED]
    if type_ == "[]byte":
        said = GO.quote(f"{shown(way)} is no text")
        found += [f"if !utf8.Valid({name}) {{", f"\treturn errors.New({said})", "}"]
    return found


def _type(way: Way) -> tuple[str, str]:
    known, zero = way[-1].field, way[-1].zero
    if known is not None and known.kind == "enum" and isinstance(zero, str):
        return "string", GO.quote(zero)
    return _ANY if known is None else _TYPES.get(known.kind, _NUMBER)


def _path(way: Way) -> str:
    """The way as arguments."""
    return ", ".join(GO.quote(w) if isinstance(w, str) else str(w) for w in places(way))


def _text(way: Way, name: str, *, joins: bool = False) -> str:
    """What is printed, which may have to be a text that joins others."""
    type_, _ = _type(way)
    if type_ == "bool" and joins:
        return f"fmt.Sprint({name})"
    return f"string({name})" if type_ == "[]byte" else name


def reads(steps: Iterable[LinkedStep]) -> set[str]:
    """What programs need besides: `text` of bytes, `optional` fields, `scalar` ones, `query`."""
    found: set[str] = set()
    for step in steps:
        found |= {"query"} if step.query else set()
        ways: list[tuple[Way, bool]] = [(way, False) for _, way in step.saves]
        ways += [(line.path, line.may_be_zero) for line in step.lines]
        ways += [(line.label, False) for line in step.lines if not isinstance(line.label, str)]
        for way, may_be_zero in ways:
            kind, _ = _type(way)
            found |= {"text"} if kind == "[]byte" else set()
            found |= {"scalar"} if kind == "scalar" else set()
            found |= {"optional"} if may_be_zero and way[-1].index is None else set()
    return found
