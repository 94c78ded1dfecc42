"""Messages by a contract: a set of descriptors, as `protoc --include_imports` writes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

from samplegen.judge.servers.proxy.documents import (
    Document,
    Encoded,
    Kind,
    Style,
    Undecodable,
)
from samplegen.judge.servers.proxy.exchanges import Path
from samplegen.judge.servers.proxy.numbers import shortest

_F = FieldDescriptor
_KINDS = {
    _F.TYPE_BOOL: "BOOL", _F.TYPE_FLOAT: "FP32", _F.TYPE_DOUBLE: "FP64",
    _F.TYPE_INT32: "INT32", _F.TYPE_SINT32: "INT32", _F.TYPE_SFIXED32: "INT32",
    _F.TYPE_INT64: "INT64", _F.TYPE_SINT64: "INT64", _F.TYPE_SFIXED64: "INT64",
    _F.TYPE_UINT32: "UINT32", _F.TYPE_FIXED32: "UINT32",
    _F.TYPE_UINT64: "UINT64", _F.TYPE_FIXED64: "UINT64",
    _F.TYPE_STRING: "TEXT", _F.TYPE_BYTES: "BYTES",
}  # fmt: skip


@dataclass(frozen=True)
class Method:
    """The messages of a call."""

    service: str
    """With its package."""
    name: str
    request: Descriptor
    response: Descriptor
    sends_stream: bool = False
    gets_stream: bool = False


class Contract:
    """What the calls of an API send and answer.

    Args:
        descriptors: A serialized `FileDescriptorSet`, imports included, in any order.

    Raises:
        Undecodable: It is none, or an import is missing.
    """

    def __init__(self, descriptors: bytes) -> None:
        files = descriptor_pb2.FileDescriptorSet()
        try:
            files.ParseFromString(descriptors)
        except DecodeError as error:
            raise Undecodable(f"no set of descriptors: {error}") from error
        pool = descriptor_pool.DescriptorPool()
        try:
            for file in _ordered(files):
                pool.Add(file)
            self._methods = {
                f"/{service.full_name}/{method.name}": Method(
                    service.full_name,
                    method.name,
                    method.input_type,
                    method.output_type,
                    method.client_streaming,
                    method.server_streaming,
                )
                for file in files.file
                for service in pool.FindFileByName(file.name).services_by_name.values()
                for method in service.methods
            }
        except (TypeError, KeyError) as error:
            raise Undecodable(f"the descriptors do not fit together: {error}") from error

    def method(self, path: str) -> Method | None:
        """The method of a path such as `/package.Service/Method`."""
        return self._methods.get(path)

    def named(self, name: str) -> Method | None:
        """The method of that name, with or without its service; None if there is not just one."""
        found = [
            method
            for method in self._methods.values()
            if name in {method.name, f"{method.service}.{method.name}"}
            or f"{method.service}.{method.name}".endswith(f".{name}")
        ]
        return found[0] if len(found) == 1 else None


def _ordered(files: Any) -> Iterator[Any]:
    """Files behind those that they import."""
    by_name = {file.name: file for file in files.file}
    done: set[str] = set()

    def visit(name: str) -> Iterator[Any]:
        if name in done or name not in by_name:
            return
        done.add(name)
        for needed in by_name[name].dependency:
            yield from visit(needed)
        yield by_name[name]

    for name in by_name:
        yield from visit(name)


def parsed(descriptor: Descriptor, data: bytes) -> Message:
    """A message.

    Raises:
        Undecodable: The bytes are none.
    """
    message = message_factory.GetMessageClass(descriptor)()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise Undecodable(f"no {descriptor.full_name}: {error}") from error
    return message


def decoded(descriptor: Descriptor, data: bytes) -> Document:
    """A message as a document.

    Raises:
        Undecodable: The bytes are none.
    """
    message = parsed(descriptor, data)

    def encode(values: Any, style: Style) -> Encoded:
        return Encoded(serialized(message, values))

    return Document(tree=tree(message), kinds=lambda path: kind(descriptor, path), encode=encode)


def serialized(message: Message, values: dict[str, Any]) -> bytes:
    """The bytes of a message with other values; what the contract does not know stays.

    Raises:
        Undecodable: A value does not fit its field.
    """
    changed = type(message)()
    changed.CopyFrom(message)
    try:
        fill(changed, values)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Undecodable(f"no {message.DESCRIPTOR.full_name}: {error}") from error
    return bytes(changed.SerializeToString())


def tree(message: Message) -> dict[str, Any]:
    """All fields by their names in the contract, but those that are known to be unset."""
    found: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if _is_map(field):
            item = field.message_type.fields_by_name["value"]
            found[field.name] = {_key(key): _plain(item, value[key]) for key in value}
        elif field.is_repeated:
            found[field.name] = [_plain(field, item) for item in value]
        elif not field.has_presence or message.HasField(field.name):
            found[field.name] = _plain(field, value)
    return found


def _plain(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is not None:
        return tree(value)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return value if known is None else known.name
    return shortest(value, "FP32") if field.type == _F.TYPE_FLOAT else value


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def fill(message: Message, values: dict[str, Any]) -> None:
    """Gives a message the values of a tree; what the tree lacks is cleared."""
    for field in message.DESCRIPTOR.fields:
        if field.name not in values:
            message.ClearField(field.name)
        elif _is_map(field):
            _fill_map(message, field, values[field.name])
        elif field.is_repeated:
            _fill_list(message, field, values[field.name])
        elif field.message_type is not None:
            inner = getattr(message, field.name)
            inner.SetInParent()
            fill(inner, values[field.name])
        else:
            setattr(message, field.name, _native(field, values[field.name]))


def _fill_list(message: Message, field: FieldDescriptor, values: list[Any]) -> None:
    items = getattr(message, field.name)
    if field.message_type is None:
        items[:] = [_native(field, value) for value in values]
        return
    del items[len(values) :]
    while len(items) < len(values):
        items.add()
    for item, value in zip(items, values, strict=True):
        fill(item, value)


def _fill_map(message: Message, field: FieldDescriptor, values: dict[str, Any]) -> None:
    entries = getattr(message, field.name)
    key, item = (field.message_type.fields_by_name[name] for name in ("key", "value"))
    natives = {_native_key(key, name): value for name, value in values.items()}
    for name in [name for name in entries if name not in natives]:
        del entries[name]
    for name, value in natives.items():
        if item.message_type is None:
            entries[name] = _native(item, value)
        else:
            fill(entries[name], value)


def _native(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None and isinstance(value, str):
        return field.enum_type.values_by_name[value].number
    if field.type == _F.TYPE_BYTES and isinstance(value, str):
        return value.encode()
    return value


def _native_key(field: FieldDescriptor, key: str) -> Any:
    if field.type == _F.TYPE_STRING:
        return key
    return key == "true" if field.type == _F.TYPE_BOOL else int(key)


def kind(descriptor: Descriptor, path: Path) -> Kind | None:
    """What stands at a path in a message."""
    steps = iter(path)
    field: FieldDescriptor | None = None
    for step in steps:
        field = _field(descriptor, step)
        if field is None:
            return None
        if _is_map(field):
            next(steps, None)
            field = field.message_type.fields_by_name["value"]
        elif field.is_repeated:
            next(steps, None)
        if field.message_type is not None:
            descriptor = field.message_type
    if field is None or field.message_type is not None:
        return None
    if field.enum_type is not None:
        return Kind("ENUM", tuple(value.name for value in field.enum_type.values))
    return Kind(_KINDS[field.type])


def _field(descriptor: Descriptor, name: str | int) -> FieldDescriptor | None:
    """A field by its name in the contract, or by the one it has in JSON."""
    return descriptor.fields_by_name.get(name) or descriptor.fields_by_camelcase_name.get(name)


def _is_map(field: FieldDescriptor) -> bool:
    inner = field.message_type
    return inner is not None and field.is_repeated and inner.GetOptions().map_entry
