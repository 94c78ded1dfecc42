"""Runs a built sample in a folder and a home of its own, and lists what it leaves behind."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samplegen.clients import Command
from samplegen.judge.machine import processes
from samplegen.judge.machine.processes import Outcome, Processes
from samplegen.judge.machine.workshop import execute

START_SECONDS = 10
"""How long a program may take besides its calls: a virtual machine takes some, if all is busy."""


@dataclass(frozen=True)
class Finished:
    """How a sample ended."""

    outcome: Outcome
    created: tuple[str, ...] = field(default=())
    """The names of the files that it left behind."""

    @property
    def untidy(self) -> list[str]:
        """What it left behind, if anything."""
        found = ["it left a process running"] if self.outcome.left_behind else []
        return found + [f"it left the file {name} behind" for name in self.created[:1]]


@dataclass(frozen=True)
class Program:
    """A sample that can be run."""

    running: Processes
    command: Command
    values: Mapping[str, str]
    """What is filled into the command."""
    files: Sequence[Path]
    """What lies in its working folder."""
    secrets: Mapping[str, str]
    """What its environment has besides that of every program."""

    def run(self, seconds: float) -> Finished:
        """Runs it for so many seconds at most.

        Raises:
            CommandFailed: It cannot be started.
            OSError: Its folder cannot be made.
        """
        with tempfile.TemporaryDirectory(prefix="samplegen-") as name:
            folder, home = Path(name, "run"), Path(name, "home")
            folder.mkdir()
            home.mkdir()
            for file in self.files:
                shutil.copy(file, folder)
            before = {*_files(Path(name))}
            env = processes.environment(home, self.secrets)
            outcome = execute(self.running, self.command, self.values, folder, env, seconds)
            created = {*_files(Path(name))} - before
        return Finished(outcome, tuple(sorted(path.name for path in created)))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
