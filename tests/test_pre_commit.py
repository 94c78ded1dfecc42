"""The pre-commit hooks, as another repository uses them: installed and run by pre-commit."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from samplegen.catalogue import Catalogue
from samplegen.files import write
from samplegen.project import write_project
from samplegen.resources import starter
from tests.conftest import ROOT
from tests.test_pytest_plugin import change

pytestmark = pytest.mark.processes

Commit = Callable[[str], "subprocess.CompletedProcess[str]"]
SOURCES = ("samplegen", "server", "spec", "templates")
FILES = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "site/errors.yaml")


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, timeout=60)


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that holds what is here now, committed or not."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=all")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(starter(), tmp_path, force=False)
    write(
        Catalogue([tmp_path / "spec"], [tmp_path / "templates"]).files(), tmp_path / "docs/samples"
    )
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    return tmp_path


@pytest.fixture
def run(project: Path, hooks: Path, tmp_path_factory: pytest.TempPathFactory) -> Commit:
    def run(hook: str) -> "subprocess.CompletedProcess[str]":
        command = (sys.executable, "-m", "pre_commit", "try-repo", str(hooks), hook, "--all-files")
        home = tmp_path_factory.getbasetemp() / "pre-commit"
        return subprocess.run(
            command,
            cwd=project,
            env={**os.environ, "PRE_COMMIT_HOME": str(home), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=500,
        )

    return run


@pytest.mark.timeout(600)
def test_a_stale_sample_is_refused_and_written_anew(run: Commit, project: Path) -> None:
    fresh = run("samplegen-check")
    assert fresh.returncode == 0, fresh.stdout + fresh.stderr
    sample = project / "docs/samples/curl/rest/greet.sh"
    text = sample.read_text()
    change(project / "spec/greet.yaml", "name: Ada", "name: Eve")
    refused = run("samplegen-check")
    assert refused.returncode == 1
    assert "docs/samples/curl/rest/greet.sh: stale" in refused.stdout
    assert sample.read_text() == text
    written = run("samplegen")
    assert written.returncode == 1
    assert "files were modified by this hook" in written.stdout
    assert sample.read_text() == text.replace("Ada", "Eve")
    assert run("samplegen").returncode == 0
