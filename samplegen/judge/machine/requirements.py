"""Which of the programs and libraries that samples need are on this machine."""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from samplegen.judge.machine import processes
from samplegen.judge.machine.processes import Processes
from samplegen.render.clients import Client, Requirement

_VERSION = re.compile(r"\d+(\.\w+)+")
_CHECK_SECONDS = 60
"""How long the check of a requirement may take."""


@dataclass(frozen=True)
class Installation:
    """A requirement, and whether it is installed."""

    requirement: Requirement
    version: str | None
    """None: it is missing."""
    clients: tuple[str, ...]
    """Who needs it."""


class Versions:
    """The installed version of each requirement; each is checked once."""

    def __init__(self, running: Processes | None = None) -> None:
        """Checks nothing yet."""
        self._running = running or Processes()
        self._found: dict[Requirement, Future[str | None]] = {}
        self._lock = threading.Lock()

    def of(self, requirement: Requirement) -> str | None:
        """The version that its check prints, empty if that is none.

        It is None if the requirement is missing, or has too low a version.

        Raises:
            OSError: The check cannot be run; the next time it is tried again.
        """
        with self._lock:
            first = requirement not in self._found
            found = self._found.setdefault(requirement, Future())
        if first:
            try:
                found.set_result(self._check(requirement))
            except BaseException as error:
                with self._lock:
                    del self._found[requirement]
                found.set_exception(error)
        return found.result()

    def _check(self, requirement: Requirement) -> str | None:
        values = {"python": sys.executable}
        command = [argument.format_map(values) for argument in requirement.check]
        if processes.find(command[0]) is None:
            return None
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            # The machine's own settings count: they may say where a library is.
            env = {**os.environ, **processes.environment(folder)}
            outcome = self._running.run(command, folder, env, _CHECK_SECONDS)
        if outcome.status != 0:
            return None
        number = _VERSION.search(outcome.stdout or outcome.stderr)
        version = number[0] if number else ""
        too_old = version and _numbers(version) < _numbers(requirement.least)
        return None if too_old else version


def _numbers(version: str) -> list[int]:
    """By which versions are compared: 1.10 comes after 1.9."""
    return [int(number) for number in re.findall(r"\d+", version)]


def examine(clients: Sequence[Client], jobs: int) -> list[Installation]:
    """What the clients need, each requirement once, in their order."""
    users: dict[Requirement, list[str]] = {}
    for client in clients:
        for requirement in client.requirements:
            users.setdefault(requirement, []).append(client.name)
    versions = Versions()
    with ThreadPoolExecutor(jobs) as pool:
        found = pool.map(versions.of, users)
        return [
            Installation(requirement, version, tuple(names))
            for (requirement, names), version in zip(users.items(), found, strict=True)
        ]
