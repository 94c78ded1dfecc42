"""Directives in Markdown, and code as HTML."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samplegen.errors import UsageError
from samplegen.render.layout.marks import Span
from samplegen.site.directives import expand
from samplegen.site.highlight import highlight

PAGE = Path("page.md")


def view(name: str, argument: str) -> str:
    if argument == "wrong":
        raise UsageError("no operation 'wrong'; known: right")
    return f"<{name}|{argument}>"


@pytest.mark.parametrize(
    ("markdown", "expanded"),
    [
        ("::: samplegen health", "<|health>"),
        ("a\n\n:::samplegen   health  \n\nb", "a\n\n<|health>\n\nb"),
        ("::: samplegen-matrix", "<matrix|>"),
        ("   ::: samplegen-install curl", "<install|curl>"),
        ("```\n::: samplegen health\n```", None),
        ("~~~~ text\n~~~\n::: samplegen health\n~~~~\n::: samplegen a", "<|a>"),
        ("````\n```\n::: samplegen health\n````", None),
        ("    ::: samplegen health", None),
        ("text ::: samplegen health", None),
        ("::: samplegenhealth", None),
        ("::: other health", None),
    ],
)
def test_directives(markdown: str, expanded: str | None) -> None:
    text, problems = expand(markdown, PAGE, 1, view)
    assert problems == []
    if expanded is None:
        assert text == markdown
    else:
        assert text.endswith(expanded)


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
