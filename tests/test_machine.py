"""What the judge keeps of a machine, and what it asks of it, when something there goes wrong."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from samplegen.judge.machine import locales
from samplegen.judge.machine.processes import Outcome, Processes
from samplegen.judge.machine.requirements import Versions
from samplegen.judge.machine.workshop import Workshop
from samplegen.render.clients import Requirement

_LONG_AGO = time.time() - 60 * 24 * 60 * 60


def workshop(cache: Path) -> Workshop:
    return Workshop(cache, lambda client: {}, Versions(), Processes())


@pytest.mark.parametrize("kind", ["prepared", "built", "meaning", "faults", "locales"])
def test_what_was_long_unused_goes(kind: str, tmp_path: Path) -> None:
    for name, used in (("old", _LONG_AGO), ("new", time.time())):
        folder = tmp_path / kind / name
        folder.mkdir(parents=True)
        (folder / "file").touch()
        os.utime(folder, (used, used))
    workshop(tmp_path)
    assert [path.name for path in (tmp_path / kind).iterdir()] == ["new"]


def test_caches_of_tools_stay(tmp_path: Path) -> None:
    folder = tmp_path / "go" / "old"
    folder.mkdir(parents=True)
    os.utime(folder, (_LONG_AGO, _LONG_AGO))
    workshop(tmp_path)
    assert folder.is_dir()


def test_a_locale_that_cannot_be_made_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(folder: Path) -> None:
        locales.make(folder, Processes())

    with pytest.raises(locales.Unavailable):
        workshop(tmp_path / "cache").kept("locales", locales.NAME, make)
    assert [*(tmp_path / "cache" / "locales").iterdir()] == []


def failing_once(error: OSError) -> Callable[..., Outcome]:
    errors = [error]

    def run(*arguments: object, **options: object) -> Outcome:
        if errors:
            raise errors.pop()
        return Outcome(0, "tool 1.2.3", "", 0.1)

    return run


def test_a_check_that_could_not_run_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    running = Processes()
    monkeypatch.setattr(running, "run", failing_once(OSError(errno.EAGAIN, "no more processes")))
    versions = Versions(running)
    requirement = Requirement(name="tool", check=("sh", "--version"), install="nothing")
    with pytest.raises(OSError, match="no more processes"):
        versions.of(requirement)
    assert versions.of(requirement) == "1.2.3"
