"""The steps of the GitHub Action, run as GitHub runs them, but for the installation."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.test_annotations import COMMAND, project
from tests.test_pytest_plugin import change

__all__ = ["project"]

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
DEFAULTS = {name: given["default"] for name, given in ACTION["inputs"].items()}
SHELL = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")
"""GitHub, "Workflow syntax": `shell: bash`."""


def run(folder: Path, **inputs: str) -> tuple[int, str]:
    """The status of the first step that fails, else 0, and all that the steps printed."""
    given = {**DEFAULTS, "working-directory": str(folder), **inputs}
    printed = ""
    for step in ACTION["runs"]["steps"]:
        if "working-directory" not in step:
            continue  # they bring samplegen and its cache, which are here
        finished = subprocess.run(
            [*SHELL, step["run"]],
            cwd=filled(step["working-directory"], given),
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "GITHUB_ACTIONS": "true",
                "GITHUB_WORKSPACE": str(folder.parent),
                **{name: filled(text, given) for name, text in step.get("env", {}).items()},
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        printed += finished.stdout + finished.stderr
        if finished.returncode:
            return finished.returncode, printed
    return 0, printed


def filled(text: str, inputs: dict[str, str]) -> str:
    for name, value in inputs.items():
        text = text.replace("${{ inputs." + name + " }}", value)
    assert "${{" not in text
    return text


def test_what_is_fine_passes(project: Path) -> None:
    status, printed = run(project, require="python", clients="python", junit="it's a report.xml")
    assert status == 0, printed
    assert "1 passed, 0 failed" in printed
    assert not COMMAND.findall(printed)
    assert (project / "it's a report.xml").is_file()


def test_what_is_stale_is_marked(project: Path) -> None:
    change(project / "docs/samples/python/urllib/greet.py", "Ada", "Eve")
    status, printed = run(project)
    assert status == 1
    ((place, _),) = COMMAND.findall(printed)
    assert place.startswith("file=its docs/docs/samples/python/urllib/greet.py,line=")
    assert "passed" not in printed, "what is not fresh is not judged"


def test_what_fails_is_marked(project: Path) -> None:
    change(project / "templates/python/urllib/greet.py.jinja", "answer['greeting']", "answer['%']")
    assert subprocess.run(
        [sys.executable, "-m", "samplegen", "generate"], cwd=project, timeout=60, check=True
    )
    status, printed = run(project, clients="python curl/rest")
    assert status == 1
    ((place, message),) = COMMAND.findall(printed)
    assert place.startswith("file=its docs/docs/samples/python/urllib/greet.py,line=")
    assert message.startswith("python/urllib: run: ended with status 1: KeyE")
    assert "1 passed, 1 failed" in printed


@pytest.mark.parametrize("name", ["require", "clients"])
def test_an_unknown_client_is_wrong_usage(project: Path, name: str) -> None:
    status, printed = run(project, **{name: "fortran"})
    assert status == 2
    assert "no client 'fortran'" in printed
