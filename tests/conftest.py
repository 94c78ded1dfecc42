"""What several test files share."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[1]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def missing(what: str, *, in_ci: bool = True) -> NoReturn:
    """Skips, or in CI, where everything is there that can be installed, fails.

    Args:
        what: What is missing, and how it is installed.
        in_ci: Whether CI has it.
    """
    (pytest.fail if in_ci and "CI" in os.environ else pytest.skip)(what)


@pytest.fixture
def samplegen() -> Run:
    """Runs the command line as a user does: another process, by default in the repository."""

    def run(
        *arguments: str | Path, cwd: Path = ROOT, timeout: float = 100, **env: str
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            samplegen_command(*arguments),
            cwd=cwd,
            env={**os.environ, "NO_COLOR": "1", **env},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
        )

    return run


def samplegen_command(*arguments: str | Path) -> Sequence[str]:
    """The command line, run by the interpreter that runs the tests."""
    return [sys.executable, "-m", "samplegen", *map(str, arguments)]
