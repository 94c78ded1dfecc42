"""Steps: read, checked against the contract, and written in each client that knows them."""

import base64
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samplegen.catalogue import Catalogue
from samplegen.contract import paths, protos
from samplegen.contract.model import Contract, Field, Message
from samplegen.contract.trees import from_json, tree, without_zeros
from samplegen.contract.values import Reader, Value
from samplegen.drafting import choosing
from samplegen.errors import SamplegenError
from samplegen.judge.gates import wire
from samplegen.judge.servers.proxy import protobuf
from samplegen.judge.servers.proxy.exchanges import Exchange, Link
from samplegen.render.layout.marks import plain
from samplegen.render.literals.cpp import CPP
from samplegen.render.literals.go import GO
from samplegen.render.structures import (
    cpp_json,
    cpp_stubs,
    go_json,
    go_stubs,
    java_stubs,
    python,
    shell,
)
from samplegen.spec import streaming
from samplegen.spec.operation import Call, End, LinkedStep
from samplegen.spec.steps import Step, Until
from tests.conftest import ROOT, missing

pytestmark = pytest.mark.processes  # protoc

ETCD = ROOT / "examples" / "etcd"
CLIENTS = [
    "python/grpcio",
    "python/requests",
    "cpp/grpc",
    "cpp/libcurl",
    "go/grpc",
    "go/http",
    "java/grpc",
    "java/http",
    "curl/rest",
]
TYPES = """
syntax = "proto3";
package t.v1;
enum Mood { CALM = 0; LOUD = 1; }
message All {
  string text = 1;
  bytes raw = 2;
  bool yes = 3;
  int32 small = 4;
  sint64 long = 5;
  uint32 count = 6;
  fixed64 big = 7;
  double real = 9;
  Mood mood = 10;
  repeated string texts = 11;
  repeated All all = 12;
  map<string, int64> sizes = 13;
  map<int32, All> named = 14;
  oneof one { string left = 15; bytes right = 16; }
  optional bool maybe = 17;
  string from = 18;
}
service S { rpc Do(All) returns (All); rpc Watch(All) returns (stream All);
  rpc Both(stream All) returns (stream All);
  rpc Join(stream All) returns (All); }
"""


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    folder = tmp_path_factory.mktemp("types")
    (folder / "t.proto").write_text(TYPES, encoding="utf-8")
    return protos.read((folder,), ("t.proto",))


@pytest.fixture(scope="module")
def message(types: Contract) -> type[Any]:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(types.descriptors).file:
        pool.Add(file)
    found: type[Any] = message_factory.GetMessageClass(pool.FindMessageTypeByName("t.v1.All"))
    return found


def linked(contract: Contract, data: object) -> LinkedStep:
    """A step that sends a request, which must have no mistakes."""
    reader = Reader(contract, {})
    values = reader.message("t.v1.All", data, ())
    assert reader.mistakes == []
    return LinkedStep(contract, Call(rpc="Do"), contract.method("Do"), values)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.fixed_dictionaries(
    {},
    optional={
        "text": TEXTS,
        "raw": TEXTS
        | st.binary(max_size=5).map(lambda b: {"base64": base64.b64encode(b).decode()}),
        "yes": st.booleans(),
        "small": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "count": st.integers(0, 2**32 - 1),
        "big": st.integers(0, 2**64 - 1),
        "real": st.floats(allow_nan=False, allow_infinity=False),
        "mood": st.sampled_from(["CALM", "LOUD"]),
        "texts": st.lists(TEXTS, max_size=3),
        "sizes": st.dictionaries(TEXTS, st.integers(-(2**63), 2**63 - 1), max_size=2),
        "maybe": st.booleans(),
        "from": TEXTS,
    },
)
MESSAGES = st.recursive(
    SCALARS,
    lambda inner: st.tuples(
        SCALARS,
        st.fixed_dictionaries(
            {},
            optional={
                "all": st.lists(inner, max_size=2),
                "named": st.dictionaries(st.integers(-9, 9).map(str), inner, max_size=2),
            },
        ),
    ).map(lambda pair: {**pair[0], **pair[1]}),
    max_leaves=4,
)
PROPERTY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Stubs:
    """What stubs of the contract would be."""

    def __init__(self, message: type[Any]) -> None:
        self.All = message
        self.CALM, self.LOUD = 0, 1


def meant(contract: Contract, step: LinkedStep) -> Any:
    values: tuple[Value, ...] = step.request
    return without_zeros(contract, "t.v1.All", tree(values, lambda saved: None))


@PROPERTY
@given(MESSAGES)
def test_python_makes_the_message_that_the_step_means(
    types: Contract, message: type[Any], data: dict[str, Any]
) -> None:
    step = linked(types, data)
    code = str(python.message(step))
    made = eval(code, {"t_pb2": Stubs(message)})  # noqa: S307  (the code is what is tested)
    found = without_zeros(types, "t.v1.All", protobuf.tree(made))
    assert found == meant(types, step)


@PROPERTY
@given(MESSAGES)
def test_python_makes_json_that_a_gateway_reads_as_the_message(
    types: Contract, message: type[Any], data: dict[str, Any]
) -> None:
    step = linked(types, data)
    made = eval(str(python.body(step)), {"base64": base64})  # noqa: S307  (as above)
    parsed = json_format.Parse(json.dumps(made), message())
    assert without_zeros(types, "t.v1.All", protobuf.tree(parsed)) == meant(types, step)
    as_sent = from_json(types, "t.v1.All", json.loads(json.dumps(made)))
    assert without_zeros(types, "t.v1.All", as_sent) == meant(types, step)


@settings(PROPERTY, max_examples=10)
@given(MESSAGES)
def test_a_shell_sends_json_that_a_gateway_reads_as_the_message(
    types: Contract, message: type[Any], data: dict[str, Any]
) -> None:
    step = linked(types, data)
    program = f"printf '%s' {shell.body(step)}"
    ended = subprocess.run(["sh", "-c", program], capture_output=True, timeout=10, check=True)
    parsed = json_format.Parse(ended.stdout.decode(), message())
    assert without_zeros(types, "t.v1.All", protobuf.tree(parsed)) == meant(types, step)


FORMATTED: dict[str, tuple[list[str], Callable[[list[LinkedStep]], str]]] = {
    "gofmt": (["gofmt"], lambda steps: plain(GO.lines(_go_program(steps)))),
    "clang-format": (
        [
            "clang-format",
            "--style={BasedOnStyle: Google, ColumnLimit: 0}",
            "--assume-filename=a.cc",
        ],
        lambda steps: plain(CPP.lines(_cpp_program(steps))),
    ),
}


def _go_program(steps: list[LinkedStep]) -> str:
    values = [f"\t_ = {made(step)}" for step in steps for made in (go_stubs.message, go_json.body)]
    return "package main\n\nvar (\n" + "\n".join(values) + "\n)\n"


def _cpp_program(steps: list[LinkedStep]) -> str:
    lines = []
    for step in steps:
        lines.append(f"  const nlohmann::json body = {cpp_json.body(step)};")
        lines += [f"  {line}" for line in cpp_stubs.message(step, "request", [step]).split("\n")]
    return "void Run() {\n" + "\n".join(filter(str.strip, lines)) + "\n}\n"


@pytest.mark.parametrize("formatter", FORMATTED)
@settings(PROPERTY, max_examples=15)
@given(st.lists(MESSAGES, min_size=1, max_size=6))
def test_requests_of_any_values_are_formatted(
    types: Contract, formatter: str, data: list[dict[str, Any]]
) -> None:
    command, program = FORMATTED[formatter]
    if not shutil.which(command[0]):
        missing(f"{command[0]} is missing")
    text = program([linked(types, one) for one in data])
    ended = subprocess.run(command, input=text.encode(), capture_output=True, timeout=20)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.decode() == text


@pytest.mark.parametrize(
    ("data", "place", "said"),
    [
        ({"txt": "a"}, ("txt",), "t.v1.All has no field 'txt'; did you mean 'text'?"),
        ({"text": 1}, ("text",), "found 1; expected text"),
        ({"raw": 1}, ("raw",), "found 1; expected text, which is sent as UTF-8"),
        ({"raw": {"base64": "a"}}, ("raw", "base64"), "found 'a', which is not Base64"),
        ({"yes": "true"}, ("yes",), "found 'true'; expected true or false"),
        ({"small": 2**31}, ("small",), f"found {2**31}; expected {-(2**31)} to {2**31 - 1}"),
        ({"count": -1}, ("count",), "found -1; expected 0 to 4294967295"),
        ({"big": True}, ("big",), "found True; expected a uint64"),
        ({"mood": "LUOD"}, ("mood",), "t.v1.Mood has no 'LUOD'; did you mean 'LOUD'?"),
        ({"texts": "a"}, ("texts",), "found 'a'; expected a list"),
        ({"texts": ["a", 2]}, ("texts", 1), "found 2; expected text"),
        ({"all": [{"yes": 1}]}, ("all", 0, "yes"), "found 1; expected true or false"),
        ({"named": {"x": {}}}, ("named", "x"), "found 'x'; expected an int32"),
        ({"named": {"1": {"no": 1}}}, ("named", "1", "no"), "t.v1.All has no field 'no'"),
        ({"sizes": []}, ("sizes",), "found []; expected a mapping"),
        (
            {"left": "a", "right": "b"},
            ("right",),
            "'left' and 'right' cannot both be set; leave one of them out",
        ),
        ({"text": {"from": "x"}}, ("text", "from"), "no earlier step saves 'x'; none is known"),
        ({"real": {"text": ["1"]}}, ("real",), "found a mapping; expected a number, {from: NAME}"),
        ([], (), "found []; expected a mapping with the fields of t.v1.All"),
    ],
)
def test_what_does_not_fit_the_contract_is_found_where_it_stands(
    types: Contract, data: object, place: tuple[str | int, ...], said: str
) -> None:
    reader = Reader(types, {})
    reader.message("t.v1.All", data, ())
    ((found, message),) = reader.mistakes
    assert found == place
    assert message.startswith(said)


# --- Files ---------------------------------------------------------------------------------------

GOOD = """title: T
summary: S.
steps:
  - call: S.Do
    request: {text: a}
    save: {kept: text}
    print:
      - {label: text, path: text, value: a}
"""
API = """title: T
summary: S.
proto: t.proto
connection: {host: localhost, grpc_port: 1, rest_port: 2}
deadline: 1
server: {title: t, command: [none], install: none}
clients: [python/grpcio]
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Catalogue]:
    """Makes a catalogue of one operation."""

    def write(operation: str) -> Catalogue:
        spec = tmp_path / "spec"
        spec.mkdir()
        (spec / "t.proto").write_text(TYPES, encoding="utf-8")
        (spec / "api.yaml").write_text(API, encoding="utf-8")
        (spec / "do.yaml").write_text(operation, encoding="utf-8")
        return Catalogue([spec])

    return write


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("S.Do", "S.Doo", "4:11", "the contract has no method 'S.Doo'; did you mean 'S.Do'?"),
        ("S.Do", "S.Both", "5:14", "'S.Both' takes a stream; write a list of messages into 'send'"),
        (
            "request: {text: a}",
            "send: [{text: a}]",
            "5:11",
            "'S.Do' takes one message; write it in",
        ),
        ("save:", "until: 1\n    save:", "6:12", "'S.Do' answers with one message; leave out"),
        ("value: a", "values: [a]", "8:43", "'S.Do' answers with one message; write 'value'"),
        (
            "value: a",
            "each: all, lines: [{a: b}]",
            "8:53",
            "'S.Do' answers with one message; write",
        ),
        ("{text: a}", "{txt: a}", "5:20", "t.v1.All has no field 'txt'; did you mean 'text'?"),
        ("kept: text", "kept: texts", "6:18", "'texts' is a list; write an index"),
        ("kept: text", "main: text", "6:18", "'main' is the name of something else in programs"),
        ("kept: text", "url: text", "6:17", "'url' is the name of something else in programs"),
        ("kept: text", "answer2: text", "6:21", "'answer2' is the name of something else in prog"),
        ("kept: text", "t_pb2: text", "6:19", "'t_pb2' is the name of something else in programs"),
        ("path: text", "path: tex", "8:29", "t.v1.All has no field 'tex'; did you mean 'text'?"),
        ("path: text", "path: text.a", "8:29", "'text' is no message, so it has no 'a'"),
        ("path: text", "path: 'all[0]'", "8:29", "'all[0]' is a t.v1.All; go on with one of its"),
        ("path: text", "path: 'text[0]'", "8:29", "'text' is no list; leave out the index"),
        ("path: text", "path: 'a..b'", "8:29", "found 'a..b'; expected names with dots"),
        (", value: a", "", "8:9", "'value' or 'pattern' is missing; `samplegen record` writes"),
        ("value: a", "value: a, pattern: a", "8:9", "expected exactly one of 'value' and"),
        ("value: a", "pattern: '('", "8:44", "not a regular expression"),
        ("value: a", "lines: {a: b}", "8:42", "found 'lines'; expected 'each' with it"),
        ("value: a", "each: all", "8:9", "'lines' is missing; `samplegen record` writes"),
        ("value: a", "value: a, each: all", "8:9", "with 'each', expected 'lines'"),
        (
            "    print:",
            "    query: {a: b}\n    print:",
            "7:12",
            "the contract says where fields go",
        ),
        ("steps:", "model: m\nsteps:", "3:8", "found 'model' beside 'steps', which say it all"),
        (
            "    save:",
            "    refused: {status: 404}\n    save:",
            "6:14",
            "'code' is missing, which the call",
        ),
        (
            "    save: {kept: text}",
            "    refused: 404",
            "6:14",
            "'code' is missing, which the call has",
        ),
        (
            "    save: {kept: text}",
            "    refused: NOT_FUND",
            "6:14",
            "steps.0.refused.code: found 'NOT_FUND'",
        ),
        (
            "    save: {kept: text}",
            "    refused: 200",
            "6:14",
            "steps.0.refused.status: found 200; expected",
        ),
        (
            "    save: {kept: text}",
            "    refused: {status: 404, code: NOT_FOUND}",
            "6:23",
            "the call has no route, and so no status; leave it out",
        ),
        (
            "    save:",
            "    refused: NOT_FOUND\n    save:",
            "7:18",
            "an answer that is an error has nothing to save",
        ),
        (
            "steps:",
            "check: [{call: S.Do, request: {txt: a}}]\nsteps:",
            "3:37",
            "t.v1.All has no field 'txt'",
        ),
        (
            "steps:",
            "check: [{call: S.Do, expect: {tex: a}}]\nsteps:",
            "3:36",
            "t.v1.All has no field 'tex'; did you mean 'text'?",
        ),
        (
            "steps:",
            "setup: [{call: S.Do, save: {a: text}}]\n"
            "teardown: [{call: S.Do, request: {text: {from: b}}}]\nsteps:",
            "4:48",
            "no earlier step saves 'b'",
        ),
        ("steps:", "setup: [{call: S.Watch}]\nsteps:", "3:16", "'S.Watch' streams"),
        (
            "steps:",
            "check: [{call: S.Do, save: {a: text}}]\n"
            "teardown: [{call: S.Do, request: {text: {from: a}}}]\nsteps:",
            "4:48",
            "no earlier step saves 'a'",
        ),
        ("    request: {text: a}", "  - call: S.Do", "5:11", "'S.Do' is called by an earlier step"),
    ],
)
def test_mistakes_in_steps_are_reported_at_line_and_column(
    written: Callable[[str], Catalogue], old: str, new: str, place: str, said: str
) -> None:
    assert old in GOOD
    catalogue = written(GOOD.replace(old, new, 1))
    with pytest.raises(SamplegenError) as error:
        catalogue.spec.operations()
    found = str(error.value.problems[0]).partition("do.yaml:")[2]
    assert found.startswith(f"{place}: {said}")


STREAM = """title: T
summary: S.
steps:
  - call: S.Both
    send: [{text: a}, {}]
    until: {path: mood, value: LOUD}
    print:
      - {label: text, path: text, values: [a, b]}
      - {each: all, label: {path: text}, path: long, lines: [{}, {c: 0}]}
"""


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("    send: [{text: a}, {}]\n", "", "4:5", "'send' is missing: 'S.Both' takes a stream"),
        ("send: [{text: a}, {}]", "send: []", "4:5", "'send' is missing: 'S.Both' takes a stream"),
        ("{text: a}, {}", "{}, {txt: a}", "5:22", "t.v1.All has no field 'txt'; did you mean"),
        ("path: mood", "path: moot", "6:19", "t.v1.All has no field 'moot'; did you mean 'mood'?"),
        ("path: mood", "path: 'all[0].mood'", "6:19", "found 'all[0].mood'; expected no index"),
        ("value: LOUD", "value: LOUT", "6:32", "t.v1.Mood has no 'LOUT'; did you mean 'LOUD'?"),
        ("mood, value: LOUD", "real, value: 1", "6:32", "'real' is not compared; leave out"),
        ("mood, value: LOUD", "all, value: 1", "6:31", "'all' is not compared; leave out"),
        (
            "until:",
            "save: {kept: text}\n    until:",
            "6:11",
            "'S.Both' answers with a stream, of wh",
        ),
        ("values: [a, b]", "value: a", "8:42", "found 'value'; expected 'values', one for each"),
        (
            "values: [a, b]",
            "values: [a]",
            "9:61",
            "found 2, one for each message; expected 1, as an",
        ),
        (
            "{path: mood, value: LOUD}",
            "3",
            "8:43",
            "found 2, one for each message; expected 3, as 'u",
        ),
        (
            "[{}, {c: 0}]",
            "{c: 0}",
            "9:61",
            "found a mapping; expected a list of them, one for each",
        ),
        ("values: [a, b]", "values: [a, b], pattern: a", "8:9", "expected exactly one of 'values'"),
        (", values: [a, b]", "", "8:9", "'values' or 'pattern' is missing; `samplegen record`"),
    ],
)
def test_mistakes_in_streams_are_reported_at_line_and_column(
    written: Callable[[str], Catalogue], old: str, new: str, place: str, said: str
) -> None:
    assert old in STREAM
    catalogue = written(STREAM.replace(old, new, 1))
    with pytest.raises(SamplegenError) as error:
        catalogue.spec.operations()
    found = str(error.value.problems[0]).partition("do.yaml:")[2]
    assert found.startswith(f"{place}: {said}")


def test_a_stream_must_say_how_many_messages_come(written: Callable[[str], Catalogue]) -> None:
    lines = "      - {label: text, path: text, pattern: a}\n"
    catalogue = written(f"{STREAM.partition('      - ')[0]}{lines}")
    with pytest.raises(SamplegenError, match="how many messages come is not known"):
        catalogue.spec.operations()


def test_lines_of_a_stream_are_expected_message_by_message(
    written: Callable[[str], Catalogue],
) -> None:
    (operation,) = written(STREAM).spec.operations()
    (step,) = operation.linked
    assert (operation.streams, operation.has_single_calls, step.count) == (True, False, 2)
    assert [(line.label, line.value, line.answer) for line in operation.expect] == [
        ("text", ("a",), ("Both", "0", "text")),
        ("text", ("b",), ("Both", "1", "text")),
        ("c", (0,), ("Both", "1", "all", "0", "long")),
    ]
    assert operation.expect[2].labelled == ("Both", "1", "all", "0", "text")
    assert [line.may_be_zero for line in step.lines] == [False, True]


CONDITIONS = [
    ("all", None, "one.all", "len(one.GetAll()) > 0", "one.getAllCount() > 0",
     "!one.all().empty()"),
    ("text", None, "one.text", 'one.GetText() != ""', "!one.getText().isEmpty()",
     "!one.text().empty()"),
    ("text", "a", "one.text == \"a\"", 'one.GetText() == "a"', 'one.getText().equals("a")',
     'one.text() == "a"'),
    ("raw", None, "one.raw", 'string(one.GetRaw()) != ""', "!one.getRaw().isEmpty()",
     "!one.raw().empty()"),
    ("raw", "a", 'one.raw == b"a"', 'string(one.GetRaw()) == "a"',
     'one.getRaw().equals(ByteString.copyFromUtf8("a"))', 'one.raw() == "a"'),
    ("yes", None, "one.yes", "one.GetYes()", "one.getYes()", "one.yes()"),
    ("yes", False, "not one.yes", "!one.GetYes()", "!one.getYes()", "!one.yes()"),
    ("small", None, "one.small", "one.GetSmall() != 0", "one.getSmall() != 0", "one.small() != 0"),
    ("big", 7, "one.big == 7", "one.GetBig() == 7", "one.getBig() == 7", "one.big() == 7u"),
    ("mood", None, "one.mood", "one.GetMood() != 0", "one.getMoodValue() != 0", "one.mood() != 0"),
    ("mood", "LOUD", "one.mood == t_pb2.LOUD", "one.GetMood() == t.Mood_LOUD",
     "one.getMood() == T.Mood.LOUD", "one.mood() == t::v1::LOUD"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "in_python", "in_go", "in_java", "in_cpp"),
    CONDITIONS,
)
def test_the_end_of_a_stream_is_a_condition_of_each_language(
    types: Contract, path: str, value: Any, in_python: str, in_go: str, in_java: str, in_cpp: str
) -> None:
    method = types.method("Both")
    assert method is not None
    step = Step(call="Both", until=Until(path=path, value=value))
    end = streaming.end(types, step, method)
    assert isinstance(end, End)
    known = LinkedStep(types, Call(rpc="Both"), method, (), end=end)
    assert str(python.ends(known, "one")) == in_python
    assert str(go_stubs.ends(known, "one")) == in_go
    assert str(java_stubs.ends(known, "one")) == in_java
    assert str(cpp_stubs.ends(known, "one")) == in_cpp


def test_clients_of_rest_leave_streams_out(written: Callable[[str], Catalogue]) -> None:
    (operation,) = written(STREAM).spec.operations()
    reasons = {client.name: client.omitted(operation) for client in choosing.clients_with_steps()}
    rest = "REST has no streams; use a client of gRPC"
    grpc = {"python/grpcio", "cpp/grpc", "go/grpc", "java/grpc"}
    assert reasons == {name: None if name in grpc else rest for name in reasons}
    assert grpc < {*reasons}


def test_a_client_may_send_no_stream_for_one_answer(written: Callable[[str], Catalogue]) -> None:
    text = STREAM.partition("    until:")[0].replace("S.Both", "S.Join")
    catalogue = written(f"{text}    print:\n      - {{label: a, path: text, value: a}}\n")
    (operation,) = catalogue.spec.operations()
    reasons = {client.name: client.omitted(operation) for client in choosing.clients_with_steps()}
    assert reasons["go/grpc"] is None
    assert str(reasons["cpp/grpc"]).startswith("the library aborts the program")


def test_all_mistakes_are_reported_at_once(written: Callable[[str], Catalogue]) -> None:
    text = GOOD.replace("{text: a}", "{txt: a, small: x}").replace("path: text", "path: tex")
    with pytest.raises(SamplegenError) as error:
        written(text).spec.operations()
    assert len(error.value.problems) == 3


def test_without_form_and_steps_both_are_named(written: Callable[[str], Catalogue]) -> None:
    with pytest.raises(SamplegenError, match="'form' and 'steps' are missing; add one of them"):
        written(GOOD.partition("steps:")[0]).spec.operations()


def test_rest_without_a_contract_has_what_its_path_names(
    written: Callable[[str], Catalogue],
) -> None:
    text = GOOD.replace("S.Do", "GET /v1/{a}/{b}").replace(
        "request: {text: a}", "path: {a: x, c: y}"
    )
    with pytest.raises(SamplegenError) as error:
        written(text).spec.operations()
    assert [str(problem).partition("do.yaml:")[2] for problem in error.value.problems] == [
        "4:5: {b} of 'GET /v1/{a}/{b}' has no value; add it to 'path'",
        "5:21: 'GET /v1/{a}/{b}' has no {c}; known: a, b",
    ]


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        (
            "    print:",
            "    send: [{a: b}]\n    print:",
            "7:11",
            "takes one message; write it",
        ),
        ("    print:", "    until: 3\n    print:", "7:12", "answers with one message; leave out"),
        ("value: milk", "values: [a, b]", "8:49", "answers with one message; write 'value'"),
        (
            'path: "data[0]", value: milk',
            "each: data, path: a, lines: [{p: 1}, {q: 2}]",
            "8:52",
            "answers with one message; write a mapping",
        ),
    ],
)
def test_rest_without_a_contract_has_no_streams(
    written: Callable[[str], Catalogue], old: str, new: str, place: str, said: str
) -> None:
    assert old in PLAIN
    catalogue = written(PLAIN.replace(old, new))
    with pytest.raises(SamplegenError) as error:
        catalogue.spec.operations()
    (found, *_) = [str(problem).partition("do.yaml:")[2] for problem in error.value.problems]
    assert found.startswith(f"{place}: 'GET /api/v1/label/{{name}}/values' {said}")


def test_the_judge_takes_any_success_of_its_own_calls_without_a_contract(
    written: Callable[[str], Catalogue],
) -> None:
    own = """setup: [{call: POST /items, save: {made: id}}]
teardown: [{call: DELETE /items/1}]
steps:"""
    (operation,) = written(PLAIN.replace("steps:", own)).spec.operations()
    (made,), (deleted,) = operation.around.setup, operation.around.teardown
    assert (made.has_answer, made.statuses) == (True, (200,))
    assert (deleted.has_answer, 204 in deleted.statuses) == (False, True)


def test_a_condition_is_no_message() -> None:
    inner = Field(name="inner", json_name="inner", number=1, kind="message", declared="M", type="M")
    contract = Contract(messages={"M": Message(name="M", fields={"inner": inner})})
    with pytest.raises(ValueError, match="'inner' is a message; name a field of it"):
        paths.condition(contract, "M", "inner")


@pytest.mark.parametrize(
    ("target", "problems"),
    [
        ("/v1/a%2Fb?q=1&q=2&at=x", 0),
        ("/v1/a%2Fb?at=x&q=1&q=2", 0),
        ("/v1/a%2Fb?q=2&q=1&at=x", 1),
        ("/v1/a%2Fb?q=1&q=2", 1),
        ("/v1/a%2Fb?q=1&q=2&at=x&more=", 1),
        ("/v1/other?q=1&q=2&at=x", 1),
    ],
)
def test_path_and_query_of_a_step_are_seen_on_the_wire(target: str, problems: int) -> None:
    call = "GET /v1/{name}"
    query = (("q", 1), ("q", 2), ("at", "x"))
    step = LinkedStep(
        Contract(), Call(rpc=call, rest=call), None, (), path={"name": "a/b"}, query=query
    )
    link = Link(number=0, transport="rest", opened=0.0)
    exchange = Exchange(
        number=0, link=link, transport="rest", method="GET", target=target, authority="",
        headers=(), received=0.0,
    )  # fmt: skip
    assert len([*wire._placed(step, exchange)]) == problems


# --- Programs ------------------------------------------------------------------------------------

PLAIN = """title: T
summary: S.
steps:
  - call: GET /api/v1/label/{name}/values
    path: {name: "a/b ä"}
    query: {start: 1700000000, "match[]": [shelf, "x&y"]}
    print:
      - {label: first, path: "data[0]", value: milk}
"""


def test_rest_without_a_contract_sends_path_and_query_encoded(
    written: Callable[[str], Catalogue],
) -> None:
    folder = written(PLAIN).spec.folder
    api = API.replace("clients: [python/grpcio]", "clients: [python/requests, curl/rest]")
    (folder / "api.yaml").write_text(api, encoding="utf-8")
    catalogue = Catalogue([folder])
    requests, curl = (catalogue.render(cell).text for cell in catalogue.cells)
    url = "http://localhost:2/api/v1/label/a%2Fb%20%C3%A4/values"
    assert f'url = "{url}"' in requests
    assert '("match[]", "x&y")' in requests
    assert 'print("first:", field(answer, "data", 0))' in requests
    assert f"'{url}?start=1700000000&match%5B%5D=shelf&match%5B%5D=x%26y'" in curl
    assert '("first: " + (field("data") | field(0) | tostring))' in curl


def test_operations_of_the_same_calls_keep_their_own_values(
    written: Callable[[str], Catalogue],
) -> None:
    """Programs of one structure are shared, so what steps send is a part of the structure."""
    folder = written(GOOD.replace("{text: a}", "{text: first}")).spec.folder
    for name in ("second", "third"):
        text = GOOD.replace("{text: a}", f"{{text: {name}}}")
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    catalogue = Catalogue([folder])
    texts = {cell.operation.name: catalogue.render(cell).text for cell in catalogue.cells}
    assert {name: [w for w in ("first", "second", "third") if f'text="{w}"' in text]
            for name, text in texts.items()} == {
        "do": ["first"], "second": ["second"], "third": ["third"],
    }  # fmt: skip


def test_a_change_of_the_contract_is_seen(written: Callable[[str], Catalogue]) -> None:
    folder = written(GOOD).spec.folder
    assert Catalogue([folder]).spec.contract.method("Do")
    proto = folder / "t.proto"
    proto.write_text(proto.read_text().replace("rpc Do(", "rpc Other("), encoding="utf-8")
    assert Catalogue([folder]).spec.contract.method("Do") is None


@pytest.mark.parametrize("name", ["put-key", "transact", "lease"])
@pytest.mark.parametrize("client", CLIENTS)
def test_formatters_and_linters_change_nothing(name: str, client: str, tmp_path: Path) -> None:
    catalogue = Catalogue([ETCD / "spec"])
    (cell,) = (c for c in catalogue.cells if c.key == (name, client))
    path = tmp_path / Path(client, cell.client.language.file.format(operation=name)).name
    path.write_text(catalogue.render(cell).text, encoding="utf-8")
    commands = (*cell.client.language.format, *cell.client.language.lint)
    for command in commands:
        if "{prepared}" in " ".join(command):
            continue  # the judge runs those with what a client is prepared with
        values = {"files": str(path), "python": sys.executable}
        arguments = [argument.format(**values) for argument in command]
        assert shutil.which(arguments[0]), f"{arguments[0]} is missing"
        ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_saved_value_stands_in_later_requests() -> None:
    catalogue = Catalogue([ETCD / "spec"])
    texts = {
        c.client.name: catalogue.render(c).text for c in catalogue.cells if c.key[0] == "lease"
    }
    assert sorted(texts) == sorted(CLIENTS)
    assert '[]byte(fmt.Sprintf("heartbeat/%d", lease))' in texts["go/grpc"]
    assert '"lease": lease.String(),' in texts["go/http"]
    assert 'lease = field(answer, "ID")' in texts["python/grpcio"]
    assert 'key=f"heartbeat/{lease}".encode()' in texts["python/grpcio"]
    assert '("heartbeat/" + $lease | @base64)' in texts["curl/rest"]
    assert '"lease": lease,' in texts["python/requests"]


def test_samples_of_the_example_are_fresh() -> None:
    files = Catalogue([ETCD / "spec"]).files()
    for name, content in files.items():
        assert (ETCD / "docs" / "samples" / name).read_bytes() == content
    watching = [name for name in files if "/watch." in name]
    assert len(watching) == 4  # of gRPC
    programs = [name for name in files if re.search(r"\.[a-z]+$", name)]
    assert len(programs) == 1 + 3 * len(CLIENTS) + len(watching)


def test_the_page_names_the_clients_that_know_steps() -> None:
    page = (ROOT / "site" / "steps.md").read_text(encoding="utf-8")
    table = page.partition("| over")[2].partition("\n\n")[0]
    named = re.findall(r"`([a-z]+/[a-z]+)`", table)
    templates = ROOT.glob("templates/*/*/steps.*.jinja")
    known = ["/".join(path.parts[-3:-1]) for path in templates]
    assert sorted(named) == sorted(known) == sorted(CLIENTS)
