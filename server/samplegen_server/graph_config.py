"""Where MediaPipe graphs are: OpenVINO Model Server's options for them, and its default names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIST = "mediapipe_config_list"
"""The key of a config file that names graphs."""

OPTIONS = ("graph_path", "subconfig")
"""What an entry may have beside its name and ``base_path``."""

FILE = "graph.pbtxt"
SUBCONFIG = "subconfig.json"

KEYS = ("name", "base_path", *OPTIONS)


@dataclass(frozen=True, slots=True)
class GraphConfig:
    """A graph to serve."""

    file: Path
    subconfig: Path
    """A config file for the models that it asks; it need not be there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One of ``mediapipe_config_list``."""

    name: str
    base_path: Path
    graph: GraphConfig


def read(entries: Any, folder: Path) -> Iterator[Entry | str]:
    """What a ``mediapipe_config_list`` names, or what is wrong with it.

    Args:
        entries: The list.
        folder: That of the config file, from which relative paths start.
    """
    if not isinstance(entries, list):
        yield f'"{LIST}" is {entries!r}, expected a list'
        return
    for number, entry in enumerate(entries):
        place = f"{LIST}[{number}]"
        problems = list(_problems(entry))
        if problems:
            yield from (f"{place}: {problem}" for problem in problems)
        else:
            base = folder / (entry.get("base_path") or entry["name"])
            yield Entry(entry["name"], base, config(base, entry))


def config(base: Path, options: Mapping[str, str]) -> GraphConfig:
    """The files of a graph; paths are relative to `base`."""
    return GraphConfig(
        base / options.get("graph_path", FILE), base / options.get("subconfig", SUBCONFIG)
    )


def in_folder(base: Path) -> GraphConfig | None:
    """The graph that a folder holds instead of models, if it does."""
    for folder in (base, base / "1"):
        if (folder / FILE).is_file():
            return config(folder, {})
    return None


def _problems(entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield f'{entry!r} is no graph, expected {{"name": ..., "base_path": ...}}'
        return
    if not entry.get("name"):
        yield 'a graph has no "name"'
    for key, value in entry.items():
        if key not in KEYS:
            yield f'"{key}" is not supported, expected {", ".join(KEYS)}'
        elif not isinstance(value, str):
            yield f'"{key}" is {value!r}, expected a text'
