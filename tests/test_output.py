"""What a sample printed is compared by value and type; no wrong character goes unseen."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from samplegen.judge.gates.output import differences
from samplegen.spec.operation import Expectation


def expect(*value: bool | int | float | str, tolerance: float = 0) -> Expectation:
    return Expectation(label="a", value=value, tolerance=tolerance)


@pytest.mark.parametrize(
    ("printed", "expectation"),
    [
        ("true", expect(True)),
        ("True", expect(True)),
        ("false", expect(False)),
        ("7", expect(7)),
        ("-7", expect(-7)),
        ("0", expect(0)),
        ("7.0004", expect(7, tolerance=0.001)),
        ("1.5", expect(1.5)),
        ("1.50", expect(1.5)),
        ("15e-1", expect(1.5)),
        ("1.5E+0", expect(1.5)),
        ("2", expect(2.0)),
        (".5", expect(0.5)),
        ("-0.0", expect(0.0)),
        ("0.9991", expect(1.0, tolerance=0.001)),
        ("inf", expect(math.inf)),
        ("-Infinity", expect(-math.inf)),
        ("NaN", expect(math.nan)),
        ("text", expect("text")),
        ("two words", expect("two words")),
        ("1", expect("1")),
        ("1 2 3", expect(1, 2, 3)),
        ("1 2.0 x true", expect(1, 2.0, "x", True)),
        ("v1.2", Expectation(label="a", pattern=r"v\d+(\.\d+)*")),
        ("", Expectation(label="a", pattern="")),
    ],
)
def test_right(printed: str, expectation: Expectation) -> None:
    assert differences(f"a: {printed}\n", [expectation]) == []


@pytest.mark.parametrize(
    ("printed", "expectation"),
    [
        ("1", expect(True)),
        ("TRUE", expect(True)),
        ("false", expect(True)),
        ("true", expect(1)),
        ("True", expect("true")),
        ("7.0", expect(7)),
        ("+7", expect(7)),
        ("07", expect(7)),
        ("7_0", expect(70)),
        ("\u0667", expect(7)),
        ("9" * 5000, expect(9)),
        ("8", expect(7)),
        ("7.002", expect(7, tolerance=0.001)),
        ("1.500000000000001", expect(1.5)),
        ("1_0.5", expect(10.5)),
        ("0.9989", expect(1.0, tolerance=0.001)),
        ("nan", expect(1.0, tolerance=100)),
        ("inf", expect(1.0, tolerance=100)),
        ("1e999", expect(1.0, tolerance=100)),
        ("1.0", expect(math.nan)),
        ("inf", expect(-math.inf)),
        ("nan", expect(math.inf)),
        ("", expect(1.0)),
        ("x", expect(1.0)),
        ("1", expect(1, 2)),
        ("1 2 3", expect(1, 2)),
        ("2 1", expect(1, 2)),
        ("1  2", expect(1, 2)),
        ("1, 2", expect(1, 2)),
        (" 1", expect(1)),
        ("1 ", expect(1)),
        ("text ", expect("text")),
        ("v1.2 beta", Expectation(label="a", pattern=r"v\d+(\.\d+)*")),
        ("xv1.2", Expectation(label="a", pattern=r"v\d+(\.\d+)*")),
    ],
)
def test_wrong(printed: str, expectation: Expectation) -> None:
    (difference,) = differences(f"a: {printed}\n", [expectation])
    assert difference.startswith(f"line 1: found {f'a: {printed}'!r}; expected 'a: ")


@pytest.mark.parametrize("line", ["a:1", "a 1", "b: 1", "A: 1", " a: 1", "aa: 1", ": 1", ""])
def test_a_line_is_the_label_a_colon_a_space_and_the_value(line: str) -> None:
    assert differences(f"{line}\n", [expect(1)]) == [f"line 1: found {line!r}; expected 'a: 1'"]


TWO = [Expectation(label="one", value=(1,)), Expectation(label="two", value=(2,))]


@pytest.mark.parametrize(
    ("stdout", "found"),
    [
        ("one: 1\ntwo: 2\n", []),
        ("", ["missing: 'one: 1'", "missing: 'two: 2'"]),
        ("one: 1\n", ["missing: 'two: 2'"]),
        ("one: 1\ntwo: 2\nthree: 3\n", ["line 3: unexpected 'three: 3'"]),
        ("one: 1\ntwo: 2\n\n", ["line 3: unexpected ''"]),
        ("one: 1\ntwo: 2", ["the last line has no line break"]),
        (
            "two: 2\none: 1\n",
            [
                "line 1: found 'two: 2'; expected 'one: 1'",
                "line 2: found 'one: 1'; expected 'two: 2'",
            ],
        ),
        (
            "one: 1\r\ntwo: 2\n",
            ["line 1: found 'one: 1\\r'; expected 'one: 1'"],
        ),
        (
            "one: 1\x0ctwo: 2\n",
            ["line 1: found 'one: 1\\x0ctwo: 2'; expected 'one: 1'", "missing: 'two: 2'"],
        ),
    ],
)
def test_every_line_is_compared_in_order(stdout: str, found: list[str]) -> None:
    assert differences(stdout, TWO) == found


def test_a_difference_tells_what_was_expected() -> None:
    expectations = [expect(1.5, 2.5, tolerance=0.01), Expectation(label="b", pattern="x+")]
    assert differences("", expectations) == [
        "missing: 'a: 1.5 2.5' within 0.01",
        "missing: 'b: …' to match x+",
    ]


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1)
EXACT = st.lists(
    st.booleans() | st.integers() | WORDS | st.lists(st.integers() | WORDS, min_size=2, max_size=4),
    min_size=1,
    max_size=4,
)


@given(EXACT, st.data())
@settings(max_examples=200, deadline=None)
def test_no_changed_character_goes_unseen(
    values: list[bool | int | str | list[int | str]], data: st.DataObject
) -> None:
    lists = [value if isinstance(value, list) else [value] for value in values]
    expectations = [
        Expectation(label=f"label {number}", value=tuple(value))
        for number, value in enumerate(lists)
    ]
    right = "".join(
        f"{expectation.label}: {' '.join(map(str, expectation.values))}\n"
        for expectation in expectations
    )
    assert differences(right, expectations) == []
    place = data.draw(st.integers(0, len(right)))
    character = data.draw(st.sampled_from("0123456789+-. \n\r\t\x0b\x0c\x1c\x85\u2028aTtFf"))
    kept = right[place:] if data.draw(st.booleans()) else right[place + 1 :]
    wrong = right[:place] + data.draw(st.sampled_from(["", character])) + kept
    assume(spelt_alike(wrong) != spelt_alike(right))
    assert differences(wrong, expectations) != []


def spelt_alike(stdout: str) -> str:
    """A program's output with the booleans of Python and JSON spelt in one way."""
    return stdout.replace(": true\n", ": True\n").replace(": false\n", ": False\n")


@pytest.mark.parametrize(
    ("printed", "right"),
    [
        ("a b, c d e", True),
        ("a b, c d  e", False),
        ("a b, c d", False),
        ("a b, c d e f", False),
        ("a b c d e", False),
    ],
)
def test_texts_of_a_list_may_have_spaces(printed: str, right: bool) -> None:
    expectation = expect("a b,", "c d", "e")
    assert (differences(f"a: {printed}\n", [expectation]) == []) == right


@pytest.mark.parametrize(
    ("printed", "datatype", "right"),
    [
        ("0.10123457", "FP32", True),
        ("0.101234570145606995", "FP32", True),  # the same number, as FP64 prints it
        ("0.1012346", "FP32", False),
        ("0.10123457", "FP64", True),
        ("0.101234570145606995", "FP64", False),
        ("0.10126", "FP16", True),
    ],
)
def test_numbers_are_compared_as_what_they_are(printed: str, datatype: str, right: bool) -> None:
    expectation = replace(expect(0.10123457), tolerance=0.0)
    assert (differences(f"a: {printed}\n", [expectation], [datatype]) == []) == right


# Texts of tensors


def texts(*value: str) -> Expectation:
    return Expectation(label="a", value=value)


@pytest.mark.parametrize(
    ("line", "expectation"),
    [
        ('a: "good morning" "how are you"', texts("good morning", "how are you")),
        ('a: "first line\\nsecond line"', texts("first line\nsecond line")),
        ('a: "\\u0001 \\"b\\" \\\\"', texts('\x01 "b" \\')),
        ('a: "Grüße 😀\\u0085"', texts("Grüße 😀\x85")),
        ('a: ""', texts("")),
        ('a: "" ""', texts("", "")),
        ("a:", texts()),
        ('a: "abc"', Expectation(label="a", pattern="[a-c]+")),
        ('a: "a b" "c"', Expectation(label="a", pattern='"a b" ".*"')),
    ],
)
def test_texts_stand_in_quotes(line: str, expectation: Expectation) -> None:
    assert differences(f"{line}\n", [expectation], quoted=["a"]) == []


@pytest.mark.parametrize(
    ("line", "expectation"),
    [
        ('a: "good morning how are you"', texts("good morning", "how are you")),
        ('a: "a" "b"', texts("a b")),
        ("a: a b", texts("a b")),
        ("a: a b", texts("a", "b")),
        ('a: "a"  "b"', texts("a", "b")),
        ('a: "a" "b" ', texts("a", "b")),
        ('a: "a""b"', texts("a", "b")),
        ("a: ", texts("")),
        ("a: ", texts()),
        ('a: ""', texts()),
        ("a:", texts("")),
        ("a: 1", texts("1")),
        ('a: "Grüße \\ud83d\\ude00"', texts("Grüße 😀")),
        ('a: "Gr\\u00fc\\u00dfe"', texts("Grüße")),
        ('a: "abcd"', Expectation(label="a", pattern="[a-c]+")),
    ],
)
def test_other_texts_or_another_number_of_them_differ(line: str, expectation: Expectation) -> None:
    assert differences(f"{line}\n", [expectation], quoted=["a"]) != []


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))), st.booleans())
def test_texts_are_read_as_json_writes_them(value: list[str], in_ascii: bool) -> None:
    line = "".join(["a:", *(f" {json.dumps(text, ensure_ascii=in_ascii)}" for text in value)])
    hidden = in_ascii and any(c.isprintable() and not c.isascii() for c in "".join(value))
    assert (differences(f"{line}\n", [texts(*value)], quoted=["a"]) == []) is not hidden
    assert differences(f"{line}\n", [texts(*value, "more")], quoted=["a"]) != []


def test_an_empty_list_has_one_form() -> None:
    nothing = Expectation(label="found shape", value=())
    assert differences("found shape:\n", [nothing]) == []
    assert differences("found shape: \n", [nothing]) != []
    assert differences("found shape: 0\n", [nothing]) != []
