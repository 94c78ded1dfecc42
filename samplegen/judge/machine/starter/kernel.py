"""Calls of the Linux kernel that Python has not, or has from 3.12 on only."""

import ctypes
import os
import struct
import sys
from typing import NoReturn

NEW_MOUNTS = 0x00020000
NEW_IPC = 0x08000000
NEW_USER = 0x10000000
NEW_PIDS = 0x20000000
NEW_NETWORK = 0x40000000

READ_ONLY = 0x1
NO_SUID = 0x2
NO_DEVICES = 0x4
_REMOUNT = 0x20
_BIND = 0x1000
_RECURSIVE = 0x4000
_PRIVATE = 0x40000

_MOUNT_SETATTR = 442
"""The number of the call, the same on all processors but Alpha."""
_AT_FDCWD, _AT_RECURSIVE, _ATTR_READ_ONLY = -100, 0x8000, 0x1

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITIES = 64
_CAPABILITY_VERSION = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def is_linux() -> bool:
    """Whether the calls of this module exist."""
    return sys.platform == "linux"


def unshare(flags: int) -> None:
    """Leaves the namespaces that the process shares with others.

    Raises:
        OSError: The kernel does not allow it.
    """
    _check(_libc.unshare(flags), "unshare")


def make_mounts_private() -> None:
    """No mount from now on is seen outside of this namespace."""
    _mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None)


def make_read_only(path: str) -> None:
    """Makes all that is mounted at and below the path read-only.

    Raises:
        OSError: The kernel is older than 5.12, or does not allow it.
    """
    attributes = struct.pack("QQQQ", _ATTR_READ_ONLY, 0, 0, 0)
    call(_MOUNT_SETATTR, _AT_FDCWD, path, _AT_RECURSIVE, attributes, len(attributes))


def call(number: int, *arguments: int | str | bytes | None) -> int:
    """A system call that the C library has no function for.

    Raises:
        OSError: It fails.
    """
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    words = [os.fsencode(word) if isinstance(word, str) else word for word in words]
    result: int = _libc.syscall(ctypes.c_long(number), *words)
    if result < 0:
        _fail(f"system call {number}")
    return result


def mount(kind: str, path: str, options: str = "", flags: int = 0) -> None:
    """Mounts a new file system, `tmpfs` or `proc`."""
    _mount(kind.encode(), os.fsencode(path), kind.encode(), flags, options.encode())


def bind(source: str, path: str) -> None:
    """Shows a file or folder, and what is mounted below, at another path, too."""
    _mount(os.fsencode(source), os.fsencode(path), None, _BIND | _RECURSIVE, None)


def die_with_parent(signal: int) -> None:
    """Gets the signal when the parent ends."""
    _prctl(_PR_SET_PDEATHSIG, signal)


def adopt_orphans() -> None:
    """Becomes the parent of every descendant whose own parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def drop_bounding_set() -> None:
    """No program that is started gets what root may more than others."""
    for capability in range(_CAPABILITIES):
        if _set(_PR_CAPBSET_DROP, capability):
            break  # the kernel has no more


def drop_capabilities() -> None:
    """Gives up what root may more than others."""
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    _check(_libc.capset(header, bytes(24)), "capset")


def forbid_new_privileges() -> None:
    """No program that is started gets more than this one may, `sudo` included."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def hide() -> None:
    """Nobody without more rights reads the memory or environment of this process."""
    _prctl(_PR_SET_DUMPABLE, 0)


def rename(name: str) -> None:
    """Replaces the name and the command line of this process in `/proc`."""
    comm = ctypes.create_string_buffer(name.encode())
    _prctl(_PR_SET_NAME, ctypes.addressof(comm))
    with open("/proc/self/stat", encoding="utf-8", errors="replace") as stream:  # noqa: PTH123
        fields = stream.read().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])  # arg_start, arg_end of proc(5)
    text = name.encode()[: end - start - 1]
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, text, len(text))


def _prctl(option: int, value: int) -> None:
    _check(_set(option, value), f"prctl {option}")


def _set(option: int, value: int) -> int:
    """Calls `prctl`, whose arguments are as wide as an address."""
    rest = (ctypes.c_ulong(value), *(ctypes.c_ulong(0) for _ in range(3)))
    result: int = _libc.prctl(ctypes.c_int(option), *rest)
    return result


def _mount(
    source: bytes, path: bytes, kind: bytes | None, flags: int, options: bytes | None
) -> None:
    result = _libc.mount(source, path, kind, ctypes.c_ulong(flags), options)
    _check(result, f"mount {os.fsdecode(path)}")


def _check(result: int, what: str) -> None:
    if result:
        _fail(what)


def _fail(what: str) -> NoReturn:
    number = ctypes.get_errno()
    raise OSError(number, f"{what}: {os.strerror(number)}")
