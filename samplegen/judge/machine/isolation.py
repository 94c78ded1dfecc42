"""How far judged programs are kept apart on this machine, and what would do it better."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samplegen.judge.machine.starter import kernel
from samplegen.judge.machine.starter.messages import Mode
from samplegen.judge.machine.worlds import Starter, WorldError

Level = Literal["namespaces", "sudo", "process"]

_SUDO = ("sudo", "-n")
_SETTINGS = (
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
    ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
)
"""Settings, their values that forbid user namespaces, and what allows them."""
_OF_CONTAINERS = ("/.dockerenv", "/run/.containerenv")


@dataclass(frozen=True)
class Isolation:
    """How far programs are kept apart."""

    level: Level
    """`namespaces`; `sudo`, the same with its help; `process`, without a network of their own."""
    reasons: tuple[str, ...] = ()
    """Why each better level is not to be had."""
    remedy: str = ""
    """What would bring a better one."""


@contextlib.contextmanager
def opened(level: Level | None = None) -> Iterator[tuple[Starter, Isolation]]:
    """A starter of the best worlds that are to be had, or of a level; ended with the block.

    Raises:
        WorldError: None of them can be made.
    """
    starter, isolation = _best(level)
    try:
        yield starter, isolation
    finally:
        starter.close()


def available() -> Isolation:
    """How far programs are kept apart here.

    Raises:
        WorldError: None can be run at all.
    """
    with opened() as (_, isolation):
        return isolation


def _best(wanted: Level | None) -> tuple[Starter, Isolation]:
    reasons: list[str] = []
    for level, mode in _ways():
        if wanted not in (None, level):
            continue
        try:
            starter = _tried(mode, _SUDO if level == "sudo" else ())
        except WorldError as error:
            reasons.append(f"{level}: {error}")
        else:
            return starter, _described(level, reasons)
    raise WorldError(*reasons)


def _described(level: Level, reasons: list[str]) -> Isolation:
    if level == "namespaces":  # whichever way they were made
        return Isolation(level)
    return Isolation(level, tuple(reasons), _remedy())


def _ways() -> Iterator[tuple[Level, Mode]]:
    """From the best to the one that is always there."""
    if kernel.is_linux():
        if os.geteuid() == 0:
            yield "namespaces", "root"
        yield "namespaces", "user"
        yield "sudo", "root"
    yield "process", "process"


def _tried(mode: Mode, prefix: tuple[str, ...]) -> Starter:
    """A starter that has made a world.

    Raises:
        WorldError: It cannot.
    """
    starter = Starter(mode, prefix)
    try:
        with starter.world(ports=()):
            return starter
    except BaseException:
        starter.close()
        raise


def _remedy() -> str:
    """What would bring a better level."""
    if not kernel.is_linux():
        return "judge on Linux, in a virtual machine or a container"
    for path, value, setting in _SETTINGS:
        with contextlib.suppress(OSError):
            if Path(path).read_text(encoding="ascii").strip() == value:
                return f"type: sudo sysctl -w {setting}"
    if any(Path(path).exists() for path in _OF_CONTAINERS):
        return "start the container with --privileged"
    if os.geteuid() == 0:
        return "judge outside of the chroot or container that forbids it"
    return "let sudo run without a password, or judge as root"
