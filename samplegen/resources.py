"""Where spec and templates are: the packaged ones, and the reader's own laid over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samplegen.errors import UsageError

_PACKAGE = Path(__file__).parent
_WHEEL_DATA = _PACKAGE / "data"
PACKAGED = _WHEEL_DATA if _WHEEL_DATA.is_dir() else _PACKAGE.parent
"""The folder that holds `spec` and `templates`: inside an installed wheel, else the repository."""


@dataclass(frozen=True)
class Layers:
    """Folders laid over one another; the first that has a file wins."""

    folders: tuple[Path, ...]

    def find(self, relative: str) -> Path | None:
        """The file or folder of this name in the uppermost layer that has it."""
        return next((f / relative for f in self.folders if _exists(f / relative)), None)

    def glob(self, pattern: str) -> dict[str, Path]:
        """Relative POSIX path to the file in the uppermost layer that has it, sorted by name."""
        found = {
            path.relative_to(folder).as_posix(): path
            for folder in reversed(self.folders)
            for path in folder.glob(pattern)
        }
        return dict(sorted(found.items()))


def spec_layers(own: Sequence[Path] = ()) -> Layers:
    """The spec folders to read.

    A folder with an `api.yaml` describes an API of its own; the packaged one is not laid below it.
    """
    _check_folders(own)
    if any((folder / "api.yaml").is_file() for folder in own):
        return Layers(tuple(own))
    return Layers((*own, PACKAGED / "spec"))


def template_layers(own: Sequence[Path] = ()) -> Layers:
    """The template folders to read, the packaged ones lowest."""
    _check_folders(own)
    return Layers((*own, PACKAGED / "templates"))


def errors_file() -> Path:
    """The packaged list of errors."""
    return PACKAGED / "errors.yaml" if PACKAGED == _WHEEL_DATA else PACKAGED / "site/errors.yaml"


def starter() -> dict[str, bytes]:
    """The files of a new project, by path."""
    folder = _PACKAGE / "starter"
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in files
        if path.parent.name != "__pycache__"
    }


def _check_folders(folders: Sequence[Path]) -> None:
    missing = [folder for folder in folders if not (_exists(folder) and folder.is_dir())]
    if missing:
        raise UsageError(*(f"{folder}: no such folder; name an existing one" for folder in missing))


def _exists(path: Path) -> bool:
    """Whether there is such a file or folder; there is none where a name is too long."""
    try:
        return path.exists()
    except OSError:
        return False


def shown(path: Path) -> Path:
    """`path` as a reader would type it: relative to the current folder if it lies below it."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except (ValueError, OSError, RuntimeError):  # a loop of links is a RuntimeError
        return path
