"""What a program sees of the disk: all of it read-only, but for folders of its own."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from samplegen.judge.machine.starter import kernel
from samplegen.judge.machine.starter.messages import Order

_SHARED_MEMORY = "/dev/shm"  # noqa: S108
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108
PRIVATE = (*_TEMPORARY, _SHARED_MEMORY)
"""Folders that every program may write to; each world has its own."""
RUN, HOME = "run", "home"
"""The folders in a world's root that the program may write to."""

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
_SETTINGS = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs")
"""Settings of the whole machine, which root may change."""
_LARGEST_PID = "/proc/sys/kernel/pid_max"
_OWN_PIDS_SINCE = (6, 14)
"""The version of Linux since which a namespace has a largest process number of its own."""
_RESERVED_PIDS = 300
"""The kernel keeps so many for itself when it starts from the lowest again."""


def build(order: Order) -> tuple[str, ...]:
    """Mounts the world of an order; this process must be the first of its namespaces.

    Returns:
        The folders that the program may write to.

    Raises:
        OSError: The kernel does not allow it, or is too old.
    """
    kernel.make_mounts_private()
    hidden = _hidden()
    kept = _Kept(order, [path for path in order.kept if _lies_in(path, hidden)])
    devices = {name: _handle(f"/dev/{name}") for name in _DEVICES if Path("/dev", name).exists()}
    kernel.make_read_only("/")
    size = f"size={order.limits.disk},nr_inodes=65536"
    for folder in hidden:
        kernel.mount("tmpfs", folder, f"mode=1777,{size}", kernel.NO_SUID)
    kernel.mount("tmpfs", "/dev", "mode=0755,size=64k")
    for name, handle in devices.items():
        _show(handle, f"/dev/{name}")
    for name, target in _DEVICE_LINKS.items():
        Path("/dev", name).symlink_to(target)
    Path(_SHARED_MEMORY).mkdir()
    kernel.make_read_only("/dev")  # its devices can still be written to
    kernel.mount("tmpfs", _SHARED_MEMORY, f"mode=1777,{size}", kernel.NO_SUID)
    kept.show()
    _names(order.hosts)
    _processes(order.limits.tasks)
    return (*hidden, _SHARED_MEMORY, order.root)


def shared_memory() -> list[str]:
    """The folder of POSIX's semaphores and shared memory; none if there is none."""
    return [_SHARED_MEMORY] if Path(_SHARED_MEMORY).is_dir() else []


def _hidden() -> list[str]:
    """The private folders that there are, apart from that which is made with `/dev`."""
    real = dict.fromkeys(os.path.realpath(folder) for folder in _TEMPORARY)
    return [folder for folder in real if Path(folder).is_dir()]


def _lies_in(path: str, folders: Iterable[str]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in (*folders, _SHARED_MEMORY))


class _Kept:
    """What is shown again when the folders that it lies in are hidden."""

    def __init__(self, order: Order, paths: Sequence[str]) -> None:
        self._order = order
        self._root = _handle(order.root)
        shown = {f"{order.root}/{name}": source for name, source in order.shown.items()}
        self._shown = {path: _handle(source) for path, source in shown.items()}
        self._kept = {path: _handle(path) for path in paths}

    def show(self) -> None:
        for path, handle in self._kept.items():
            _show(handle, path)
        order = self._order
        size = f"size={order.limits.disk},nr_inodes=65536"
        Path(order.root).mkdir(parents=True, exist_ok=True)
        kernel.mount("tmpfs", order.root, f"mode=0755,{size}", kernel.NO_SUID)
        os.chown(order.root, order.uid, order.gid)
        for name in (RUN, HOME):
            folder = f"{order.root}/{name}"
            Path(folder).mkdir()
            _copy(self._root, name, folder, order)
            os.chown(folder, order.uid, order.gid)
        for path, handle in self._shown.items():
            _show(handle, path)


def _handle(path: str) -> int:
    """Holds on to a file or folder that will be hidden."""
    return os.open(path, os.O_PATH)


def _show(handle: int, path: str) -> None:
    """Shows, at the path, what the handle holds."""
    source = f"/proc/self/fd/{handle}"
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if Path(source).is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    kernel.bind(source, path)


def _copy(root: int, name: str, folder: str, order: Order) -> None:
    """Copies the files that the judge has put into a folder."""
    source = f"/proc/self/fd/{root}/{name}"
    for entry in os.scandir(source):
        copied = Path(folder, entry.name)
        copied.write_bytes(Path(entry.path).read_bytes())
        copied.chmod(entry.stat().st_mode & 0o7777)
        os.chown(copied, order.uid, order.gid)


def _names(hosts: Sequence[str]) -> None:
    """Names that programs look up: this machine's are loopback, and nobody else is asked."""
    own = os.uname().nodename
    text = (
        f"127.0.0.1 localhost {' '.join(hosts)}\n::1 localhost {' '.join(hosts)}\n127.0.1.1 {own}\n"
    )
    for path, content in (("/etc/hosts", text), ("/etc/resolv.conf", "nameserver 127.0.0.1\n")):
        if not Path(path).exists():
            continue
        made = Path(_SHARED_MEMORY, Path(path).name)
        made.write_text(content, encoding="utf-8")
        handle = _handle(str(made))
        kernel.bind(f"/proc/self/fd/{handle}", os.path.realpath(path))
        kernel.make_read_only(os.path.realpath(path))
        os.close(handle)
        made.unlink()


def _processes(tasks: int) -> None:
    """Shows the processes of this namespace only, and limits their number."""
    kernel.mount("proc", "/proc", flags=kernel.NO_SUID | kernel.NO_DEVICES)
    if _version() >= _OWN_PIDS_SINCE:
        Path(_LARGEST_PID).write_text(str(_RESERVED_PIDS + tasks), encoding="ascii")
    for path in _SETTINGS:
        if Path(path).exists():
            kernel.bind(path, path)
            kernel.make_read_only(path)


def _version() -> tuple[int, ...]:
    """The version of Linux; 0 if it cannot be read."""
    numbers = os.uname().release.split("-")[0].split(".")[:2]
    return tuple(int(number) if number.isdecimal() else 0 for number in numbers)
