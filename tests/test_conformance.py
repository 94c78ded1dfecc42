"""`samplegen conform`: what it says of servers that are right, wrong, silent or not there."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from samplegen import cli
from samplegen.conformance import comparing, rows
from samplegen.conformance.asking import Answered
from samplegen.conformance.cases import Case, RestRequest, WantedOutput
from tests.served.test_bad_servers import METADATA, serving
from tests.server import rows as models
from tests.server.process import Server, free_ports, running

Printed = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The bundled server, with the models of OpenVINO Model Server's tests."""
    folder = tmp_path_factory.mktemp("models")
    with running(folder / "log", ("--config_path", models.write_models(folder))) as one:
        yield one


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def conform(capsys: Printed, *words: str) -> tuple[int, Any]:
    status = cli.run(["conform", *words, "--json"])
    printed = capsys.readouterr()
    return status, json.loads(printed.out) if printed.out else printed.err


@pytest.mark.parametrize("first", ["http", "grpc"])
def test_the_bundled_server_answers_as_ovms_does(
    first: str, server: Server, capsys: Printed
) -> None:
    ports = {"http": server.rest_port, "grpc": server.port}
    other = {"http": ("--grpc-port", str(server.port)),
             "grpc": ("--rest-port", str(server.rest_port))}[first]  # fmt: skip
    status, found = conform(capsys, f"{first}://127.0.0.1:{ports[first]}", *other)
    assert (status, found["differences"]) == (0, [])
    assert found["model"] == "dummy"
    assert set(found["sent"]) == {
        "Health and metadata", "The model", "JSON of requests", "Paths and methods", "Answers",
        "Binary tensor data", "Tensors", "Texts", "Images",
    }  # fmt: skip
    assert sum(found["sent"].values()) >= 340
    assert {one["reason"] for one in found["not_tried"]} == {"it has more than 1 MiB"}


def test_one_transport_alone(server: Server, capsys: Printed) -> None:
    status, found = conform(capsys, f"http://127.0.0.1:{server.rest_port}", "--model", "sum-FP32")
    assert (status, found["differences"], found["model"]) == (0, [], "sum-FP32")
    reasons = {(one["transport"], one["reason"]) for one in found["not_tried"]}
    assert reasons - {("gRPC", "it has more than 1 MiB")} == {
        ("gRPC", "its port for gRPC is not known; add --grpc-port"),
        ("REST", "it has more than 1 MiB"),
    }


def test_a_model_without_numbers(server: Server, capsys: Printed) -> None:
    status, found = conform(capsys, f"http://127.0.0.1:{server.rest_port}", "--model", "string")
    reasons = {one["reason"] for one in found["not_tried"]}
    assert (status, found["differences"]) == (0, [])
    assert {"no input has numbers", "no input has two numbers or more"} < reasons


def test_a_server_that_takes_everything_and_says_nothing(capsys: Printed) -> None:
    with serving(lambda path: (200, json.dumps(METADATA))) as port:
        words = ("--model", "m", "--against", "kserve")
        status, found = conform(capsys, f"http://127.0.0.1:{port}", *words)
    assert status == 1
    by_name = {one["name"]: one for one in found["differences"]}
    assert by_name["an unknown model"]["expected"] == (
        "404: Model with requested name is not found"
    )
    assert by_name["an unknown model"]["answered"].startswith('200: {"name": "m"')
    assert by_name["JSON"]["expected"] == "the data of the output y"
    assert {one["rule"] for one in found["differences"]} == {"KServe v2"}


def test_garbage_is_told_as_such(capsys: Printed) -> None:
    def answer(path: str) -> tuple[int, str]:
        good = path in ("/v2/models/m", "/v2/health/live")
        return (200, json.dumps(METADATA)) if good else (500, "<html>")

    with serving(answer) as port:
        assert cli.run(["conform", f"http://127.0.0.1:{port}", "--model", "m"]) == 1
    printed = capsys.readouterr().out
    assert "ServerReady (REST)" in printed
    assert "sent      GET /v2/health/ready" in printed
    assert "expected  success  [KServe v2]" in printed
    assert "answered  500: <html>" in printed
    assert 'expected  a JSON object with "error"' in printed
    assert "Not tried:" in printed


def test_a_server_that_falls_silent_is_not_asked_for_ever(capsys: Printed) -> None:
    def answer(path: str) -> tuple[int, str]:
        if path != "/v2/models/m" and not path.startswith("/v2/health"):
            time.sleep(1.5)
        return 200, json.dumps(METADATA)

    start = time.monotonic()
    with serving(answer) as port:
        words = ("--model", "m", "--deadline", "1")
        status, found = conform(capsys, f"http://127.0.0.1:{port}", *words)
    assert status == 1
    assert time.monotonic() - start < 60
    assert "the server left 3 requests in a row unanswered" in {
        one["reason"] for one in found["not_tried"]
    }
    assert "did not answer within 1 s" in found["differences"][-1]["answered"]


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_no_server(scheme: str, capsys: Printed) -> None:
    (port,) = free_ports(1)
    status, said = conform(capsys, f"{scheme}://127.0.0.1:{port}")
    assert status == 1
    assert said.count("error: ") == 1
    assert f"127.0.0.1:{port}" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nowhere",), "ADDRESS: found 'nowhere'"),
        (("http://127.0.0.1:8000", "--rest-port", "8001"), "--rest-port: found 8001"),
        (("http://127.0.0.1:8000", "--cacert", "ca.pem"), "is not encrypted"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], says: str, capsys: Printed) -> None:
    status, said = conform(capsys, *words)
    assert status == 2
    assert says in said


def test_a_model_that_is_not_there(server: Server, capsys: Printed) -> None:
    status, said = conform(capsys, f"http://127.0.0.1:{server.rest_port}", "--model", "dumy")
    assert (status, "did you mean 'dummy'?" in said) == (2, True)


def test_a_connection_that_is_closed(capsys: Printed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.close()
        status, said = conform(capsys, f"http://127.0.0.1:{free_ports(1)[0]}", "--deadline", "1")
    assert (status, "no server answers" in said) == (1, True)


# What is compared

CASE = Case(group="g", name="n", request=RestRequest("POST", "/v2/models/m/infer"))
OUTPUT = WantedOutput("y", "FP32", (-1, 2), (1.0, 2.0))
RIGHT = {"outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 2], "data": [1.0, 2.0]}]}


def lacks(tree: Any, **of_the_case: Any) -> list[str]:
    case = Case(**{**CASE.__dict__, "outputs": (OUTPUT,), **of_the_case})
    return [one.text for one in comparing.lacking(case, Answered("200", "", tree))]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"data": [1.0000001, 2]}, []),
        ({"data": [1.0, 2.1]}, ["the data [1.0, 2.0] of the output y"]),
        ({"data": [1.0]}, ["2 elements, as its shape says, of the output y"]),
        ({"data": None}, ["the data of the output y"]),
        ({"shape": [2]}, ["the shape [-1, 2] of the output y"]),
        (
            {"shape": 5},
            ["the shape [-1, 2] of the output y", "1 elements, as its shape says, of the output y"],
        ),
        ({"shape": ["--1", "2"]}, ["-2 elements, as its shape says, of the output y"]),
        ({"data": [10**400, 2.0]}, ["the data [1.0, 2.0] of the output y"]),
        ({"datatype": "FP64"}, ["the datatype FP32 of the output y"]),
        ({"name": "z"}, ["the output y"]),
    ],
)
def test_what_an_output_lacks(changes: dict[str, Any], expected: list[str]) -> None:
    assert lacks({"outputs": [{**RIGHT["outputs"][0], **changes}]}) == expected


@pytest.mark.parametrize("tree", [None, [], 7, {}, {"outputs": 7}, {"outputs": ["y", None]}])
def test_an_answer_without_outputs(tree: Any) -> None:
    assert lacks(tree) == ["the output y"]


@pytest.mark.parametrize(
    ("status", "code", "error", "expected"),
    [
        ("JSON_INVALID", "412", "why", []),
        ("JSON_INVALID", "400", "why", ["412: The file is not valid json"]),
        ("JSON_INVALID", "200", None, ["412: The file is not valid json"]),
        ("JSON_INVALID", "412", None, ['a JSON object with "error"']),
        ("!OK", "500", "why", []),
        ("!OK", "200", None, ["an error"]),
        ("OK", "404", "why", ["success"]),
        ("OK", "", None, ["an answer"]),
    ],
)
def test_what_a_status_should_be(
    status: str, code: str, error: str | None, expected: list[str]
) -> None:
    case = Case(group="g", name="n", request=CASE.request, status=status)
    found = comparing.lacking(case, Answered(code, error=error))
    assert [one.text for one in found] == expected


def test_every_row_can_be_sent_and_its_model_is_known() -> None:
    made = [*rows.cases("some")]
    assert len(made) >= 300
    assert all(model is None or model in rows.models() for model, _ in made)
    assert all(case.source.startswith("src/test/") for _, case in made)
    assert {case.status for _, case in made} - {"OK", "!OK"} <= set(rows.data()["statuses"])
    assert all("/models/dummy" not in str(c.request) for model, c in made if model is None)
