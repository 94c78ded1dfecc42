"""Runs a program until it ends or has exceeded a limit."""

import contextlib
import os
import resource
import selectors
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field

from samplegen.judge.machine.starter import kernel, landlock, mounts, processes
from samplegen.judge.machine.starter.messages import Command, Exceeded, Order, Usage

_GROWTH = 10 * 2**30
"""Bytes of memory a second that a program may take at most; so often they are counted."""
_SHORTEST, _LONGEST = 0.01, 0.1
"""Seconds from one count to the next."""
_GRACE = 0.2
"""Seconds in which what a program has started may end after it."""
_CHUNK = 65536


@dataclass
class Finished:
    """How a program ended."""

    status: int | None = None
    exceeded: Exceeded = ""
    output: dict[str, bytes] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    """The command lines of processes that it left behind."""
    usage: Usage = field(default_factory=lambda: Usage(0, 0, 0))


class Running:
    """A program that runs; this process adopts what its processes leave behind."""

    def __init__(self, command: Command, order: Order, control: socket.socket) -> None:
        """Starts it.

        Raises:
            OSError: It cannot be started.
        """
        self._limits = order.limits
        self._first = order.mode != "process"
        self._control = control
        self._output = {"stdout": bytearray(), "stderr": bytearray()}
        self._status: int | None = None
        self._cpu, self._memory = 0.0, 0
        self._waker, woken = socket.socketpair()
        for end in (self._waker, woken):
            end.setblocking(False)
        self._woken = woken
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        self._started = time.monotonic()
        self._until = self._started + command.seconds
        self._process = subprocess.Popen(  # noqa: S603  (what the judge asks for)
            command.argv,
            cwd=command.folder,
            env=command.env,
            stdin=subprocess.PIPE,  # nobody writes to it
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            preexec_fn=lambda: _confine(order),  # this process has no threads
        )

    def finished(self) -> Finished:
        """Waits until it has ended, and ends what it left behind.

        Raises:
            EOFError: The judge has ended.
        """
        exceeded = self._watch()
        seconds = time.monotonic() - self._started
        left = [] if exceeded else self._left()
        processes.end_all(first=self._first)
        self._process.returncode = self._status or 0  # it was waited for here
        self._drain()
        if self._memory > self._limits.memory:
            exceeded = exceeded or "memory"
        output = {name: bytes(text[: self._limits.output]) for name, text in self._output.items()}
        usage = Usage(seconds, self._cpu, self._memory)
        return Finished(None if exceeded else self._status, exceeded, output, left, usage)

    def _watch(self) -> Exceeded:
        """Waits until it has ended or exceeded a limit."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._waker, selectors.EVENT_READ)
            for name in self._output:
                stream = getattr(self._process, name)
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ, name)
            count_at = self._started
            while (now := time.monotonic()) < self._until:
                if now >= count_at:
                    exceeded, pause = self._count()
                    if exceeded:
                        return exceeded
                    count_at = time.monotonic() + pause
                for key, _ in selector.select(max(0, min(self._until, count_at) - now)):
                    if key.fileobj is self._control:
                        raise EOFError("the judge has ended")
                    if key.data is None:
                        self._reap()
                    elif not self._read(key.data):
                        selector.unregister(key.fileobj)
                if self._status is not None:
                    return ""
                if any(len(text) > self._limits.output for text in self._output.values()):
                    return "output"
        return "time"

    def _read(self, name: str) -> bool:
        """Reads what it has printed; False once the stream has ended."""
        try:
            chunk = os.read(getattr(self._process, name).fileno(), _CHUNK)
        except BlockingIOError:
            return True
        self._output[name] += chunk
        return bool(chunk)

    def _drain(self) -> None:
        """Reads what is still in the pipes."""
        for name, text in self._output.items():
            size = -1
            while size < len(text) <= self._limits.output:
                size = len(text)
                self._read(name)

    def _reap(self) -> None:
        """Waits for all that has ended."""
        with contextlib.suppress(BlockingIOError):
            self._waker.recv(_CHUNK)
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status, used = os.wait4(-1, os.WNOHANG)
                if not pid:
                    return
                self._cpu += used.ru_utime + used.ru_stime
                self._memory = max(self._memory, used.ru_maxrss * 1024)
                if pid == self._process.pid:
                    self._status = os.waitstatus_to_exitcode(status)

    def _count(self) -> tuple[Exceeded, float]:
        """Which limit its processes exceed, and for how long they cannot."""
        pids = processes.started(os.getpid())
        if len(pids) > self._limits.processes:
            return "processes", 0
        held = processes.memory(pids, self._limits.memory)
        room = self._limits.memory - held
        return "memory" if room < 0 else "", min(max(room / _GROWTH, _SHORTEST), _LONGEST)

    def _left(self) -> list[str]:
        """The processes that are left behind, once they had the time to end."""
        until = time.monotonic() + _GRACE
        while (pids := processes.started(os.getpid())) and time.monotonic() < until:
            time.sleep(_SHORTEST)
            self._reap()
        return [processes.title(pid) for pid in pids]


def _confine(order: Order) -> None:
    """Limits the process that becomes the program."""
    limits = order.limits
    _limit(resource.RLIMIT_FSIZE, limits.file)
    _limit(resource.RLIMIT_CPU, limits.cpu)
    _limit(resource.RLIMIT_CORE, 0)
    if order.mode == "user":  # a user namespace has a count of its own
        _limit(resource.RLIMIT_NPROC, limits.tasks)
    if order.mode != "process":
        kernel.drop_bounding_set()
        if os.getuid() != order.uid:
            os.setgroups(order.groups)
            os.setgid(order.gid)
            os.setuid(order.uid)
        kernel.drop_capabilities()
        kernel.forbid_new_privileges()
    elif landlock.version():
        landlock.confine([order.root, *mounts.shared_memory()], order.ports)
    elif kernel.is_linux():
        kernel.forbid_new_privileges()


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))
