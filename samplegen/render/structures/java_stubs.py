"""Messages and answers in Java: stubs of gRPC."""

from collections.abc import Iterable

from samplegen.contract.model import Contract, Kind, Message
from samplegen.contract.paths import Way, is_choice, shown
from samplegen.contract.paths import kind as kind_of
from samplegen.contract.values import Joined, Saved, Value
from samplegen.render.literals.code import Code
from samplegen.render.literals.java import JAVA
from samplegen.render.structures.java_names import Names, joined, local
from samplegen.render.structures.java_names import method as method_name
from samplegen.spec.operation import Line, LinkedStep

_TYPES: dict[Kind, str] = {
    "string": "String", "bytes": "ByteString", "bool": "boolean", "int32": "int", "int64": "long",
    "uint32": "int", "uint64": "long", "float": "float", "double": "double",
}  # fmt: skip
_DATATYPES: dict[Kind, str] = {"uint64": "UINT64", "float": "FP32"}


def message(step: LinkedStep) -> Code:
    """The request as a message of the stubs."""
    return Code(_Writer(step.contract).request(step))


def method(step: LinkedStep) -> Code:
    """The method that is called."""
    return Code(method_name(step.call.rpc))


def service(step: LinkedStep) -> Code:
    """The class of the stubs of the step's service."""
    return Code(Names(step.contract).service(step.method.service if step.method else ""))


def types(step: LinkedStep) -> tuple[Code, Code]:
    """Those of request and answer."""
    names, known = Names(step.contract), step.method
    return Code(names.of(known.request if known else "")), Code(names.of(_answer(step)))


def kept(step: LinkedStep, answer: str) -> Code:
    """The statements that keep what later steps send."""
    return Code("\n".join(_Writer(step.contract).kept(step, answer)))


def printed(step: LinkedStep, answer: str) -> Code:
    """The statements that print what a step says."""
    writer = _Writer(step.contract)
    return Code("\n".join(writer.printed(step, line, answer) for line in step.lines))


def uses(steps: Iterable[LinkedStep]) -> set[str]:
    """What programs need besides: `field` and `text`, functions, and `ByteString`."""
    return _written(steps).used


def imports(steps: Iterable[LinkedStep]) -> Code:
    """The imports of stubs that the steps need."""
    writer = _written(steps)
    found = [*writer.names.imports()]
    found += ["com.google.protobuf.ByteString"] if "ByteString" in writer.used else []
    return Code("\n".join(f"import {name};" for name in found))


def _written(steps: Iterable[LinkedStep]) -> "_Writer":
    """What has written all steps."""
    steps = [*steps]
    writer = _Writer(steps[0].contract)
    for step in steps:
        writer.request(step)
        writer.names.service(step.method.service if step.method else "")
        if step.saves or step.of_message:
            writer.names.of(_answer(step))
        writer.kept(step, "answer")
        for line in step.of_message:
            writer.printed(step, line, "answer")
    return writer


class _Writer:
    """Writes the parts of a program, and notes what they use."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.names = Names(contract)
        self.used: set[str] = set()

    # Requests

    def request(self, step: LinkedStep) -> str:
        return self._message(step.method.request if step.method else "", step.request)

    def _message(self, name: str, values: Iterable[Value]) -> str:
        of, values = self._contract.messages[name], [*values]
        if not values:
            return f"{self.names.of(name)}.getDefaultInstance()"
        calls = "".join(call for value in values for call in self._calls(of, value))
        return f"{self.names.of(name)}.newBuilder(){calls}.build()"

    def _calls(self, of: Message, value: Value) -> list[str]:
        """The calls of a builder that set a field."""
        name = self.names.field(of, value.field)
        if value.field.repeated:
            return [f".add{name}({self._single(item)})" for item in value.content]
        if value.field.is_map:
            return [
                f".put{name}({JAVA.value(key)}, {self._single(item)})"
                for key, item in value.content
            ]
        return [f".set{name}({self._single(value)})"]

    def _single(self, value: Value) -> str:
        content, known = value.content, value.field
        if known.kind == "message":
            return self._message(known.type, content)
        if isinstance(content, Saved):
            return local(content.name)
        if known.kind == "bytes":
            return self._bytes(content)
        if isinstance(content, Joined):
            return joined(content, self._text)
        if known.kind == "enum":
            return f"{self.names.of(known.type)}.{content}"
        if known.kind == "uint32" and content >= 2**31:
            return f'Integer.parseUnsignedInt("{content}")'
        if isinstance(content, str | bool):
            return JAVA.value(content)
        return JAVA.numbers([content], _DATATYPES.get(known.kind, ""))[0]

    def _bytes(self, content: bytes | Joined) -> str:
        self.used.add("ByteString")
        if isinstance(content, Joined):
            return f"ByteString.copyFromUtf8({joined(content, self._text)})"
        try:
            return f"ByteString.copyFromUtf8({JAVA.quote(content.decode())})"
        except UnicodeDecodeError:
            return f"ByteString.copyFrom({JAVA.bytes(content)})"

    # Answers

    def kept(self, step: LinkedStep, answer: str) -> list[str]:
        found = []
        for name, way in step.saves:
            known = way[-1].field
            kind: Kind = known.kind if known is not None else "string"
            type_ = self.names.of(known.type) if known and kind == "enum" else _TYPES[kind]
            self.used |= {"ByteString"} if kind == "bytes" else set()
            value = self._checked(way, answer, _answer(step), may_be_zero=False)
            found.append(f"{type_} {local(name)} = {value};")
        return found

    def printed(self, step: LinkedStep, line: Line, answer: str) -> str:
        owner, of = answer, _answer(step)
        if line.each:
            owner, of = "item", line.each[-1].field.type if line.each[-1].field else ""
        value = self._shown(line.path, owner, of, may_be_zero=line.may_be_zero)
        if isinstance(line.label, str):
            label = str(JAVA.quote(f"{line.label}: "))
        else:
            label = f'{self._shown(line.label, owner, of, may_be_zero=False)} + ": "'
        statement = f"System.out.println({label} + {value});"
        if not line.each:
            return statement
        items = f"{self._read(line.each, answer, _answer(step))}List()"
        return f"for ({self.names.of(of)} item : {items}) {{\n  {statement}\n}}"

    def _shown(self, way: Way, owner: str, of: str, *, may_be_zero: bool) -> str:
        return self._text(kind_of(way), self._checked(way, owner, of, may_be_zero=may_be_zero))

    def _text(self, kind: Kind, value: str) -> str:
        """A value as it is printed or joined with others."""
        if kind == "bytes":
            self.used |= {"text", "ByteString"}
            return f"text({value})"
        unsigned = {"uint32": "Integer", "uint64": "Long"}.get(kind)
        return f"{unsigned}.toUnsignedString({value})" if unsigned else value

    def _checked(self, way: Way, owner: str, of: str, *, may_be_zero: bool) -> str:
        """A field, which must be set unless it may be zero."""
        last = way[-1]
        value = f"{self._read(way, owner, of)}({'' if last.index is None else last.index})"
        if may_be_zero or last.index is not None or is_choice(way):
            return value
        self.used |= {"field", "ByteString"}
        return f"field({value}, {JAVA.quote(shown(way))})"

    def _read(self, way: Way, owner: str, of: str) -> str:
        """The getter of a field, without what stands in its brackets."""
        for number, hop in enumerate(way):
            name = hop.name
            if hop.field is not None:
                name = self.names.field(self._contract.messages[of], hop.field)
                of = hop.field.type
            owner = f"{owner}.get{name}"
            if number < len(way) - 1:
                owner = f"{owner}({'' if hop.index is None else hop.index})"
        return owner


def _answer(step: LinkedStep) -> str:
    return step.method.response if step.method else ""
