"""Names in Java: those of the stubs that protoc and grpc-java make, and those of variables."""

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from samplegen.contract.model import Contract, Field, Kind, Message
from samplegen.contract.values import Joined
from samplegen.render.literals.java import JAVA
from samplegen.render.structures.naming import camel_words

_KEYWORDS = frozenset({
    "abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class", "const",
    "continue", "default", "do", "double", "else", "enum", "extends", "false", "final", "finally",
    "float", "for", "goto", "if", "implements", "import", "instanceof", "int", "interface", "long",
    "native", "new", "null", "package", "private", "protected", "public", "return", "short",
    "static", "strictfp", "super", "switch", "synchronized", "this", "throw", "throws",
    "transient", "true", "try", "var", "void", "volatile", "while", "yield",
})  # fmt: skip
_TAKEN = _KEYWORDS | {"args", "channel", "item"}
_NUMBERED = re.compile(r"(answer|body|refused|request|url)\d*")
_TAKEN_TYPES = frozenset({
    "Base64", "Boolean", "ByteBuffer", "ByteString", "Double", "Exception", "File", "Float", "Grpc",
    "IllegalStateException", "InsecureChannelCredentials", "Integer", "Iterable", "LinkedHashMap",
    "List", "LogManager", "Long", "Main", "ManagedChannel", "ManagedChannelBuilder", "Map",
    "Metadata", "MetadataUtils", "Object", "Override", "Runnable", "Status",
    "StatusRuntimeException", "String", "System", "TlsChannelCredentials",
})  # fmt: skip
"""Types of a program that are no stubs."""
_FORBIDDEN = frozenset({
    "class", "defaultInstanceForType", "parserForType", "serializedSize", "allFields",
    "descriptorForType", "initializationErrorString", "unknownFields", "cachedSize",
})  # fmt: skip
"""Fields whose getters would be methods of messages; protoc puts `_` behind these."""


def local(name: str) -> str:
    """The name of a variable for a saved value."""
    found = camel_words(name)
    return f"{found}Value" if found in _TAKEN or _NUMBERED.fullmatch(found) else found


def joined(content: Joined, shown: Callable[[Kind, str], str]) -> str:
    """A text with saved values in it; `shown` makes a text of a value of a kind."""
    parts = [
        str(JAVA.quote(p)) if isinstance(p, str) else shown(p.kind, local(p.name))
        for p in content.parts
    ]
    return " + ".join(parts if isinstance(content.parts[0], str) else ['""', *parts])


class Names:
    """What the parts of a contract are called, and what is imported for that."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._imported: dict[str, str] = {}
        """The full name of a class by its last part."""

    def imports(self) -> list[str]:
        """What is imported for the names asked for so far."""
        return [full for full in self._imported.values() if "." in full]

    def of(self, name: str) -> str:
        """A message or an enum."""
        file, names = self._contract.place(name)
        options = _files(self._contract.descriptors)[file]
        top, *rest = names if options.several else (options.outer, *names)
        return ".".join((self._class(options.package, top), *rest))

    def service(self, name: str) -> str:
        """The class of the stubs of a service."""
        file, names = self._contract.place(name)
        return self._class(_files(self._contract.descriptors)[file].package, f"{names[0]}Grpc")

    def _class(self, package: str, name: str) -> str:
        full = f"{package}.{name}" if package else name
        if name in _TAKEN_TYPES or self._imported.get(name, full) != full:
            return full
        self._imported[name] = full
        return name

    def field(self, message: Message, known: Field) -> str:
        """A field of a message as it stands behind `get`, in the plural too."""
        name = _capitalized(known.name)
        others = [other for other in message.fields.values() if other is not known]
        if any(_conflicts(known, other) or _conflicts(other, known) for other in others):
            return f"{name}{known.number}"
        return f"{name}_" if camel_words(known.name) in _FORBIDDEN else name


def method(name: str) -> str:
    """A method of a stub."""
    found = _capitalized(name)
    found = found[:1].lower() + found[1:]
    return f"{found}_" if found in _KEYWORDS else found


def _conflicts(known: Field, other: Field) -> bool:
    name, another = _capitalized(known.name), _capitalized(other.name)
    return name == another or (known.repeated and another in (f"{name}Count", f"{name}List"))


def _capitalized(name: str) -> str:
    """`UnderscoresToCamelCase` of protoc: letters behind `_` and digits are capital ones."""
    made, is_next = "", True
    for letter in name:
        if letter.isalnum():
            made += letter.upper() if is_next else letter
        is_next = not letter.isalpha()
    return made


class _File:
    """How a proto names its classes."""

    def __init__(self, file: Any) -> None:
        options = file.options
        self.package = options.java_package or file.package
        self.several = options.java_multiple_files
        name = options.java_outer_classname
        if not name:
            name = _capitalized(PurePosixPath(file.name).stem)
            pending = [*file.message_type, *file.enum_type, *file.service]
            for found in pending:  # which grows on the way
                pending += [*getattr(found, "nested_type", []), *getattr(found, "enum_type", [])]
            if name in {found.name for found in pending}:
                name += "OuterClass"
        self.outer = name


@lru_cache(maxsize=16)
def _files(descriptors: bytes) -> dict[str, _File]:
    from google.protobuf import descriptor_pb2  # takes milliseconds, and few programs need it

    found = descriptor_pb2.FileDescriptorSet.FromString(descriptors)
    return {file.name: _File(file) for file in found.file}
