"""What several test files share."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[1]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


TIERS = ("slow", "processes")
"""Markers of the tests that take longest, from the longest; without them a test is quick."""
IN_PROCESSES = {"samplegen", "server", "front", "site", "address", "chromium"}
"""Fixtures that start processes."""


def pytest_configure() -> None:
    """Lets this process be interrupted, and so the programs that tests start.

    Whoever started it may have it ignore that, as xdist does, and a shell of a job behind it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tiers that take longest first: last, a file of an hour would have one core alone."""
    for item in items:
        if not IN_PROCESSES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("processes")
    items.sort(key=_tier)


def _tier(item: pytest.Item) -> int:
    marks = [item.get_closest_marker(name) is not None for name in TIERS]
    return [*marks, True].index(True)


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
