"""Starts processes, each in a group of its own, and ends each group with its leader."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_LARGEST_FILE = 64 * 2**20
"""Bytes a judged program may write to one file, its output included."""
NO_LIMIT = resource.RLIM_INFINITY
_SHOWN_OUTPUT = 20_000
"""Bytes of output that are kept."""

_GUARD = Path(__file__).with_name("guard.py")
_MARK = "SAMPLEGEN_RUN"
"""A variable whose value identifies the processes of one run, even one that has left the group."""

_starting = threading.Lock()
"""Held while this process's own file limit is changed."""


class Interrupted(Exception):
    """No more processes are started, since the run is being stopped."""


@dataclass(frozen=True)
class Outcome:
    """How a process ended."""

    status: int | None
    """Exit status, negative for the signal that ended it; None if its time was up."""
    stdout: str
    stderr: str
    seconds: float
    left_behind: bool = False
    """Whether it ended while a process that it had started still ran."""


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a judged program: no secrets, no settings of the machine."""
    programs = (str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))
    return {
        "PATH": os.pathsep.join(programs),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        **(extra or {}),
    }


def find(program: str) -> str | None:
    """The path of a program, as `environment` would find it."""
    return shutil.which(program, path=environment(Path())["PATH"])


class Processes:
    """The processes of one run of the judge, which can all be ended at once."""

    def __init__(self) -> None:
        self._marks: dict[int, bytes] = {}
        """By the leader of a group, what its processes have in their environment."""
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def run(
        self,
        command: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        timeout: float,
        *,
        largest_file: int = _LARGEST_FILE,
    ) -> Outcome:
        """Runs a command to its end, or for `timeout` seconds, and ends what is left of its group.

        Args:
            command: The program and its arguments.
            folder: Its working folder.
            env: Its whole environment.
            timeout: In seconds.
            largest_file: Bytes that it may write to one file.

        Raises:
            OSError: The command cannot be started.
            Interrupted: `stop` was called.
        """
        started = time.monotonic()
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            with self.group(command, folder, env, stdout, stderr, largest_file) as process:
                status: int | None
                try:
                    status = process.wait(timeout)
                except subprocess.TimeoutExpired:
                    status = None
                left_behind = status is not None and self._alive(process.pid)
            seconds = time.monotonic() - started
            if self._stopping.is_set():
                raise Interrupted
            return Outcome(status, _text(stdout), _text(stderr), seconds, left_behind)

    @contextlib.contextmanager
    def group(
        self,
        command: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        stdout: IO[bytes],
        stderr: IO[bytes],
        largest_file: int = NO_LIMIT,
        pass_fds: Sequence[int] = (),
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A process that leads a group of its own; the whole group ends with the block.

        What has left the group, as `setsid` does, is recognised by its environment.

        Raises:
            OSError: The command cannot be started.
            Interrupted: `stop` was called.
        """
        mark = uuid.uuid4().hex
        with self._lock:
            if self._stopping.is_set():
                raise Interrupted
            with _file_limit(largest_file):
                process = subprocess.Popen(  # noqa: S603  (argument lists from the project's files)
                    command,
                    cwd=folder,
                    env={**env, _MARK: mark},
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    start_new_session=True,
                    pass_fds=pass_fds,
                )
            self._marks[process.pid] = f"{_MARK}={mark}".encode()
        try:
            yield process
        finally:
            _kill(process.pid)
            process.wait()
            self._kill_strays(process.pid)
            with self._lock:
                del self._marks[process.pid]

    @contextlib.contextmanager
    def guarded(
        self,
        command: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        log: IO[bytes],
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A group as above that ends with this process, too, even if that is killed.

        Raises:
            OSError: The command cannot be started.
            Interrupted: `stop` was called.
        """
        line, ours = os.pipe()
        try:
            guard = [sys.executable, "-I", "-S", str(_GUARD), str(line), *command]
            with self.group(guard, folder, env, log, log, pass_fds=[line]) as process:
                yield process
        finally:
            os.close(line)
            os.close(ours)

    def pause(self, seconds: float) -> None:
        """Waits.

        Raises:
            Interrupted: `stop` was called.
        """
        if self._stopping.wait(seconds):
            raise Interrupted

    def stop(self) -> None:
        """Ends every running group and starts no more, so that Ctrl-C leaves nothing behind."""
        with self._lock:
            self._stopping.set()
            for leader in self._marks:
                _kill(leader)

    def _alive(self, leader: int) -> bool:
        """Whether a process that the leader started still runs once the leader has ended."""
        return next(self._members(leader), None) is not None

    def _members(self, leader: int) -> Iterator[int]:
        """The processes of the leader's group, and those with its mark that have left the group."""
        mark = self._marks[leader]
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and _belongs(process, leader, mark):
                yield int(process.name)

    def _kill_strays(self, leader: int) -> None:
        """Ends what has left the group, until no more of it appears."""
        while strays := list(self._members(leader)):
            for stray in strays:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(stray, signal.SIGKILL)


@contextlib.contextmanager
def _file_limit(size: int) -> Iterator[None]:
    """Limits the files of processes started meanwhile.

    They inherit the limit. Set on a process that runs already, it would come too late for those
    that this one has started. Only our soft limit changes, since a hard one cannot be raised again.
    """
    with _starting:
        kept = resource.getrlimit(resource.RLIMIT_FSIZE)
        limits = [limit for limit in (size, *kept) if limit != resource.RLIM_INFINITY]
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (min(limits, default=resource.RLIM_INFINITY), kept[1])
        )
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, kept)


def _belongs(process: Path, leader: int, mark: bytes) -> bool:
    """Whether a process is the leader's, and more than a zombie that nobody has waited for yet."""
    try:
        stat = (process / "stat").read_text(errors="replace")
        state, _, group, *_ = stat.rpartition(")")[2].split()
        if int(group) == leader:
            return state not in "ZX"
        return mark in (process / "environ").read_bytes().split(b"\0")
    except OSError:  # it ended meanwhile, or is somebody else's
        return False


def _kill(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    kept = stream.read(_SHOWN_OUTPUT + 1)
    text = kept[:_SHOWN_OUTPUT].decode(errors="backslashreplace")
    return text + "\n[cut here]\n" if len(kept) > _SHOWN_OUTPUT else text
