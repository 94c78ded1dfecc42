"""The cache: what samples are built with, and the built samples; each is made once, by content.

The cache folder holds `prepared/<key>`, a client's stubs and libraries; `built/<key>`, a sample
after one of its static gates; `meaning/<key>` and `faults/<key>`, what was proved of a sample; and
`locales/<key>`, the locale of a machine elsewhere. A key is a digest of all that went into the
folder, so what is there is right, and whatever changes makes a new one. Tools may keep caches of
their own beside them, by {cache} in their commands.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from samplegen.judge.machine import processes, store
from samplegen.judge.machine.commands import CommandFailed, execute, filled, require, with_files
from samplegen.judge.machine.processes import NO_LIMIT, Processes
from samplegen.judge.machine.requirements import Versions
from samplegen.judge.machine.slots import Slot
from samplegen.render.clients import FILES, Client, Command

_PREPARE_SECONDS = 900
"""How long one command of `prepare` may take; it may have to download a lot."""
_AT_ONCE = 24
"""How many programs a command is given at a time."""


@dataclass(frozen=True)
class _Step:
    """One program's way through some commands."""

    name: str
    """Of the program's file."""
    before: Path
    after: Path


class Workshop:
    """Prepares clients and builds their samples, in one cache folder that many runs may share."""

    def __init__(
        self,
        cache: Path,
        project: Callable[[Client], Mapping[str, Path]],
        versions: Versions,
        running: Processes,
    ) -> None:
        """Removes what has not been used for long, and makes nothing yet.

        Args:
            cache: An absolute path; made when it is needed.
            project: What a client's samples are built with, by path in that folder.
            versions: Of all that the clients require.
            running: Starts the commands.
        """
        self._cache = cache
        self._project = project
        self._versions = versions
        self._running = running
        self._failures: dict[Path, CommandFailed] = {}
        self._expected: dict[str, Callable[[], Mapping[str, str]]] = {}
        self._written: dict[str, list[tuple[str, Path]]] = {}
        """By client, the programs that are expected: their names and folders."""
        self._steps: dict[Path, tuple[Sequence[Command], ...]] = {}
        """By folder, the commands that have run in it."""
        self._alone: set[Path] = set()
        """What commands do not make of a program when others are with it."""
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        """By client; held while commands are given several programs of it."""
        store.tidy(cache)

    def expect(self, client: Client, programs: Callable[[], Mapping[str, str]]) -> None:
        """Announces programs; commands that take many are then given them together.

        Args:
            client: Whose samples they are.
            programs: Makes them when they are needed: the names of their files, and their texts.
        """
        self._expected[client.name] = programs

    def prepared(self, client: Client, slot: Slot | None = None) -> Path:
        """The folder that the client's samples are built with; another run may be preparing it.

        Args:
            client: What is prepared.
            slot: Lent to others while something else is prepared.

        Raises:
            CommandFailed: One of its commands did; they are not tried again in this run.
            OSError: The cache cannot be written.
        """
        project = self._project(client)
        versions = [(needed.name, self._versions.of(needed)) for needed in client.requirements]
        commands = (*client.language.prepare, *client.prepare)
        path = self._path(
            "prepared",
            commands,
            client.language.environment,
            versions,
            [(name, file.read_bytes()) for name, file in project.items()],
        )

        def make(folder: Path) -> None:
            for name, file in project.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, folder / name)
            values = self._values(folder)
            # These commands are the project's own, and download as the machine is set up to.
            env = {**os.environ, "PATH": processes.environment(folder)["PATH"]}
            env |= filled(client.language.environment, values)
            for command in commands:
                outcome = execute(
                    self._running, command, values, folder, env, _PREPARE_SECONDS, NO_LIMIT
                )
                require(f"{client.name} cannot be prepared: ", command, outcome)

        if not store.found(path):
            with self._preparing(slot) if commands else contextlib.nullcontext():
                if path in self._failures:
                    raise self._failures[path]
                try:
                    store.make(path, make)
                except CommandFailed as failure:
                    self._failures[path] = failure
                    raise
        return path

    def written(self, client: Client, name: str, text: str) -> Path:
        """A folder that holds a program, and nothing else.

        Args:
            client: Whose sample it is.
            name: The name of the program's file.
            text: The program.

        Raises:
            CommandFailed: The client cannot be prepared.
            OSError: The cache cannot be written.
        """
        path = self._path("built", self.prepared(client).name, name, text)
        if not store.found(path):
            store.make(path, lambda folder: _write(folder / name, text))
        return path

    def step(
        self,
        client: Client,
        name: str,
        before: Path,
        commands: Sequence[Command],
        slot: Slot | None = None,
    ) -> Path:
        """A copy of a program's folder in which commands have run, unless that was done before.

        Commands that take many files are given other programs of the client, too, as far as these
        have been expected and have come as far. Each program that passes with others would pass
        alone; if they fail, each that they may have failed for is tried alone.

        Args:
            client: Whose sample it is.
            name: The name of the program's file.
            before: The folder after the step before.
            commands: One after another.
            slot: Lent to others while another program's commands run for this one, too.

        Raises:
            CommandFailed: One of them did.
            OSError: The cache cannot be written.
        """
        step = self._step(client, name, before, commands)
        if store.found(step.after):
            return step.after
        if client.name in self._expected and all(FILES in command for command in commands):
            with self._turn(client, slot), contextlib.suppress(OSError):  # of other programs
                if not store.found(step.after) and step.after not in self._alone:
                    self._together(client, self._with_others(client, step, commands), commands)
        if not store.found(step.after):
            self._run(client, [step], commands)
        return step.after

    def _step(self, client: Client, name: str, before: Path, commands: Sequence[Command]) -> _Step:
        after = self._path("built", before.name, commands, client.language.environment)
        self._steps[after] = (*self._steps.get(before, ()), commands)
        return _Step(name, before, after)

    def _with_others(self, client: Client, step: _Step, commands: Sequence[Command]) -> list[_Step]:
        """The step, and that of other programs of the client which have come as far."""
        found = [step]
        for name, folder in self._programs(client):
            for done in self._steps.get(step.before, ()):
                folder = self._step(client, name, folder, done).after
            other = self._step(client, name, folder, commands)
            wanted = store.found(folder) and not store.found(other.after)
            if wanted and other.after not in self._alone and other != step:
                found.append(other)
            if len(found) == _AT_ONCE:
                break
        return found

    def _programs(self, client: Client) -> list[tuple[str, Path]]:
        """The programs that are expected: names, and folders that hold nothing else."""
        if client.name not in self._written:
            programs = self._expected[client.name]().items()
            self._written[client.name] = [
                (name, self.written(client, name, text)) for name, text in programs
            ]
        return self._written[client.name]

    def _together(
        self, client: Client, steps: Sequence[_Step], commands: Sequence[Command]
    ) -> None:
        """Lets as many programs as can pass together; each of the others is left to be alone."""
        if len(steps) < 2:
            self._alone.update(step.after for step in steps)
            return
        try:
            self._run(client, steps, commands)
        except CommandFailed as failure:
            outcome = failure.outcome
            if outcome is None or outcome.status is None:
                self._alone.update(step.after for step in steps)
                return
            said = outcome.stdout + outcome.stderr
            named = [
                s for n, s in enumerate(steps, 1) if re.search(rf"\b{n}/{re.escape(s.name)}", said)
            ]
            self._alone.update(step.after for step in named)
            others = [step for step in steps if step not in named]
            middle = 0 if named else len(others) // 2
            for part in (others[:middle], others[middle:]):
                self._together(client, part, commands)

    def _run(self, client: Client, steps: Sequence[_Step], commands: Sequence[Command]) -> None:
        """Runs commands in copies of programs' folders; if all succeed, these are kept.

        Raises:
            CommandFailed: One of them did; nothing is kept.
            OSError: The cache cannot be written.
        """
        prepared, environment = self.prepared(client), client.language.environment
        with store.beside(steps[0].after) as place:
            folders = [place / str(number) for number, _ in enumerate(steps, 1)]
            for step, folder in zip(steps, folders, strict=True):
                shutil.copytree(step.before, folder)
            files = [folder / step.name for step, folder in zip(steps, folders, strict=True)]
            for command in commands:
                many = FILES in command
                work = place if many else folders[0]
                values = self._values(prepared, folders[0], files[0])
                with tempfile.TemporaryDirectory() as home:
                    env = processes.environment(Path(home), filled(environment, values))
                    outcome = execute(
                        self._running,
                        with_files(command, files),
                        values,
                        work,
                        env,
                        client.language.timeout,
                    )
                require("", command, outcome)
            for step, folder in zip(steps, folders, strict=True):
                store.keep(folder, step.after)

    def ingredients(self, client: Client, folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
        """The folders that the command which runs a program names, and what else it names."""
        values = {"python": sys.executable, "cache": str(self._cache)}
        return {"work": folder, "prepared": self.prepared(client)}, values

    def kept(self, kind: str, ingredients: object, make: Callable[[Path], None]) -> Path:
        """A folder of the cache that these ingredients make; made if it is not there.

        Raises:
            OSError: The cache cannot be written.
        """
        path = self._path(kind, ingredients)
        if not store.found(path):
            store.make(path, make)
        return path

    def _values(
        self, prepared: Path, work: Path | None = None, file: Path | None = None
    ) -> dict[str, str]:
        """What is filled into commands."""
        values = {"python": sys.executable, "cache": self._cache, "prepared": prepared}
        return {k: str(v) for k, v in {**values, "work": work, "file": file}.items() if v}

    def _path(self, kind: str, *ingredients: object) -> Path:
        """Where the folder is kept that these ingredients make."""
        return self._cache / kind / hashlib.sha256(repr(ingredients).encode()).hexdigest()[:32]

    @contextlib.contextmanager
    def _preparing(self, slot: Slot | None) -> Iterator[None]:
        """No other thread or run prepares meanwhile: caches of tools are not safe to share."""
        self._cache.mkdir(parents=True, exist_ok=True)
        with (self._cache / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                with slot.lent() if slot else contextlib.nullcontext():
                    self._wait_for(file)
            yield

    def _wait_for(self, file: IO[str]) -> None:
        while True:
            self._running.pause(0.1)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return

    @contextlib.contextmanager
    def _turn(self, client: Client, slot: Slot | None) -> Iterator[None]:
        """No other programs of the client are given to commands together meanwhile."""
        lock = self._turns[client.name]
        if not lock.acquire(blocking=False):
            with slot.lent() if slot else contextlib.nullcontext():
                lock.acquire()
        try:
            yield
        finally:
            lock.release()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
