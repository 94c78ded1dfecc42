"""`samplegen.yaml`: where a project keeps its spec, its templates and its samples."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, StrictStr

from samplegen.yamlfile import Mistakes, load

FILE = "samplegen.yaml"


@dataclass(frozen=True, kw_only=True)
class SettingsFile:
    """What `samplegen.yaml` holds. Paths are relative to its folder."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    spec: tuple[StrictStr, ...] = ()
    """Own spec folders, uppermost first."""
    templates: tuple[StrictStr, ...] = ()
    """Own template folders, uppermost first."""
    samples: StrictStr = "site/samples"
    """The folder of the committed samples."""


@dataclass(frozen=True)
class Settings:
    """The folders of a project."""

    spec: tuple[Path, ...]
    templates: tuple[Path, ...]
    samples: Path


def settings(folder: Path = Path()) -> Settings:
    """Those of the file in `folder`, or those that hold where there is none.

    Raises:
        SamplegenError: The file has mistakes.
    """
    path = folder / FILE

    def absent(file: SettingsFile) -> Mistakes:
        for key in ("spec", "templates"):
            for index, name in enumerate(getattr(file, key)):
                if not (folder / name).is_dir():
                    yield (key, index), f"{name}: no such folder; make it, or name an existing one"

    file = load(path, SettingsFile, absent) if path.is_file() else SettingsFile()
    return Settings(
        tuple(folder / name for name in file.spec),
        tuple(folder / name for name in file.templates),
        folder / file.samples,
    )
