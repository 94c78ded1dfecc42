"""What a contract says: services, methods, messages, fields, enums and routes.

All names are full ones, with their package, as in `etcdserverpb.KV.Put`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from samplegen.errors import nearest

Kind = Literal[
    "message", "enum", "string", "bytes", "bool", "integer",
    "int32", "int64", "uint32", "uint64", "float", "double",
]  # fmt: skip
"""What a value is; encodings of one range, such as sint32 and sfixed32, are one kind. `integer` is
one of up to 64 bits that JSON has as a number."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a message."""

    name: str
    json_name: str
    """Its name in JSON, such as `rangeEnd`."""
    number: int
    kind: Kind
    """Of a map, that of its values."""
    declared: str
    """The type as a reader of the contract sees it, such as `sint32` or `map<string, Item>`."""
    type: str = ""
    """The message or the enum; of a map, that of its values."""
    repeated: bool = False
    key: Kind | None = None
    """The kind of a map's keys; None: the field is no map."""
    oneof: str = ""
    """The group of fields of which one at most is set."""
    presence: bool = False
    """Whether a field that is not set differs from one that is zero or empty."""
    required: bool = False
    """Of proto2, or OpenAPI."""
    place: str = ""
    """Where REST has it, `path` or `query`; empty: where the route says."""
    read_only: bool = False
    """Whether only answers have it."""
    example: Any = field(default=None, repr=False, compare=False)
    """A value as JSON that the contract itself gives; None: it gives none."""
    comment: str = ""

    @property
    def shown_type(self) -> str:
        return f"repeated {self.declared}" if self.repeated else self.declared

    @property
    def is_map(self) -> bool:
        return self.key is not None


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message, with its fields by name in the order of the contract."""

    name: str
    fields: Mapping[str, Field]
    comment: str = ""
    file: str = ""
    """The proto that declares it."""

    def field(self, name: str) -> Field | None:
        """The field of this name, in the contract or in JSON."""
        found = self.fields.get(name)
        return found or next((f for f in self.fields.values() if f.json_name == name), None)


@dataclass(frozen=True, kw_only=True)
class Enum:
    """An enum, with the numbers of its values by name."""

    name: str
    values: Mapping[str, int]
    comment: str = ""
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class Route:
    """Where REST has a method; see `google/api/http.proto`."""

    method: str
    """Of HTTP, such as `POST`."""
    path: str
    """With fields of the request in braces."""
    body: str = ""
    """The field that is the body; `*`: all that is not in the path; empty: there is no body."""
    response_body: str = ""
    """The field of the answer that is the body; empty: all of the answer."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """A call of the API."""

    name: str
    service: str
    request: str
    response: str
    client_streaming: bool = False
    server_streaming: bool = False
    route: Route | None = None
    """None: REST does not have it, as far as the contract says."""
    statuses: tuple[int, ...] = (200,)
    """Those of HTTP with which it succeeds, and its answer has a body of JSON."""
    empty_statuses: tuple[int, ...] = ()
    """Those with which it succeeds, and its answer has none."""
    comment: str = ""
    file: str = ""
    limits: tuple[str, ...] = ()
    """What it asks for, and steps cannot do yet."""

    @property
    def title(self) -> str:
        """The name with that of its service, without the package: `KV.Put`."""
        return f"{short(self.service)}.{self.name}" if self.service else self.name

    @property
    def path(self) -> str:
        """Of gRPC."""
        return f"/{self.service}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class Security:
    """What callers must show, as OpenAPI names it."""

    name: str
    kind: Literal["bearer", "basic", "header", "other"]
    header: str = ""
    """Of the kind `header`, its name."""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """All that a contract says, its imports included."""

    api_title: str = ""
    """Empty: it has none, as protos."""
    api_summary: str = ""
    servers: tuple[str, ...] = ()
    """URLs."""
    base_path: str = ""
    """What routes begin with, and the paths in the file do not."""
    security: tuple[Security, ...] = ()
    """All of them are asked for."""

    methods: tuple[Method, ...] = ()
    """In the order of the files, imported ones first."""
    messages: Mapping[str, Message] = field(default_factory=dict)
    enums: Mapping[str, Enum] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    """The package of each file, imported ones first."""
    descriptors: bytes = field(default=b"", repr=False)
    """A serialized `FileDescriptorSet`, if the contract is of gRPC."""

    def method(self, name: str) -> Method | None:
        """The method of this name; None if there is none, or several.

        Args:
            name: With as much before it as tells it from others: `Put`, `KV.Put` or
                `etcdserverpb.KV.Put`.
        """
        found = self._methods.get(name, ())
        return found[0] if len(found) == 1 else None

    def hint(self, name: str) -> str:
        """What to write in place of a name by which `method` finds nothing."""
        if found := self._methods.get(name, ()):
            return f"expected one of {', '.join(sorted(f'{m.service}.{m.name}' for m in found))}"
        if name.partition(".")[0] in {short(method.service) for method in self.methods}:
            return nearest(name, {method.title for method in self.methods})
        return nearest(name, {*(m.title for m in self.methods), *(m.name for m in self.methods)})

    @cached_property
    def _methods(self) -> dict[str, tuple[Method, ...]]:
        """By each name that a method goes by."""
        found: dict[str, tuple[Method, ...]] = {}
        for method in self.methods:
            for name in _endings(f"{method.service}.{method.name}"):
                found[name] = (*found.get(name, ()), method)
        return found

    def place(self, name: str) -> tuple[str, tuple[str, ...]]:
        """The proto that declares a message, an enum or a service, and its names in there.

        They are several if it is declared in messages: `("kv.proto", ("Compare", "Result"))`.
        """
        found = self.messages.get(name) or self.enums.get(name)
        file = found.file if found is not None else self._services[name]
        package = self.files[file]
        return file, tuple(name.removeprefix(f"{package}." if package else "").split("."))

    def zero(self, known: Field) -> str | bytes | bool | int | None:
        """What a scalar is that is not set; None: it is a message, or its enum has no zero."""
        if known.kind == "enum":
            members = self.enums[known.type].values.items()
            return next((name for name, number in members if number == 0), None)
        if known.kind == "message":
            return None
        zeros: dict[Kind, str | bytes | bool] = {"string": "", "bytes": b"", "bool": False}
        return zeros.get(known.kind, 0)

    @cached_property
    def _services(self) -> dict[str, str]:
        return {method.service: method.file for method in self.methods}

    def title(self, name: str) -> str:
        """The last part of a message's or an enum's name, if that tells it from all others."""
        return short(name) if self._titles[short(name)] == 1 else name

    @cached_property
    def _titles(self) -> Counter[str]:
        return Counter(short(name) for name in (*self.messages, *self.enums))


def _endings(name: str) -> Iterator[str]:
    """The name, and what is left of it without the parts before each dot."""
    yield name
    while "." in name:
        name = name.partition(".")[2]
        yield name


def short(name: str) -> str:
    """The last part of a full name."""
    return name.rpartition(".")[2]
