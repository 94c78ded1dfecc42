"""What a model is loaded from: the folders that are versions, and the file of each that is a model.

As OpenVINO Model Server looks them up, with the reason for everything that is left aside.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samplegen_server.model_options import MAX_VERSION, ModelConfig, VersionPolicy
from samplegen_server.paths import absence, is_dir, is_file

MAPPING = "mapping_config.json"
"""Beside a model's file: ``{"inputs": {"tensor": "name"}, "outputs": {...}}``."""

SAVED_MODEL = "saved_model.pb"
"""In a folder that TensorFlow saved a model to; OpenVINO reads the folder."""

VARIABLES = "variables"
"""The folder beside `SAVED_MODEL` with the weights."""


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of model file that OpenVINO reads."""

    name: str
    suffixes: tuple[str, ...]
    """The model's own, then that of the file it needs beside it, if it needs one."""

    def __str__(self) -> str:
        return " with ".join(self.suffixes)


FORMATS = (
    Format("OpenVINO IR", (".xml", ".bin")),
    Format("ONNX", (".onnx",)),
    Format("PaddlePaddle", (".pdmodel", ".pdiparams")),
    Format("TensorFlow", (".pb",)),
    Format("TensorFlow Lite", (".tflite",)),
)
"""In the order in which OpenVINO Model Server looks for them."""

SUFFIXES = frozenset(suffix for one in FORMATS for suffix in one.suffixes)

EXPECTED = "expected " + ", ".join(map(str, FORMATS[:-1])) + f" or {FORMATS[-1]}"


@dataclass(frozen=True, slots=True)
class Picked:
    """Which file of a version is the model."""

    path: Path | None = None
    """The file, or the folder that OpenVINO reads as one; None when there is none."""
    format: str = ""
    left: tuple[str, ...] = ()
    """The model files that were left aside, each with the reason."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a version is loaded from; when anything here changes, it is loaded anew."""

    config: ModelConfig
    folder: Path
    """Where the model's file is, and its mapping."""
    picked: Picked
    stamp: tuple[int, ...]
    """Size and time of change (nanoseconds) of each of the model's files."""
    problem: str = ""
    """Why there is nothing to load, if so."""

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return sum(self.stamp[::2])


@dataclass(slots=True)
class Found:
    """What a model's path leads to."""

    sources: dict[int, Source] = field(default_factory=dict)
    """Every version."""
    problem: str = ""
    """Why the path leads to no versions at all, if so."""
    warning: str = ""
    """What was found and left aside."""


def find(config: ModelConfig) -> Found:
    """The versions of a model.

    A version is a folder named by a positive integer. A path straight to a model file is version 1.
    """
    path = config.base_path
    if config.problem:
        return Found(problem=config.problem)
    if is_file(path):
        return _find_file(config)
    if not is_dir(path):
        return Found(problem=f"{path} {absence(path)}{_nearest(path)}; expected {_LOOKED_FOR}")
    try:
        names = sorted(child.name for child in path.iterdir())
    except OSError as error:
        return Found(problem=f"{path} cannot be read: {error.strerror}")
    folders = [name for name in names if is_dir(path / name)]
    numbers = {name: number for name in folders if (number := _number(name)) is not None}
    taken = {name: number for name, number in numbers.items() if _is_taken(name, number, folders)}
    sources = {
        number: _find_version(config, number, name)
        for name, number in sorted(taken.items(), key=lambda item: item[1])
    }
    warnings = list(_left_aside(path, names, folders, taken))
    if not sources:
        text = f"no version in {path}: found {_listed(names)}; {_advice(path, names)}"
        warnings.insert(0, text)
    return Found(sources, warning="; ".join(warnings))


def _left_aside(
    path: Path, names: Iterable[str], folders: Sequence[str], taken: Collection[str]
) -> Iterator[str]:
    """What might be meant as a version, and is none."""
    strange = [name for name in folders if name not in taken]
    if strange and taken:
        yield (
            f"of the folders in {path}, {_listed(strange)} {_is_are(strange)} no version: "
            "the name of one is a whole number above 0, such as 1"
        )
    for name in names:
        if _number(name) is not None and name not in folders and not is_file(path / name):
            yield f"{path / name} is no version: it {absence(path / name)}"


def missing(policy: VersionPolicy, found: Found) -> str:
    """What is to be told of the versions that the policy asks for and that are not there."""
    absent = sorted(policy.specific - found.sources.keys())
    if not absent or not found.sources:
        return ""
    return (
        f"model_version_policy asks for {_listed(absent)}, which {_is_are(absent)} not there: "
        f"found {_listed(found.sources)}"
    )


_LOOKED_FOR = "a folder with a folder for each version (1, 2, …), or one model file"


def _number(name: str) -> int | None:
    """The version that OpenVINO Model Server reads a folder's name as, if it reads it as one."""
    match = re.match(r"\s*\+?(\d+)", name, re.ASCII)
    if match is None or not 0 < int(match[1]) <= MAX_VERSION:
        return None
    return int(match[1])


def _is_taken(name: str, number: int, folders: Sequence[str]) -> bool:
    """Does this folder stand for the version, rather than one that bears its very number?"""
    return name == str(number) or str(number) not in folders


def _find_version(config: ModelConfig, number: int, name: str) -> Source:
    folder = config.base_path / str(number)
    if name != str(number):
        wrong = config.base_path / name
        problem = f"looked for {folder}, found {wrong}; rename it to {number}"
        return Source(config, wrong, Picked(), (), problem)
    try:
        names = sorted(child.name for child in folder.iterdir() if not is_dir(child))
    except OSError as error:
        problem = f"{folder} cannot be read: {error.strerror}"
        return Source(config, folder, Picked(), (), problem)
    picked = pick(folder, names)
    problem = ""
    if picked.path is None:
        reasons = "".join(f"; {reason}" for reason in picked.left)
        problem = f"no model in {folder}: found {_listed(names)}; {EXPECTED}{reasons}"
    return Source(config, folder, picked, _stamp(folder, names), problem)


def _find_file(config: ModelConfig) -> Found:
    path = config.base_path
    if path.suffix not in SUFFIXES - {".bin"}:
        return Found(problem=f"{path} is no model file: {EXPECTED}")
    [wanted] = [one for one in FORMATS if path.suffix in one.suffixes]
    names = [path.stem + suffix for suffix in wanted.suffixes]
    names = [name for name in names if is_file(path.parent / name)]
    picked = pick(path.parent, names, [wanted])
    problem = ""
    if picked.path is None:
        problem = f"{path} cannot be served: {'; '.join(picked.left)}; put it there"
    stamp = _stamp(path.parent, [*names, MAPPING])
    source = Source(config, path.parent, picked, stamp, problem)
    return Found({1: source})


def pick(folder: Path, names: Sequence[str], formats: Iterable[Format] = FORMATS) -> Picked:
    """The file that is the model.

    Args:
        folder: Where the files are.
        names: Their names, sorted.
        formats: What to look for, the first first.
    """
    chosen: tuple[Format, str] | None = None
    left: list[str] = []
    for one in formats:
        candidates = [name for name in names if name.endswith(one.suffixes[0])]
        partners = [name for name in names if name.endswith(one.suffixes[-1])]
        for name in sorted(candidates, key=lambda name: _rank(name, one, partners)):
            if not partners:
                left.append(f"{name} has no {one.suffixes[1]} file beside it")
            elif chosen is None:
                chosen = one, name
            elif one is chosen[0]:
                left.append(f"{name}, since {chosen[1]} comes first")
            else:
                left.append(f"{name}, since {chosen[0].name} comes before {one.name}")
        if len(one.suffixes) > 1 and partners and not candidates:
            left += [f"{name} has no {one.suffixes[0]} file beside it" for name in partners]
    if chosen is None:
        return Picked(left=tuple(left))
    format, name = chosen
    if name == SAVED_MODEL:
        return Picked(folder, "TensorFlow SavedModel", tuple(left))
    return Picked(folder / name, format.name, tuple(left))


def _rank(name: str, format: Format, partners: Sequence[str]) -> tuple[bool, bool, str]:
    """Before others: a saved model (Keras puts other .pb files beside it), and a whole pair."""
    is_whole = Path(name).stem + format.suffixes[-1] in partners
    return name != SAVED_MODEL, not is_whole, name


def _stamp(folder: Path, names: Sequence[str]) -> tuple[int, ...]:
    files = [folder / name for name in names if name == MAPPING or Path(name).suffix in SUFFIXES]
    if SAVED_MODEL in names:
        files += sorted((folder / VARIABLES).rglob("*"))
    stamp: list[int] = []
    for file in files:
        try:
            status = file.stat()
        except OSError:  # it went while we looked
            continue
        stamp += [status.st_size, status.st_mtime_ns]
    return tuple(stamp)


def _advice(path: Path, names: Sequence[str]) -> str:
    """How to mend a folder without versions."""
    has_model = pick(path, names).path is not None
    if has_model and _number(path.name) is not None:
        return f"this is one version, give the folder above it: {path.parent}"
    inner = [name for name in names if _has_versions(path / name)]
    if inner:
        return f"this is a folder of models, give that of one, such as {path / inner[0]}"
    advice = f"put the model's files into {path / '1'}, a folder for each version"
    return f"{advice}, or give the path of the model file itself" if has_model else advice


def _has_versions(path: Path) -> bool:
    """Are there folders of versions in this one?"""
    try:
        return any(_number(child.name) and is_dir(child) for child in path.iterdir())
    except OSError:  # it is no folder, or none of ours
        return False


def _nearest(path: Path) -> str:
    """The part of a path that is there."""
    for parent in path.parents:
        if is_dir(parent):
            try:
                names = sorted(child.name for child in parent.iterdir())
            except OSError as error:
                return f" ({parent} is, and cannot be read: {error.strerror})"
            return f" ({parent} is, and holds {_listed(names)})"
    return ""


def _listed(items: Iterable[object]) -> str:
    """A few of the items, in words."""
    texts = [str(item) for item in items]
    if not texts:
        return "nothing"
    shown, rest = texts[:6], len(texts) - 6
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")


def _is_are(items: Sequence[object]) -> str:
    return "is" if len(items) == 1 else "are"
