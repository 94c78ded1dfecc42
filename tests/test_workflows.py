"""The workflows and the action, under the audit of zizmor and of actionlint."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, missing

ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.7"
FILES = [*sorted((ROOT / ".github/workflows").glob("*.yml")), ROOT / "action.yml"]


def audited(*paths: Path) -> "subprocess.CompletedProcess[str]":
    if shutil.which("zizmor") is None:
        missing("zizmor is missing; pip install zizmor")
    command = ["zizmor", "--offline", "--no-progress", *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.processes
def test_no_finding() -> None:
    done = audited(*FILES)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def actionlint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("go") is None:
        missing("Go is missing, which builds actionlint")
    folder = tmp_path_factory.mktemp("bin")
    env = {**os.environ, "GOBIN": str(folder), "GOTOOLCHAIN": "local"}
    command = ["go", "install", ACTIONLINT]
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=240, check=False
    )
    if done.returncode != 0:
        missing(f"actionlint cannot be built: {done.stderr.strip().splitlines()[-1]}")
    return folder / "actionlint"


@pytest.mark.slow
def test_workflows_are_right(actionlint: Path) -> None:
    workflows = [str(file) for file in FILES if file.parent.name == "workflows"]
    done = subprocess.run([actionlint, *workflows], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_an_unknown_key_is_found(actionlint: Path, tmp_path: Path) -> None:
    workflow = tmp_path / "ci.yml"
    text = FILES[0].read_text(encoding="utf-8").replace("timeout-minutes:", "timeout-minute:", 1)
    workflow.write_text(text, encoding="utf-8")
    done = subprocess.run([actionlint, workflow], capture_output=True, text=True, timeout=60)
    assert "timeout-minute" in done.stdout


@pytest.mark.processes
def test_a_tag_in_place_of_a_hash_is_found(tmp_path: Path) -> None:
    workflow = tmp_path / ".github/workflows/ci.yml"
    workflow.parent.mkdir(parents=True)
    text = re.sub(r"(checkout)@\w+", r"\1@v5", FILES[0].read_text(encoding="utf-8"))
    workflow.write_text(text, encoding="utf-8")
    assert "unpinned-uses" in audited(workflow).stdout


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_actions_are_pinned_with_their_version_beside_them(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for action, rest in re.findall(r"uses: ([\w/-]+)@(.*)", text):
        assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", rest), action
