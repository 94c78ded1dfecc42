"""Messages and answers in C++: stubs of gRPC."""

from collections.abc import Iterable, Iterator, Sequence

from samplegen.contract.model import Contract, Field, Kind
from samplegen.contract.paths import Way, is_choice, shown
from samplegen.contract.values import Joined, Saved, Value
from samplegen.render.literals.code import Code
from samplegen.render.literals.cpp import CPP
from samplegen.render.structures.cpp_names import KEYWORDS, joined, local
from samplegen.spec.operation import Line, LinkedStep

_TYPES: dict[Kind, str] = {
    "string": "std::string", "bytes": "std::string", "bool": "bool", "int32": "int32_t",
    "int64": "int64_t", "uint32": "uint32_t", "uint64": "uint64_t", "float": "float",
    "double": "double",
}  # fmt: skip
_DATATYPES: dict[Kind, str] = {"uint32": "UINT32", "uint64": "UINT64", "float": "FP32"}


def message(step: LinkedStep, variable: str, steps: Sequence[LinkedStep]) -> Code:
    """The statements that fill the request; no variable has the name of one of another step."""
    writer = _Writer(step.contract)
    writer.taken |= {local(name) for other in steps for name, _ in other.saves}
    lines: list[str] = []
    for other in steps[: steps.index(step) + 1]:
        lines = [*writer.fill(other.request, f"{variable}.")]
    return Code("\n".join(lines))


def types(step: LinkedStep) -> tuple[Code, Code]:
    """Those of request and answer."""
    writer, known = _Writer(step.contract), step.method
    return Code(writer.name(known.request if known else "")), Code(writer.name(_answer(step)))


def service(step: LinkedStep) -> Code:
    """The class of the stubs of the step's service."""
    return Code(_Writer(step.contract).name(step.method.service if step.method else ""))


def kept(step: LinkedStep, answer: str) -> Code:
    """The statements that keep what later steps send."""
    return Code("\n".join(_Writer(step.contract).kept(step, answer)))


def printed(step: LinkedStep, answer: str) -> Code:
    """The statements that print what a step says."""
    writer = _Writer(step.contract)
    return Code("\n".join(writer.printed(step, line, answer) for line in step.lines))


def uses(steps: Iterable[LinkedStep]) -> set[str]:
    """The functions that programs need besides."""
    used: set[str] = set()
    for step in steps:
        writer = _Writer(step.contract)
        writer.kept(step, "answer")
        for line in step.of_message:
            writer.printed(step, line, "answer")
        used |= writer.used
    return used


def headers(steps: Iterable[LinkedStep]) -> Code:
    """The headers of the services, which include those of their messages."""
    files = {step.method.file for step in steps if step.method is not None}
    names = sorted(f'#include "{file.removesuffix(".proto")}.grpc.pb.h"' for file in files)
    return Code("\n".join(names))


class _Writer:
    """Writes the parts of a program, and notes what they use."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.used: set[str] = set()
        self.taken: set[str] = set()
        """Variables of messages within the request."""

    def name(self, name: str) -> str:
        file, names = self._contract.place(name)
        package = self._contract.files[file]
        return "::".join((*(package.split(".") if package else ()), *names))

    # Requests

    def fill(self, values: Iterable[Value], owner: str) -> Iterator[str]:
        """The statements that set the fields of a message; `owner` ends with `.` or `->`."""
        for value in values:
            known, name = value.field, _name(value.field)
            if known.repeated:
                for item in value.content:
                    added = f"{owner}add_{name}"
                    yield from self._added(added, item, (f"{added}(", ");"))
            elif known.is_map:
                for key, item in value.content:
                    place = f"(*{owner}mutable_{name}())[{CPP.value(key)}]"
                    yield from self._added(f"&{place}", item, (f"{place} = ", ";"))
            elif known.kind == "message":
                mutable = f"{owner}mutable_{name}()"
                yield from self.fill(value.content, f"{mutable}->")
                if not value.content:
                    yield f"{mutable};"
            else:
                yield f"{owner}set_{name}({self._single(value)});"

    def _added(self, place: str, item: Value, around: tuple[str, str]) -> Iterator[str]:
        """The statements that set an item of a list or a map."""
        if item.field.kind != "message":
            yield self._single(item).join(around)
            return
        variable = local(item.field.name, self.taken)
        self.taken.add(variable)
        made = place if place.startswith("&") else f"{place}()"
        if not item.content:
            yield f"{made.removeprefix('&')};"
            return
        yield f"auto* {variable} = {made};"
        yield from self.fill(item.content, f"{variable}->")

    def _single(self, value: Value) -> str:
        content, known = value.content, value.field
        if isinstance(content, Saved):
            return local(content.name)
        if isinstance(content, Joined):
            return joined(content)
        if known.kind == "enum":
            *outer, _ = self.name(known.type).split("::")
            return "::".join((*outer, content))
        if isinstance(content, bytes):
            return _bytes(content)
        if isinstance(content, str | bool):
            return CPP.value(content)
        return CPP.numbers([content], _DATATYPES.get(known.kind, ""))[0]

    # Answers

    def kept(self, step: LinkedStep, answer: str) -> list[str]:
        found = []
        for name, way in step.saves:
            known = way[-1].field
            kind: Kind = known.kind if known is not None else "string"
            type_ = self.name(known.type) if known and kind == "enum" else _TYPES[kind]
            value = self._checked(way, answer, may_be_zero=False)
            found.append(f"const {type_} {local(name)} = {value};")
        return found

    def printed(self, step: LinkedStep, line: Line, answer: str) -> str:
        owner = "item" if line.each else answer
        value = self._shown(line.path, owner, may_be_zero=line.may_be_zero)
        if isinstance(line.label, str):
            label = str(CPP.quote(line.label))
        else:
            label = self._shown(line.label, owner, may_be_zero=False)
        statement = f"Print({label}, {value});"
        if not line.each:
            return statement
        return f"for (const auto& item : {self._read(line.each, answer)}) {{\n  {statement}\n}}"

    def _shown(self, way: Way, owner: str, *, may_be_zero: bool) -> str:
        value, known = self._checked(way, owner, may_be_zero=may_be_zero), way[-1].field
        kind: Kind = known.kind if known is not None else "string"
        if kind == "enum" and known is not None:
            return f"{self.name(known.type)}_Name({value})"
        if kind in ("float", "double"):
            self.used.add("Shortest")
            return f"Shortest({value})"
        if kind != "bytes":
            return value
        self.used.add("Text")
        return f"Text({value})"

    def _checked(self, way: Way, owner: str, *, may_be_zero: bool) -> str:
        """A field, which must be set unless it may be zero."""
        value = self._read(way, owner)
        if may_be_zero or way[-1].index is not None or is_choice(way):
            return value
        self.used.add("Field")
        return f"Field({value}, {CPP.quote(shown(way))})"

    def _read(self, way: Way, owner: str) -> str:
        for number, hop in enumerate(way, 1):
            name = _name(hop.field) if hop.field is not None else hop.name
            owner = f"{owner}.{name}()"
            if hop.index is not None:
                self.used.add("At")
                owner = f"At({owner}, {hop.index}, {CPP.quote(shown(way[:number]))})"
        return owner


def _name(known: Field) -> str:
    """A field behind `set_` and the like."""
    found = known.name.lower()
    return f"{found}_" if found in KEYWORDS else found


def _bytes(content: bytes) -> str:
    try:
        return CPP.quote(content.decode())
    except UnicodeDecodeError:
        return CPP.bytes(content)


def _answer(step: LinkedStep) -> str:
    return step.method.response if step.method else ""
