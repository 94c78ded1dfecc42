"""Requests and answers in Java: JSON."""

import json
from collections.abc import Iterable
from typing import Any

from samplegen.contract.model import Kind
from samplegen.contract.paths import Way, places
from samplegen.contract.paths import kind as kind_of
from samplegen.contract.trees import AS_TEXT, json_scalar, plain
from samplegen.contract.values import Joined, Saved, Value
from samplegen.render.literals.code import Code
from samplegen.render.literals.java import JAVA
from samplegen.render.structures.java_names import joined, local
from samplegen.spec.operation import Line, LinkedStep

_FEW = 2
"""Pairs that one sees as such on a line."""


def body(step: LinkedStep) -> Code:
    """The request as JSON in maps and lists."""
    return Code(_Writer().body(step))


def kept(step: LinkedStep, answer: str) -> Code:
    """The statements that keep what later steps send."""
    return Code("\n".join(_Writer().kept(step, answer)))


def printed(step: LinkedStep, answer: str) -> Code:
    """The statements that print what a step says."""
    return Code("\n".join(_Writer().printed(line, answer) for line in step.lines))


def uses(steps: Iterable[LinkedStep]) -> set[str]:
    """What programs need besides: functions, and classes that they import."""
    writer = _Writer()
    for step in steps:
        writer.body(step)
        writer.kept(step, "answer")
        for line in step.lines:
            writer.printed(line, "answer")
    return writer.used


class _Writer:
    """Writes the parts of a program, and notes what they use."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    # Requests

    def body(self, step: LinkedStep) -> str:
        if step.method is not None:
            return self._object(step.said)
        if step.body is None:
            return "null"
        if _has_null(step.body):
            return f"JSON.readTree({JAVA.quote(json.dumps(step.body, ensure_ascii=False))})"
        return self._plain(step.body)

    def _plain(self, data: Any) -> str:
        if isinstance(data, dict):
            return self._map([(str(JAVA.quote(k)), self._plain(v)) for k, v in data.items()])
        if isinstance(data, list | tuple):
            return self._list(map(self._plain, data))
        return JAVA.value(data)

    def _object(self, values: Iterable[Value]) -> str:
        return self._map([(str(JAVA.quote(v.field.name)), self._nested(v)) for v in values])

    def _map(self, pairs: list[tuple[str, str]]) -> str:
        self.used.add("Map")
        if len(pairs) > _FEW or (pairs[1:] and any(map(_is_nested, pairs))):
            self.used.add("entry")
            return f"Map.ofEntries({', '.join(f'entry({k}, {v})' for k, v in pairs)})"
        return f"Map.of({', '.join(f'{key}, {value}' for key, value in pairs)})"

    def _list(self, items: Iterable[str]) -> str:
        self.used.add("List")
        return f"List.of({', '.join(items)})"

    def _nested(self, value: Value) -> str:
        if value.field.repeated:
            return self._list(map(self._single, value.content))
        if value.field.is_map:
            pairs = value.content
            return self._map([(str(JAVA.quote(plain(k))), self._single(v)) for k, v in pairs])
        return self._single(value)

    def _single(self, value: Value) -> str:
        content, kind = value.content, value.field.kind
        if kind == "message":
            return self._object(content)
        if isinstance(content, Saved):
            return local(content.name)  # as JSON had it
        if kind == "bytes":
            return self._bytes(content)
        if isinstance(content, Joined):
            return joined(content, self._text)
        return JAVA.value(json_scalar(kind, content))

    def _bytes(self, content: bytes | Joined) -> str:
        """Jackson writes them as Base64."""
        self.used.add("UTF_8")
        if isinstance(content, Joined):
            return f"({joined(content, self._text)}).getBytes(UTF_8)"
        try:
            return f"{JAVA.quote(content.decode())}.getBytes(UTF_8)"
        except UnicodeDecodeError:
            return str(JAVA.bytes(content))

    # Answers

    def kept(self, step: LinkedStep, answer: str) -> list[str]:
        found = []
        for name, way in step.saves:
            kind = kind_of(way)
            is_text = kind in AS_TEXT
            self.used |= {"text"} if is_text else set()
            read = f"{'text' if is_text else 'field'}({answer}, {_path(way)})"
            found.append(f"{'String' if is_text else 'JsonNode'} {local(name)} = {read};")
        return found

    def printed(self, line: Line, answer: str) -> str:
        owner = "item" if line.each else answer
        value = self._shown(line.path, owner, may_be_zero=line.may_be_zero)
        if isinstance(line.label, str):
            label = str(JAVA.quote(f"{line.label}: "))
        else:
            label = f'{self._shown(line.label, owner, may_be_zero=False)} + ": "'
        statement = f"System.out.println({label} + {value});"
        if not line.each:
            return statement
        self.used.add("list")
        items = f"list({answer}, {_path(line.each)})"
        return f"for (JsonNode item : {items}) {{\n  {statement}\n}}"

    def _shown(self, way: Way, owner: str, *, may_be_zero: bool) -> str:
        self.used.add("text")
        zero = way[-1].zero
        if may_be_zero and way[-1].index is None:
            self.used.add("optional")
            text = "" if zero is None else plain(zero)
            read = f"optional({JAVA.quote(text)}, {owner}, {_path(way)})"
        else:
            read = f"text({owner}, {_path(way)})"
        return self._text(kind_of(way), read)

    def _text(self, kind: Kind, value: str) -> str:
        if kind != "bytes":
            return value
        self.used |= {"decoded", "UTF_8"}
        return f"decoded({value})"


def _is_nested(pair: tuple[str, str]) -> bool:
    return pair[1].startswith(("Map.", "List."))


def _has_null(data: Any) -> bool:
    """Whether `Map.of` and `List.of` would refuse it."""
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return data is None or any(map(_has_null, inner))


def _path(way: Way) -> str:
    """The way as arguments."""
    return ", ".join(JAVA.quote(w) if isinstance(w, str) else str(w) for w in places(way))
