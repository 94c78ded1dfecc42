"""Folders of the cache: each is there as a whole or not at all, whoever else makes it."""

import contextlib
import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_KEPT_SECONDS = 30 * 24 * 60 * 60
"""How long a folder stays that is not used."""
_KINDS = ("prepared", "built", "meaning", "faults", "locales")
"""The folders of the cache whose content is ours; tools have others beside them."""


def found(path: Path) -> bool:
    """Whether a folder was made; if so, it counts as used now."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    except OSError as error:  # a cache that is only read still serves
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        return path.is_dir()
    return True


def make(path: Path, fill: Callable[[Path], None]) -> None:
    """Makes a folder beside its place and moves it there, so that it is there as a whole or not.

    Args:
        path: Its place.
        fill: Makes what is in it, unless it is there by then.
    """
    with beside(path) as place:
        # Named as programs see it: an archive of Java's classes holds `../prepared/…`.
        folder = place / path.parent.name
        folder.mkdir()
        if not found(path):
            fill(folder)
            keep(folder, path)


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A folder, for the block, on the disk of another one that is to be made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as name:
        yield Path(name)


def keep(folder: Path, path: Path) -> None:
    """Moves a folder to its place."""
    try:
        folder.rename(path)
    except OSError:
        if not path.is_dir():  # else another run has just made the same
            raise


def tidy(cache: Path) -> None:
    """Removes what has not been used for long; renamed first, so that nobody finds a part of it."""
    for path in (path for kind in _KINDS for path in cache.glob(f"{kind}/*")):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                aside = Path(tempfile.mkdtemp(dir=path.parent, prefix="."))
                path.rename(aside / path.name)
                shutil.rmtree(aside, ignore_errors=True)
