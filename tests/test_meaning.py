"""A sample prints what was really answered, by this server and by one that answers differently."""

import json
from pathlib import Path
from typing import Any

import pytest

from samplegen.judge.gates.meaning import answered, contradictions, tells
from samplegen.samples import Catalogue
from samplegen.spec import Expectation
from tests import toy
from tests.conftest import Run

REQUESTS = [
    {"rpc": "ServerLive", "answer": {"live": True}},
    {
        "rpc": "ModelInfer",
        "answer": {
            "outputs": [
                {"name": "name", "datatype": "INT64", "shape": [2], "data": [3, 4]},
                {"name": "p", "datatype": "FP32", "shape": [1, 3], "data": [0.25, 0.5, 0.25]},
            ]
        },
    },
]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("ServerLive", "live"), (True,)),
        (("ModelInfer", "outputs", "p", "data"), (0.25, 0.5, 0.25)),
        (("ModelInfer", "outputs", "p", "data", "max"), (0.5,)),
        (("ModelInfer", "outputs", "p", "data", "argmax"), (1,)),
        (("ModelInfer", "outputs", "p", "signature"), ("FP32 [1, 3]",)),
        (("ModelInfer", "outputs", "name", "data"), (3, 4)),
    ],
)
def test_a_value_is_found_in_the_recorded_answers(path: tuple[str, ...], value: Any) -> None:
    (line,) = answered([Expectation(label="a", pattern="x", answer=path)], REQUESTS)
    assert (line.value, line.pattern) == (value, None)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (("ServerLive", "ready"), "no ready in ServerLive, as the server answered it"),
        (("ServerReady", "ready"), "no ServerReady in what was recorded"),
        (("ModelInfer", "outputs", "q", "data"), "no q in ModelInfer.outputs"),
        (("ServerLive", "live", "argmax"), "no argmax in ServerLive.live"),
        (("ServerLive", "live", "signature"), "no signature in ServerLive.live"),
    ],
)
def test_what_was_not_recorded_is_named(path: tuple[str, ...], message: str) -> None:
    (found,) = contradictions("a: 1\n", [Expectation(label="a", value=(1,), answer=path)], REQUESTS)
    assert found.startswith(message)


def test_printed_values_are_compared_by_type_and_tolerance() -> None:
    path = ("ModelInfer", "outputs", "p", "data", "max")
    line = Expectation(label="p", value=(9,), tolerance=0.01, answer=path)
    assert contradictions("p: 0.505\n", [line], REQUESTS) == []
    (found,) = contradictions("p: 9\n", [line], REQUESTS)
    assert found.endswith("expected 'p: 0.5' within 0.01, which the server answered")


def test_a_server_may_tell_nothing_of_its_answers() -> None:
    assert tells(REQUESTS)
    assert not tells([{"rpc": "ServerLive"}])


CONSTANT = toy.GOOD.replace('print("answer:", answer)', 'print("answer:", 42)')


def make(folder: Path, program: str, other: str, operation: str = "") -> list[str | Path]:
    """A toy API whose server records and can answer differently."""
    options = toy.make(folder, {"one": program})
    api = folder / "spec/api.yaml"
    more = f"record: ['{{record}}']\n  other: [{other}]\n  install:" if other else "install:"
    api.write_text(api.read_text().replace("install:", more))
    path = folder / "spec/one.yaml"
    line = "expect: [{label: answer, value: 42, answer: [Toy, number]}]\n"
    path.write_text(path.read_text().replace("expect: [{label: answer, value: 42}]\n", line))
    path.write_text(path.read_text() + operation)
    return options


OTHER = "other: [{label: answer, value: %s, answer: [Toy, number]}]\n"


@pytest.mark.parametrize(
    ("program", "other", "operation", "reason"),
    [
        (toy.GOOD, "other", OTHER % 43, ""),
        (toy.GOOD, "other", "", ""),
        (
            CONSTANT,
            "other",
            "",
            "meaning: at the server that answers differently, line 1: found 'answer: 42'; "
            "expected 'answer: 43', which the server answered",
        ),
        (
            CONSTANT,
            "other",
            OTHER % 43,
            "meaning: at the server that answers differently, line 1: found 'answer: 42'; "
            "expected 'answer: 43'",
        ),
        (
            toy.GOOD,
            "other",
            OTHER % 44,
            "meaning: at the server that answers differently, line 1: found 'answer: 43'; "
            "expected 'answer: 44'",
        ),
        (
            toy.GOOD.replace(
                'print("answer:", answer)', "assert answer == 42\nprint('answer: 42')"
            ),
            "other",
            "",
            "meaning: at the server that answers differently, ended with status 1: Traceback",
        ),
    ],
)
def test_a_program_is_run_on_both_servers(
    program: str, other: str, operation: str, reason: str, tmp_path: Path, samplegen: Run
) -> None:
    verdict = judged(make(tmp_path, program, other, operation), tmp_path, samplegen)
    if reason:
        assert verdict["status"] == "failed"
        assert verdict["reason"].startswith(reason), verdict["reason"]
    else:
        assert verdict["status"] == "passed", verdict["reason"]
        assert verdict["gates"] == ["build", "run", "wire", "output", "meaning", "faults"]
        assert verdict["other_server"] == "toy 1.0"


def test_a_server_that_answers_alike_proves_nothing(tmp_path: Path, samplegen: Run) -> None:
    verdict = judged(make(tmp_path, toy.GOOD, "alike"), tmp_path, samplegen)
    assert verdict["status"] == "passed"
    assert "meaning" not in verdict["gates"]
    assert "meaning: the server that answers differently answers this alike" in verdict["reason"]


def test_an_api_without_such_a_server_has_no_such_gate(tmp_path: Path, samplegen: Run) -> None:
    verdict = judged(make(tmp_path, toy.GOOD, ""), tmp_path, samplegen)
    assert verdict["gates"] == ["build", "run", "output", "faults"]


def judged(options: list[str | Path], folder: Path, samplegen: Run) -> dict[str, Any]:
    finished = samplegen("verify", "--json", *options, cwd=folder)
    (verdict,) = json.loads(finished.stdout)
    return dict(verdict)


def test_every_operation_says_what_of_an_answer_it_prints() -> None:
    for operation in Catalogue().spec.operations():
        assert all(line.answer for line in (*operation.expect, *operation.other)), operation.name
