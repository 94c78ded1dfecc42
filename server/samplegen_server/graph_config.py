"""Where MediaPipe graphs are: OpenVINO Model Server's options for them, and its default names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samplegen_server.paths import is_file

LIST = "mediapipe_config_list"
"""The key of a config file that names graphs."""

OPTIONS = ("graph_path", "subconfig")
"""What an entry may have beside its name and ``base_path``."""

FILE = "graph.pbtxt"
SUBCONFIG = "subconfig.json"
OTHER_SUBCONFIG = "config.json"
"""Looked for when that is not there."""

KEYS = ("name", "base_path", *OPTIONS)


@dataclass(frozen=True, slots=True)
class GraphConfig:
    """A graph to serve."""

    file: Path
    subconfig: Path
    """A config file for the models that it asks; it need not be there."""
    is_named: bool = False
    """Is the subconfig one that the configuration names?"""


def read(entries: Any) -> Iterator[Mapping[str, str] | str]:
    """The entries of a ``mediapipe_config_list``, or what is wrong with them."""
    if not isinstance(entries, list):
        yield f'"{LIST}" is {entries!r}, expected a list'
        return
    for number, entry in enumerate(entries):
        place = f"{LIST}[{number}]"
        problems = list(_problems(entry))
        if problems:
            yield from (f"{place}: {problem}" for problem in problems)
        else:
            yield entry


def config(base: Path, options: Mapping[str, str]) -> GraphConfig:
    """The files of a graph; paths are relative to `base`."""
    file = base / options.get("graph_path", FILE)
    if "subconfig" in options:
        return GraphConfig(file, base / options["subconfig"], is_named=True)
    subconfig, other = base / SUBCONFIG, base / OTHER_SUBCONFIG
    return GraphConfig(file, other if not is_file(subconfig) and is_file(other) else subconfig)


def find(base: Path, options: Mapping[str, str]) -> GraphConfig | None:
    """The graph that an entry among the models names, or its folder holds, if either does."""
    if "graph_path" in options:
        return config(base, options)
    for folder in (base, base / "1"):
        if is_file(folder / FILE):
            return config(folder, options)
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
