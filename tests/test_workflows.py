"""The workflows and the action, under the audit of zizmor."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, missing

FILES = [*sorted((ROOT / ".github/workflows").glob("*.yml")), ROOT / "action.yml"]


def audited(*paths: Path) -> "subprocess.CompletedProcess[str]":
    if shutil.which("zizmor") is None:
        missing("zizmor is missing; pip install zizmor")
    command = ["zizmor", "--offline", "--no-progress", *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_no_finding() -> None:
    done = audited(*FILES)
    assert done.returncode == 0, done.stdout


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
