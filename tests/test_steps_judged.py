"""Steps with values of every kind, judged in every client that knows steps."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samplegen.catalogue import Catalogue, Cell
from samplegen.connection.model import Header, Tls
from samplegen.judge.machine.processes import Processes
from samplegen.judge.machine.requirements import Versions
from samplegen.judge.machine.workshop import Workshop
from samplegen.judge.servers import started
from samplegen.judge.servers.started import Target
from samplegen.selection import default_cache
from tests.conftest import ROOT, missing

pytestmark = pytest.mark.processes

SPEC = ROOT / "tests" / "echo"
CATALOGUE = Catalogue([SPEC])
CELLS = [cell for cell in CATALOGUE.cells if cell.omitted is None]
SECONDS = 600
ASKED = ["--header", "x-tenant: a b", "--header-env", "x-key=ECHO_KEY", "--bearer-token-env"]
ASKED += ["ECHO_TOKEN", "--authority", "echo.example", "--max-message-size", "8"]
"""What a server may ask for, without TLS."""
EVERYTHING: dict[str, Any] = {
    "tls": Tls(cacert="ca.pem", cert="client.pem", key="client.key"),
    "headers": (Header(name="x-tenant", value="a b"), Header(name="x-key", env="ECHO_KEY")),
    "bearer_token_env": "ECHO_TOKEN",
    "authority": "echo.example",
    "max_message_size": 8,
}
Verdicts = dict[tuple[str, str], Mapping[str, Any]]
each_cell = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("echo") / "samples"
    command = [sys.executable, "-m", "samplegen", "generate", "--spec", str(SPEC)]
    subprocess.run([*command, "--output", str(folder)], check=True, timeout=60, cwd=folder.parent)
    return folder


def judged(samples: Path | None, folder: Path, *arguments: str, **secrets: str) -> Verdicts:
    command = [sys.executable, "-m", "samplegen", "verify", *arguments, "--spec", str(SPEC)]
    command += ["--samples", str(samples)] if samples else []
    ended = subprocess.run(
        [*command, "--json"],
        cwd=folder, capture_output=True, text=True, timeout=SECONDS,
        env={**os.environ, **secrets},
    )  # fmt: skip
    assert ended.stdout, ended.stderr
    return {(found["operation"], found["client"]): found for found in json.loads(ended.stdout)}


def passed(verdict: Mapping[str, Any]) -> None:
    """Refuses a verdict that is no success, and skips one that cannot be reached here."""
    if verdict["status"] == "skipped":
        missing(verdict["reason"])
    said = [finding["message"] for finding in verdict["findings"]]
    assert (verdict["status"], said, verdict["not_tried"]) == ("passed", [], {})


@pytest.fixture(scope="module")
def verdicts(samples: Path) -> Verdicts:
    return judged(samples, samples.parent)


@pytest.mark.timeout(SECONDS)
@each_cell
def test_a_sample_passes_every_gate(cell: Cell, verdicts: Verdicts) -> None:
    passed(verdicts[cell.key])


@pytest.mark.timeout(SECONDS)
def test_a_zero_that_an_answer_leaves_out_must_not_be_a_constant(tmp_path: Path) -> None:
    text = (ROOT / "templates/go/http/steps.go.jinja").read_text(encoding="utf-8")
    line = "\tlast := len(path) - 1\n"
    constant = '\tif path[last] == "nothing" {\n\t\treturn zero, nil\n\t}\n'
    assert text.count(line) == 1
    own = tmp_path / "go/http/steps.go.jinja"
    own.parent.mkdir(parents=True)
    own.write_text(text.replace(line, line + constant), encoding="utf-8")
    options = ("everything", "--client", "go/http", "--templates", str(tmp_path))
    (verdict,) = judged(None, tmp_path, *options).values()
    if verdict["status"] == "skipped":
        missing(verdict["reason"])
    assert verdict["gate"] == "meaning", verdict["reason"]
    assert "found 'nothing: 0'" in verdict["reason"]


@pytest.fixture(scope="module")
def server() -> Iterator[Target]:
    with started.started(CATALOGUE.spec.api) as target:
        yield target


@pytest.fixture(scope="module")
def asked(samples: Path, server: Target) -> Verdicts:
    own = server.connection
    address = f"localhost:{own.grpc_port}:{own.rest_port}"
    secrets = {"ECHO_KEY": "k'e\"y", "ECHO_TOKEN": "t0k$en"}
    return judged(samples, samples.parent, "find", "--endpoint", address, *ASKED, **secrets)


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("client", CATALOGUE.clients.names)
def test_what_a_server_asks_for_is_sent(client: str, asked: Verdicts) -> None:
    passed(asked["find", client])


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("client", CATALOGUE.clients.names)
def test_programs_with_every_option_are_formatted_and_built(client: str) -> None:
    (cell,) = (cell for cell in CELLS if cell.key == ("everything", client))
    versions = Versions()
    for needed in cell.client.requirements:
        if versions.of(needed) is None:
            missing(f"{needed.name} is missing; type: {needed.install}")
    connection = replace(CATALOGUE.spec.api.connection, **EVERYTHING)
    text = CATALOGUE.render(cell, connection).text
    name = Path(cell.client.sample(cell.operation)).name
    workshop = Workshop(default_cache(), CATALOGUE.building, versions, Processes())
    folder = workshop.written(cell.client, name, text)
    language = cell.client.language
    for commands in (language.format, language.lint, language.build):
        folder = workshop.step(cell.client, name, folder, commands)
    assert (folder / name).read_text() == text
