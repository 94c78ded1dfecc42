"""Lines of Java, read.

Read are the statements that samples are made of: declarations, assignments, calls, `return`,
`throw`, and the heads of `if`, `while` and `try`; of expressions all but anonymous classes, lambdas
with a block, `switch`, `instanceof` and explicit type arguments.
"""

import re

from samplegen.render.layout.javacode import (
    Around,
    Array,
    Assignment,
    Binary,
    Cast,
    Chain,
    Conditional,
    Declaration,
    Expression,
    Lambda,
    Link,
    New,
    NewArray,
    Reference,
)

_NAME = r"[^\W\d][\w$]*"
_TYPE = rf"{_NAME}(?:\.{_NAME})*(?:<[^<>()]*(?:<[^<>()]*>[^<>()]*)*>)?"
_TOKEN = re.compile(
    r' *("(?:\\.|[^"\\])*"'
    r"|'(?:\\.|[^'\\])*'"
    r"|\d(?:[eE][-+](?=\d)|[\w.])*"
    rf"|{_NAME}"
    r"|->|::|\+\+|--|&&|\|\||>>>|<<|>>|[=!<>]=|[-+*/%&|^]=|.)"
)
_DECLARED = re.compile(
    rf"((?:(?:private|public|static|final) )*)({_TYPE}(?:\[\])*) ({_NAME}) =(?!=)"
)
_NEW_TYPE = re.compile(f" {_TYPE}")
_PARAMETERS = re.compile(rf" *({_NAME}|\([\w$<>\[\], ]*\)) ->")
_CAST = re.compile(
    rf" *\(((?:byte|short|int|long|char|float|double)(?=\) -)|{_TYPE}(?:\[\])*(?=\) [\w$\"'(!~]))\)"
)
_PRECEDENCE = {
    operator: level
    for level, operators in enumerate(
        ("||", "&&", "|", "^", "&", "== !=", "< > <= >=", "<< >> >>>", "+ -", "* / %")
    )
    for operator in operators.split()
}
_SIGNS = {"!", "~", "-", "+", "++", "--"}
_ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="}


class UnknownCodeError(ValueError):
    """A line that is no statement, or one that is not read here."""


class Parser:
    """Reads a line from left to right.

    Its methods raise UnknownCodeError where the line is not as they expect.
    """

    def __init__(self, line: str) -> None:
        self._line = line
        self._position = 0
        self.arrays: list[Array] = []
        """Those that were read so far."""

    @property
    def next(self) -> str:
        """The next token; empty at the end."""
        match = _TOKEN.match(self._line, self._position)
        return match[1] if match else ""

    def take(self, *expected: str) -> str:
        """Reads tokens, and returns the last."""
        token = ""
        for text in expected or ("",):
            match = _TOKEN.match(self._line, self._position)
            token = match[1] if match else ""
            if match is None or (text and text != token):
                raise UnknownCodeError(self._line[self._position :])
            self._position = match.end()
        return token

    def accepts(self, text: str) -> bool:
        """Reads the next token if it is this one."""
        if self.next == text:
            self.take()
            return True
        return False

    def statement(self) -> list[str | Expression]:
        """Reads a whole statement, or its head up to a brace, as texts and expressions."""
        parts = self._statement()
        if self.next:
            raise UnknownCodeError(self._line[self._position :])
        return parts

    def _statement(self) -> list[str | Expression]:
        start = self._start()
        if self.next in ("return", "throw"):
            keyword = self.take()
            value = self.expression()
            self.take(";")
            return [f"{keyword} ", value, ";"]
        if self.next in ("if", "while", "try", "}"):
            while self.next in ("}", "else", "if", "while", "try"):
                keyword = self.take()
            self.take("(")
            before = self._text(start)
            value = (self._declaration() if keyword == "try" else None) or self.expression()
            self.take(")", "{")
            return [before, value, ") {"]
        value = self._declaration() or self._assignment()
        self.take(";")
        return [value, ";"]

    def _declaration(self) -> Expression | None:
        match = _DECLARED.match(self._line, self._start())
        if match is None:
            return None
        self._position = match.end()
        modifiers = match[1].split()
        return Declaration("", modifiers, match[2], match[3], self.initializer())

    def _assignment(self) -> Expression:
        target = self.expression()
        if self.next not in _ASSIGNMENTS:
            return target
        return Assignment("", target, self.take(), self.expression())

    def initializer(self) -> Expression:
        """Reads an array in braces or an expression."""
        return self._array() if self.next == "{" else self.expression()

    def expression(self) -> Expression:
        start = self._start()
        parameters = _PARAMETERS.match(self._line, self._position)
        if parameters:
            self._position = parameters.end()
            if self.next == "{":
                raise UnknownCodeError("a lambda with a block")
            body = self.expression()
            return Lambda(self._text(start), parameters[1], body)
        operands, operators = [self._unary()], []
        while self.next in _PRECEDENCE:
            operators.append(self.take())
            operands.append(self._unary())
        value = _grouped(operands, operators)
        if not self.accepts("?"):
            return value
        yes = self.expression()
        self.take(":")
        no = self.expression()
        return Conditional(self._text(start), (value, yes, no))

    def _unary(self) -> Expression:
        start = self._start()
        cast = _CAST.match(self._line, self._position)
        if cast:
            self._position = cast.end()
            value = self._unary()
            return Cast(self._text(start), cast[1], value)
        if self.next in _SIGNS:
            sign = self.take()
            value = self._unary()
            return Around(self._text(start), sign, value)
        value = self._chain(start)
        if self.accepts("::"):
            name = self.take()
            value = Reference(self._text(start), value, name)
        if self.next in ("++", "--"):
            sign = self.take()
            value = Around(self._text(start), "", value, sign)
        return value

    def _chain(self, start: int) -> Expression:
        """A name, a call or another expression, with all that follows behind dots."""
        head, links = None, []
        if _is_name(self.next) and self.next != "new":
            links.append(self._link())
        else:
            head = self._head(start)
        while self.accepts("."):
            links.append(self._link())
        if head and not links:
            return head
        if not head and len(links) == 1 and links[0].arguments is None and not links[0].indices:
            return Expression(links[0].name)
        return Chain(self._text(start), head, links)

    def _link(self) -> Link:
        start = self._start()
        name = self.take()
        if not _is_name(name):
            raise UnknownCodeError(name)
        link = Link(name)
        if self.next == "(":
            link.arguments = self._arguments()
        while self.accepts("["):
            link.indices.append(self.expression())
            self.take("]")
        link.text = self._text(start)
        return link

    def _head(self, start: int) -> Expression:
        """An expression that a chain may start with, and that is no name or call."""
        found = self.take()
        if found == "new":
            return self._new(start)
        if found == "(":
            inner = self.expression()
            self.take(")")
            return Around(self._text(start), "(", inner, ")")
        if found[0] in "\"'" or found[0].isdigit():
            return Expression(found)
        raise UnknownCodeError(found)

    def _new(self, start: int) -> Expression:
        match = _NEW_TYPE.match(self._line, self._position)
        if match is None:
            raise UnknownCodeError(self._line[start:])
        self._position = match.end()
        made = match[0].strip()
        if self.next == "(":
            arguments = self._arguments()
            if self.next == "{":
                raise UnknownCodeError("an anonymous class")
            return New(self._text(start), made, arguments)
        sizes: list[Expression | None] = []
        while self.accepts("["):
            sizes.append(None if self.next == "]" else self.expression())
            self.take("]")
        values = self._array() if self.next == "{" else None
        return NewArray(self._text(start), made, sizes, values)

    def _arguments(self) -> list[Expression]:
        self.take("(")
        return self._items(")")

    def _array(self) -> Array:
        start = self._start()
        self.take("{")
        items = self._items("}")
        self.arrays.append(Array(self._text(start), items))
        return self.arrays[-1]

    def _items(self, closing: str) -> list[Expression]:
        """Reads expressions up to `closing`; a comma may stand before it in an array."""
        items: list[Expression] = []
        while not self.accepts(closing):
            if items:
                self.take(",")
            items.append(self.initializer() if closing == "}" else self.expression())
        return items

    def _start(self) -> int:
        """Where the next token starts."""
        match = _TOKEN.match(self._line, self._position)
        return match.start(1) if match else self._position

    def _text(self, start: int) -> str:
        return self._line[start : self._position]


def _is_name(token: str) -> bool:
    return token.replace("$", "_").isidentifier()


def _grouped(operands: list[Expression], operators: list[str]) -> Expression:
    """Operands with the operators between them, those that bind least on top."""
    if not operators:
        return operands[0]
    least = min(_PRECEDENCE[operator] for operator in operators)
    grouped, start = [], 0
    cuts = [i for i, operator in enumerate(operators) if _PRECEDENCE[operator] == least]
    for cut in [*cuts, len(operators)]:
        grouped.append(_grouped(operands[start : cut + 1], operators[start:cut]))
        start = cut + 1
    on_top = [operators[cut] for cut in cuts]
    rest = "".join(f" {o} {g.text}" for o, g in zip(on_top, grouped[1:], strict=True))
    return Binary(f"{grouped[0].text}{rest}", grouped, on_top)
