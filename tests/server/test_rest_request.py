"""REST bodies: whatever comes in is an inference or an error, never anything else."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from samplegen_server import errors, rest_request

scalars = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
shapes = st.lists(st.integers(-1, 4), max_size=3) | trees
datatypes = st.sampled_from([*rest_request.READERS, "FP16", "BF16", "X"]) | trees
parameters = st.dictionaries(
    st.sampled_from(["binary_data_size", "binary_data", "binary_data_output", "x"]),
    scalars | st.integers(-1, 20),
)
inputs = st.fixed_dictionaries(
    {"name": st.text(max_size=3) | scalars, "shape": shapes, "datatype": datatypes},
    optional={"data": trees, "parameters": parameters | trees},
)
requests = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text() | trees,
        "parameters": parameters | trees,
        "inputs": st.lists(inputs, max_size=3) | trees,
        "outputs": st.lists(
            st.fixed_dictionaries({"name": st.text()}, optional={"parameters": parameters})
        )
        | trees,
    },
)


def parse(body: bytes, json_size: int) -> None:
    try:
        parsed = rest_request.parse("m", "", body, json_size)
    except errors.ServerError as error:
        assert str(error)
        return
    request = parsed.request
    assert request.inputs
    assert all(isinstance(tensor.name, str) for tensor in request.inputs)
    assert all(size >= 0 for tensor in request.inputs for size in tensor.shape)
    assert sum(map(len, request.raw)) <= len(body) - json_size
    binary = [tensor for tensor in request.inputs if tensor.contents is None]
    assert len(binary) == len(request.raw)


@settings(deadline=None)
@given(st.binary(max_size=64), st.integers(0, 80))
def test_any_bytes(body: bytes, json_size: int) -> None:
    parse(body, json_size)


@settings(deadline=None)
@given(trees)
def test_any_json(tree: Any) -> None:
    body = json.dumps(tree).encode()
    parse(body, len(body))


@settings(deadline=None)
@given(requests, st.binary(max_size=40))
@example({"inputs": [{"name": "x", "shape": [], "datatype": "FP32"}]}, b"1234")
def test_anything_like_a_request(tree: Any, tail: bytes) -> None:
    body = json.dumps(tree).encode()
    parse(body + tail, len(body))


@settings(deadline=None)
@given(st.integers(1, 2000), st.sampled_from([b"[", b'{"a":', b'["]", ', b"[[],"]))
def test_depth_is_what_a_parser_would_find(count: int, opening: bytes) -> None:
    closing = b"}" if opening.startswith(b"{") else b"]"
    text = opening * count + b"1" + closing * count
    expected = errors.JsonTooDeep if count > rest_request.MAX_DEPTH else None
    try:
        rest_request.parse("m", "", text, len(text))
    except errors.JsonTooDeep:
        # "[[]," nests one deeper than it repeats
        assert expected or (opening == b"[[]," and count == rest_request.MAX_DEPTH)
    except errors.BodyNotAnObject:
        assert expected is None
    except errors.NoInputsFound:
        assert expected is None and opening.startswith(b"{")


LEAVES: dict[str, set[type]] = {
    "FP32": {int, float},
    "FP64": {int, float},
    "INT64": {int},
    "UINT8": {int},
    "BOOL": {bool},
    "BYTES": {str},
}
leaves: st.SearchStrategy[Any] = st.sampled_from(
    [0, 1, 7, 0.0, 1.0, -0.5, 1e300, True, False, "1", "", None, {}]
)
inner = st.lists(leaves | st.lists(leaves | st.lists(leaves, max_size=3), max_size=3), max_size=3)
nested = st.lists(leaves | inner, max_size=4)


def flattened(tree: Any) -> list[Any]:
    if not isinstance(tree, list):
        return [tree]
    return [leaf for item in tree for leaf in flattened(item)]


@settings(deadline=None)
@given(
    st.sampled_from(list(LEAVES)),
    st.sampled_from([[], [0.5], [7], ["a"], [True]]),
    nested,
    st.sampled_from([1, rest_request.MANY]),
)
@example("FP32", [], [[0.5, [True]]], rest_request.MANY)
@example("FP32", [0.5] * rest_request.MANY, [False], 1)
@example("FP32", [], [0.0, 1.0, 2], rest_request.MANY)
def test_elements_are_flattened_and_all_of_their_kind(
    datatype: str, first: list[Any], rest: list[Any], times: int
) -> None:
    data = (first + rest) * times
    expected = flattened(data)
    node = {"name": "x", "shape": [len(expected)], "datatype": datatype, "data": data}
    body = json.dumps({"inputs": [node]}).encode()
    if not set(map(type, expected)) <= LEAVES[datatype]:
        with pytest.raises(errors.CouldNotParseInput):
            rest_request.parse("m", "", body, len(body))
        return
    [tensor] = rest_request.parse("m", "", body, len(body)).request.inputs
    if not expected:
        assert tensor.contents is None
    elif datatype in ("FP32", "FP64"):
        with np.errstate(over="ignore"):
            assert np.array_equal(np.array(tensor.contents), np.array(expected, np.float32))
    elif datatype == "BYTES":
        assert list(tensor.contents or ()) == [text.encode() for text in expected]
    else:
        assert list(tensor.contents or ()) == expected


def test_unfinished_string_takes_no_time() -> None:
    text = b'"' + b"\\" * 100_001 + b"[" * 200
    with pytest.raises(errors.ServerError):
        rest_request.parse("m", "", text, len(text))


def test_json_has_a_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_request, "MAX_JSON_BYTES", 10)
    with pytest.raises(errors.BodyTooLarge):
        rest_request.parse("m", "", b" " * 11, 11)
