"""Directives in Markdown, and code as HTML."""

import re
from html import unescape
from pathlib import Path

import markdown
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen.errors import UsageError
from samplegen.render.layout.marks import Span
from samplegen.site import escaping
from samplegen.site.directives import expand
from samplegen.site.highlight import highlight

PAGE = Path("page.md")


def view(name: str, argument: str) -> str:
    if argument == "wrong":
        raise UsageError("no operation 'wrong'; known: right")
    return f"<{name}|{argument}>"


@pytest.mark.parametrize(
    ("page", "expanded"),
    [
        ("::: samplegen health", "<|health>"),
        ("a\n\n:::samplegen   health  \n\nb", "\n<|health>\n\n\nb"),
        ("::: samplegen-matrix", "<matrix|>"),
        ("   ::: samplegen-install curl", "   <install|curl>"),
        ("```\n::: samplegen health\n```", None),
        ("~~~~ text\n~~~\n::: samplegen health\n~~~~\n::: samplegen a", "<|a>"),
        ("````\n```\n::: samplegen health\n````", None),
        ("`::: samplegen health` and ``::: samplegen ` x``", None),
        ("<!-- ::: samplegen health -->", None),
        ("<!--\n::: samplegen health\n-->", None),
        ("::: other health", None),
        ('=== "Tab"\n\n    ::: samplegen health', "\n    <|health>\n"),
        ('=== "Tab"\n\n    ```\n    ::: samplegen health\n    ```', None),
        ("!!! note\n    ::: samplegen health", "\n    <|health>\n"),
        (
            '??? note "Title"\n\n    === "Tab"\n\n        ::: samplegen health',
            "\n        <|health>\n",
        ),
        ("1. First\n\n    ::: samplegen health", "\n    <|health>\n"),
        ("- First\n    - Second\n\n        ::: samplegen health", "\n        <|health>\n"),
        ("Term\n:   What\n\n    ::: samplegen health", "\n    <|health>\n"),
        ("> ::: samplegen health", ">\n> <|health>\n>"),
        ("\t::: samplegen health".replace("\t", "- a\n\n\t"), "\n\t<|health>\n"),
    ],
)
def test_directives(page: str, expanded: str | None) -> None:
    text, problems = expand(page, PAGE, 1, view)
    assert problems == []
    if expanded is None:
        assert text == page
    else:
        assert expanded in text


@pytest.mark.parametrize(
    "page",
    [
        "    ::: samplegen health",
        "Text.\n\n    ::: samplegen health",
        "- a\n\nText.\n\n    ::: samplegen health",
        "- a\n\n            ::: samplegen health",
        "text ::: samplegen health",
        "- ::: samplegen health",
        "# ::: samplegen health",
        "::: samplegenhealth",
        "::: Samplegen health",
        ":: samplegen health",
        "::::samplegen health",
        "::: samplegen-",
        "::: samplegen health {.wide}x\n::: samplegen_matrix",
    ],
)
def test_a_line_that_looks_like_a_directive_and_is_none_is_an_error(page: str) -> None:
    _, problems = expand(page, PAGE, 1, view)
    problem = problems[-1]
    assert problem.line == page.count("\n") + 1


def test_lines_of_a_directive_stand_at_its_indentation() -> None:
    text, _ = expand("- a\n\n    ::: samplegen-matrix", PAGE, 1, lambda *_: "| a |\n|---|\n\n| b |")
    assert text == "- a\n\n\n    | a |\n    |---|\n\n    | b |\n"


EXTENSIONS = [
    "tables", "attr_list", "md_in_html", "def_list", "admonition", "footnotes", "abbr", "toc",
    "pymdownx.details", "pymdownx.superfences", "pymdownx.tabbed", "pymdownx.tilde",
    "pymdownx.caret", "pymdownx.mark", "pymdownx.emoji", "pymdownx.snippets",
]  # fmt: skip
HOSTILE = [
    "<b>bold</b>", "a | b || c", "*a* _b_ __c__ `d` ``e``", "[x](y) ![z](w)", "{ .x } {: #y }",
    "&amp; &lt; & <", "# no heading", "1. no item", "- no item", "=== \"no tab\"", "!!! note",
    "::: samplegen health", ":smile:", "~~a~~ ^^b^^ ==c==", "\\* \\", "--8<-- \"x\"", "|", "`",
    "x\ny", "http://a_b_c", "*[abbr]: no", "[^1]: no", "> no", ": no", "a_b_c", "__init__", "~~~",
]  # fmt: skip


def shown_text(markdown_text: str) -> str:
    html = markdown.markdown(markdown_text, extensions=EXTENSIONS)
    allowed = {"p", "code", "td", "tr", "th", "table", "thead", "tbody"}
    assert set(re.findall(r"<(\w+)", html)) <= allowed, html
    return unescape(re.sub("<[^>]*>", "", html)).strip()


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_shown_as_text(value: str) -> None:
    line = " ".join(value.split())
    for escaped in (escaping.text(value), escaping.code(value)):
        assert shown_text(escaped) == line
        table = f"| a | b |\n|---|---|\n| {escaped} | end |"
        cells = shown_text(table).split("\n")
        assert [cell for cell in cells if cell] == ["a", "b", line, "end"]
    assert unescape(re.sub("<[^>]*>", "", escaping.html(value))) == value


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"])))
def test_any_value_is_shown_as_text(value: str) -> None:
    line = " ".join(value.split())
    assert shown_text(f"a{escaping.text(value)}b") == f"a{line}b"


def test_every_mistake_is_told_at_its_line() -> None:
    text, problems = expand("a\n::: samplegen wrong\n\n::: samplegen wrong\n", PAGE, 5, view)
    assert [str(problem) for problem in problems] == [
        "page.md:6: no operation 'wrong'; known: right",
        "page.md:8: no operation 'wrong'; known: right",
    ]
    assert "samplegen" not in text


LEXERS = ["python", "sh", "cpp", "java", "go", "json", "text"]


@given(st.text(), st.sampled_from(LEXERS), st.data())
def test_text_and_values_survive_highlighting(text: str, lexer: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    spans = tuple(Span(start, end, "host") for start, end in pairs if start < end)
    html = highlight(text, lexer, spans)
    assert plain(html) == text
    values = re.findall(r'data-value="host">(.*?)</span>', html, re.S)
    assert [plain(value) for value in values] == [text[s.start : s.end] for s in spans]


def plain(html: str) -> str:
    """The text of HTML whose only tags are spans."""
    text = re.sub(r"</?span[^>]*>", "", html)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
