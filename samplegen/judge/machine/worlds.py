"""Worlds for judged programs: each has a network, processes and writable folders of its own.

A program then runs on the very address that it names, many at once, and whatever it starts or
writes is seen and gone with its world. Where the kernel does not allow that, programs share the
ports and the temporary folders of the machine.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samplegen.errors import SamplegenError
from samplegen.judge.machine.starter import messages, network
from samplegen.judge.machine.starter.messages import Command, Ended, Limits, Mode, Order

_PACKAGES = Path(__file__).parents[3]
_START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from samplegen.judge.machine.starter.__main__ import main; main()"
)
_START_SECONDS = 20
_OVERHEAD_SECONDS = 30
"""How long a world may take for what is not its program's."""
_POLL_SECONDS = 0.05
_MOST_LISTENERS = 64


class WorldError(SamplegenError):
    """A world cannot be made, or ended before its program had."""


@dataclass(frozen=True)
class World:
    """Where one program runs, once."""

    root: Path
    """The program's own; a folder of `shown` has its name here."""
    listeners: Mapping[int, Sequence[socket.socket]]
    """For each documented port, sockets on all addresses of localhost."""
    _control: socket.socket = field(repr=False)

    @property
    def folder(self) -> Path:
        """Where the program runs, with the files that it finds there."""
        return self.root / "run"

    @property
    def home(self) -> Path:
        """The program's home, empty."""
        return self.root / "home"

    def run(self, argv: Sequence[str], env: Mapping[str, str], seconds: float) -> Ended:
        """Runs the program to its end or for so many seconds; its stdin never has anything.

        Raises:
            OSError: It cannot be started.
            WorldError: The starter has ended, or was closed, meanwhile.
        """
        command = Command(list(argv), dict(env), str(self.folder), seconds)
        return messages.ended(_ask(self._control, command, seconds + _OVERHEAD_SECONDS)[0])


class Starter:
    """A process that makes worlds of one kind; several threads may ask at a time."""

    def __init__(self, mode: Mode, prefix: Sequence[str] = ()) -> None:
        """Starts the process.

        Args:
            mode: How worlds are made.
            prefix: What starts it as root, if it must be.

        Raises:
            WorldError: It cannot be started.
        """
        self._mode: Mode = mode
        self._prefix = tuple(prefix)
        self._lock = threading.Lock()
        self._closed = False
        self._controls: set[socket.socket] = set()
        self._folder = Path(tempfile.mkdtemp())
        self._number = 0
        try:
            self._process, self._line = _started(self._prefix)
        except BaseException:
            self._folder.rmdir()
            raise

    def close(self) -> None:
        """Ends all worlds at once, and makes no more."""
        with self._lock:
            self._closed = True
            for control in self._controls:
                with contextlib.suppress(OSError):
                    control.shutdown(socket.SHUT_RDWR)
            _end(self._process, self._line)
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextlib.contextmanager
    def world(
        self,
        ports: Sequence[int],
        files: Sequence[Path] = (),
        *,
        shown: Mapping[str, Path] | None = None,
        kept: Sequence[Path] = (),
        hosts: Sequence[str] = (),
        limits: Limits | None = None,
    ) -> Iterator[World]:
        """A world, until the block ends.

        Args:
            ports: Those of the servers; without namespaces, they must be free.
            files: What lies in its folder; a change is noticed.
            shown: Folders that the program sees, read-only, under these names in its root.
            kept: Paths that it sees where they are, even in a temporary folder.
            hosts: The documented names of the servers, besides localhost.
            limits: What it may use.

        Raises:
            WorldError: It cannot be made.
            OSError: Its folder cannot be made, a file not be read, or a port is taken.
        """
        shown = shown or {}
        with ExitStack() as stack:
            root = stack.enter_context(self._root(files))
            order = Order(
                mode=self._mode,
                uid=os.getuid(),
                gid=os.getgid(),
                groups=os.getgroups(),
                root=str(root),
                shown={name: str(source) for name, source in shown.items()},
                kept=[str(path) for path in (*kept, sys.prefix, sys.base_prefix)],
                ports=list(ports),
                hosts=list(hosts),
                limits=limits or Limits(),
            )
            control = stack.enter_context(self._control())
            _, received = _ask(control, order, _OVERHEAD_SECONDS)
            listeners: dict[int, list[socket.socket]] = {port: [] for port in ports}
            if self._mode == "process":
                for name, source in shown.items():
                    (root / name).symlink_to(source)
                for port in ports:
                    listeners[port] = network.listeners(port)
                    for listener in listeners[port]:
                        stack.callback(_close, listener)
            for listener in [socket.socket(fileno=fd) for fd in received]:
                stack.callback(_close, listener)
                listeners[listener.getsockname()[1]].append(listener)
            yield World(root, listeners, control)

    @contextlib.contextmanager
    def _root(self, files: Sequence[Path]) -> Iterator[Path]:
        """The folder of one world, as the judge sees it."""
        with self._lock:
            self._number += 1
            root = self._folder / str(self._number)
        try:
            for name in ("run", "home"):
                (root / name).mkdir(parents=True)
            for file in files:
                shutil.copy(file, root / "run")
            yield root
        finally:
            shutil.rmtree(root, ignore_errors=True)

    @contextlib.contextmanager
    def _control(self) -> Iterator[socket.socket]:
        """A line to a new world; all of that is gone when the block has ended."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, self._lock:
                if self._closed:
                    raise WorldError("no more programs are started")
                if self._process.poll() is not None:  # somebody has ended it
                    self._line.close()
                    self._process, self._line = _started(self._prefix)
                self._controls.add(ours)
                socket.send_fds(self._line, [b"."], [theirs.fileno()])
            try:
                yield ours
            finally:
                with self._lock:
                    self._controls.discard(ours)
                _await_end(ours)


def _ask(
    control: socket.socket, message: Order | Command, seconds: float
) -> tuple[dict[str, Any], list[int]]:
    """Sends a message and receives the answer, with file descriptors.

    Raises:
        OSError: The answer is that a program cannot be started.
        WorldError: There is none, or it is that there can be no world.
    """
    control.settimeout(seconds)
    try:
        messages.send(control, message)
        fields, fds = messages.receive(control, _MOST_LISTENERS)
    except (EOFError, OSError) as error:
        raise WorldError(f"what runs the programs does not answer: {error}") from error
    if "error" not in fields:
        return fields, fds
    if "errno" in fields and isinstance(message, Command):
        raise OSError(fields["errno"], fields["error"], message.argv[0])
    raise WorldError(fields["error"])


def _close(listener: socket.socket) -> None:
    """Frees its port, though a thread may still wait there for a connection."""
    with contextlib.suppress(OSError):  # it was closed
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def _await_end(control: socket.socket) -> None:
    """Ends a world, and waits until nothing of it runs any more."""
    control.settimeout(_OVERHEAD_SECONDS)
    with contextlib.suppress(OSError):
        control.shutdown(socket.SHUT_WR)
        while control.recv(65536):
            pass


def _started(prefix: Sequence[str]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """The process that makes worlds, and a line to it.

    It connects to a path, since `sudo` passes on no file descriptors.

    Raises:
        WorldError: It does not start.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        said = stack.enter_context(tempfile.TemporaryFile())
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        _bind(listener, folder)
        listener.listen(1)
        listener.settimeout(_POLL_SECONDS)
        command = [*prefix, sys.executable, "-I", "-S", "-c", _START, str(_PACKAGES), str(folder)]
        try:
            process = subprocess.Popen(  # noqa: S603  (our own program)
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={"PATH": os.environ.get("PATH", os.defpath)},
                start_new_session=True,
            )
        except OSError as error:
            raise WorldError(f"{command[0]}: {error.strerror}") from error
        until = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                return process, listener.accept()[0]
        if process.poll() is None:
            process.kill()
        process.wait()
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
        raise WorldError(lines[0] if prefix and lines else "\n".join(lines) or "it does not start")


def _bind(listener: socket.socket, folder: Path) -> None:
    """Binds to `line` in a folder, whose path may be longer than an address."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(FileNotFoundError):
            listener.bind(f"/proc/self/fd/{handle}/line")
            return
        listener.bind(f"{folder}/line")  # no Linux
    finally:
        os.close(handle)


def _end(process: subprocess.Popen[bytes], line: socket.socket) -> None:
    line.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_OVERHEAD_SECONDS)
