"""Messages and answers in Python: stubs of gRPC, and JSON as dicts and lists."""

import keyword
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from samplegen.contract.model import Contract
from samplegen.contract.paths import Hop, Way, is_choice, places
from samplegen.contract.trees import in_url, json_scalar
from samplegen.contract.values import Joined, Saved, Value
from samplegen.render.literals.code import Code
from samplegen.render.literals.python import PYTHON
from samplegen.spec.operation import Line, LinkedStep

# Requests


def message(step: LinkedStep) -> Code:
    """The request as a message of the stubs."""
    method = step.method
    return _constructed(step.contract, method.request if method else "", step.request)


def _constructed(contract: Contract, name: str, values: Iterable[Value]) -> Code:
    arguments, odd = [], []
    for value in values:
        written = _stub_value(contract, value)
        if keyword.iskeyword(value.field.name):
            odd.append(f"{PYTHON.quote(value.field.name)}: {written}")
        else:
            arguments.append(f"{value.field.name}={written}")
    if odd:
        arguments.append(f"**{{{', '.join(odd)}}}")
    return Code(f"{_name(contract, name)}({', '.join(arguments)})")


def _stub_value(contract: Contract, value: Value) -> str:
    def single(known: Value) -> str:
        if known.field.kind == "message":
            return _constructed(contract, known.field.type, known.content)
        if known.field.kind == "enum" and isinstance(known.content, str):
            *outer, _ = _name(contract, known.field.type).split(".")
            return ".".join((*outer, str(known.content)))
        return _scalar(known, _in_text)

    return _nested(value, single)


def _nested(value: Value, single: Callable[[Value], str]) -> str:
    """A list, a map, or one value."""
    if value.field.repeated:
        return f"[{', '.join(map(single, value.content))}]"
    if value.field.is_map:
        pairs = (f"{_literal(key)}: {single(item)}" for key, item in value.content)
        return f"{{{', '.join(pairs)}}}"
    return single(value)


def _scalar(value: Value, in_text: Callable[[Saved], str]) -> str:
    content = value.content
    if isinstance(content, Saved):
        return content.name
    if isinstance(content, Joined):
        text = _formatted(content, in_text)
        return f"{text}.encode()" if value.field.kind == "bytes" else text
    return _literal(content)


def _formatted(content: Joined, in_text: Callable[[Saved], str]) -> str:
    """A text with saved values in it."""
    texts = "".join(part for part in content.parts if isinstance(part, str))
    names = [in_text(part) for part in content.parts if isinstance(part, Saved)]
    if not names:
        return PYTHON.quote(texts)
    hole = next(c for c in map(chr, range(0x4E00, 0x9FFF)) if c not in texts)
    whole = "".join(hole if isinstance(part, Saved) else part for part in content.parts)
    literal = str(PYTHON.quote(whole))
    first, *others = literal.replace("{", "{{").replace("}", "}}").split(hole)
    return "f" + first + "".join(f"{{{n}}}{o}" for n, o in zip(names, others, strict=True))


def _in_text(saved: Saved) -> str:
    """A saved value within a text."""
    if saved.kind == "bytes":
        return f"{saved.name}.decode()"
    return f"str({saved.name}).lower()" if saved.kind == "bool" else saved.name


def _literal(content: Any) -> str:
    if isinstance(content, bytes):
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return PYTHON.bytes(content)
        is_text = text.isprintable() and not text.isascii()
        return f"{PYTHON.quote(text)}.encode()" if is_text else PYTHON.bytes(content)
    return PYTHON.value(content)


def body(step: LinkedStep) -> Code:
    """The request as JSON in dicts and lists."""
    if step.method is None:
        return PYTHON.value(step.body)
    return Code(_dict(step.said))


def _dict(values: Iterable[Value]) -> str:
    pairs = (f"{PYTHON.quote(v.field.name)}: {_nested(v, _json_value)}" for v in values)
    return f"{{{', '.join(pairs)}}}"


def _json_value(value: Value) -> str:
    content, kind = value.content, value.field.kind
    if kind == "message":
        return _dict(content)
    if isinstance(content, Saved):
        return content.name  # as JSON had it
    if kind == "bytes":
        return f"base64.b64encode({_scalar(value, _from_json)}).decode()"
    if isinstance(content, Joined):
        return _scalar(value, _from_json)
    return PYTHON.value(json_scalar(kind, content))


def _from_json(saved: Saved) -> str:
    if saved.kind == "bytes":
        return f"base64.b64decode({saved.name}).decode()"
    return _in_text(saved)


def pairs(items: Iterable[tuple[str, Any]]) -> Code:
    """Names and values of a query, as a list of pairs."""
    written = (f"({PYTHON.quote(name)}, {PYTHON.quote(in_url(value))})" for name, value in items)
    return Code(f"[{', '.join(written)}]")


# Answers


def stub_field(line_or_way: Way, variable: str, *, may_be_zero: bool = True) -> Code:
    """A field of a message of the stubs."""
    *before, last = line_or_way
    owner = "".join([variable, *(f".{hop.name}{_index(hop)}" for hop in before)])
    if may_be_zero or last.index is not None or is_choice(line_or_way):
        return Code(f"{owner}.{last.name}{_index(last)}")
    return Code(f"field({owner}, {PYTHON.quote(last.name)})")


def json_field(way: Way, variable: str, *, may_be_zero: bool = False) -> Code:
    """A field of JSON, which is there unless it may be zero."""
    *before, last = way
    if may_be_zero and last.index is None:
        owner = json_field(tuple(before), variable) if before else variable
        value = f"{owner}.get({PYTHON.quote(last.name)})"
        zero = "" if last.zero is None or isinstance(last.zero, bytes) else last.zero
        return Code(f"{value} or {PYTHON.value(zero)}")
    words = (PYTHON.quote(w) if isinstance(w, str) else str(w) for w in places(way))
    return Code(f"field({', '.join((variable, *words))})")


def _index(hop: Hop) -> str:
    return "" if hop.index is None else f"[{hop.index}]"


def printed(line: Line, variable: str, transport: str, contract: Contract) -> Code:
    """The statements that print what a line says."""

    def read(way: Way, owner: str, *, may_be_zero: bool) -> str:
        grpc = transport == "grpc"
        found = (stub_field if grpc else json_field)(way, owner, may_be_zero=may_be_zero)
        return _shown(way[-1], found, contract, grpc=grpc)

    owner = "item" if line.each else variable
    value = read(line.path, owner, may_be_zero=line.may_be_zero)
    if isinstance(line.label, str):
        label = str(PYTHON.quote(f"{line.label}:"))
    else:
        label = f'{read(line.label, owner, may_be_zero=False)} + ":"'
    statement = f"print({label}, {value})"
    if not line.each:
        return Code(statement)
    found = (
        stub_field(line.each, variable) if transport == "grpc" else json_field(line.each, variable)
    )
    return Code(f"for item in {found}:\n    {statement}")


def _shown(hop: Hop, code: str, contract: Contract, *, grpc: bool) -> str:
    """What is printed of a field."""
    kind = hop.field.kind if hop.field is not None else None
    if kind == "bytes":
        return f"{code}.decode()" if grpc else f"base64.b64decode({code}).decode()"
    if kind == "enum" and grpc and hop.field is not None:
        return f"{_name(contract, hop.field.type)}.Name({code})"
    if kind == "bool":
        return f"str({code}).lower()"
    return code


# Modules


def _name(contract: Contract, name: str) -> str:
    """A message or an enum, as the stubs have it."""
    file, names = contract.place(name)
    return ".".join((f"{PurePosixPath(file).stem}_pb2", *names))


def stub(step: LinkedStep) -> Code:
    """The stub of the step's service, which takes a channel."""
    file, names = step.contract.place(step.method.service if step.method else "")
    return Code(f"{PurePosixPath(file).stem}_pb2_grpc.{names[0]}Stub")


def modules(steps: Iterable[LinkedStep]) -> Code:
    """The imports of all stubs that the steps use."""
    found: set[str] = set()
    for step in steps:
        if step.method is not None:
            file, _ = step.contract.place(step.method.service)
            found |= {_import(file, "_pb2_grpc")}
            used = {step.method.request, *_types(step.request)}
            used |= {
                hop.field.type
                for line in step.of_message
                for hop in (*line.path[-1:], *(line.label[-1:] if line.label else ()))
                if isinstance(hop, Hop) and hop.field is not None and hop.field.kind == "enum"
            }
            found |= {_import(step.contract.place(name)[0], "_pb2") for name in used}
    return Code("\n".join(sorted(found)) + "\n")


def _types(values: Iterable[Value]) -> Iterable[str]:
    """The messages and enums of values, at any depth."""
    for value in values:
        if value.field.type:
            yield value.field.type
        content = value.content
        if value.field.is_map:
            yield from _types(item for _, item in content)
        elif isinstance(content, tuple):
            yield from _types(content)


def _import(file: str, ending: str) -> str:
    path = PurePosixPath(file)
    module = path.stem.replace("-", "_") + ending
    return (
        f"from {'.'.join(path.parts[:-1])} import {module}"
        if path.parts[1:]
        else f"import {module}"
    )


FILTERS: Mapping[str, Callable[..., Code]] = {
    "message": message,
    "body": body,
    "pairs": pairs,
    "printed": printed,
    "stub": stub,
    "modules": modules,
    "stub_field": stub_field,
    "json_field": json_field,
}
