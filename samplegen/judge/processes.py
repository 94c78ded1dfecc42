"""Starts processes, each in a group of its own, and sees that none outlives its time."""

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

_MARK = "SAMPLEGEN_RUN"
"""A variable whose value tells the processes of one run, even one that has left the group."""

_running: dict[int, bytes] = {}
"""Leaders of groups, and the mark that their processes carry in the environment."""
_lock = threading.Lock()
_stopping = threading.Event()


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
    """What a judged program sees of the environment: no secrets, no settings of the machine."""
    programs = (str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))
    return {
        "PATH": os.pathsep.join(programs),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        **(extra or {}),
    }


def find(program: str) -> str | None:
    """The path of a program, as `environment` would find it."""
    return shutil.which(program, path=environment(Path())["PATH"])


def run(
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
        folder: Where it runs.
        env: All that it sees of the environment.
        timeout: In seconds.
        largest_file: Bytes that it may write to one file.

    Raises:
        OSError: The command cannot be started.
        Interrupted: `stop_all` was called.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        with group(command, folder, env, stdout, stderr, largest_file) as process:
            status: int | None
            try:
                status = process.wait(timeout)
            except subprocess.TimeoutExpired:
                status = None
            left_behind = status is not None and _alive(process.pid)
        seconds = time.monotonic() - started
        if _stopping.is_set():
            raise Interrupted
        return Outcome(status, _text(stdout), _text(stderr), seconds, left_behind)


@contextlib.contextmanager
def group(
    command: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    stdout: IO[bytes],
    stderr: IO[bytes],
    largest_file: int = NO_LIMIT,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group of its own; all that it started is gone at the end of the block.

    What has left the group, as `setsid` does, is known by its environment.
    """
    mark = uuid.uuid4().hex
    with _lock, _file_limit(largest_file):
        if _stopping.is_set():
            raise Interrupted
        process = subprocess.Popen(  # noqa: S603  (argument lists from the project's own files)
            command,
            cwd=folder,
            env={**env, _MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        _running[process.pid] = f"{_MARK}={mark}".encode()
    try:
        yield process
    finally:
        _kill(process.pid)
        process.wait()
        _kill_strays(process.pid)
        with _lock:
            del _running[process.pid]


@contextlib.contextmanager
def _file_limit(size: int) -> Iterator[None]:
    """Limits the files of processes started meanwhile.

    They inherit the limit. Set on a process that runs already, it would come too late for those
    that this one has started. Only our soft limit changes, since a hard one cannot be raised again.
    """
    kept = resource.getrlimit(resource.RLIMIT_FSIZE)
    limits = [limit for limit in (size, *kept) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (min(limits, default=resource.RLIM_INFINITY), kept[1])
    )
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, kept)


def pause(seconds: float) -> None:
    """Waits.

    Raises:
        Interrupted: `stop_all` was called.
    """
    if _stopping.wait(seconds):
        raise Interrupted


def stop_all() -> None:
    """Ends every running group and starts no more, so that Ctrl-C leaves nothing behind."""
    with _lock:
        _stopping.set()
        for leader in _running:
            _kill(leader)


def _alive(leader: int) -> bool:
    """Whether a process that the leader started still runs once that was waited for."""
    return next(_members(leader), None) is not None


def _members(leader: int) -> Iterator[int]:
    """The processes of the leader's group, and those with its mark that have left the group."""
    mark = _running[leader]
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _belongs(process, leader, mark):
            yield int(process.name)


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


def _kill_strays(leader: int) -> None:
    """Ends what has left the group, until no more of it appears."""
    while strays := list(_members(leader)):
        for stray in strays:
            with contextlib.suppress(ProcessLookupError):
                os.kill(stray, signal.SIGKILL)


def _kill(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    kept = stream.read(_SHOWN_OUTPUT + 1)
    text = kept[:_SHOWN_OUTPUT].decode(errors="backslashreplace")
    return text + "\n[cut here]\n" if len(kept) > _SHOWN_OUTPUT else text
