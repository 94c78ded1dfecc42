"""Values as YAML text: whatever they are, they are read as they were."""

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from samplegen import yamlfile
from samplegen.yamltext import block, comment, flow

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "no",
        "true",
        "~",
        "1",
        "1e3",
        ".inf",
        "a: b",
        "a #b",
        "- a",
        "a\nb",
        "\x85",
        "\ufeff",
        "{",
        "é",
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def read(text: str) -> Any:
    return yamlfile.parse(text, Path("a.yaml")).values


@given(VALUES)
def test_a_value_is_read_as_it_was(value: Any) -> None:
    assert read(f"a: {flow(value)}\n") == {"a": value}
    assert read(f"- {{a: {flow(value)}, b: [{flow(value)}]}}\n") == [{"a": value, "b": [value]}]
    assert read(f"a: {block(value)}  # b\n") == {"a": value}


def test_texts_have_no_more_quotes_than_they_need() -> None:
    assert flow("etcd --data-dir") == "etcd --data-dir"
    assert [flow("no"), flow("1"), flow("a, b")] == ['"no"', '"1"', '"a, b"']
    assert block("Compares, then (it may be) acts.") == "Compares, then (it may be) acts."
    assert flow(r"[0-9]+\.'") == r"'[0-9]+\.'''"


@given(TEXTS)
def test_a_comment_stays_one(text: str) -> None:
    assert read(f"a: 1  # {comment(text)}\nb: 2\n") == {"a": 1, "b": 2}


def test_a_long_comment_ends_at_a_word() -> None:
    assert comment("word " * 40, 23) == "word word word word…"
