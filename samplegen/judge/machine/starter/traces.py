"""What a program has changed on the disk."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samplegen.judge.machine.starter.messages import Leftover

_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "link",
    stat.S_IFSOCK: "socket",
    stat.S_IFIFO: "pipe",
}
_COMPARED = 16 * 2**20
"""Bytes of the largest file whose content is compared; of larger ones, size and times are."""
_OF_RUNTIMES = ("hsperfdata_",)
"""Empty folders that virtual machines leave behind, whatever the program does."""

_State = tuple[object, ...]
_Listing = Mapping[str, _State]
"""What lies at each path; the first item is its kind."""


@dataclass(frozen=True)
class Look:
    """What lay in the folders at some time."""

    own: _Listing
    shared: _Listing


@dataclass(frozen=True)
class Folders:
    """Folders that a program could write to."""

    own: Sequence[str]
    """Nobody else writes there."""
    passed: Sequence[str] = ()
    """What is not looked into."""
    fixed: Sequence[str] = ()
    """Nobody should write there: sizes and times are compared."""
    shared: Sequence[str] = ()
    """Others write there, too."""

    def look(self) -> Look:
        """What lies there now."""
        passed = frozenset(self.passed)
        own = {e.path: _state(e, _COMPARED) for f in self.own for e in _below(f, passed)}
        fixed = {e.path: _state(e, -1) for f in self.fixed for e in _below(f, passed)}
        shared = {e.path: (_kind(e),) for f in self.shared for e in _entries(f) if _is_mine(e)}
        return Look(own | fixed, shared)


def left(before: Look, after: Look) -> Iterator[Leftover]:
    """What is new, changed or removed; in shared folders, what is new and of the same user."""
    yield from _differences(before.own, after.own)
    new = {path: state for path, state in after.shared.items() if path not in before.shared}
    yield from _differences({}, new, uncertain=True)


def _differences(
    before: _Listing, after: _Listing, *, uncertain: bool = False
) -> Iterator[Leftover]:
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old == new or _of_runtime(path, after):
            continue
        change: Literal["new", "changed", "removed"] = "changed"
        if old is None or new is None:
            change = "new" if old is None else "removed"
        kind = (new or old or ("file",))[0]
        yield Leftover(str(kind), path, change, uncertain)


def _below(folder: str, passed: frozenset[str]) -> Iterator["os.DirEntry[str]"]:
    for entry in _entries(folder):
        if entry.path not in passed:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path, passed)


def _entries(folder: str) -> Iterator["os.DirEntry[str]"]:
    """What lies in a folder; nothing if it is gone or may not be read."""
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        return


def _is_mine(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_uid == os.getuid()
    except OSError:  # it is gone
        return False


def _kind(entry: "os.DirEntry[str]") -> str:
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except OSError:  # it is gone
        return "file"
    return _KINDS.get(stat.S_IFMT(mode), "device")


def _state(entry: "os.DirEntry[str]", compared: int) -> _State:
    """What would differ if somebody changed it; content up to `compared` bytes."""
    kind = _kind(entry)
    try:
        status = entry.stat(follow_symlinks=False)
        common = (kind, status.st_mode, status.st_uid, status.st_gid)
        if kind == "link":
            return (*common, str(Path(entry.path).readlink()))
        if kind != "file":
            return common
        if status.st_size <= compared:
            return (*common, Path(entry.path).read_bytes())
    except OSError as error:  # it is gone, or may not be read
        return (kind, error.errno)
    return (*common, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _of_runtime(path: str, after: _Listing) -> bool:
    """Whether it is the empty folder of a virtual machine."""
    return Path(path).name.startswith(_OF_RUNTIMES) and not any(
        other.startswith(f"{path}/") for other in after
    )
