"""Values in Markdown come back as they were, whatever is in them."""

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from samplegen.render.layout.marks import value
from samplegen.render.literals.markdown import block, code, text

PARSER = MarkdownIt("commonmark")
LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
TRICKY = st.text("`*_[]()<>&;#-+=~|\\!.1a \n", max_size=12)


def line(value: str) -> str:
    return " ".join(value.split())


def said(markdown: str, kind: str) -> str:
    """The one paragraph of a page, if it is all of one kind of token."""
    tokens = PARSER.parse(markdown)
    assert [token.type for token in tokens] in (
        [],
        ["paragraph_open", "inline", "paragraph_close"],
    ), markdown
    children = tokens[1].children or [] if tokens else []
    assert {child.type for child in children} <= {kind}, markdown
    return "".join(child.content for child in children)


@given(LINES | TRICKY)
@example("12. a")
@example("12)")
def test_text(value: str) -> None:
    assert said(text(value), "text") == line(value)


@given(LINES | TRICKY)
def test_code(value: str) -> None:
    if line(value):
        assert said(code(value), "code_inline") == line(value)


@given(LINES | TRICKY)
def test_block(value: str) -> None:
    (token,) = PARSER.parse(block(value.replace("\r", ""), "sh"))
    assert (token.type, token.info) == ("fence", "sh")
    assert token.content.strip() == value.replace("\r", "").strip()


def test_connection_values_are_text() -> None:
    assert code(f"{value('host', 'gpu7')}:{value('grpc_port', '9000')}") == "`gpu7:9000`"
