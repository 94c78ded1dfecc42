"""`make check` sees all Python of the repository but samples and stubs."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.processes

NOT_OURS = re.compile(r"(^|/)samples/|^server/samplegen_server/proto/")
"""Samples, which the judge lints, and stubs, which protoc makes."""
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]


@pytest.fixture(scope="module")
def tracked() -> frozenset[str]:
    names = _printed("git", "ls-files", "-z", "--", "*.py", "*.pyi").split("\0")
    found = {name for name in names if name and (ROOT / name).is_file()}
    return frozenset(name for name in found if not NOT_OURS.search(name))


def _printed(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout


def test_there_are_files_to_check(tracked: frozenset[str]) -> None:
    assert {"samplegen/site/plugin.py", "tests/site/test_pages.py", "bench/render.py"} <= tracked


def test_all_are_linted_and_formatted(tracked: frozenset[str]) -> None:
    seen = _printed(sys.executable, "-m", "ruff", "check", "--show-files").splitlines()
    assert tracked <= {Path(name).relative_to(ROOT).as_posix() for name in seen}
    # Both commands look at the same files, unless one of them has exclusions of its own.
    assert not {"exclude"} & {*SETTINGS["ruff"]["lint"], *SETTINGS["ruff"].get("format", {})}


def test_all_are_typed(tracked: frozenset[str]) -> None:
    below = tuple(SETTINGS["mypy"]["files"])
    excluded = SETTINGS["mypy"]["exclude"]
    unseen = {
        name
        for name in tracked
        if not any(name == top or name.startswith(f"{top}/") for top in below)
        or any(re.search(pattern, name) for pattern in excluded)
    }
    assert unseen == set()
    assert not any(override.get("ignore_errors") for override in SETTINGS["mypy"]["overrides"])
