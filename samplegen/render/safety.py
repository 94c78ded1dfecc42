"""What keeps a value from leaving its literal, whatever a template does with it."""

from collections.abc import Iterable, Iterator

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.visitor import NodeTransformer

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


class Guards(NodeTransformer):
    """Puts filters where Jinja would make or print texts without asking any."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        """`~`, whose operands need not be texts yet while a template is traced."""
        self.generic_visit(node)
        operands = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(operands, "~", [], [], None, None, lineno=node.lineno)

    def visit_FilterBlock(self, node: nodes.FilterBlock) -> nodes.Node:
        """A filter of Jinja's own could open the literals that it is given."""
        self.generic_visit(node)
        parts = [part for child in node.body for part in child.iter_child_nodes()]
        if not all(isinstance(part, nodes.TemplateData) for part in parts):
            node.filter = nodes.Filter(node.filter, "}}", [], [], None, None, lineno=node.lineno)
        return node


def joined(operands: Iterable[object]) -> str:
    """What `~` does."""
    return "".join(map(str, operands))


FILTERS = {"~": joined, "}}": only_code}
"""What `Guards` puts into templates."""


class NoWayAround(Extension):
    """Refuses what would print a value behind the back of `only_code`.

    That is a filter block with a value among its arguments, which Jinja prints without asking
    `finalize`; a private name, by which a template could make source text of any value; and
    `autoescape`, which would write the quotes of literals for HTML.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Passes on the tokens of a template.

        Raises:
            jinja2.TemplateSyntaxError: With the line of such a place.
        """
        before, in_filter, depth = "", False, 0
        for token in stream:
            kind, value = token.type, token.value
            if kind == "name" and value.startswith("_") and before == "dot":
                self._refuse(stream, token, f"{value!r} is private; templates see public names")
            if kind == "name" and before == "block_begin":
                in_filter, depth = value == "filter", 0
                if value == "autoescape":
                    self._refuse(stream, token, "'autoescape' is for HTML; leave it out")
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
