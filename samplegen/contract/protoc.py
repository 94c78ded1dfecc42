"""Compiles protos and their imports to descriptors: grpcio-tools' protoc, else the system's."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from samplegen.errors import Problem, SamplegenError, nearest
from samplegen.resources import shown

INSTALL = "pip install 'samplegen[contract]'"
_SECONDS = 60
_REPORTED = re.compile(r"(?P<file>[^:\n]+):((?P<line>\d+):(?P<column>\d+):)? (?P<message>.*?)\.?")
_ABSENT = re.compile(r"(?P<file>[^:\n]+): File not found\.")
_IMPORTED = re.compile(r"^\s*import\s+(?:public\s+|weak\s+)?\"([^\"]+)\"\s*;", re.MULTILINE)
_EVERYWHERE = "google/protobuf/"
"""Protos that each compiler brings."""
_IMPORT = re.compile(r"Import \"(?P<file>.+)\" was not found or had errors")


def descriptors(folders: tuple[Path, ...], files: tuple[str, ...]) -> bytes:
    """The serialized `FileDescriptorSet` of protos and all that they import, with comments.

    Args:
        folders: Where protos are looked for, one after the other. Those of `google/protobuf` are
            found besides; so are those of `google/api` if googleapis-common-protos is installed.
        files: Below one of the folders.

    Raises:
        SamplegenError: There is no compiler, or it finds mistakes; with each of them.
    """
    protos = (path.stat() for folder in folders for path in sorted(folder.rglob("*.proto")))
    stamp = tuple((found.st_ino, found.st_mtime_ns, found.st_size) for found in protos)
    return _compiled(folders, files, stamp)


@lru_cache(maxsize=16)
def _compiled(folders: tuple[Path, ...], files: tuple[str, ...], stamp: object) -> bytes:
    """The same, as long as no proto changes; `stamp` tells when one does."""
    command = _compiler()
    with tempfile.TemporaryDirectory() as name:
        output = Path(name) / "descriptors"
        command += [f"-I{folder.absolute()}" for folder in (*folders, *_bundled())]
        command += ["--include_imports", "--include_source_info", f"--descriptor_set_out={output}"]
        try:
            ended = subprocess.run(  # noqa: S603  (a compiler that reads the folders named)
                [*command, *files], capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise SamplegenError(
                f"{', '.join(files)}: protoc was not done after {_SECONDS} s"
            ) from error
        if ended.returncode != 0:
            raise SamplegenError(*_problems(ended.stderr or ended.stdout, folders, files))
        return output.read_bytes()


def _compiler() -> list[str]:
    if find_spec("grpc_tools") is not None:
        return [sys.executable, "-m", "grpc_tools.protoc"]
    if (found := shutil.which("protoc")) is not None:
        return [found]
    raise SamplegenError(f"protoc is missing, which reads protos; type: {INSTALL}")


def imported(files: Iterable[Path]) -> dict[str, Path]:
    """The protos of googleapis-common-protos that others import: name in imports to file."""
    found: dict[str, Path] = {}
    pending = [*files]
    for file in pending:  # which grows on the way
        for name in _IMPORTED.findall(file.read_text(encoding="utf-8", errors="replace")):
            path = next((p for f in _bundled() if (p := f / name).is_file()), None)
            if path is not None and name not in found and not name.startswith(_EVERYWHERE):
                found[name] = path
                pending.append(path)
    return found


def _bundled() -> list[Path]:
    """The folder of the protos that googleapis-common-protos brings."""
    spec = find_spec("google.api") if find_spec("google") else None
    places = spec.submodule_search_locations if spec else None
    return [Path(place).parents[1] for place in places or ()]


def _problems(text: str, folders: Sequence[Path], files: Sequence[str]) -> list[Problem]:
    """What protoc found, each mistake once: an import that has mistakes is none by itself."""
    absent = {match["file"] for match in _ABSENT.finditer(text)}
    problems: dict[Problem, None] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _REPORTED.fullmatch(line)
        if match is None:
            problems[Problem(line, _path(files[0], folders))] = None
            continue
        message, numbers = match["message"], [match[key] for key in ("line", "column")]
        if imported := _IMPORT.match(message):
            if imported["file"] not in absent:
                continue
            message = _no_import(imported["file"], folders)
        elif _ABSENT.fullmatch(line):
            continue
        place = (int(number) if number else None for number in numbers)
        problems[Problem(message, _path(match["file"], folders), *place)] = None
    return [*problems] or [Problem("protoc failed, and gave no reason", _path(files[0], folders))]


def _no_import(file: str, folders: Sequence[Path]) -> str:
    searched = [(folder, "**/*.proto") for folder in folders]
    searched += [(folder, "google/*/*.proto") for folder in _bundled()]
    known = {str(path.relative_to(at)) for at, names in searched for path in at.glob(names)}
    hint = nearest(file, known)
    near = f"; {hint}" if hint.startswith("did") else ""
    return f"found no {file!r}{near}; add it, or name the folder that has it in 'include'"


def _path(file: str, folders: Sequence[Path]) -> Path:
    found = next((folder / file for folder in folders if (folder / file).is_file()), Path(file))
    return shown(found)
