"""Messages and answers in Go: stubs of gRPC."""

from collections.abc import Iterable, Sequence

from samplegen.contract.model import Contract, Kind, Message
from samplegen.contract.paths import Hop, Way, is_choice, shown
from samplegen.contract.paths import kind as kind_of
from samplegen.contract.values import Joined, Saved, Value
from samplegen.render.literals.code import Code
from samplegen.render.literals.go import GO
from samplegen.render.literals.writing import bracketed
from samplegen.render.structures.go_names import Names, Variables, camel, local, variables
from samplegen.render.structures.go_text import joined, literal
from samplegen.spec.operation import Line, LinkedStep

_TYPES: dict[Kind, str] = {
    "string": "string", "bytes": "[]byte", "bool": "bool", "int32": "int32", "int64": "int64",
    "uint32": "uint32", "uint64": "uint64", "float": "float32", "double": "float64",
}  # fmt: skip
_FORMATS: dict[Kind, str] = {
    "int32": "%d", "int64": "%d", "uint32": "%d", "uint64": "%d", "bool": "%t", "float": "%v",
    "double": "%v", "enum": "%v",
}  # fmt: skip
"""Of what is put into a text; `%s` for all else."""


def message(step: LinkedStep) -> Code:
    """The request as a message of the stubs."""
    return Code(_Writer(step.contract).request(step))


def method(step: LinkedStep) -> Code:
    """The method of a new client of the step's service."""
    return Code(_Writer(step.contract).method(step))


def code(step: LinkedStep) -> Code:
    """The code with which the call must be refused."""
    name = (step.refused and step.refused.code) or ""
    words = "Canceled" if name == "CANCELLED" else name.title().replace("_", "")
    return Code(f"codes.{words}")


def kept(step: LinkedStep, answer: str) -> Code:
    """The statements that keep what later steps send."""
    writer = _Writer(step.contract)
    return Code("\n".join(writer.kept(step, answer)))


def printed(step: LinkedStep, answer: str, steps: Sequence[LinkedStep]) -> Code:
    """The statements that print what a step says."""
    writer, names = _Writer(step.contract), variables(steps)
    lines = (writer.printed(step, line, answer, names[id(line)]) for line in step.lines)
    return Code("\n".join(text for found in lines for text in found))


def modules(steps: Iterable[LinkedStep]) -> Code:
    """The imports that the steps need."""
    steps = [*steps]
    writer, names = _Writer(steps[0].contract), variables(steps)
    for step in steps:
        writer.request(step)
        writer.method(step)
        writer.kept(step, "answer")
        for line in step.of_message:
            writer.printed(step, line, "answer", names[id(line)])
    used = [f'"{name}"' for name in writer.used]
    return Code("\n".join(f"\t{line}" for line in (*used, *writer.names.imports())))


class _Writer:
    """Writes the parts of a program, and notes the packages that they use."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.names = Names(contract)
        self.used: set[str] = set()

    def method(self, step: LinkedStep) -> str:
        name = step.method.service if step.method else ""
        package, _, service = self.names.of(name).partition(".")
        return f"{package}.New{service}Client(connection).{camel(step.call.rpc)}"

    # Requests

    def request(self, step: LinkedStep) -> str:
        name = step.method.request if step.method else ""
        return self._message(name, step.request, f"&{self.names.of(name)}")

    def _message(self, name: str, values: Iterable[Value], before: str) -> str:
        found = self._contract.messages[name]
        return bracketed(f"{before}{{", (self._field(found, value) for value in values), "}")

    def _field(self, of: Message, value: Value) -> str:
        known = value.field
        name = self.names.field(of, known)
        if known.oneof:
            group, wrapper = self.names.oneof(of, known)
            return f"{group}: {bracketed(f'&{wrapper}{{', [f'{name}: {self._single(value)}'], '}')}"
        if known.repeated:
            return (
                f"{name}: {bracketed(f'[]{self._type(value)}{{', self._each(value.content), '}')}"
            )
        if known.is_map:
            keys = (GO.value(key) for key, _ in value.content)
            items = self._each(item for _, item in value.content)
            pairs = (f"{key}: {item}" for key, item in zip(keys, items, strict=True))
            type_ = f"map[{_TYPES[known.key or 'string']}]{self._type(value)}"
            return f"{name}: {bracketed(f'{type_}{{', pairs, '}')}"
        return f"{name}: {self._optional(value) if known.presence else self._single(value)}"

    def _type(self, value: Value) -> str:
        kind = value.field.kind
        if kind == "message":
            return f"*{self.names.of(value.field.type)}"
        return self.names.of(value.field.type) if kind == "enum" else _TYPES[kind]

    def _each(self, values: Iterable[Value]) -> list[str]:
        """The items of a list or a map, whose type stands before them."""
        return [
            self._message(value.field.type, value.content, "")
            if value.field.kind == "message"
            else self._single(value)
            for value in values
        ]

    def _optional(self, value: Value) -> str:
        """The value of a field that differs from one that is not set."""
        written, kind = self._single(value), value.field.kind
        if kind in ("message", "bytes"):
            return written
        if kind == "enum":
            return f"{written}.Enum()"
        self.used.add("google.golang.org/protobuf/proto")
        return f"proto.{_TYPES[kind].title()}({written})"

    def _single(self, value: Value) -> str:
        content, known = value.content, value.field
        if known.kind == "message":
            return self._message(known.type, content, f"&{self.names.of(known.type)}")
        if isinstance(content, Saved):
            return local(content.name)
        if isinstance(content, Joined):
            return joined(content, known.kind, _FORMATS)
        if known.kind == "enum":
            return self.names.member(known.type, content)
        written = literal(content)
        if isinstance(content, float) and written.startswith("math."):
            self.used.add("math")
        return written

    # Answers

    def kept(self, step: LinkedStep, answer: str) -> list[str]:
        found: list[str] = []
        for name, way in step.saves:
            found += self._checked(way, answer, _answer(step), local(name), may_be_zero=False)
        return found

    def printed(self, step: LinkedStep, line: Line, answer: str, names: Variables) -> list[str]:
        if not line.each:
            name = names.value
            found = self._checked(
                line.path, answer, _answer(step), name, may_be_zero=line.may_be_zero
            )
            shown_ = f"string({name})" if kind_of(line.path) == "bytes" else name
            return [*found, f"fmt.Println({GO.quote(f'{line.label}:')}, {shown_})"]
        item = line.each[-1].field.type if line.each[-1].field else ""
        body: list[str] = []
        texts = []
        for way, name, zero in (
            (line.label, names.label, False),
            (line.path, names.value, line.may_be_zero),
        ):
            if isinstance(way, str):
                texts.append(str(GO.quote(way.replace("%", "%%")))[1:-1])
                continue
            body += self._checked(way, "item", item, name, may_be_zero=zero)
            texts.append(_FORMATS.get(kind_of(way), "%s").replace("%d", "%v"))
        arguments = ", ".join(filter(None, (names.label, names.value)))
        body.append(f'fmt.Printf("{texts[0]}: {texts[1]}\\n", {arguments})')
        guards = self._guards(line.each, answer, _answer(step))
        before = self._refused(guards, line.each) if guards else []
        items = self._read(line.each, answer, _answer(step))
        inner = (f"\t{text}" for text in body)
        return [*before, f"for _, item := range {items} {{", *inner, "}"]

    def _checked(self, way: Way, owner: str, of: str, name: str, *, may_be_zero: bool) -> list[str]:
        """The statements that put a field into a variable, if it is as it must be."""
        guards = self._guards(way, owner, of)
        found = self._refused(guards, way) if guards else []
        found.append(f"{name} := {self._read(way, owner, of)}")
        kind = kind_of(way)
        unset = {"string": f'{name} == ""', "bytes": f"len({name}) == 0"}.get(kind, f"{name} == 0")
        must_be_set = not may_be_zero and way[-1].index is None and not is_choice(way)
        wrong = [unset] if must_be_set else []
        if kind == "bytes":
            wrong.append(f"!utf8.Valid({name})")
            self.used.add("unicode/utf8")
        return found + (self._refused(wrong, way) if wrong else [])

    def _refused(self, conditions: Sequence[str], way: Way) -> list[str]:
        self.used.add("errors")
        said = GO.quote(f"the answer has no {shown(way)}")
        return [f"if {' || '.join(conditions)} {{", f"\treturn errors.New({said})", "}"]

    def _read(self, way: Way, owner: str, of: str) -> str:
        """A field of a message, through its getters."""
        for hop in way:
            name = hop.name
            if hop.field is not None:
                name = self.names.field(self._contract.messages[of], hop.field)
                of = hop.field.type
            owner = f"{owner}.Get{name}(){'' if hop.index is None else f'[{hop.index}]'}"
        return owner

    def _guards(self, way: Way, owner: str, of: str) -> list[str]:
        """Conditions, one of which holds if a list on the way is too short."""
        return [
            f"len({self._read((*way[:number], Hop(hop.name, None, hop.field)), owner, of)})"
            f" <= {hop.index}"
            for number, hop in enumerate(way)
            if hop.index is not None
        ]


def _answer(step: LinkedStep) -> str:
    return step.method.response if step.method else ""
