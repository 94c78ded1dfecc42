"""The processes that a program has started."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

_SHOWN = 200
"""Characters that are shown of a command line."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_KILL_SECONDS = 10
_PAUSE = 0.005


def started(ancestor: int) -> list[int]:
    """The living processes that descend from one, zombies left out; none without `/proc`."""
    found: list[int] = []
    parents = [ancestor]
    while parents:
        born = list(children(parents.pop()))
        parents += born
        found += (child for child in born if _lives(child))
    return found


def children(parent: int) -> Iterator[int]:
    """The processes whose parent it is, zombies included."""
    with contextlib.suppress(OSError):  # it ended meanwhile
        for task in Path(f"/proc/{parent}/task").iterdir():
            with contextlib.suppress(OSError):
                yield from map(int, (task / "children").read_text(encoding="ascii").split())


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def memory(pids: Sequence[int], most: int) -> int:
    """Bytes that processes hold together.

    What several share counts once for each, unless that makes more than `most`: then each has its
    part, which takes the kernel longer to tell.
    """
    held = sum(map(_resident, pids))
    return held if held <= most else sum(map(_proportional, pids))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError):  # it ended meanwhile
        return 0


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:  # it ended meanwhile
        return 0
    found = (line.split()[1] for line in lines if line.startswith("Pss:"))
    return int(next(found, "0")) * 1024


def title(pid: int) -> str:
    """The command line of a process, cut where it is long."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        name = Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return f"process {pid}"
    text = b" ".join(words).decode(errors="backslashreplace").strip()
    return text[:_SHOWN] or name


def end_all(*, first: bool) -> None:
    """Ends all that this process has started, and waits until it is gone.

    Args:
        first: Whether this process is the first of a namespace, so that all others are meant.
    """
    until = time.monotonic() + _KILL_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            if first:
                os.kill(-1, signal.SIGKILL)
        kill(started(os.getpid()))
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_PAUSE)


def kill(pids: Sequence[int]) -> None:
    """Ends processes; some may have ended."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
