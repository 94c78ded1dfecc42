"""One entry of a config file: a model, or the graph that is in its place."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from samplegen_server import graph_config
from samplegen_server.config_json import ENTRY, unknown
from samplegen_server.graph_config import GraphConfig
from samplegen_server.model_options import (
    READERS,
    ConfigError,
    ModelConfig,
    model_config,
    path_problems,
)

UNSUPPORTED_OPTIONS = {
    "custom_loader_options": "there are no custom loaders",
    **dict.fromkeys(
        ("mean", "scale", "color_format", "precision"), "put preprocessing into the model"
    ),
    **dict.fromkeys(
        (
            "stateful",
            "idle_sequence_cleanup",
            "low_latency_transformation",
            "max_sequence_number",
        ),
        "there are no stateful models",
    ),
    "version": "see model_version_policy",
}
"""The options of a model that OpenVINO Model Server has and this server lacks."""

KEYS = ("name", "base_path", *READERS, *graph_config.OPTIONS)
"""Those of a model."""


def read_entry(entry: Any, folder: Path, number: int) -> ModelConfig:
    """One of ``model_config_list``.

    Raises:
        ConfigError: It is not made as an entry is.
    """
    place = f"model_config_list[{number}]"
    if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict):
        raise ConfigError(f'{place} is no {{"config": {{...}}}}, expected {ENTRY}')
    options = dict(entry["config"])
    name, path = options.pop("name", None), options.pop("base_path", None)
    files = {key: options.pop(key) for key in graph_config.OPTIONS if key in options}
    problems = [f"{place}: {unknown(key, ('config',))}" for key in entry if key != "config"]
    if not isinstance(name, str) or not name:
        problems.append(f'{place}: a model has no "name"')
    else:
        place = name
    problems += [
        f'{place}: "{key}" is {value!r}, expected a text'
        for key, value in files.items()
        if not isinstance(value, str)
    ]
    if not isinstance(path, str) or not path:
        problems.append(f'{place}: no "base_path", the folder of its versions or its file')
    for key in options.keys() - READERS.keys():
        if key in UNSUPPORTED_OPTIONS:
            problems.append(f'{place}: "{key}" is not supported: {UNSUPPORTED_OPTIONS[key]}')
        else:
            problems.append(f"{place}: {unknown(key, KEYS)}")
        del options[key]
    try:
        model = read_model(str(name), str(path), options, {} if problems else files, folder, str)
    except ConfigError as error:
        problems += [f"{place}: {problem}" for problem in error.problems]
    if problems:
        raise ConfigError(*problems)
    return model


def read_graph(entry: Mapping[str, str], folder: Path) -> ModelConfig:
    """One of ``mediapipe_config_list``."""
    name = entry["name"]
    path = entry.get("base_path") or name
    bare = model_config(name, path, {}, folder, str)
    return _as_graph(bare, graph_config.config(bare.base_path, entry), entry)


def read_model(
    name: str,
    path: str,
    options: Mapping[str, Any],
    files: Mapping[str, str],
    folder: Path,
    title: Callable[[str], str],
) -> ModelConfig:
    """A model, or the graph that is in its place.

    Args:
        name: Its name.
        path: Its folder or file, as it was written.
        options: The keys of `READERS`, with their values.
        files: Those of `graph_config.OPTIONS`.
        folder: What a relative path starts from.
        title: What messages call an option.

    Raises:
        ConfigError: Values are of the wrong kind.
    """
    model = model_config(name, path, options, folder, title)
    graph = graph_config.find(model.base_path, files)
    if graph is None:
        if "subconfig" not in files:
            return model
        return model.warned(
            f"subconfig has no effect: there is no graph_path, and no {graph_config.FILE} in "
            f"{model.base_path}",
        )
    # Of the path alone: a graph takes no options, so that none of them can be wrong.
    bare = model_config(name, path, {}, folder, title)
    idle = [f"{title(option)} has no effect on a graph" for option in options]
    return _as_graph(bare, graph, files).warned(*idle)


def _as_graph(bare: ModelConfig, graph: GraphConfig, files: Mapping[str, str]) -> ModelConfig:
    """The graph, with what is wrong with its paths."""
    problems = [bare.problem] if bare.problem else []
    for key in graph_config.OPTIONS:
        if files.get(key):
            problems += [f"{key}: {problem}" for problem in path_problems(files[key])]
    return replace(bare, graph=graph, problem="; ".join(problems))
