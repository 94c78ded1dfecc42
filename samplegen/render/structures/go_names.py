"""Names in Go: those of the stubs that protoc-gen-go makes, and those of a program's variables."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from samplegen.contract.model import Contract, Field, Message
from samplegen.render.structures.naming import camel_words
from samplegen.spec.operation import LinkedStep

KEYWORDS = frozenset({
    "break", "case", "chan", "const", "continue", "default", "defer", "else", "fallthrough", "for",
    "func", "go", "goto", "if", "import", "interface", "map", "package", "range", "return",
    "select", "struct", "switch", "type", "var",
})  # fmt: skip
_TAKEN = KEYWORDS | {
    "any", "append", "bool", "byte", "cap", "clear", "close", "comparable", "complex", "copy",
    "delete", "error", "false", "float32", "float64", "imag", "init", "int", "int32", "int64",
    "iota", "len", "main", "make", "max", "min", "new", "nil", "panic", "print", "println", "real",
    "recover", "rune", "string", "true", "uint", "uint32", "uint64", "uintptr",
    # What programs import, declare and call.
    "base64", "bytes", "context", "credentials", "errors", "fmt", "grpc", "http", "insecure", "io",
    "json", "math", "metadata", "os", "proto", "regexp", "slices", "strings", "time", "tls", "url",
    "utf8", "x509",
    "authorities", "call", "cancel", "certificate", "check", "client", "config", "connection",
    "codes", "ctx", "err", "field", "headers", "item", "line", "optional", "read", "refusal", "run",
    "scalar", "send", "variable",
}  # fmt: skip
"""Names that no variable of a program may have."""
_NUMBERED = re.compile(r"(answer|query|refused|request)\d*")
_RESERVED = (
    "Reset", "String", "ProtoMessage", "Marshal", "Unmarshal", "ExtensionRangeArray",
    "ExtensionMap", "Descriptor",
)  # fmt: skip
"""Methods of messages, which fields must not be named like."""


def camel(name: str) -> str:
    """A name of a contract as Go has it; `GoCamelCase` of protobuf-go."""
    made = ""
    for number, letter in enumerate(name):
        before, after = name[number - 1 : number], name[number + 1 : number + 2]
        if letter in "._" and (letter == "." or before not in ("", ".")) and _is_lower(after):
            continue
        if letter == ".":
            made += "_"
        elif letter == "_" and before in ("", "."):
            made += "X"
        else:
            is_within = before.isascii() and before.isalpha()
            made += letter.upper() if _is_lower(letter) and not is_within else letter
    return made


def _is_lower(letter: str) -> bool:
    return letter.isascii() and letter.islower()


def local(name: str, taken: Collection[str] = ()) -> str:
    """The name of a variable for a field or a saved value, which no other has."""
    found = camel_words(name)
    if found in _TAKEN or _NUMBERED.fullmatch(found):
        found = f"{found}Value"
    unique, number = found, 2
    while unique in taken:
        unique, number = f"{found}{number}", number + 1
    return unique


class Names:
    """What protoc-gen-go calls the parts of a contract, if each proto is a package of its own."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._packages: dict[str, str] = {}
        """By proto, the name of its package in the program."""

    def package(self, file: str) -> str:
        """The name by which a program knows the package of a proto."""
        if file not in self._packages:
            name = _package(file)
            taken = _TAKEN | {*self._packages.values()}
            if name in taken or _NUMBERED.fullmatch(name):
                parents = PurePosixPath(file).parts[:-1]
                name = "_".join((*map(_sanitized, parents), f"{name}pb"))
            self._packages[file] = name
        return self._packages[file]

    def imports(self) -> list[str]:
        """The lines that name the packages asked for so far."""
        lines = []
        for file, name in self._packages.items():
            path = f'"example.com/sample/{folder(file)}"'
            lines.append(path if name == _package(file) else f"{name} {path}")
        return lines

    def of(self, name: str) -> str:
        """A message, an enum or a service."""
        file, names = self._contract.place(name)
        return f"{self.package(file)}.{camel('.'.join(names))}"

    def member(self, enum: str, value: str) -> str:
        """A value of an enum."""
        file, names = self._contract.place(enum)
        owner = names[:-1] or names
        return f"{self.package(file)}.{camel('.'.join(owner))}_{value}"

    def field(self, message: Message, known: Field) -> str:
        """A field of a message, without `Get`."""
        return _fields(message)[known.name]

    def oneof(self, message: Message, known: Field) -> tuple[str, str]:
        """The field that holds the member of a oneof, and the type that wraps the member."""
        fields = _fields(message)
        wrapper = f"{self.of(message.name)}_{fields[known.name]}"
        nested = {self.of(name) for name in (*self._contract.messages, *self._contract.enums)
                  if name.rpartition(".")[0] == message.name}  # fmt: skip
        while wrapper in nested:
            wrapper += "_"
        return fields[f"oneof {known.oneof}"], wrapper


def _fields(message: Message) -> dict[str, str]:
    """Names by that of the field; of a oneof, by `oneof NAME`."""
    used = {*_RESERVED}
    getters: set[str] = set()
    found: dict[str, str] = {}

    def add(key: str, name: str, *, has_getter: bool) -> None:
        while name in used or name in getters or (has_getter and f"Get{name}" in used):
            name += "_"
        used.add(name)
        if has_getter:
            getters.add(f"Get{name}")
        found[key] = name

    for known in message.fields.values():
        add(known.name, camel(known.name), has_getter=True)
        if known.oneof and f"oneof {known.oneof}" not in found:
            add(f"oneof {known.oneof}", camel(known.oneof), has_getter=False)
    return found


def folder(file: str) -> str:
    """Where `make_stubs.sh` puts the package of a proto."""
    return _sanitized(file.removesuffix(".proto"), "/")


def _package(file: str) -> str:
    """The name that `make_stubs.sh` gives it."""
    name = PurePosixPath(folder(file)).name
    return f"{name}_" if name in KEYWORDS or name == "main" else name


def _sanitized(text: str, kept: str = "") -> str:
    return re.sub(f"[^A-Za-z0-9_{kept}]", "_", text)


@dataclass(frozen=True)
class Variables:
    """Those that a line is printed from."""

    items: str
    label: str
    value: str


def variables(steps: Iterable[LinkedStep]) -> dict[int, Variables]:
    """The variables of each printed line, by the identity of the line."""
    steps = [*steps]
    taken = {local(name) for step in steps for name, _ in step.saves}
    found: dict[int, Variables] = {}
    for line in (line for step in steps for line in step.lines):
        items = local(line.each[-1].name, taken) if line.each else ""
        here = {*taken, items}
        label = "" if isinstance(line.label, str) else local(line.label[-1].name, here)
        named = next(hop.name for hop in reversed(line.path) if hop.name)
        value = local(named, {*here, label})
        found[id(line)] = Variables(items, label, value)
        taken.add(items if line.each else value)
    return found
