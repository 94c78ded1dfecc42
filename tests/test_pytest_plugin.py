"""The pytest plugin: every sample of a project is a test of its own."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from samplegen.catalogue import Catalogue
from samplegen.files import write
from samplegen.project import write_project
from samplegen.resources import starter
from tests.conftest import need

pytestmark = pytest.mark.processes

Pytest = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project with its samples; its server needs no library."""
    folder = tmp_path / "project"
    write_project(starter(), folder, force=False)
    catalogue = Catalogue([folder / "spec"], [folder / "templates"])
    write(catalogue.files(), folder / "docs/samples")
    return folder


@pytest.fixture
def run(project: Path) -> Pytest:
    def run(*options: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", *options],
            cwd=project,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=100,
        )

    return run


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_samples_are_tests_and_keep_company_with_others(run: Pytest, project: Path) -> None:
    need("curl", "jq")
    (project / "test_other.py").write_text("def test_other(): pass\n")
    finished = run("--samplegen", "--junit-xml", "junit.xml")
    assert finished.returncode == 0, finished.stdout
    assert "samplegen::greet[python/urllib] PASSED" in finished.stdout
    assert "samplegen::greet[curl/rest] PASSED" in finished.stdout
    assert "3 passed" in finished.stdout
    cases = ET.parse(project / "junit.xml").getroot().iter("testcase")  # noqa: S314
    assert {case.get("name") for case in cases} == {
        "test_other",
        "greet[python/urllib]",
        "greet[curl/rest]",
    }


def test_they_are_chosen_as_tests_are(run: Pytest) -> None:
    need("curl", "jq")
    assert "1 passed, 1 deselected" in run("--samplegen", "-k", "greet and curl").stdout
    assert "2 passed" in run("--samplegen", "-m", "samplegen", "--strict-markers").stdout
    only = run("--samplegen", "--samplegen-client", "python").stdout
    assert "python/urllib" in only
    assert "curl" not in only


def test_without_the_option_there_are_none(run: Pytest) -> None:
    assert run().returncode == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_failure_says_what_the_judge_says(run: Pytest, project: Path) -> None:
    change(project / "spec/greet.yaml", "Hello, Ada! Hello", "Hullo")
    finished = run("--samplegen", "-k", "urllib")
    assert finished.returncode == 1
    assert "FAILED samplegen::greet[python/urllib] - output: line 1: found" in finished.stdout
    assert "docs/samples/python/urllib/greet.py" in finished.stdout
    assert "def main() -> None:" in finished.stdout
    assert "pytest_plugin.py" not in finished.stdout, "our own lines are not the reader's"


def test_a_stale_sample_fails(run: Pytest, project: Path) -> None:
    change(project / "docs/samples/python/urllib/greet.py", "Ada", "Eve")
    finished = run("--samplegen", "-k", "python")
    assert finished.returncode == 1
    assert "identity: docs/samples/python/urllib/greet.py is stale" in finished.stdout


def test_a_skip_is_shown_with_its_reason_unless_required(run: Pytest, project: Path) -> None:
    needs = "requires: [{name: toy, check: [no-such-tool], install: make a toy}]\n"
    with (project / "templates/python/urllib/client.yaml").open("a") as file:
        file.write(needs)
    finished = run("--samplegen", "-ra")
    assert finished.returncode == 0
    assert "SKIPPED [1] spec/greet.yaml:1: toy is missing; type: make a toy" in finished.stdout
    finished = run("--samplegen", "--samplegen-require", "python")
    assert finished.returncode == 1
    assert "required, but not fully judged: toy is missing" in finished.stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("spec/greet.yaml", "title", "titel", "spec/greet.yaml:1:1: found the unknown key 'titel'"),
        ("samplegen.yaml", "spec:", "specs:", "samplegen.yaml:2:1: found the unknown key 'specs'"),
        ("samplegen.yaml", "[spec]", "[nowhere]", "nowhere: no such folder"),
    ],
)
def test_a_project_with_mistakes_is_a_usage_error(
    run: Pytest, project: Path, file: str, old: str, new: str, message: str
) -> None:
    change(project / file, old, new)
    finished = run("--samplegen")
    assert finished.returncode == pytest.ExitCode.USAGE_ERROR
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr + finished.stdout


def test_a_server_that_is_not_there_is_told_in_one_line(run: Pytest) -> None:
    finished = run("--samplegen", "--samplegen-endpoint", "localhost:1:2", "-k", "urllib")
    assert finished.returncode == 1
    assert "no server answers at localhost:2" in finished.stdout
    assert "pytest_plugin.py" not in finished.stdout
