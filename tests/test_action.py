"""The GitHub Action: its `run` steps, run as GitHub runs them."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from samplegen.selection import default_cache
from tests.conftest import ROOT, need
from tests.test_annotations import COMMAND, project
from tests.test_pytest_plugin import change

pytestmark = pytest.mark.processes

__all__ = ["project"]

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
DEFAULTS = {name: given["default"] for name, given in ACTION["inputs"].items()}
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
"""GitHub, "Workflow syntax": `shell: bash`."""
EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


@dataclass(frozen=True)
class Runner:
    """A machine that runs jobs."""

    temp: Path
    """`RUNNER_TEMP`."""
    libraries: Path
    """What a machine has that ran the action before: all but samplegen itself."""

    @property
    def path(self) -> list[str]:
        """The folders that steps added to PATH."""
        return (self.temp / "path").read_text().splitlines()

    def step(
        self, step: dict[str, Any], workspace: Path, inputs: dict[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        script = self.temp / "script.sh"
        script.write_text(step["run"])
        here = Path(sys.executable).parent  # has the linters that a job brings before
        return subprocess.run(
            [*SHELL, script],
            cwd=workspace / filled(step.get("working-directory", "."), inputs),
            env={
                **os.environ,
                "PATH": os.pathsep.join([*self.path, str(here), os.environ["PATH"]]),
                "PYTHONPATH": str(self.libraries),
                "GITHUB_ACTIONS": "true",
                "GITHUB_PATH": str(self.temp / "path"),
                "GITHUB_WORKSPACE": str(workspace),
                "RUNNER_TEMP": str(self.temp),
                **{name: filled(text, inputs) for name, text in step.get("env", {}).items()},
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=110,
        )

    def job(self, workspace: Path, folder: Path, **inputs: str) -> tuple[int, str]:
        """The status of the first step that fails, else 0, and all that the steps printed."""
        given = {**DEFAULTS, "working-directory": str(folder.relative_to(workspace)), **inputs}
        printed = ""
        for step in STEPS[1:]:
            if "uses" in step:
                continue
            finished = self.step(step, workspace, given)
            printed += finished.stdout
            if finished.returncode:
                return finished.returncode, printed
        return 0, printed


def filled(text: str, inputs: dict[str, str]) -> str:
    """A text with its expressions evaluated."""
    values = {"github.action_path": str(ROOT)}
    values |= {f"inputs.{name}": value for name, value in inputs.items()}
    return EXPRESSION.sub(lambda match: values[match[1]], text)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """One on which the first step has installed samplegen."""
    folder = tmp_path_factory.mktemp("runner")
    one = Runner(folder / "temp", folder / "libraries")
    one.temp.mkdir()
    (one.temp / "path").touch()
    one.libraries.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.lstrip("_").lower().startswith(("samplegen", "editable", "pip")):
            (one.libraries / path.name).symlink_to(path)
    finished = one.step(STEPS[0], ROOT, DEFAULTS)
    assert finished.returncode == 0, finished.stdout
    return one


def test_it_installs_itself_for_the_steps_that_follow(runner: Runner, tmp_path: Path) -> None:
    program = shutil.which("samplegen", path=os.pathsep.join(runner.path))
    assert program is not None
    assert Path(program).is_relative_to(runner.temp)
    asked = "import samplegen; print(samplegen.__file__)"
    python = Path(program).with_name("python")
    env = {**os.environ, "PYTHONPATH": str(runner.libraries)}
    where = subprocess.run(
        [python, "-c", asked], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60
    )
    assert Path(where.stdout.strip()).is_relative_to(runner.temp), where.stderr


def test_it_keeps_the_cache_that_samplegen_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    (kept,) = (step["with"]["path"] for step in STEPS if "uses" in step)
    assert Path(kept).expanduser() == default_cache()


def test_what_is_fine_passes(runner: Runner, project: Path) -> None:
    chosen = {"require": "python", "clients": "python", "junit": "it's a report.xml"}
    status, printed = runner.job(project.parent, project, **chosen)
    assert status == 0, printed
    assert "1 passed, 0 failed" in printed
    assert not COMMAND.findall(printed)
    assert (project / "it's a report.xml").is_file()


def test_what_is_stale_is_marked(runner: Runner, project: Path) -> None:
    change(project / "docs/samples/python/urllib/greet.py", "Ada", "Eve")
    status, printed = runner.job(project.parent, project)
    assert status == 1
    ((place, _),) = COMMAND.findall(printed)
    assert place.startswith("file=its docs/docs/samples/python/urllib/greet.py,line=")
    assert "passed" not in printed, "what is not fresh is not judged"


def test_what_fails_is_marked(runner: Runner, project: Path) -> None:
    need("curl", "jq")
    change(project / "templates/python/urllib/greet.py.jinja", "answer['greeting']", "answer['%']")
    assert subprocess.run(
        [sys.executable, "-m", "samplegen", "generate"], cwd=project, timeout=60, check=True
    )
    chosen = {"clients": "python curl/rest", "junit": "junit.xml"}
    status, printed = runner.job(project.parent, project, **chosen)
    assert status == 1
    ((place, message),) = COMMAND.findall(printed)
    assert place.startswith("file=its docs/docs/samples/python/urllib/greet.py,line=")
    assert message.startswith("python/urllib: run: ended with status 1: KeyE")
    assert "1 passed, 1 failed" in printed
    assert 'failures="1"' in (project / "junit.xml").read_text()


@pytest.mark.parametrize("name", ["require", "clients"])
def test_an_unknown_client_is_wrong_usage(runner: Runner, project: Path, name: str) -> None:
    status, printed = runner.job(project.parent, project, **{name: "fortran"})
    assert status == 2
    assert "no client 'fortran'" in printed
