"""Requests and answers in the shell: JSON, and filters of jq."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from samplegen.contract.model import Kind
from samplegen.contract.paths import Hop, Way
from samplegen.contract.trees import json_scalar, plain
from samplegen.contract.values import Joined, Saved, Value
from samplegen.render.literals.code import Code
from samplegen.render.literals.json import JSON
from samplegen.render.literals.shell import SHELL
from samplegen.spec.operation import Line, LinkedStep

_TYPED: Mapping[Kind, str] = {
    "integer": "tonumber", "int32": "tonumber", "uint32": "tonumber", "float": "tonumber",
    "double": "tonumber", "bool": "fromjson",
}  # fmt: skip
"""What jq makes of a variable of the shell, which is text, for kinds that JSON does not quote."""


def body(step: LinkedStep) -> Code:
    """The request: JSON as a word of the shell, or what makes it of variables."""
    if step.method is None:
        return SHELL.quote(json.dumps(step.body, ensure_ascii=False, indent=2))
    values = step.said
    text = _object(values)
    names = sorted(set(_saved(values)))
    if not names:
        return SHELL.quote(text)
    given = " ".join(f'--arg {name} "${name}"' for name in names)
    return Code(f'"$(jq -cn {given} {SHELL.quote(text)})"')


def _object(values: Iterable[Value]) -> str:
    return _lines("{", [f"{_text(value.field.name)}: {_nested(value)}" for value in values], "}")


def _lines(opening: str, items: Sequence[str], closing: str) -> str:
    """Items in brackets, each on a line of its own."""
    if not items:
        return opening + closing
    inner = ",\n".join(items).replace("\n", "\n  ")  # within texts, JSON has none
    return f"{opening}\n  {inner}\n{closing}"


def _nested(value: Value) -> str:
    if value.field.repeated:
        return _lines("[", [*map(_nested, value.content)], "]")
    if value.field.is_map:
        items = [f"{_text(plain(key))}: {_nested(item)}" for key, item in value.content]
        return _lines("{", items, "}")
    content, kind = value.content, value.field.kind
    if kind == "message":
        return _object(content)
    if isinstance(content, Saved):
        return f"(${content.name} | {_TYPED[kind]})" if kind in _TYPED else f"${content.name}"
    if isinstance(content, Joined):
        parts = (_text(p) if isinstance(p, str) else _part(p) for p in content.parts)
        made = " + ".join(parts)
        return f"({made} | @base64)" if kind == "bytes" else f"({made})"
    return json.dumps(json_scalar(kind, content), ensure_ascii=False)


def _part(saved: Saved) -> str:
    """A saved value as text: of bytes, the shell has their Base64."""
    return f"(${saved.name} | @base64d)" if saved.kind == "bytes" else f"${saved.name}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _saved(values: Iterable[Value]) -> Iterable[str]:
    """The names of variables within values."""
    for value in values:
        content = value.content
        if value.field.is_map:
            yield from _saved(item for _, item in content)
        elif isinstance(content, tuple):
            yield from _saved(content)
        elif isinstance(content, Saved):
            yield content.name
        elif isinstance(content, Joined):
            yield from (part.name for part in content.parts if isinstance(part, Saved))


def field(way: Way, *, may_be_zero: bool = False) -> Code:
    """A filter that reads a field, which is there unless it may be zero."""
    parts = []
    for number, hop in enumerate(way):
        if may_be_zero and number == len(way) - 1 and hop.index is None:
            parts.append(f"(.[{JSON.quote(hop.name)}] | if . == null then {_zero(hop)} else . end)")
            continue
        parts += [f"field({JSON.quote(hop.name)})"] if hop.name else []
        parts += [] if hop.index is None else [f"field({hop.index})"]
    return Code(" | ".join(parts))


def _zero(hop: Hop) -> str:
    zero = "" if hop.zero is None or isinstance(hop.zero, bytes) else hop.zero
    return json.dumps(zero, ensure_ascii=False)


def printed(lines: Iterable[Line]) -> Code:
    """A filter that makes what is printed, a line each."""
    return Code(",\n    ".join(map(_printed, lines)))


def _printed(line: Line) -> str:

    def read(way: Way, *, may_be_zero: bool = False) -> str:
        last = way[-1].field
        decoded = " | @base64d" if last is not None and last.kind == "bytes" else ""
        return f"({field(way, may_be_zero=may_be_zero)}{decoded} | tostring)"

    value = read(line.path, may_be_zero=line.may_be_zero)
    if isinstance(line.label, str):
        text = f"{JSON.quote(f'{line.label}: ')} + {value}"
    else:
        text = f'{read(line.label)} + ": " + {value}'
    return f"({field(line.each)}[] | {text})" if line.each else f"({text})"


FILTERS: Mapping[str, Callable[..., Code]] = {
    "body": body,
    "printed": printed,
    "jq_field": field,
}
