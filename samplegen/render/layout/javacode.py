"""The expressions of Java, and where google-java-format may break them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from samplegen.render.layout.levels import Document, Indent, Level, Tag, utf16_units
from samplegen.render.layout.marks import plain

SHORT = 10
"""Items shorter than this share lines."""
_LITERAL = re.compile(r'"(?:\\.|[^"\\])*"')


@dataclass
class Expression:
    """A part of a line. A literal, a name or a type stays in one piece."""

    text: str
    """As it stands in the line."""

    def write(self, to: Document) -> None:
        """Adds the expression to a document."""
        to.text(self.text)


@dataclass
class Binary(Expression):
    """Operands between operators of the same precedence."""

    operands: Sequence[Expression]
    operators: Sequence[str]

    def write(self, to: Document) -> None:
        fills = _are_short(self.operands)
        to.open(4)
        self.operands[0].write(to)
        for operator, operand in zip(self.operators, self.operands[1:], strict=True):
            to.line_break(" ", fills=fills)
            to.text(f"{operator} ")
            operand.write(to)
        to.close()


@dataclass
class Conditional(Expression):
    """`condition ? yes : no`."""

    parts: tuple[Expression, Expression, Expression]

    def write(self, to: Document) -> None:
        to.open(4)
        for mark, part in zip(("", "? ", ": "), self.parts, strict=True):
            if mark:
                to.line_break(" ")
                to.text(mark)
            part.write(to)
        to.close()


@dataclass
class Around(Expression):
    """An expression between texts: in parentheses, behind a sign."""

    before: str
    inner: Expression
    after: str = ""

    def write(self, to: Document) -> None:
        to.text(self.before)
        self.inner.write(to)
        if self.after:
            to.text(self.after)


@dataclass
class Cast(Expression):
    """`(type) value`."""

    type: str
    value: Expression

    def write(self, to: Document) -> None:
        to.open(4)
        to.text(f"({self.type})")
        to.line_break(" ")
        self.value.write(to)
        to.close()


@dataclass
class Lambda(Expression):
    """`parameters -> body`."""

    parameters: str
    body: Expression

    def write(self, to: Document) -> None:
        first, *others = self.parameters.split(", ")
        to.open(4 if first.startswith("(") else 0)
        to.text(first)
        for parameter in others:
            to.text(",")
            to.line_break(" ")
            to.text(parameter)
        to.close()
        to.text(" ->")
        to.open(4)
        to.line_break(" ")
        self.body.write(to)
        to.close()


@dataclass
class Reference(Expression):
    """`of::name`."""

    of: Expression
    name: str

    def write(self, to: Document) -> None:
        to.open(4)
        self.of.write(to)
        to.line_break()
        to.text(f"::{self.name}")
        to.close()


@dataclass
class New(Expression):
    """`new type(arguments)`."""

    type: str
    arguments: Sequence[Expression]

    def write(self, to: Document) -> None:
        to.open()
        to.text(f"new {self.type}")
        write_arguments(self.arguments, 4, to)
        to.close()


@dataclass
class Array(Expression):
    """`{items}`; the last one is followed by a comma if the array `is_broken`."""

    items: Sequence[Expression]
    is_broken: bool = False
    level: Level | None = None
    """Where it was written to."""

    def write(self, to: Document) -> None:
        if not self.items:
            to.text("{}")
            return
        self.level = to.open(2)
        to.text("{")
        to.line_break(is_forced=self.is_broken)
        to.open()
        fills = _are_short(self.items)
        for index, item in enumerate(self.items):
            if index:
                to.text(",")
                to.line_break(" ", fills=fills)
            item.write(to)
        if self.is_broken:
            to.text(",")
        to.close()
        to.line_break(indent=-2)
        to.close()
        to.text("}")


@dataclass
class NewArray(Expression):
    """`new type[size]` or `new type[] {items}`."""

    type: str
    sizes: Sequence[Expression | None]
    values: Array | None

    def write(self, to: Document) -> None:
        to.open(4)
        to.text(f"new {self.type}")
        to.open()
        for size in self.sizes:
            to.line_break(fills=True)
            to.text("[")
            if size is not None:
                size.write(to)
            to.text("]")
        to.close()
        to.close()
        if self.values is not None:
            to.text(" ")
            self.values.write(to)


@dataclass
class Assignment(Expression):
    """`target = value`, and with other operators that assign."""

    target: Expression
    operator: str
    value: Expression

    def write(self, to: Document) -> None:
        to.open(4)
        self.target.write(to)
        to.text(f" {self.operator}")
        to.line_break(" ")
        self.value.write(to)
        to.close()


@dataclass
class Declaration(Expression):
    """`modifiers type name = value`."""

    modifiers: Sequence[str]
    type: str
    name: str
    value: Expression

    def write(self, to: Document) -> None:
        name = Tag()
        for modifier in self.modifiers:
            to.text(modifier)
            to.open()
            to.line_break(" ", fills=True)
            to.close()
        to.open(4)
        to.open()
        to.text(self.type)
        to.line_break(" ", fills=True, tag=name)
        to.text(f"{self.name} =")
        to.close()
        if isinstance(self.value, Array):
            to.open(-4)
            to.text(" ")
        else:
            to.open(name)
            to.line_break(" ", fills=True)
        self.value.write(to)
        to.close()
        to.close()


@dataclass
class Link:
    """A part of a chain: a name, with arguments if it is a call, and indices."""

    name: str
    text: str = ""
    arguments: Sequence[Expression] | None = None
    indices: list[Expression] = field(default_factory=list)

    @property
    def is_call(self) -> bool:
        """Whether it is no field, and no element of an array."""
        return self.arguments is not None and not self.indices

    def write_rest(self, indent: Indent, to: Document) -> None:
        """Adds what follows the name."""
        if self.arguments is not None:
            to.open()
            write_arguments(self.arguments, indent, to)
            to.close()
        if self.indices:
            to.open()
            for index in self.indices:
                to.text("[")
                to.line_break(fills=True)
                index.write(to)
                to.text("]")
            to.close()


@dataclass
class Chain(Expression):
    """`head.link.link`; without a head, the first link stands where it does."""

    head: Expression | None
    links: Sequence[Link]

    def write(self, to: Document) -> None:
        if self.head is not None:
            to.open(4)
            self.head.write(to)
            to.line_break()
        streams = [i for i, k in enumerate(self.links) if k.is_call and k.name in _STREAMS]
        units = self._units(streams)
        if units:
            self._write_units(units, not streams, to)
        else:
            self._write_links(to)
        if self.head is not None:
            to.close()

    def _units(self, streams: Sequence[int]) -> list[int]:
        """Indices of links up to each of which no dot is on a line of its own, if that is possible.

        They are the last of what looks like the name of a type, the only call, and calls that
        return a stream.
        """
        units = []
        names = []
        for link in self.links:
            names.append(link.name)
            if link.arguments is not None or link.indices:
                break
        type_name = _TYPE_NAME.match("".join(map(_case, names)))
        if type_name:
            units.append(type_name.end() - 1)
        first = 0 if self.head else 1
        calls = [i for i, link in enumerate(self.links) if link.is_call]
        if len([i for i in calls if i >= first]) == 1 and calls[0] > 0:
            units.append(calls[0])
        if not units and self.links[0].name in ("this", "super") and not self.links[0].is_call:
            units.append(1)
        return list(dict.fromkeys([*units, *streams]))

    def _write_units(self, units: Sequence[int], fills: bool, to: Document) -> None:
        has_more = units[-1] < len(self.links) - 1
        to.open(4)
        for _ in units:
            to.open()
        pending = sorted(units)
        dot = Tag()
        for index, link in enumerate(self.links):
            if index or self.head:
                to.line_break(fills=fills and bool(pending) and index <= pending[0], tag=dot)
                to.text(".")
            to.text(link.name)
            if pending and index == pending[0]:
                to.close()
                del pending[0]
            link.write_rest(4 if has_more else dot, to)
        to.close()

    def _write_links(self, to: Document) -> None:
        """Each dot on a line of its own, but the one behind a start of four letters or fewer."""
        has_dots = len(self.links) > 1 or self.head is not None
        if self.head is None:
            to.open(4)
        for index, link in enumerate(self.links):
            if index or self.head:
                if index > 1 or (index == 1 and (self.head or utf16_units(self.links[0].text) > 4)):
                    to.line_break()
                to.text(".")
            if index == 0 and self._has_short_first_call():
                self._write_short_first_call(to)
            else:
                to.text(link.name)
                link.write_rest(4 if has_dots else 0, to)
        if self.head is None:
            to.close()

    def _has_short_first_call(self) -> bool:
        first = self.links[0]
        return (
            self.head is None
            and len(self.links) > 1
            and first.is_call
            and len(first.name) <= 4
            and len(first.arguments or ()) == 1
        )

    def _write_short_first_call(self, to: Document) -> None:
        (argument,) = self.links[0].arguments or ()
        to.open()
        to.open()
        to.text(f"{self.links[0].name}(")
        argument.write(to)
        to.close()
        to.text(")")
        to.close()


_STREAMS = {"stream", "parallelStream", "toBuilder"}
_TYPE_NAME = re.compile("l*U*T+[lUm]?")
"""The cases of names that make up the name of a type, or of a static member of one."""


def _case(name: str) -> str:
    letters = "".join(filter(str.isalpha, name))
    if letters[:1].isupper():
        return "T" if len(name) == 1 or letters != letters.upper() else "U"
    return "l" if letters == letters.lower() else "m"


# What they have in common


def write_arguments(arguments: Sequence[Expression], indent: Indent, to: Document) -> None:
    """Adds the arguments of a call, in parentheses."""
    to.open(indent)
    to.text("(")
    if arguments:
        to.line_break()
    if len(arguments) > 1 and _is_format(arguments[0]):
        to.open()
        arguments[0].write(to)
        to.text(",")
        to.line_break(" ")
        to.open()
        _write_list(arguments[1:], to)
        to.close()
        to.close()
    elif arguments:
        _write_list(arguments, to)
    to.text(")")
    to.close()


def _write_list(items: Sequence[Expression], to: Document) -> None:
    fills = _are_short(items)
    to.open()
    for index, item in enumerate(items):
        if index:
            to.text(",")
            to.line_break(" ", fills=fills)
        item.write(to)
    to.close()


def _are_short(items: Sequence[Expression]) -> bool:
    return all(utf16_units(item.text) < SHORT for item in items)


def _is_format(first: Expression) -> bool:
    """Whether it is a text, in one or more literals, that other arguments are put into."""
    operands = first.operands if isinstance(first, Binary) else (first,)
    texts = [plain(operand.text) for operand in operands]
    return all(map(_LITERAL.fullmatch, texts)) and any(
        re.search(r"%|\{[0-9]\}", text) for text in texts
    )
