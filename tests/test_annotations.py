"""In a GitHub workflow, what is wrong is marked at its line."""

import re
from pathlib import Path

import pytest

from samplegen.catalogue import Catalogue
from samplegen.files import write
from samplegen.project import write_project
from samplegen.resources import starter
from tests.conftest import Run
from tests.test_pytest_plugin import change

pytestmark = pytest.mark.processes

COMMAND = re.compile(r"^::error ?(.*?)::(.*)$", re.MULTILINE)
"""GitHub, "Workflow commands"."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "the repository/its docs"
    write_project(starter(), folder, force=False)
    catalogue = Catalogue([folder / "spec"], [folder / "templates"])
    write(catalogue.files(), folder / "docs/samples")
    return folder


def marked(
    samplegen: Run, project: Path, *arguments: str, github: str = "true"
) -> list[tuple[str, ...]]:
    finished = samplegen(
        *arguments, cwd=project, GITHUB_ACTIONS=github, GITHUB_WORKSPACE=str(project.parent)
    )
    assert finished.returncode == 1, finished.stdout + finished.stderr
    return COMMAND.findall(finished.stderr)


def test_a_mistake_in_the_spec(samplegen: Run, project: Path) -> None:
    change(project / "spec/greet.yaml", "request: {name", "request: {x: 1}\nreqest: {100%")
    ((place, message),) = marked(samplegen, project, "generate", "--check")
    assert place == "file=its docs/spec/greet.yaml,line=7,col=1"
    assert message == "found the unknown key 'reqest'; did you mean 'request'?"


def test_a_stale_sample(samplegen: Run, project: Path) -> None:
    change(project / "docs/samples/curl/rest/greet.sh", "Ada", "Eve")
    marks = marked(samplegen, project, "generate", "--check")
    lines = (project / "docs/samples/curl/rest/greet.sh").read_text().splitlines()
    line = next(number for number, line in enumerate(lines, 1) if "Eve" in line)
    place = f"file=its docs/docs/samples/curl/rest/greet.sh,line={line}"
    assert marks == [(place, "stale; run samplegen generate")]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("timeout={{ deadline }}", "timeout=undefined", 20, "python/urllib: lint: ruff ended"),
        ("answer['greeting']", "answer['%']", 1, "python/urllib: run: ended with status 1: KeyE"),
    ],
)
def test_a_sample_that_fails(
    samplegen: Run, project: Path, old: str, new: str, line: int, said: str
) -> None:
    change(project / "templates/python/urllib/greet.py.jinja", old, new)
    assert samplegen("generate", cwd=project).returncode == 0
    ((place, message),) = marked(samplegen, project, "verify", "--client", "python")
    assert place == f"file=its docs/docs/samples/python/urllib/greet.py,line={line}"
    assert message.startswith(said)
    assert "%" not in re.sub("%25|%0A|%0D", "", message)


def test_a_sample_that_nobody_judged_has_no_line(samplegen: Run, project: Path) -> None:
    (project / "shard.json").write_text("[]")
    marks = marked(samplegen, project, "merge", "shard.json", "--client", "python")
    assert [(place, message.partition(":")[0]) for place, message in marks] == [
        ("", "python/urllib")
    ]


def test_a_sample_that_is_required_and_skipped_has_no_line(samplegen: Run, project: Path) -> None:
    with (project / "templates/python/urllib/client.yaml").open("a") as file:
        file.write("requires: [{name: toy, check: [no-such-tool], install: make a toy}]\n")
    ((place, message),) = marked(
        samplegen, project, "verify", "--client", "python", "--require", "python"
    )
    assert place == ""
    assert message.startswith(
        "greet × python/urllib is required, but not fully judged: toy is missing; type: make"
    )


def test_nothing_is_marked_elsewhere(samplegen: Run, project: Path) -> None:
    change(project / "docs/samples/curl/rest/greet.sh", "Ada", "Eve")
    assert marked(samplegen, project, "generate", "--check", github="false") == []
