"""What machines are given agrees with the published schemas, whatever it holds."""

import json
import os
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from samplegen.gates import Gate
from samplegen.judge.results import verdicts
from samplegen.judge.results.shards import missing
from samplegen.judge.results.verdicts import Faults, Status, Verdict
from samplegen.outputs import (
    ConnectionValue,
    LanguageScore,
    Mutant,
    MutationScores,
    ShownProgram,
    to_json,
)
from samplegen.schema import schemas
from tests.conftest import ROOT, Run
from tests.server.process import Server, running
from tests.test_verdicts import FAILED, PASSED, SKIPPED, any_verdict

SCHEMAS = {
    name.removeprefix("output/").removesuffix(".json"): json.loads(text)
    for name, text in schemas().items()
    if name.startswith("output/")
}
OF_THE_PROTOCOL = {"ModelMetadata", "TensorMetadata"}
"""Their keys are KServe's own."""


def check(name: str, value: Any) -> None:
    """The value fits its schema, would not with a key less, and would with a key more."""
    validator = Draft202012Validator(SCHEMAS[name])
    validator.validate(value)
    first = value[0] if isinstance(value, list) else value

    def fits(changed: dict[str, Any]) -> bool:
        return validator.is_valid([changed] if isinstance(value, list) else changed)

    for key in first:
        assert not fits({k: v for k, v in first.items() if k != key}), key
    assert fits({**first, "a_later_key": 1})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server") / "log") as one:
        yield one


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("list", ["list"]),
        ("doctor", ["doctor"]),
        ("show", ["show", "health", "--client", "go/grpc"]),
    ],
)
def test_commands_print_what_their_schemas_say(
    name: str, arguments: list[str], samplegen: Run, tmp_path: Path
) -> None:
    finished = samplegen(*arguments, "--json", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    check(name, json.loads(finished.stdout))


def test_verdicts_are_printed_kept_and_joined_as_their_schema_says(
    samplegen: Run, tmp_path: Path
) -> None:
    chosen = ("--client", "curl", "--client", "cpp/triton-http")
    judged = samplegen("verify", "health", *chosen, "--json", "--shard", "1/1", cwd=tmp_path)
    file = tmp_path / "build/verdicts-1-of-1.json"
    asked = ("merge", file, "--operation", "health", *chosen)
    joined = samplegen(*asked, "--json", cwd=tmp_path)
    assert (judged.returncode, joined.returncode) == (0, 0), judged.stderr + joined.stderr
    kept = (tmp_path / "build/verdicts.json").read_text()
    found = [json.loads(text) for text in (judged.stdout, file.read_text(), joined.stdout, kept)]
    check("verdicts", found[0])
    assert {verdict["client"] for verdict in found[0]} == {"curl/rest", "cpp/triton-http"}
    for same in found[1:]:
        assert sorted(same, key=str) == sorted(found[0], key=str)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ((), "model"),
        (("--client", "curl"), "show"),
        (("--client", "curl", "--output", "programs"), "model"),
        (("--client", "go/http", "--export", "project"), "model"),
        (("--save", "mine.yaml"), "model"),
        (("--client", "python/requests", "--run"), "verdicts"),
        (("--client", "python/requests", "--run", "--save", "mine.yaml"), "verdicts"),
    ],
)
def test_a_model_is_printed_as_its_schema_says(
    options: tuple[str, ...], name: str, server: Server, samplegen: Run, tmp_path: Path
) -> None:
    address = f"http://127.0.0.1:{server.rest_port}"
    finished = samplegen("model", address, "dummy", *options, "--json", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    check(name, json.loads(finished.stdout))


def test_differences_are_printed_as_their_schema_says(
    server: Server, samplegen: Run, tmp_path: Path
) -> None:
    address = f"http://127.0.0.1:{server.rest_port}"
    finished = samplegen("conform", address, "--json", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    check("conform", json.loads(finished.stdout))


def test_a_verdict_of_every_status_fits_the_schema() -> None:
    told = Faults(("server down",), "2026-01-01T00:00:00+00:00")
    every = [
        replace(PASSED, faults=told, other_server="Another 2", gate_seconds={"run": 0.1}),
        replace(PASSED, reason="lint: shellcheck is missing"),
        FAILED,
        SKIPPED,
        missing(("health", "go/grpc")),
    ]
    assert {verdict.status for verdict in every} == set(get_args(Status))
    for verdict in every:
        check("verdicts", json.loads(verdicts.as_json([verdict])))
    check("verdicts", json.loads(verdicts.as_json(every)))


@given(any_verdict())
@settings(max_examples=60, deadline=None)
def test_verdicts_of_any_text_fit_the_schema(verdict: Verdict) -> None:
    content = verdicts.as_json([verdict])
    content.decode("utf-8")
    check("verdicts", json.loads(content))


def test_a_verdict_that_its_schema_does_not_know_is_refused() -> None:
    (value,) = json.loads(verdicts.as_json([PASSED]))
    validator = Draft202012Validator(SCHEMAS["verdicts"])
    mistakes: list[dict[str, object]] = [
        {"status": "perhaps"},
        {"gates": ["luck"]},
        {"seconds": "1"},
        {"faults": []},
    ]
    for wrong in mistakes:
        assert not validator.is_valid([value | wrong]), wrong
    assert not validator.is_valid(value), "not without the list"


def test_the_index_of_the_samples_fits_its_schema() -> None:
    check("samples", json.loads((ROOT / "site/samples/samples.json").read_text()))


def test_mutation_scores_fit_their_schema() -> None:
    caught = Mutant(
        name="no-deadline", fault="waits for ever", client="go/grpc", operation="health",
        expected_gate="faults", caught_by="faults", reason="faults: server stalls",
    )  # fmt: skip
    scores = MutationScores(
        judged_at="2026-01-01T00:00:00+00:00", samplegen="1.0", server="A server 1", seconds=3.5,
        gates=get_args(Gate),
        languages=(
            LanguageScore(
                name="go", title="Go", planted=2, caught=1, by_gate={"faults": 1},
                versions={"go": "1.19"}, mutants=(caught, replace(caught, caught_by=None)),
            ),
            LanguageScore(name="java", title="Java", planted=0, caught=0, skipped="no javac"),
        ),
    )  # fmt: skip
    check("mutants", json.loads(to_json(scores, indent=1)))


@pytest.mark.parametrize("text", ["é ✓ 😀", "half of a pair: \ud83d", "\x00\x1b\x7f\u2028"])
def test_json_is_utf_8_and_gives_back_any_text(text: str) -> None:
    given = ShownProgram(text, (ConnectionValue(text, 0, 1),), ())
    assert json.loads(to_json(given).decode("utf-8"))["text"] == text
    (verdict,) = json.loads(verdicts.as_json([replace(PASSED, output=text)]).decode("utf-8"))
    assert verdict["output"] == text


def test_the_locale_does_not_change_what_is_printed(samplegen: Run, tmp_path: Path) -> None:
    spec = tmp_path / "spec"
    spec.mkdir()
    text = (ROOT / "spec/health.yaml").read_text()
    title = next(line for line in text.splitlines() if line.startswith("title:"))
    (spec / "health.yaml").write_text(text.replace(title, "title: é ✓ 😀"), encoding="utf-8")
    env = {"PYTHONIOENCODING": "ascii", "PATH": os.environ["PATH"]}
    finished = samplegen("list", "--json", "--spec", spec, cwd=tmp_path, **env)
    assert finished.returncode == 0, finished.stderr
    assert "é ✓ 😀" in {row["title"] for row in json.loads(finished.stdout)}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_is_described(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    described = {schema.get("title", ""): schema, **schema.get("$defs", {})}
    for title, definition in described.items():
        if title in OF_THE_PROTOCOL:
            continue
        for key, value in definition.get("properties", {}).items():
            assert value.get("description"), f"{title}.{key}"


def test_no_class_is_described_for_another_of_the_same_name() -> None:
    verdict = SCHEMAS["verdicts"]["$defs"]["Verdict"]
    assert list(verdict["properties"]) == [field.name for field in fields(Verdict)]
    assert verdict["properties"]["other_server"]["description"].startswith("The name and version")
    assert (
        verdict["properties"]["gate_seconds"]["description"]
        == "Of those, what each passed gate took."
    )
    assert "that a sample reported" in SCHEMAS["verdicts"]["$defs"]["Faults"]["description"]
