"""Folders of generated files: written atomically, and compared with what they should hold."""

import json
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from textwrap import indent

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


class Contents(Mapping[str, bytes]):
    """Files by their path below a folder, their contents on disk: memory holds only where they are.

    The disk space has no name, so nothing is left of it when the process ends.
    """

    def __init__(self) -> None:
        self._stream = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  it lives as long as this
        weakref.finalize(self, self._stream.close)
        self._places: dict[str, tuple[int, int]] = {}
        self._end = 0

    def add(self, path: str, pieces: Iterable[bytes]) -> None:
        """Adds a file, or puts another content in its place.

        Raises:
            SamplegenError: There is no space left.
        """
        start = self._end
        try:
            for piece in pieces:
                while piece:
                    written = os.pwrite(self._stream.fileno(), piece, self._end)
                    self._end += written
                    piece = piece[written:]
        except OSError as error:
            message = f"{tempfile.gettempdir()}: cannot be written: {error.strerror}"
            raise SamplegenError(message) from error
        self._places[path] = start, self._end - start

    def __getitem__(self, path: str) -> bytes:
        start, size = self._places[path]
        return os.pread(self._stream.fileno(), size, start)

    def __contains__(self, path: object) -> bool:
        return path in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def drift(files: Mapping[str, bytes], folder: Path) -> Iterator[Drift]:
    """Compares `folder` with what it should hold."""
    for relative in files:
        path = folder / relative
        try:
            kept = path.read_bytes()
        except OSError:
            yield Drift(shown(path), "missing")
            continue
        if kept != (content := files[relative]):
            diff = _diff(kept, content, shown(path))
            yield Drift(shown(path), "stale", diff, _first_difference(kept, content))
    for relative in _unknown(files, folder):
        yield Drift(shown(folder / relative), "unknown")


def index(entries: Iterable[IndexedSample]) -> Iterator[bytes]:
    """The index of samples, as JSON, an entry at a time."""
    before = "["
    for entry in entries:
        text = indent(json.dumps(asdict(entry), indent=1), " ")
        yield f"{before}\n{text}".encode()
        before = ","
    yield b"[]\n" if before == "[" else b"\n]\n"


def add(files: Mapping[str, bytes], entries: Sequence[IndexedSample], folder: Path) -> list[str]:
    """Makes `folder` hold `files` besides what it holds, each replaced atomically.

    Args:
        files: Path below the folder to content, without the index.
        entries: What the index has of the samples among them.
        folder: Made if it is not there.

    Returns:
        The paths below it of what changed.

    Raises:
        SamplegenError: It cannot be written, or holds files that are not samplegen's.
    """
    _check_own(_unknown(files, folder), folder)
    new = {entry.path: entry for entry in entries}
    known = {entry.path: entry for entry in _indexed(folder / INDEX)}
    made = {**files, INDEX: b"".join(index((known | new).values()))}
    changed = [path for path in made if not _holds(folder / path, made[path])]
    for path in changed:
        write_file(folder / path, made[path])
    return changed


def _indexed(path: Path) -> list[IndexedSample]:
    """What an index has; nothing if it is not there."""
    try:
        return [IndexedSample(**entry) for entry in json.loads(path.read_bytes())]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        message = f"cannot be read as an index: {error}; `samplegen generate` makes a new one"
        raise SamplegenError(f"{shown(path)}: {message}") from error


def _check_own(unknown: Sequence[str], folder: Path) -> None:
    if unknown and not (folder / INDEX).is_file():
        raise SamplegenError(
            f"{shown(folder)} holds files that samplegen did not write, such as "
            f"{Path(unknown[0]).name}; name an empty or a new folder"
        )


def write(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """Makes `folder` hold exactly `files`, each replaced atomically.

    Returns:
        The paths below it of what changed.

    Raises:
        SamplegenError: The folder cannot be written, or holds files that are not samplegen's.
    """
    unknown = _unknown(files, folder)
    _check_own(unknown, folder)
    changed = []
    for relative in files:
        content = files[relative]
        if not _holds(folder / relative, content):
            write_file(folder / relative, content)
            changed.append(relative)
    for relative in unknown:
        try:
            (folder / relative).unlink()
        except OSError as error:
            message = f"{shown(folder / relative)}: cannot be removed: {error.strerror}"
            raise SamplegenError(message) from error
    return [*changed, *unknown]


def write_file(path: Path, content: bytes) -> None:
    """Writes a file so that a reader sees the old bytes or the new ones, never a part.

    Raises:
        SamplegenError: It cannot be written.
    """
    try:
        try:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        except FileNotFoundError:
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
        with path.open("rb", buffering=0) as stream:
            return os.fstat(stream.fileno()).st_size == len(content) and stream.read() == content
    except OSError:
        return False


def _unknown(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """The paths below `folder` of its files that no sample accounts for, sorted."""
    unknown = []
    for parent, _, names in os.walk(folder):
        below = Path(parent).relative_to(folder).as_posix()
        prefix = "" if below == "." else f"{below}/"
        unknown += [
            relative
            for name in names
            if (relative := prefix + name) not in files and (folder / relative).is_file()
        ]
    return sorted(unknown)


def _first_difference(old: bytes, new: bytes) -> int:
    """The line, from 1."""
    pairs = zip_longest(old.splitlines(), new.splitlines())
    return next((number for number, (a, b) in enumerate(pairs, 1) if a != b), 1)


def _diff(old: bytes, new: bytes, path: Path) -> str:
    """A unified diff from what is kept to what the templates make."""
    import difflib  # most runs find no difference

    try:
        before, after = old.decode().splitlines(), new.decode().splitlines()
    except UnicodeDecodeError:
        return "binary files differ"
    lines = difflib.unified_diff(before, after, f"{path} (kept)", f"{path} (rendered)", lineterm="")
    return "\n".join(lines)
