"""What a sample prints is found in an answer by its value, and followed when the answer changes."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen.catalogue import Catalogue
from samplegen.judge.gates.answers import (
    Line,
    _named,
    _next,
    _places,
    answered,
    at,
    trees,
    unrequired,
)
from samplegen.spec.operation import Expectation

TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=12,
)


@given(TREES, st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2))
@settings(max_examples=200, deadline=None)
def test_every_place_leads_to_the_value_and_none_is_missed(tree: Any, value: Any) -> None:
    places = [*_places(tree, (value,), 0.0)]
    for place in places:
        found = at({"Call": tree}, ("Call", *place))
        assert (found, type(found)) == (value, type(value))
    assert len(places) == len(set(places)) == _count(tree, value)


def _count(tree: Any, value: Any) -> int:
    if isinstance(tree, dict):
        return sum(_count(item, value) for item in tree.values())
    if isinstance(tree, list):
        return sum(_count(item, value) for item in tree)
    return int(type(tree) is type(value) and tree == value)


def test_lines_with_the_same_value_take_its_places_in_order() -> None:
    answers = {"One": {"a": 7, "b": 7}, "Two": 7}
    taken: Counter[Any] = Counter()
    found = [_next(taken, answers, (7,), 0.0) for _ in range(4)]
    assert found == [("One", "a"), ("One", "b"), ("Two",), ("Two",)]


@pytest.mark.parametrize(
    ("value", "tolerance", "place"),
    [
        ((True,), 0.0, ("Call", "yes")),
        ((1,), 0.0, ("Call", "one")),
        ((2.5001,), 0.001, ("Call", "list", "1")),
        ((2.5001,), 0.0, ()),
        ((1.5, 2.5), 0.0, ("Call", "list")),
        (("1",), 0.0, ()),
    ],
)
def test_types_and_tolerances_count(value: Any, tolerance: float, place: Any) -> None:
    answers = {"Call": {"yes": True, "one": 1, "list": [1.5, 2.5]}}
    assert _next(Counter(), answers, value, tolerance) == place


def test_a_label_may_be_a_text_of_the_answer() -> None:
    line = Line(
        Expectation(label="Lamp", value=(3,), answer=("Call", "items", "0", "count")),
        label=("Call", "items", "0", "title"),
    )
    changed = answered(line, {"Call": {"items": [{"title": "Pump", "count": 8}]}})
    assert (changed.label, changed.value) == ("Pump", (8,))


METADATA = {"Model": {"inputs": [{"name": "b", "datatype": "FP32", "shape": [1]}]}}


@pytest.mark.parametrize(
    ("line", "place", "label"),
    [
        (
            Expectation(label="input b", answer=("Model", "inputs", "b", "signature")),
            ("Model", "inputs", "0", "signature"),
            "input other",
        ),
        (
            Expectation(label="first", answer=("Model", "inputs", "b", "signature")),
            ("Model", "inputs", "b", "signature"),
            "first",
        ),
        (
            Expectation(label="b", answer=("Model", "inputs", "b", "shape")),
            ("Model", "inputs", "b", "shape"),
            "b",
        ),
        (Expectation(label="c", answer=("Model", "inputs")), ("Model", "inputs"), "c"),
    ],
)
def test_a_label_may_end_with_the_name_of_what_it_describes(
    line: Expectation, place: Any, label: str
) -> None:
    found = _named(line, METADATA)
    assert found.expected.answer == place
    other = {"Model": {"inputs": [{"name": "b", "datatype": "FP16", "shape": [2]}]}}
    if found.label:
        assert found.label == ("Model", "inputs", "0", "name")
        other["Model"]["inputs"][0]["name"] = "other"
    assert answered(found, other).label == label


def _case(operation: str) -> Any:
    """As much of a case as says what an answer may leave out."""
    catalogue = Catalogue()
    cell = SimpleNamespace(operation=catalogue.spec.operation(operation))
    return SimpleNamespace(setup=SimpleNamespace(catalogue=catalogue), cell=cell)


@pytest.mark.processes
def test_what_an_answer_may_leave_out() -> None:
    """inference_rest.md: the versions of a model are optional; KServe writes null."""
    case = _case("model-metadata")
    assert unrequired(case) == {("ModelMetadata", "versions")}
    assert unrequired(_case("infer-array")) == set()
    for tree in ({"name": "m"}, {"name": "m", "versions": None}, {"name": "m", "versions": []}):
        found = trees(case, {"ModelMetadata": SimpleNamespace(tree=tree)})  # type: ignore[dict-item]
        assert found["ModelMetadata"] == {"name": "m", "versions": []}
    named = {"ModelMetadata": SimpleNamespace(tree={"versions": ["1"]})}
    assert trees(case, named) == {"ModelMetadata": {"versions": ["1"]}}  # type: ignore[arg-type]
