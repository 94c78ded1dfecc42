"""Folders of generated files: written atomically, and compared with what they should hold."""

import difflib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from samplegen.errors import SamplegenError
from samplegen.resources import shown

INDEX = "samples.json"
"""Lists the samples beside it; marks a folder as written by samplegen."""


@dataclass(frozen=True)
class IndexedSample:
    """`samples.json` of a samples folder: a sample in it."""

    operation: str
    """Its name."""
    client: str
    """`<language>/<client>`."""
    path: str
    """Below the folder."""
    sha256: str
    """Of the file."""


@dataclass(frozen=True)
class Drift:
    """A difference between the samples kept in a folder and those the templates make."""

    path: Path
    kind: str
    """`missing`, `stale` or `unknown`."""
    diff: str = ""
    line: int | None = None
    """The first that differs, from 1."""


def drift(files: dict[str, bytes], folder: Path) -> Iterator[Drift]:
    """Compares `folder` with what it should hold."""
    for relative, content in files.items():
        path = folder / relative
        try:
            kept = path.read_bytes()
        except OSError:
            yield Drift(shown(path), "missing")
            continue
        if kept != content:
            diff = _diff(kept, content, shown(path))
            yield Drift(shown(path), "stale", diff, _first_difference(kept, content))
    for path in _unknown(files, folder):
        yield Drift(shown(path), "unknown")


def write(files: dict[str, bytes], folder: Path) -> list[Path]:
    """Makes `folder` hold exactly `files`, each replaced atomically; returns what changed.

    Raises:
        SamplegenError: The folder cannot be written, or holds files that are not samplegen's.
    """
    paths = {folder / relative: content for relative, content in files.items()}
    unknown = _unknown(files, folder)
    if unknown and not (folder / INDEX).is_file():
        raise SamplegenError(
            f"{shown(folder)} holds files that samplegen did not write, such as {unknown[0].name}; "
            "name an empty or a new folder"
        )
    changed = [path for path, content in paths.items() if not _holds(path, content)]
    for path in changed:
        write_file(path, paths[path])
    for path in unknown:
        try:
            path.unlink()
        except OSError as error:
            message = f"{shown(path)}: cannot be removed: {error.strerror}"
            raise SamplegenError(message) from error
    return [*changed, *unknown]


def write_file(path: Path, content: bytes) -> None:
    """Writes a file so that a reader sees the old bytes or the new ones, never a part.

    Raises:
        SamplegenError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SamplegenError(f"{shown(path)}: cannot be written: {error.strerror}") from error


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _unknown(files: dict[str, bytes], folder: Path) -> list[Path]:
    """The files of `folder` that no sample accounts for."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).as_posix() not in files
    )


def _first_difference(old: bytes, new: bytes) -> int:
    """The line, from 1."""
    pairs = zip_longest(old.splitlines(), new.splitlines())
    return next((number for number, (a, b) in enumerate(pairs, 1) if a != b), 1)


def _diff(old: bytes, new: bytes, path: Path) -> str:
    """A unified diff from what is kept to what the templates make."""
    try:
        before, after = old.decode().splitlines(), new.decode().splitlines()
    except UnicodeDecodeError:
        return "binary files differ"
    lines = difflib.unified_diff(before, after, f"{path} (kept)", f"{path} (rendered)", lineterm="")
    return "\n".join(lines)
