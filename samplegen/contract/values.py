"""Values of messages: what a request holds, checked field by field."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from samplegen.contract.model import Contract, Enum, Field, Kind, Message
from samplegen.errors import nearest

Location = tuple[str | int, ...]
Mistake = tuple[Location, str]
RANGES: dict[Kind, tuple[int, int]] = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "integer": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}
"""The least and the greatest number of each kind of integer."""
_OWN_JSON = "google.protobuf."
"""Messages of this package have a JSON of their own."""
_WITHOUT_TEXT = frozenset({"enum", "float", "double"})
"""Kinds of values that each language writes in its own way."""
_TEXT = Field(name="", json_name="", number=0, kind="string", declared="string")


@dataclass(frozen=True)
class Saved:
    """A value that an earlier answer held."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Joined:
    """A text, some parts of which earlier answers held."""

    parts: tuple[str | Saved, ...]


@dataclass(frozen=True)
class Value:
    """A field and what it holds.

    That is, by the field: of a message the values of its fields; of a list one value for each item;
    of a map pairs of key and value; of an enum the name; else a scalar, `Saved` or `Joined`.
    """

    field: Field
    content: Any


@dataclass
class Reader:
    """Makes values of what a YAML file has, and notes each mistake."""

    contract: Contract
    saved: Mapping[str, Kind]
    """What earlier answers held, by name."""
    mistakes: list[Mistake] = field(default_factory=list)

    def message(self, name: str, data: object, at: Location) -> tuple[Value, ...]:
        """The values of a message's fields, in the order in which they are given."""
        message = self.contract.messages[name]
        if not isinstance(data, Mapping):
            self._note(at, f"found {data!r}; expected a mapping with the fields of {name}")
            return ()
        found: list[Value] = []
        groups: dict[str, str] = {}
        for key, item in data.items():
            known = message.field(key)
            if known is None:
                self._note((*at, key), f"{name} has no field {key!r}; {_fields(message, key)}")
                continue
            if any(value.field.name == known.name for value in found):
                self._note((*at, key), f"{known.name!r} is set by both of its names; keep one")
            elif known.oneof and known.oneof in groups:
                both = f"{groups[known.oneof]!r} and {key!r}"
                self._note((*at, key), f"{both} cannot both be set; leave one of them out")
            groups[known.oneof] = key
            found.append(self.value(known, item, (*at, key)))
        given = {value.field.name for value in found}
        for known in message.fields.values():
            if known.required and known.name not in given:
                self._note(at, f"{name} needs {known.name!r}; add it")
        return tuple(found)

    def value(self, known: Field, data: object, at: Location) -> Value:
        """The value of a field."""
        if known.repeated:
            return Value(known, self._list(known, data, at))
        if known.is_map:
            return Value(known, self._map(known, data, at))
        return Value(known, self._single(known, data, at))

    def _list(self, known: Field, data: object, at: Location) -> tuple[Value, ...]:
        if not isinstance(data, list):
            self._note(at, f"found {data!r}; expected a list")
            return ()
        item = replace(known, repeated=False)
        return tuple(self.value(item, one, (*at, index)) for index, one in enumerate(data))

    def _map(self, known: Field, data: object, at: Location) -> tuple[tuple[Any, Value], ...]:
        if not isinstance(data, Mapping):
            self._note(at, f"found {data!r}; expected a mapping")
            return ()
        key = replace(_TEXT, kind=known.key or "string")
        item = replace(known, key=None)
        return tuple(
            (self._key(key, name, (*at, name)), self.value(item, one, (*at, name)))
            for name, one in data.items()
        )

    def _key(self, key: Field, name: str, at: Location) -> Any:
        if key.kind == "string":
            return name
        if key.kind == "bool" and name in ("true", "false"):
            return name == "true"
        number = name.removeprefix("-").isdecimal()
        return self._scalar(key, int(name) if number else name, at)

    def _single(self, known: Field, data: object, at: Location) -> Any:
        if isinstance(data, Mapping) and known.kind != "message":
            return self._made(known, data, at)
        if known.kind != "message":
            return self._scalar(known, data, at)
        if known.type.startswith(_OWN_JSON):
            self._note(at, f"a {known.type} cannot be sent yet; leave it out")
            return ()
        return self.message(known.type, data, at)

    def _made(self, known: Field, data: Mapping[Any, Any], at: Location) -> Any:
        """A value that stands for another: from an answer, of several texts, or in Base64."""
        match dict(data):
            case {"from": str(name), **rest} if not rest:
                return self._saved(known, name, (*at, "from"))
            case {"text": list(parts), **rest} if not rest and known.kind in ("string", "bytes"):
                return self._joined(parts, at)
            case {"base64": str(text), **rest} if not rest and known.kind == "bytes":
                try:
                    return base64.b64decode(text, validate=True)
                except binascii.Error as error:
                    self._note((*at, "base64"), f"found {text!r}, which is not Base64: {error}")
                    return b""
        own = {"string": ", {text: PARTS}", "bytes": ", {text: PARTS} or {base64: TEXT}"}
        expected = f"{_article(known)}, {{from: NAME}}{own.get(known.kind, '')}"
        self._note(at, f"found a mapping; expected {expected}")
        return ""

    def _joined(self, parts: list[Any], at: Location) -> Joined:
        found: list[str | Saved] = []
        for index, part in enumerate(parts):
            place = (*at, "text", index)
            match part:
                case str():
                    found.append(part)
                case {"from": str(name)} if len(part) == 1:
                    kind = self.saved.get(name)
                    if kind in _WITHOUT_TEXT:
                        message = f"{name!r} is {_ARTICLES[kind]}, which has no one text"
                        self._note((*place, "from"), message)
                    found.append(self._saved(replace(_TEXT, kind=kind or "string"), name, place))
                case _:
                    self._note(place, f"found {part!r}; expected text or {{from: NAME}}")
        return Joined(tuple(found))

    def _saved(self, known: Field, name: str, at: Location) -> Saved:
        kind = self.saved.get(name)
        if kind is None:
            self._note(at, f"no earlier step saves {name!r}; {nearest(name, self.saved)}")
        elif kind != known.kind:
            self._note(at, f"{name!r} is {_ARTICLES[kind]}; expected {_ARTICLES[known.kind]}")
        return Saved(name, known.kind)

    def _scalar(self, known: Field, data: object, at: Location) -> Any:
        kind = known.kind
        match data:
            case bool() if kind == "bool":
                return data
            case int() if kind in RANGES and not isinstance(data, bool):
                low, high = RANGES[kind]
                if not low <= data <= high:
                    self._note(at, f"found {data}; expected {low} to {high}, as {kind} can hold")
                return data
            case int() | float() if kind in ("float", "double") and not isinstance(data, bool):
                return float(data)
            case str() if kind == "string":
                return data
            case str() if kind == "bytes":
                return data.encode()
            case str() if kind == "enum":
                self._enum(self.contract.enums[known.type], data, at)
                return data
        self._note(at, f"found {data!r}; expected {_article(known)}")
        return data

    def _enum(self, enum: Enum, name: str, at: Location) -> None:
        if name not in enum.values:
            self._note(at, f"{enum.name} has no {name!r}; {nearest(name, enum.values)}")

    def _note(self, at: Location, message: str) -> None:
        self.mistakes.append((at, message))


_ARTICLES: dict[Kind, str] = {
    "message": "a message", "enum": "the name of a value", "string": "text", "bytes": "bytes",
    "bool": "true or false", "integer": "an integer", "int32": "an int32", "int64": "an int64",
    "uint32": "a uint32", "uint64": "a uint64", "float": "a number", "double": "a number",
}  # fmt: skip


def _article(known: Field) -> str:
    return "text, which is sent as UTF-8" if known.kind == "bytes" else _ARTICLES[known.kind]


def _fields(message: Message, key: str) -> str:
    return nearest(str(key), message.fields) if message.fields else "it has none"
