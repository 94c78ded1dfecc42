"""A contract of protos, read from the set of descriptors that protoc makes of them."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from samplegen.contract import protoc
from samplegen.contract.model import Contract, Enum, Field, Kind, Message, Method, Route, short
from samplegen.errors import Problem, SamplegenError
from samplegen.resources import shown

_KINDS: dict[str, Kind] = {
    "double": "double", "float": "float", "bool": "bool", "string": "string", "bytes": "bytes",
    "int32": "int32", "sint32": "int32", "sfixed32": "int32",
    "int64": "int64", "sint64": "int64", "sfixed64": "int64",
    "uint32": "uint32", "fixed32": "uint32", "uint64": "uint64", "fixed64": "uint64",
    "enum": "enum", "message": "message", "group": "message",
}  # fmt: skip
_HTTP = 72295728
"""The number of the option `google.api.http`; google/api/annotations.proto."""
_BEHAVIOR = 1052
"""That of `google.api.field_behavior`, and its values."""
_REQUIRED, _OUTPUT_ONLY = 2, 3
_VERBS = {2: "GET", 3: "PUT", 4: "POST", 5: "DELETE", 6: "PATCH"}
"""The fields of `google.api.HttpRule` that hold a path, and `custom`, `body`, `response_body`."""
_CUSTOM, _BODY, _RESPONSE_BODY = 8, 7, 12
_KIND, _PATH = 1, 2
"""The fields of `google.api.CustomHttpPattern`."""
_MESSAGE, _ENUM, _SERVICE = 4, 5, 6
"""The fields of a `FileDescriptorProto`; see descriptor.proto."""
_NESTED, _NESTED_ENUM, _FIELD = 3, 4, 2
"""Those of a `DescriptorProto`."""
_METHOD = 2
"""That of a `ServiceDescriptorProto`."""


def read(folders: tuple[Path, ...], files: tuple[str, ...]) -> Contract:
    """The contract in protos and all that they import.

    Args:
        folders: Where protos are looked for, one after the other.
        files: Below one of the folders.

    Raises:
        SamplegenError: They have mistakes, or cannot be compiled here.
    """
    existing = tuple(folder.absolute() for folder in folders)
    missing = [
        Problem("no such file; expected a proto", shown(folders[0] / file))
        for file in files
        if not any((folder / file).is_file() for folder in folders)
    ]
    if missing:
        raise SamplegenError(*missing)
    return of_descriptors(protoc.descriptors(existing, files))


@lru_cache(maxsize=16)
def of_descriptors(descriptors: bytes) -> Contract:
    """The contract in a serialized `FileDescriptorSet`."""
    from google.protobuf import descriptor_pb2  # takes milliseconds, and few commands need it

    found = descriptor_pb2.FileDescriptorSet.FromString(descriptors)
    readers = [_File(file) for file in found.file]
    messages = {name: message for reader in readers for name, message in reader.raw_messages()}
    return Contract(
        methods=tuple(method for reader in readers for method in reader.methods()),
        messages={m.name: m for reader in readers for m in reader.messages(messages)},
        enums={enum.name: enum for reader in readers for enum in reader.enums()},
        files={reader.file.name: reader.file.package for reader in readers},
        descriptors=descriptors,
    )


_Place = tuple[int, ...]


class _File:
    """Reads one file of the set."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self._comments: dict[_Place, str] = {
            tuple(at.path): _comment(at)
            for at in file.source_code_info.location
            if at.leading_comments or at.trailing_comments
        }
        prefix = f"{file.package}." if file.package else ""
        self._all = [
            found
            for index, message in enumerate(file.message_type)
            for found in _nested(prefix, message, (_MESSAGE, index))
        ]

    def raw_messages(self) -> Iterator[tuple[str, Any]]:
        for name, message, _ in self._all:
            yield name, message

    def messages(self, known: Mapping[str, Any]) -> Iterator[Message]:
        """The messages, but for those that stand for the entries of a map."""
        for name, message, place in self._all:
            if not message.options.map_entry:
                fields = [
                    self._field(field, message, known, (*place, _FIELD, index))
                    for index, field in enumerate(message.field)
                ]
                yield Message(
                    name=name,
                    fields={field.name: field for field in fields},
                    comment=self._comments.get(place, ""),
                    file=self.file.name,
                )

    def _field(self, field: Any, message: Any, known: Mapping[str, Any], place: _Place) -> Field:
        label, kind = _label(field), _declared(field)
        entry = known.get(_full(field.type_name))
        is_map = entry is not None and entry.options.map_entry
        value = entry.field[1] if is_map and entry is not None else field
        type_name = _full(value.type_name)
        declared = short(type_name) or _declared(value)
        key = _KINDS[_declared(entry.field[0])] if is_map and entry is not None else None
        grouped = field.HasField("oneof_index") and not field.proto3_optional
        is_list = label == "repeated" and not is_map
        behavior = _behavior(field.options)
        return Field(
            name=field.name,
            json_name=field.json_name,
            number=field.number,
            kind=_KINDS[_declared(value)],
            declared=f"map<{_declared(entry.field[0])}, {declared}>" if key and entry else declared,
            type=type_name,
            repeated=is_list,
            key=key,
            oneof=message.oneof_decl[field.oneof_index].name if grouped else "",
            presence=not is_list and not is_map and self._has_presence(field, kind),
            required=label == "required" or _REQUIRED in behavior,
            read_only=_OUTPUT_ONLY in behavior,
            comment=self._comments.get(place, ""),
        )

    def _has_presence(self, field: Any, kind: str) -> bool:
        return (
            kind in ("message", "group")
            or field.HasField("oneof_index")
            or self.file.syntax in ("", "proto2")
        )

    def enums(self) -> Iterator[Enum]:
        prefix = f"{self.file.package}." if self.file.package else ""
        found: list[tuple[str, Any, _Place]] = [
            (prefix, enum, (_ENUM, index)) for index, enum in enumerate(self.file.enum_type)
        ]
        for name, message, place in self._all:
            found += [
                (f"{name}.", enum, (*place, _NESTED_ENUM, index))
                for index, enum in enumerate(message.enum_type)
            ]
        for before, enum, place in found:
            yield Enum(
                name=before + enum.name,
                values={value.name: value.number for value in enum.value},
                comment=self._comments.get(place, ""),
                file=self.file.name,
            )

    def methods(self) -> Iterator[Method]:
        for number, service in enumerate(self.file.service):
            name = f"{self.file.package}.{service.name}".lstrip(".")
            for index, method in enumerate(service.method):
                yield Method(
                    name=method.name,
                    service=name,
                    request=_full(method.input_type),
                    response=_full(method.output_type),
                    client_streaming=method.client_streaming,
                    server_streaming=method.server_streaming,
                    route=_route(method.options),
                    comment=self._comments.get((_SERVICE, number, _METHOD, index), ""),
                    file=self.file.name,
                )


def _nested(prefix: str, message: Any, place: _Place) -> Iterator[tuple[str, Any, _Place]]:
    """A message and those that stand in it: the full name, the descriptor, the place."""
    name = prefix + message.name
    yield name, message, place
    for index, inner in enumerate(message.nested_type):
        yield from _nested(f"{name}.", inner, (*place, _NESTED, index))


def _comment(location: Any) -> str:
    """On one line."""
    return " ".join((location.leading_comments or location.trailing_comments).split())


def _full(name: str) -> str:
    return str(name).lstrip(".")


def _declared(field: Any) -> str:
    """The type of a field, as a proto names it."""
    return str(field.Type.Name(field.type)).removeprefix("TYPE_").lower()


def _label(field: Any) -> str:
    return str(field.Label.Name(field.label)).removeprefix("LABEL_").lower()


def _route(options: Any) -> Route | None:
    """What the option `google.api.http` of a method says.

    Descriptors hold options that this process does not know as bytes; so it does not matter
    whether googleapis-common-protos is installed.
    """
    rule = next((data for n, data in _parts(options.SerializeToString()) if n == _HTTP), None)
    if not isinstance(rule, bytes):
        return None
    texts = {number: data for number, data in _parts(rule) if isinstance(data, bytes)}
    method, path = "", b""
    for number, verb in _VERBS.items():
        if number in texts:
            method, path = verb, texts[number]
    if _CUSTOM in texts:
        custom = {n: data for n, data in _parts(texts[_CUSTOM]) if isinstance(data, bytes)}
        method, path = custom.get(_KIND, b"").decode(), custom.get(_PATH, b"")
    if not method:
        return None
    return Route(
        method=method,
        path=path.decode(),
        body=texts.get(_BODY, b"").decode(),
        response_body=texts.get(_RESPONSE_BODY, b"").decode(),
    )


def _behavior(options: Any) -> set[int]:
    """The values of the option `google.api.field_behavior` of a field, packed or not."""
    found: set[int] = set()
    for number, data in _parts(options.SerializeToString()):
        if number == _BEHAVIOR:
            found |= {data} if isinstance(data, int) else {*data}  # each fits into a byte
    return found


def _parts(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """The fields of a serialized message whose descriptor is not known: number and content."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        match tag & 7:
            case 0:
                number, place = _varint(message, place)
                yield tag >> 3, number
            case 2:
                size, place = _varint(message, place)
                yield tag >> 3, message[place : place + size]
                place += size
            case 1 | 5:
                place += 8 if tag & 7 == 1 else 4
            case _:
                return


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """A number, and where what follows it starts."""
    number = shift = 0
    while True:
        byte = message[place]
        number |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return number, place
