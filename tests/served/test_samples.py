"""Samples of models of every kind of input: made, built, run and judged against a real server."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from samplegen.catalogue import Catalogue
from tests.conftest import Run
from tests.served import zoo
from tests.server.process import Server

pytestmark = pytest.mark.processes

CI = bool(os.environ.get("CI"))

QUICK = ("python", "curl", "go")
"""Languages whose programs are there within a second or two."""
SLOW = ("java", "cpp")
TELLING = ("numbers", "large", "halves-in", "halves-large", "hostile", "long")
"""The models whose programs say between them all that there is to say; of the others, those of the
slow languages are made of the same parts."""

OMITTED = {
    "halves": {client.name for client in Catalogue().clients.all() if client.transport == "rest"},
    **{name: {"cpp/triton-http"} for name in ("numbers", "large", "halves-in", "halves-large")},
}
"""Models, and the clients that cannot receive one of their outputs: FP16 over REST, and FP64 as
JSON in Triton's C++ client."""


def judged(samplegen: Run, server: Server, model: str, *languages: str) -> dict[str, Any]:
    """The verdicts of `samplegen model --run`, by client."""
    clients = [word for language in languages for word in ("--client", language)]
    done = samplegen(
        "model",
        f"http://127.0.0.1:{server.rest_port}",
        model,
        "--grpc-port",
        server.port,
        "--run",
        "--json",
        *clients,
        timeout=400,
    )
    assert done.stdout, done.stderr
    return {verdict["client"]: verdict for verdict in json.loads(done.stdout)}


def check(verdicts: dict[str, Any], model: str) -> None:
    """All have passed but those that cannot, or whose tools are missing on a user's machine."""
    for client, verdict in verdicts.items():
        expected = "skipped" if client in OMITTED.get(model, ()) else "passed"
        if expected == "passed" and verdict["status"] == "skipped":
            required = CI and not client.startswith("cpp/triton-")
            assert not required and "is missing" in verdict["reason"], verdict
            continue
        assert verdict["status"] == expected, (client, verdict["reason"], verdict["log"])
    assert any(verdict["status"] == "passed" for verdict in verdicts.values())


@pytest.mark.timeout(450)
@pytest.mark.parametrize("model", [name for name in zoo.MODELS if name != "brain"])
def test_every_client_calls_it(model: str, server: Server, samplegen: Run) -> None:
    languages = (*QUICK, *SLOW) if model in TELLING else QUICK
    check(judged(samplegen, server, model, *languages), model)


def test_the_judge_sees_what_the_model_answers(server: Server, samplegen: Run) -> None:
    verdicts = judged(samplegen, server, "numbers", "python/requests")
    lines = dict(line.split(": ") for line in verdicts["python/requests"]["output"].splitlines())
    assert lines["out_INT8"] == "1 2 3"
    assert lines["out_BOOL"].lower() == "true false true"
    assert lines["in_BYTES"] == '"0" "1" "2"'
    assert lines["out_FP64"].replace(".0", "") == "1 2 3"


def test_a_matrix_that_is_answered_as_strings(server: Server, samplegen: Run) -> None:
    verdicts = judged(samplegen, server, "rows-fixed", "python/requests")
    lines = dict(line.split(": ") for line in verdicts["python/requests"]["output"].splitlines())
    assert lines["y"] == "2 3 4 5 6 7"
    assert lines["y_string"] == r'"\u0001\u0002\u0003" "\u0004\u0005\u0006"'


def test_a_saved_operation_is_one_of_a_spec(server: Server, samplegen: Run, tmp_path: Path) -> None:
    """What `--save` writes after `--run` is loaded, judged with all gates, and passes."""
    file = tmp_path / "spec" / "my-image.yaml"
    address = f"http://127.0.0.1:{server.rest_port}"
    asked = ("model", address, "image", "--client", "python/requests")
    saved = samplegen(*asked, "--run", "--save", file)
    assert saved.returncode == 0, saved.stderr
    text = file.read_text()
    assert "model_version: ''" in text
    assert "image" in text and "cycle: 10" in text and "scores shape" in text
    listed = samplegen("list", "--spec", file.parent, "--json")
    assert any(row["operation"] == "my-image" for row in json.loads(listed.stdout))
    verified = samplegen(
        "verify", "my-image", "--spec", file.parent, "--client", "python/requests",
        "--endpoint", f"127.0.0.1:{server.port}:{server.rest_port}", "--json",
        cwd=tmp_path,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stderr
    assert {verdict["status"] for verdict in json.loads(verified.stdout)} == {"passed"}


def test_a_saved_operation_keeps_the_version_that_was_asked_for(
    server: Server, samplegen: Run, tmp_path: Path
) -> None:
    file = tmp_path / "kept.yaml"
    asked = ("model", f"http://127.0.0.1:{server.rest_port}", "mixed", "--version", "1")
    assert samplegen(*asked, "--save", file).returncode == 0
    assert "model_version: '1'" in file.read_text()
    shown = samplegen("show", "kept", "--spec", tmp_path, "--client", "curl/rest")
    assert "/v2/models/mixed/versions/1/infer" in shown.stdout


def test_without_a_client_it_says_what_can_be_made(server: Server, samplegen: Run) -> None:
    done = samplegen("model", f"grpc://127.0.0.1:{server.port}", "halves", "--json")
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert tree["model"]["inputs"] == [{"name": "x", "datatype": "FP16", "shape": [1, 3]}]
    states = {row["client"]: row["state"] for row in tree["clients"]}
    assert {client for client, state in states.items() if state == "omitted"} == OMITTED["halves"]
    assert set(states.values()) == {"omitted", "ready"}


def test_it_prints_one_program_fitted_to_the_server(server: Server, samplegen: Run) -> None:
    address = f"http://127.0.0.1:{server.rest_port}"
    done = samplegen("model", address, "dynamic", "--shape", "x=2,3", "--client", "python/requests")
    assert done.returncode == 0, done.stderr
    assert f'url = "{address}/v2/models/dynamic/infer"' in done.stdout
    assert '"shape": [2, 3]' in done.stdout


def test_it_writes_all_programs_and_replaces_none(
    server: Server, samplegen: Run, tmp_path: Path
) -> None:
    asked = ("model", f"http://127.0.0.1:{server.rest_port}", "mixed", "--output", tmp_path)
    assert samplegen(*asked).returncode == 0
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert written == {
        client.name + "/" + client.language.file.format(operation="infer-mixed")
        for client in Catalogue().clients.all()
    }
    assert samplegen(*asked).returncode == 0
    program = tmp_path / "curl" / "rest" / "infer-mixed.sh"
    program.write_text("mine")
    refused = samplegen(*asked)
    assert refused.returncode == 1
    assert f"{program} is there" in refused.stderr
    assert program.read_text() == "mine"
    assert samplegen(*asked, "--force").returncode == 0
    assert program.read_text() != "mine"


def test_the_program_sends_the_reader_s_data(
    server: Server, samplegen: Run, tmp_path: Path
) -> None:
    (tmp_path / "x.json").write_text("[[0.5, -1.25, 3], [4, 1000000, 7]]")
    done = samplegen(
        "model", f"http://127.0.0.1:{server.rest_port}", "dynamic", "--grpc-port", str(server.port),
        "--data", f"x={tmp_path / 'x.json'}", "--client", "python", "--run", "--json",
    )  # fmt: skip
    verdicts = json.loads(done.stdout)
    assert {verdict["status"] for verdict in verdicts} == {"passed"}, done.stderr
    for verdict in verdicts:
        last = verdict["output"].splitlines()[-1].split()[2:]
        assert [float(word) for word in last] == [1, -2.5, 6, 8, 2000000, 14]
