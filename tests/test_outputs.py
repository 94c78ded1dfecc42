"""What machines are given agrees with the published schemas; exit statuses are as documented."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from samplegen import cli
from samplegen.judge import verdicts
from samplegen.schema import schemas
from samplegen.served import asking, metadata
from tests.conftest import ROOT, Run
from tests.test_verdicts import FAILED, PASSED, SKIPPED

SCHEMAS = {name: json.loads(text) for name, text in schemas().items() if name.startswith("output/")}


def check(name: str, value: Any) -> None:
    """The value fits its schema, and would not with a key less."""
    validator = Draft202012Validator(SCHEMAS[f"output/{name}.json"])
    validator.validate(value)
    first = value[0] if isinstance(value, list) else value
    for key in first:
        less = {k: v for k, v in first.items() if k != key}
        assert not validator.is_valid([less] if isinstance(value, list) else less), key


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("list", ["list"]),
        ("doctor", ["doctor"]),
        ("show", ["show", "health", "--client", "go/grpc"]),
        ("verdicts", ["verify", "health", "--client", "curl", "--client", "cpp/triton-http"]),
    ],
)
def test_commands_print_what_their_schemas_say(
    name: str, arguments: list[str], samplegen: Run, tmp_path: Path
) -> None:
    finished = samplegen(*arguments, "--json", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    check(name, json.loads(finished.stdout))


def test_a_model_is_printed_as_its_schema_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tensor = {"name": "x", "datatype": "FP32", "shape": [-1, 2]}
    tree = metadata.read({"name": "m", "inputs": [tensor], "outputs": [tensor]}, "here")
    monkeypatch.setattr(asking, "ask", lambda *_: asking.Answer(tree, "server 1"))
    assert cli.run(["model", "http://h:1", "m", "--json"]) == 0
    check("model", json.loads(capsys.readouterr().out))
    assert cli.run(["model", "http://h:1", "m", "--client", "curl", "--json"]) == 0
    check("show", json.loads(capsys.readouterr().out))


def test_every_verdict_fits_the_schema() -> None:
    untried = replace(PASSED, reason="lint: shellcheck is missing")
    check("verdicts", json.loads(verdicts.as_json([PASSED, FAILED, SKIPPED, untried])))


def test_the_index_of_the_samples_fits_its_schema() -> None:
    check("samples", json.loads((ROOT / "site/samples/samples.json").read_text()))


NAMED = {
    "list": [],
    "show": ["health", "--client", "go/grpc"],
    "generate": [],
    "verify": [],
    "doctor": [],
    "export": ["health", "there", "--client", "go/grpc"],
}
"""Commands that read a spec, and what they need to be named."""


@pytest.mark.parametrize("command", NAMED)
def test_mistakes_in_files_are_status_1_and_in_words_2(
    command: str, samplegen: Run, tmp_path: Path
) -> None:
    words = [command, *NAMED[command]]
    (tmp_path / "health.yaml").write_text("titel: x\n")
    wrong = samplegen(*words, "--spec", tmp_path, cwd=tmp_path)
    if command != "doctor":  # which reads no operation
        assert wrong.returncode == 1
        assert "health.yaml:1:1: " in wrong.stderr
    for option in ("--no-such-option", "--templates=nowhere"):
        misspelt = samplegen(*words, option, cwd=tmp_path)
        assert (misspelt.returncode, misspelt.stdout) == (2, "")
        assert option.removeprefix("--templates=") in misspelt.stderr
