"""Ports for servers: the wanted ones if they are free; no two runs use the same at a time."""

import contextlib
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

_LAST = 65535


@contextlib.contextmanager
def claimed(wanted: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The wanted ports if all are free, else as many free ones; ours until the block ends.

    A port is claimed by a lock, since a server takes a while until it listens: meanwhile another
    run would find the port free and later take our server for its own.
    """
    with ExitStack() as locks:
        if all(port <= _LAST and _is_free(port) and _locked(port, locks) for port in wanted):
            yield tuple(wanted)
        else:
            locks.close()
            yield tuple(_free(locks) for _ in wanted)


@contextlib.contextmanager
def free(count: int) -> Iterator[tuple[int, ...]]:
    """Ports that nobody uses; ours until the block ends."""
    with ExitStack() as locks:
        yield tuple(_free(locks) for _ in range(count))


def _locked(port: int, locks: ExitStack) -> bool:
    """Locks the port's file, unless somebody else has."""
    try:
        path = Path(tempfile.gettempdir(), f"samplegen-port-{port}.lock")
        stream = locks.enter_context(path.open("a"))
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(stream.fileno()), path.stat()):
            return False  # who had it removed the file meanwhile
    except OSError:  # another run's, or another user's
        return False
    locks.callback(path.unlink)
    return True


def _free(locks: ExitStack) -> int:
    """A port that the system calls free and that no other run has claimed."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if _locked(port, locks):
            return port


def _is_free(port: int) -> bool:
    """Whether nothing listens on the port of any local address that `localhost` may mean."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), socket.socket(family) as probe:
            probe.settimeout(1)
            probe.connect((host, port))
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
