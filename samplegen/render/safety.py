"""What keeps a value from leaving its literal, whatever a template does with it."""

from collections.abc import Iterator

import jinja2
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from samplegen.render.layout.marks import plain
from samplegen.render.literals import Code


def only_code(value: object) -> object:
    """Lets only source text and whole numbers into a program: the `finalize` of Jinja.

    Raises:
        TypeError: It is anything else.
    """
    if value.__class__ is Code or value.__class__ is int:
        return value
    if isinstance(value, jinja2.Undefined):
        return str(value)
    found = plain(value) if isinstance(value, str) else value
    raise TypeError(
        f"{found!r} is printed as it is; send it through quote, values, json or comment"
    )


class NoWayAround(Extension):
    """Refuses what would print a value behind the back of `only_code`.

    That is a filter block with a value among its arguments, which Jinja prints without asking
    `finalize`, and a private name, by which a template could make source text of any value.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Passes on the tokens of a template.

        Raises:
            jinja2.TemplateSyntaxError: With the line of such a place.
        """
        before, in_filter, depth = "", False, 0
        for token in stream:
            kind, value = token.type, token.value
            if (
                kind in ("name", "string")
                and value.startswith("_")
                and before in ("dot", "lbracket")
            ):
                self._refuse(stream, token, f"{value!r} is private; templates see public names")
            if kind == "name" and value == "attr" and before == "pipe":
                self._refuse(stream, token, "the filter 'attr' is refused; write a dot")
            if kind == "name" and before == "block_begin":
                in_filter, depth = value == "filter", 0
            elif in_filter and kind in ("lparen", "rparen"):
                depth += 1 if kind == "lparen" else -1
            elif in_filter and kind == "name" and depth and value not in ("true", "false", "none"):
                message = f"a filter block takes constants only; found {value!r}"
                self._refuse(stream, token, message)
            elif kind == "block_end":
                in_filter = False
            before = kind
            yield token

    def _refuse(self, stream: TokenStream, token: Token, message: str) -> None:
        raise jinja2.TemplateSyntaxError(message, token.lineno, stream.name, stream.filename)
