"""Runs a built sample in a folder and a home of its own, and sees what it leaves behind."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from samplegen.judge import processes
from samplegen.judge.preparing import execute
from samplegen.judge.processes import Outcome
from samplegen.render.clients import Command

START_SECONDS = 10
"""How long a program may take besides its calls: a virtual machine takes some, if all is busy."""


@dataclass(frozen=True)
class Program:
    """A sample that can be run."""

    command: Command
    values: Mapping[str, str]
    """What is filled into the command."""
    files: Sequence[Path]
    """What it finds in its folder."""
    secrets: Mapping[str, str]
    """What it finds in its environment besides what every program does."""

    def run(
        self, seconds: float, during: AbstractContextManager[object] | None = None
    ) -> "Finished":
        """Runs it for so many seconds at most, and `during` around nothing but that.

        Raises:
            Failed: It cannot be started.
        """
        with tempfile.TemporaryDirectory(prefix="samplegen-") as name:
            folder, home = Path(name, "run"), Path(name, "home")
            folder.mkdir()
            home.mkdir()
            for file in self.files:
                shutil.copy(file, folder)
            before = {*_files(Path(name))}
            env = processes.environment(home, self.secrets)
            with during or nullcontext():
                outcome = execute(self.command, self.values, folder, env, seconds)
            created = {*_files(Path(name))} - before
        return Finished(outcome, tuple(sorted(path.name for path in created)))


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


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
