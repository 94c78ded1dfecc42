"""Requests and answers in C++: JSON."""

from collections.abc import Iterable
from typing import Any

from samplegen.contract.paths import Way, places
from samplegen.contract.paths import kind as kind_of
from samplegen.contract.trees import AS_TEXT, json_scalar, plain
from samplegen.contract.values import Joined, Saved, Value
from samplegen.render.literals.code import Code
from samplegen.render.literals.cpp import CPP
from samplegen.render.structures.cpp_names import local
from samplegen.spec.operation import Line, LinkedStep


def body(step: LinkedStep) -> Code:
    """The request as JSON."""
    return Code(_Writer().body(step))


def kept(step: LinkedStep, answer: str) -> Code:
    """The statements that keep what later steps send."""
    return Code("\n".join(_Writer().kept(step, answer)))


def printed(step: LinkedStep, answer: str) -> Code:
    """The statements that print what a step says."""
    return Code("\n".join(_Writer().printed(line, answer) for line in step.lines))


def uses(steps: Iterable[LinkedStep]) -> set[str]:
    """The functions that programs need besides."""
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
        return CPP.value(step.body) if step.method is None else self._object(step.said)

    def _object(self, values: Iterable[Value]) -> str:
        return _mapping([(v.field.name, self._nested(v)) for v in values])

    def _nested(self, value: Value) -> str:
        if value.field.repeated:
            return _sequence([self._single(item) for item in value.content])
        if value.field.is_map:
            return _mapping([(plain(key), self._single(item)) for key, item in value.content])
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
            return self._joined(content)
        return CPP.value(json_scalar(kind, content))

    def _bytes(self, content: bytes | Joined) -> str:
        self.used.add("Encoded")
        if isinstance(content, Joined):
            return f"Encoded({self._joined(content)})"
        try:
            return f"Encoded({CPP.quote(content.decode())})"
        except UnicodeDecodeError:
            return f"Encoded({CPP.bytes(content)})"

    def _joined(self, content: Joined) -> str:
        """A text with saved values in it, which are texts or JSON here."""
        parts: list[str] = []
        text = ""
        for part in content.parts:
            if isinstance(part, str):
                text += part
                continue
            parts += [str(CPP.quote(text))] if text else []
            text, name = "", local(part.name)
            if part.kind == "bytes":
                self.used.add("Decoded")
            shown = f"Decoded({name})" if part.kind == "bytes" else name
            parts.append(shown if part.kind in AS_TEXT else f"{name}.dump()")
        parts += [str(CPP.quote(text))] if text or not parts else []
        return " + ".join(parts)

    # Answers

    def kept(self, step: LinkedStep, answer: str) -> list[str]:
        found = []
        for name, way in step.saves:
            is_text = kind_of(way) in AS_TEXT
            self.used.add("Text" if is_text else "Field")
            read = f"{'Text' if is_text else 'Field'}({answer}, {_pointer(way)})"
            type_ = "std::string" if is_text else "nlohmann::json"
            found.append(f"const {type_} {local(name)} = {read};")
        return found

    def printed(self, line: Line, answer: str) -> str:
        owner = "item" if line.each else answer
        value = self._shown(line.path, owner, may_be_zero=line.may_be_zero)
        if isinstance(line.label, str):
            label = str(CPP.quote(line.label))
        else:
            label = self._shown(line.label, owner, may_be_zero=False)
        statement = f"Print({label}, {value});"
        if not line.each:
            return statement
        self.used.add("List")
        items = f"List({answer}, {_pointer(line.each)})"
        return f"for (const auto& item : {items}) {{\n  {statement}\n}}"

    def _shown(self, way: Way, owner: str, *, may_be_zero: bool) -> str:
        self.used.add("Text")
        read = f"Text({owner}, {_pointer(way)})"
        if may_be_zero and way[-1].index is None:
            self.used.add("Optional")
            zero = CPP.quote("" if way[-1].zero is None else plain(way[-1].zero))
            read = f"Optional({zero}, {owner}, {_pointer(way)})"
        if kind_of(way) != "bytes":
            return read
        self.used.add("Decoded")
        return f"Decoded({read})"


def _mapping(pairs: list[tuple[str, str]]) -> str:
    nested = CPP.nested
    return nested.mapping([(CPP.quote(k), v) for k, v in pairs]) if nested else ""


def _sequence(items: list[str]) -> str:
    return CPP.nested.sequence(items) if CPP.nested else ""


def _pointer(way: Way) -> str:
    """The way as a JSON pointer; RFC 6901."""
    words: list[Any] = [str(w).replace("~", "~0").replace("/", "~1") for w in places(way)]
    return CPP.quote("".join(f"/{word}" for word in words))
