"""What several test files share."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


# How fast a machine is proves nothing.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

TIERS = ("slow", "processes")
"""Markers of the tests that take longest, from the longest; without them a test is quick."""
STARTS = {"subprocess.Popen", "os.posix_spawn", "os.fork", "os.exec"}
"""Python's audit events of a process that is started."""
IN_PROCESSES = {"samplegen", "server", "servers", "front", "site", "address", "chromium"}
"""Fixtures that start processes."""


def pytest_configure() -> None:
    """Lets this process be interrupted, and so the programs that tests start.

    Whoever started it may have it ignore that, as xdist does, and a shell of a job behind it.
    """
    os.environ.pop("PYTEST_ADDOPTS", None)  # it was read, and is not for a pytest within a test
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tiers that take longest first: last, a file of an hour would have one core alone."""
    for item in items:
        if not IN_PROCESSES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("processes")
    items.sort(key=_tier)


_quick: list[str] = []
"""The name of the test that runs and may start no process."""


def _refuse(event: str, arguments: object) -> None:
    if _quick and event in STARTS:
        raise AssertionError(f"{_quick[0]} starts a process: mark it pytest.mark.processes")


sys.addaudithook(_refuse)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Keeps the quick tests quick: where they are asked for alone, none starts a process."""
    if _tier(item) == len(TIERS) and "not processes" in item.config.getoption("markexpr"):
        _quick.append(item.nodeid)
    try:
        return (yield)
    finally:
        _quick.clear()


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


def need(*programs: str) -> None:
    """Skips, or in CI fails, unless all programs are installed."""
    if absent := [program for program in programs if shutil.which(program) is None]:
        missing(f"{' and '.join(absent)} missing")


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
