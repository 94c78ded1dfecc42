"""One world: its namespaces, its program, and what that leaves behind."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

from samplegen.judge.machine.starter import (
    kernel,
    landlock,
    messages,
    mounts,
    network,
    processes,
    traces,
)
from samplegen.judge.machine.starter.messages import Command, Ended, Leftover, Order
from samplegen.judge.machine.starter.program import Finished, Running

_NAMESPACES = kernel.NEW_MOUNTS | kernel.NEW_IPC | kernel.NEW_PIDS | kernel.NEW_NETWORK
_SHARED = ("shm", "sem", "msg")
"""The tables of `/proc/sysvipc`."""


def serve(control: socket.socket) -> None:
    """Makes the world that is asked for, runs its program, and sends how that ended.

    What goes wrong is sent, too.
    """
    with _reporting(control):
        order = messages.order(messages.receive(control)[0])
        if order.mode == "process":
            _share(order, control)
            return
        _enter(order)
        first = os.fork()  # all of its namespace ends with it
        if first:
            os.waitpid(first, 0)
            return
        try:
            with _reporting(control):
                _be_first(order, control)
        finally:
            os._exit(0)


@contextlib.contextmanager
def _reporting(control: socket.socket) -> Iterator[None]:
    """Sends the judge what goes wrong, unless it has ended."""
    with contextlib.suppress(EOFError, ConnectionError):
        try:
            yield
        except (EOFError, ConnectionError):
            raise
        except _Unstartable as error:
            messages.send(control, {"error": str(error), "errno": error.number})
        except OSError as error:
            messages.send(control, {"error": error.strerror or str(error)})
        except Exception as error:
            messages.send(control, {"error": f"{type(error).__name__}: {error}"})


class _Unstartable(Exception):
    """The program cannot be started."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        self.number = error.errno


def _share(order: Order, control: socket.socket) -> None:
    """Runs the program without namespaces; with Landlock, it writes to little but its own."""
    if kernel.is_linux():
        kernel.adopt_orphans()
    folders = traces.Folders([order.root], shared=mounts.shared_memory())
    if not landlock.version():
        folders = traces.Folders(
            [order.root], fixed=list(order.shown.values()), shared=mounts.PRIVATE
        )
    messages.send(control, {})
    _run(order, control, folders, None)


def _enter(order: Order) -> None:
    """Leaves the namespaces of the judge.

    Raises:
        OSError: The kernel does not allow it.
    """
    uid, gid = os.getuid(), os.getgid()
    kernel.unshare(_NAMESPACES | (kernel.NEW_USER if order.mode == "user" else 0))
    if order.mode == "user":
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{uid} {uid} 1"),
            ("gid_map", f"{gid} {gid} 1"),
        ):
            Path("/proc/self", name).write_text(text, encoding="ascii")


def _be_first(order: Order, control: socket.socket) -> None:
    """Runs the program as the first process of its namespaces."""
    kernel.die_with_parent(signal.SIGKILL)
    writable = mounts.build(order)
    network.bring_up()
    calls = network.Calls(order.ports, ("localhost", os.uname().nodename, *order.hosts))
    listeners = [made for port in order.ports for made in network.listeners(port)]
    kernel.rename("init")
    kernel.hide()
    messages.send(control, {}, [listener.fileno() for listener in listeners])
    for listener in listeners:
        listener.close()
    shown = [f"{order.root}/{name}" for name in order.shown]
    _run(order, control, traces.Folders(writable, [*order.kept, *shown]), calls)


def _run(
    order: Order, control: socket.socket, folders: traces.Folders, calls: network.Calls | None
) -> None:
    """Runs the program and sends how it ended; `calls` are seen where the network is its own."""
    fields, _ = messages.receive(control)
    before = folders.look()
    try:
        try:
            running = Running(Command(**fields), order, control)
        except OSError as error:
            raise _Unstartable(error) from error
        finished = running.finished()
    finally:
        processes.end_all(first=calls is not None)
    left = [Leftover("process", title) for title in finished.left]
    left += traces.left(before, folders.look())
    if calls is not None:
        left += _shared_memory()
    messages.send(control, _ended(finished, left, calls.others() if calls else ()))


def _ended(finished: Finished, left: list[Leftover], called: tuple[str, ...]) -> Ended:
    stdout, stderr = (
        finished.output[name].decode(errors="backslashreplace") for name in ("stdout", "stderr")
    )
    return Ended(
        finished.status, finished.exceeded, stdout, stderr, tuple(left), called, finished.usage
    )


def _shared_memory() -> Iterator[Leftover]:
    """What System V's interfaces keep beyond the end of a process."""
    for table in _SHARED:
        with contextlib.suppress(OSError):  # this kernel has none
            path = Path("/proc/sysvipc", table)
            for line in path.read_text(encoding="ascii").splitlines()[1:]:
                key, number, *_ = line.split()
                yield Leftover("shared memory", f"{table} {number} (key {key})")
