"""Answers are given other values, or another layout: what is given decodes to what is reported."""

import json
import math
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen.judge.servers.proxy import kserve_tensors, numbers, protobuf
from samplegen.judge.servers.proxy.changing import changed
from samplegen.judge.servers.proxy.decoding import Decoder
from samplegen.judge.servers.proxy.documents import (
    Document,
    Encoded,
    Kind,
    Style,
    Undecodable,
    at,
    leaves,
    located,
    resolved,
)
from samplegen.judge.servers.proxy.edits import Change, Editor
from samplegen.judge.servers.proxy.exchanges import Altered, Answer, Exchange, Link, Transport
from samplegen.judge.servers.proxy.grpc_framing import framed
from samplegen.judge.servers.proxy.layouts import laid_out
from samplegen.judge.servers.proxy.numbers import DIGITS, limits, needs_every_digit
from samplegen.judge.servers.proxy.protobuf import Contract
from tests.proxying import contract, kserve, zipped

TOYS = """
syntax = "proto3";
package toys;
enum Color { RED = 0; GREEN = 1; BLUE = 2; }
message Inner { string name = 1; double size = 2; Inner inner = 3; }
message Answer {
  bool yes = 1; int32 a = 2; int64 b = 3; uint64 c = 4; float d = 5; double e = 6;
  string text = 7; bytes data = 8; Color color = 9; repeated Inner inners = 10;
  map<string, int64> sizes = 11; map<int32, Inner> by_number = 12;
  oneof one { string left = 13; int64 right = 14; }
  optional int32 perhaps = 15; repeated float numbers = 16; repeated Color colors = 17;
}
message Question { string q = 1; }
service Toys { rpc Read(Question) returns (Answer); }
"""

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(TEXTS, inner, max_size=5)),
    max_leaves=20,
)
SEEDS = st.integers(0, 10**6)


def exchange(transport: Transport = "rest", path: str = "/x", call: str = "Read") -> Exchange:
    link = Link(number=0, transport=transport, opened=0)
    return Exchange(
        number=0, link=link, transport=transport, method="POST", target=path, authority="x",
        headers=(), received=0, call=call, whole=True,
    )  # fmt: skip


def document(tree: Any, decoder: Decoder | None = None) -> Document:
    body = json.dumps(tree).encode()
    return (decoder or Decoder()).answer(exchange(), Answer(status=200, body=body))


def same(a: Any, b: Any) -> bool:
    """Equal, and of the same types; zeros by their sign."""
    return repr(_in_order(a)) == repr(_in_order(b))


def _in_order(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _in_order(tree[key]) for key in sorted(tree)}
    return [_in_order(item) for item in tree] if isinstance(tree, list) else tree


@settings(max_examples=300, deadline=None)
@given(tree=TREES, seed=SEEDS)
def test_json_layouts_mean_the_same(tree: Any, seed: int) -> None:
    made = laid_out(document(tree), str(seed))
    found = json.loads(made.body)
    assert found == tree
    for path, value in leaves(tree):
        if isinstance(value, float):
            assert math.copysign(1, at(found, path)) == math.copysign(1, value)
        else:
            assert type(at(found, path)) is type(value)


@settings(max_examples=300, deadline=None)
@given(tree=TREES, seed=SEEDS)
def test_json_changes_are_as_reported(tree: Any, seed: int) -> None:
    read = document(tree)
    made = changed(read, [()], str(seed))
    given_ = json.loads(read.encode(made.tree, Style()).body)
    assert same(given_, made.tree)
    assert same(changed(read, [()], str(seed)).tree, made.tree)
    if isinstance(tree, list) and tree and not any(isinstance(i, dict | list) for i in tree):
        assert len(given_) == len(tree) + 1
        assert made.changes[(len(tree),)] == Altered(None, given_[-1])
    for path, value in leaves(tree):
        now = at(given_, path)
        if path in made.changes:
            assert same(made.changes[path].old, value)
            assert same(made.changes[path].new, now)
            assert not same(now, value)
            assert type(now) is type(value)
        else:
            assert same(now, value)
            assert value is None or value in ([], {}), path
    texts = [altered.new for altered in made.changes.values() if isinstance(altered.new, str)]
    assert all(text.isprintable() and text == text.strip() for text in texts)
    values = [repr(altered.new) for altered in made.changes.values()]
    assert len(set(values)) == len(values) - max(0, values.count("True") - 1) - max(
        0, values.count("False") - 1
    )


@pytest.mark.parametrize(
    ("old", "pattern"),
    [
        ("42", r"-?\d+"),
        ("-7", r"-?\d+"),
        ("2026-11-26T20:24:36Z", r"\d{4}-\d\d-\d\dT20:24:36Z"),
        ("2026-11-26", r"\d{4}-\d\d-\d\d"),
        ("Desk lamp", r"[A-Z].*"),
    ],
)
def test_texts_keep_their_form(old: str, pattern: str) -> None:
    import re

    for seed in range(20):
        made = changed(document({"a": old}), [("a",)], str(seed)).tree["a"]
        assert re.fullmatch(pattern, made), made
        assert made != old


# Tensors


def elements(datatype: str) -> st.SearchStrategy[Any]:
    if datatype == "BOOL":
        return st.booleans()
    if datatype == "BYTES":
        return TEXTS
    if datatype in DIGITS:
        floats = {
            "FP16": st.floats(allow_nan=False, allow_infinity=False, width=16),
            "FP32": st.floats(allow_nan=False, allow_infinity=False, width=32),
            "FP64": st.floats(allow_nan=False, allow_infinity=False),
        }
        return floats[datatype].map(lambda value: numbers.shortest(value, datatype))
    return st.integers(*limits(datatype))


@st.composite
def tensors(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(1, 3))):
        datatype = draw(st.sampled_from(kserve_tensors.DATATYPES))
        data = draw(st.lists(elements(datatype), min_size=1, max_size=8))
        found.append({"name": f"t{number}", "datatype": datatype, "shape": [len(data)],
                      "data": data})  # fmt: skip
    return found


INFER = "/inference.GRPCInferenceService/ModelInfer"


def over_grpc(outputs: list[dict[str, Any]], *, typed: bool) -> Answer:
    method = kserve().method(INFER)
    assert method is not None
    tree = {"model_name": "m", "model_version": "1", "outputs": outputs}
    empty = protobuf.parsed(method.response, b"")
    body = protobuf.serialized(empty, kserve_tensors._to_message(tree, "outputs", typed=typed))
    return Answer(status=200, body=framed(body), trailers=(("grpc-status", "0"),))


def over_rest(outputs: list[dict[str, Any]], *, binary: bool) -> Answer:
    tree = {"model_name": "m", "model_version": "1", "outputs": outputs}
    names = {output["name"] for output in outputs} if binary else set()
    made = kserve_tensors._to_json(tree, "outputs", names, Style(), lambda path: None)
    return Answer(status=200, headers=tuple(made.headers.items()), body=made.body)


def ways(outputs: list[dict[str, Any]]) -> list[tuple[Exchange, Answer]]:
    """The same answer, in each way that it can travel."""
    found = []
    for flag in (False, True):
        found.append((exchange("grpc", INFER, "ModelInfer"), over_grpc(outputs, typed=flag)))
        found.append((exchange("rest", "/v2", "ModelInfer"), over_rest(outputs, binary=flag)))
    return found


def outputs_of(asked: Exchange, answer: Answer) -> list[dict[str, Any]]:
    tree = Decoder(kserve()).answer(asked, answer).tree
    return [{key: output[key] for key in ("name", "datatype", "shape", "data")}
            for output in tree["outputs"]]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(outputs=tensors())
def test_tensors_decode_alike_however_they_travel(outputs: list[dict[str, Any]]) -> None:
    for asked, answer in ways(outputs):
        assert same(outputs_of(asked, answer), outputs)


@settings(max_examples=150, deadline=None)
@given(outputs=tensors(), seed=SEEDS)
def test_layouts_of_tensors_mean_the_same(outputs: list[dict[str, Any]], seed: int) -> None:
    editor = Editor(Decoder(kserve()), None, seed)
    for asked, answer in ways(outputs):
        found = outputs_of(asked, _edited(editor, asked, answer))
        assert sorted(map(repr, found)) == sorted(map(repr, outputs))


def _edited(editor: Editor, asked: Exchange, answer: Answer) -> Answer:
    if asked.transport == "rest":
        return editor.answer(asked, answer)
    body = framed(editor.message(asked, answer.messages[0]))
    return Answer(status=200, body=body, trailers=answer.trailers)


@settings(max_examples=150, deadline=None)
@given(outputs=tensors(), seed=SEEDS, layout=st.none() | SEEDS, decoys=st.booleans())
def test_changes_of_tensors_are_as_reported(
    outputs: list[dict[str, Any]], seed: int, layout: int | None, decoys: bool
) -> None:
    places = {"ModelInfer": [["outputs", output["name"], "data"] for output in outputs]}
    for asked, answer in ways(outputs):
        editor = Editor(Decoder(kserve()), Change(seed=seed, places=places, decoys=decoys), layout)
        given_ = _edited(editor, asked, answer)
        tree = Decoder(kserve()).answer(asked, given_).tree
        assert asked.problem == ""
        for path, altered in asked.changes.items():
            found = at(tree, path)
            if altered.old is None:
                assert found["name"].endswith("_raw")
            else:
                assert same(found, altered.new)
        by_name = {output["name"]: output["data"] for output in tree["outputs"]}
        for output in outputs:
            now = by_name[output["name"]]
            assert len(now) == len(output["data"])
            for before, after in zip(output["data"], now, strict=True):
                assert not same(before, after)
        asked.changes = {}


@pytest.mark.parametrize("datatype", [*DIGITS])
def test_fractions_need_every_digit(datatype: str) -> None:
    outputs = [{"name": "a", "datatype": datatype, "shape": [10], "data": [*map(float, range(10))]}]
    for seed in range(20):
        found = _changed_data(outputs, seed)
        assert all(needs_every_digit(value, datatype) for value in found)
        assert len({*found}) == 10
        assert all(0 < abs(value) < 128 for value in found)
        assert min(found) < 0 < max(found)


@pytest.mark.parametrize("datatype", ["INT64", "UINT64"])
def test_integers_go_beyond_what_fp64_holds(datatype: str) -> None:
    outputs = [{"name": "a", "datatype": datatype, "shape": [4], "data": [0, 1, 2, 3]}]
    for seed in range(20):
        assert all(int(float(value)) != value for value in _changed_data(outputs, seed))


def test_the_greatest_lies_elsewhere_and_often_at_the_end() -> None:
    at_end = 0
    for seed in range(40):
        data = [0.1, 0.7, 0.05, 0.15]
        outputs = [{"name": "a", "datatype": "FP32", "shape": [1, 4], "data": data}]
        found = _changed_data(outputs, seed)
        assert found.index(max(found)) != 1
        assert all(0 < value < 1 for value in found)
        at_end += found[3] == max(found)
    assert at_end >= 20


def _changed_data(outputs: list[dict[str, Any]], seed: int) -> list[Any]:
    asked = exchange("rest", "/v2", "ModelInfer")
    change = Change(seed=seed, places={"ModelInfer": [["outputs", "a", "data"]]})
    answer = Editor(Decoder(), change, None).answer(asked, over_rest(outputs, binary=False))
    data: list[Any] = outputs_of(asked, answer)[0]["data"]
    return data


def test_metadata_of_tensors_changes_to_other_metadata() -> None:
    tree = {"name": "m", "inputs": [{"name": "b", "datatype": "FP32", "shape": [1, 10]}]}
    read = document(tree)
    assert resolved(tree, ["inputs", "b", "signature"]) == [
        ("inputs", 0, "datatype"), ("inputs", 0, "shape")
    ]  # fmt: skip
    for seed in range(20):
        made = changed(read, resolved(tree, ["inputs", "b", "signature"]), str(seed)).tree
        tensor = made["inputs"][0]
        assert tensor["name"] == "b"
        assert tensor["datatype"] in kserve_tensors.DATATYPES
        assert tensor["datatype"] != "FP32"
        assert all(size == -1 or size > 1 for size in tensor["shape"])
        assert tensor["shape"] != [1, 10]


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        (["a"], [("a",)]),
        (["list", "1"], [("list", 1)]),
        (["list", "two", "size"], [("list", 1, "size")]),
        (["list", "two", "max"], [("list", 1)]),
        ([], [()]),
    ],
)
def test_places(words: list[str], paths: list[Any]) -> None:
    tree = {"a": 1, "list": [{"name": "one"}, {"name": "two", "size": 3}]}
    assert resolved(tree, words) == paths


@pytest.mark.parametrize("words", [["b"], ["list", "three"], ["list", "7"], ["a", "b"]])
def test_places_that_are_not_there(words: list[str]) -> None:
    tree = {"a": 1, "list": [{"name": "one"}]}
    with pytest.raises(LookupError, match=f"no {words[-1]} in"):
        resolved(tree, words)


@pytest.mark.parametrize(
    ("place", "longer"),
    [(["versions"], True), (["a", "shape"], True), (["a", "data"], True), (["a"], False)],
)
def test_lists_that_are_printed_get_longer(place: list[str], longer: bool) -> None:
    tree = {"versions": ["1"], "a": {"shape": [1, 2], "data": [1.5, 2.5]}}
    made = changed(document(tree), resolved(tree, place), "1")
    (path,) = resolved(tree, place)
    assert len(at(made.tree, path)) == len(at(tree, path)) + longer
    added = [altered for altered in made.changes.values() if altered.old is None]
    assert len(added) == longer


def test_all_of_an_inference_changes_but_what_its_data_must_fit() -> None:
    tensor = {"name": "a", "datatype": "FP32", "shape": [2], "data": [1.5, 2.5]}
    made = changed(document({"model_name": "m", "outputs": [tensor]}), [()], "1")
    assert {path[2] for path in made.changes if path[0] == "outputs"} == {"name", "data"}
    (output,) = made.tree["outputs"]
    assert (output["datatype"], output["shape"], len(output["data"])) == ("FP32", [2], 2)


@pytest.mark.parametrize(
    ("datatype", "data"),
    [("BOOL", [1, 0]), ("BOOL", [True]), ("BF16", [1.5]), ("BF16", [3]), ("FP8", [2])],
)
def test_elements_of_any_datatype_change(datatype: str, data: list[Any]) -> None:
    outputs = [{"name": "a", "datatype": datatype, "shape": [len(data)], "data": data}]
    for seed in range(5):
        made = changed(document({"outputs": outputs}), [("outputs", 0, "data")], str(seed))
        after = made.tree["outputs"][0]["data"]
        assert len(after) == len(data)
        assert all(a != b for a, b in zip(after, data, strict=True))
        if datatype == "BOOL":
            assert all(value in (0, 1) for value in after)


@pytest.mark.parametrize("data", [[7.5], [1.5, 1.5, 1.5], [0.25, 0.5]])
def test_decoys_stand_first_and_last_with_other_elements(data: list[float]) -> None:
    outputs = [{"name": "a", "datatype": "FP32", "shape": [len(data)], "data": data}]
    asked = exchange("rest", "/v2", "ModelInfer")
    change = Change(seed=1, places={"ModelInfer": [["outputs", "a", "data"]]}, decoys=True)
    answer = Editor(Decoder(), change, None).answer(asked, over_rest(outputs, binary=False))
    first, real, last = outputs_of(asked, answer)
    assert (first["name"], real["name"], last["name"]) == ("a_raw", "a", "a_last_raw")
    for decoy in (first, last):
        assert {*decoy["data"]}.isdisjoint(real["data"])
        assert {*decoy["data"]}.isdisjoint(data)


def test_values_are_found_by_type() -> None:
    assert located({"a": 1, "b": [1.0, True, {"c": 1}]}, 1) == [("a",), ("b", 2, "c")]


# Protobuf


def answers() -> st.SearchStrategy[dict[str, Any]]:
    fp32 = st.floats(allow_nan=False, allow_infinity=False, width=32)
    inner = st.fixed_dictionaries({"name": TEXTS, "size": st.floats(allow_nan=False)})
    return st.fixed_dictionaries(
        {
            "yes": st.booleans(),
            "a": st.integers(*limits("INT32")),
            "b": st.integers(*limits("INT64")),
            "c": st.integers(*limits("UINT64")),
            "d": fp32.map(lambda value: numbers.shortest(value, "FP32")),
            "e": st.floats(allow_nan=False),
            "text": TEXTS,
            "data": st.binary(max_size=8),
            "color": st.sampled_from(["RED", "GREEN", "BLUE"]),
            "inners": st.lists(inner, max_size=3),
            "sizes": st.dictionaries(TEXTS, st.integers(*limits("INT64")), max_size=3),
            "by_number": st.dictionaries(st.integers(-5, 5).map(str), inner, max_size=3),
            "numbers": st.lists(
                fp32.map(lambda value: numbers.shortest(value, "FP32")), max_size=4
            ),
            "colors": st.lists(st.sampled_from(["RED", "GREEN", "BLUE"]), max_size=3),
        },
        optional={"left": TEXTS, "perhaps": st.integers(*limits("INT32"))},
    )


def read_toy(data: bytes) -> Document:
    method = contract(TOYS).method("/toys.Toys/Read")
    assert method is not None
    return protobuf.decoded(method.response, data)


@settings(max_examples=150, deadline=None)
@given(tree=answers(), seed=SEEDS)
def test_messages_are_read_written_and_changed(tree: dict[str, Any], seed: int) -> None:
    data = read_toy(b"").encode(tree, Style()).body
    read = read_toy(data)
    assert read.tree == tree
    assert same(read_toy(read.encode(read.tree, Style()).body).tree, read.tree)
    made = changed(read, [()], str(seed))
    found = read_toy(read.encode(made.tree, Style()).body).tree
    assert same(found, made.tree)
    for path, value in leaves(tree):
        if not (value is None or value in ([], {}) or isinstance(value, float)):
            assert not same(at(found, path), value), path


def test_what_a_contract_does_not_know_stays() -> None:
    unknown = bytes([0xFA, 0x3F, 3]) + b"new"  # field 1023, a text
    read = read_toy(read_toy(b"").encode({"a": 1}, Style()).body + unknown)
    assert read.encode({**read.tree, "a": 2}, Style()).body.endswith(unknown)


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\x0a\x05ab"])
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(Undecodable, match=r"no toys\.Answer"):
        read_toy(data)


def test_no_contract() -> None:
    with pytest.raises(Undecodable, match="no set of descriptors"):
        Contract(b"\xff\xff")
    asked = exchange("grpc", "/toys.Toys/Read")
    answer = Answer(status=200, body=framed(b""))
    with pytest.raises(Undecodable, match="not known"):
        Decoder().answer(asked, answer)
    asked = exchange("grpc", "/toys.Toys/Other")
    with pytest.raises(Undecodable, match=r"the contract has no /toys\.Toys/Other"):
        Decoder(contract(TOYS)).answer(asked, answer)


def test_a_contract_tells_the_kinds_of_json() -> None:
    """Also under the names that JSON has for them, and where INT64 is text."""
    decoder = Decoder(contract(TOYS))
    body = json.dumps({"d": 1.5, "b": "12", "byNumber": {"1": {"size": 2}}}).encode()
    read = decoder.answer(exchange(), Answer(status=200, body=body))
    assert read.kinds(("d",)) == Kind("FP32")
    assert read.kinds(("byNumber", "1", "size")) == Kind("FP64")
    made = changed(read, [()], "1").tree
    assert needs_every_digit(made["d"], "FP32")
    assert isinstance(made["b"], str)
    assert abs(int(made["b"])) > 2**53
    assert isinstance(made["byNumber"]["1"]["size"], float)


# What cannot be decoded


@pytest.mark.parametrize(
    ("headers", "body", "why"),
    [
        ((), b"<html>", "no JSON"),
        ((("Inference-Header-Content-Length", "x"),), b"{}", "'x'"),
        ((("Inference-Header-Content-Length", "99"),), b"{}", "'99'"),
        ((("Content-Encoding", "br"),), b"x", "'br' is not known"),
        ((("Content-Encoding", "gzip"),), b"xyz", "no gzip"),
        ((("Content-Encoding", "gzip"),), zipped(b"{}" * 99)[:-9], "breaks off"),
    ],
)
def test_what_cannot_be_decoded(headers: Any, body: bytes, why: str) -> None:
    with pytest.raises(Undecodable, match=why):
        Decoder().answer(exchange(), Answer(status=200, headers=headers, body=body))


@pytest.mark.parametrize(
    ("outputs", "behind", "why"),
    [
        ([{"datatype": "FP32", "parameters": {"binary_data_size": 9}}], b"12345678", "announced"),
        ([{"datatype": "FP32", "parameters": {"binary_data_size": 7}}], b"1234567", "no whole"),
        ([{"datatype": "FP32", "parameters": {"binary_data_size": 4}}], b"12345", "no tensor"),
        ([{"datatype": "XY", "parameters": {"binary_data_size": 4}}], b"1234", "'XY'"),
        ([{"datatype": "BYTES", "parameters": {"binary_data_size": 4}}], b"\1\0\0\0", "cut"),
    ],
)
def test_tensors_that_do_not_fit(outputs: list[Any], behind: bytes, why: str) -> None:
    whole = [{"name": "a", "shape": [1], **output} for output in outputs]
    text = json.dumps({"outputs": whole}).encode()
    headers = ((kserve_tensors.LENGTH, str(len(text))),)
    with pytest.raises(Undecodable, match=why):
        Decoder().answer(exchange(), Answer(status=200, headers=headers, body=text + behind))


def test_compressed_answers_are_read() -> None:
    answer = Answer(status=200, headers=(("Content-Encoding", "gzip"),), body=zipped(b'{"a": 1}'))
    assert Decoder().answer(exchange(), answer).tree == {"a": 1}


def test_shortest_decimals() -> None:
    (exact,) = struct.unpack("<f", struct.pack("<f", 0.1))
    assert numbers.shortest(exact, "FP32") == 0.1
    assert numbers.rounded(1 / 3, "FP32") == 0.33333334
    assert numbers.rounded(1e39, "FP32") == math.inf
    assert Encoded(b"").headers == {}


def test_what_an_answer_leaves_out_is_given_another_value() -> None:
    asked = exchange()
    places = {"Read": [["kept", "count"], ["text"]]}
    zeros = {"Read": {("kept", "count"): 0, ("text",): "", ("none", "x"): 0}}
    change = Change(seed=1, places=places, zeros=zeros)
    given_ = Answer(status=200, body=b'{"kept": {"a": 1}, "text": "b"}')
    tree = json.loads(Editor(Decoder(), change, None).answer(asked, given_).body)
    assert asked.problem == ""
    assert tree["kept"]["count"] not in (0, 1)
    assert tree["text"] not in ("", "b")
    assert set(tree) == {"kept", "text"}
