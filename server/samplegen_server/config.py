"""How models are to be served: OpenVINO Model Server's options, from flags or its config file."""

import difflib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from samplegen_server import graph_config
from samplegen_server.model_options import READERS, ConfigError, ModelConfig, model_config


class ConfigUnreadable(ConfigError):
    """The config file is not there, or cannot be read."""


UNSUPPORTED_LISTS = {
    "pipeline_config_list": "pipelines are not served",
    "custom_loader_config_list": "there are no custom loaders",
    "custom_node_library_config_list": "there are no custom nodes",
}
"""The keys of OpenVINO Model Server's config file that have to be empty here."""

UNSUPPORTED_OPTIONS = {
    "custom_loader_options": "there are no custom loaders",
}
"""The same, for the options of a model."""

ENTRY = '{"config": {"name": ..., "base_path": ...}}'


def read_flags(name: str, flags: Mapping[str, Any]) -> list[ModelConfig]:
    """The one model that command line flags describe.

    Args:
        name: Its name.
        flags: Flags that were given, by their names; structured ones as JSON text.

    Raises:
        ConfigError: Flags' values cannot be used.
    """
    options: dict[str, Any] = dict(flags)
    problems: list[str] = []
    for option in ("model_version_policy", "plugin_config", "shape", "layout"):
        text = options.get(option)
        if text is None or (option in ("shape", "layout") and not text.lstrip().startswith("{")):
            continue
        try:
            options[option] = _parse_json(text, f"--{option}")
        except ConfigError as error:
            problems += error.problems
            del options[option]
    path = str(options.pop("model_path"))
    try:
        model = model_config(name, path, options, Path.cwd(), _flag_of)
    except ConfigError as error:
        problems += error.problems
    else:
        problems += [model.problem] if model.problem else []
    if problems:
        raise ConfigError(*problems)
    return _with_graphs([model])


def _flag_of(option: str) -> str:
    return "--model_path" if option == "base_path" else f"--{option}"


def read_file(path: Path) -> list[ModelConfig]:
    """The models of a config file.

    A model whose options have values that cannot be used is among them, with its problem: that is
    no reason not to serve the others.

    Raises:
        ConfigError: The file cannot be read, or is not made as a config file is.
    """
    tree = _read_tree(path)
    problems = [f"{path}: {problem}" for problem in _strange_keys(tree)]
    entries = tree.get("model_config_list")
    if not isinstance(entries, list):
        raise ConfigError(*problems, f'{path}: no "model_config_list", a list of {ENTRY}')
    models: dict[str, ModelConfig] = {}
    for number, entry in enumerate(entries):
        try:
            model = _placed(_entry(entry, path.absolute().parent, number), f"{path}: ")
        except ConfigError as error:
            problems += [f"{path}: {problem}" for problem in error.problems]
            continue
        first = models.setdefault(model.name, model)
        if first is not model:
            warning = f"{path}: two models have this name, the first is served"
            models[model.name] = replace(first, warnings=(*first.warnings, warning))
    for found in graph_config.read(tree.get(graph_config.LIST, []), path.absolute().parent):
        if isinstance(found, str):
            problems.append(f"{path}: {found}")
        elif found.name in models:
            warning = f"{path}: the name {found.name!r} is taken, its graph is not served"
            first = models[found.name]
            models[found.name] = replace(first, warnings=(*first.warnings, warning))
        else:
            models[found.name] = ModelConfig(found.name, found.base_path, graph=found.graph)
    if problems:
        raise ConfigError(*problems)
    return _with_graphs(models.values())


def _with_graphs(models: Iterable[ModelConfig]) -> list[ModelConfig]:
    """Models, where a folder holds a graph the graph, and the models that graphs bring along."""
    found: dict[str, ModelConfig] = {}
    brought: list[ModelConfig] = []
    for model in models:
        graph = model.graph or graph_config.in_folder(model.base_path)
        found[model.name] = model if graph is None else replace(model, graph=graph)
        if graph is not None and graph.subconfig.is_file():
            brought += read_file(graph.subconfig)
    for model in brought:
        found.setdefault(model.name, model)
    return list(found.values())


def _placed(model: ModelConfig, place: str) -> ModelConfig:
    """The same, with the place in front of what is said of its options."""
    problem = place + model.problem if model.problem else ""
    return replace(model, problem=problem, warnings=tuple(place + text for text in model.warnings))


def wants_metrics(path: Path) -> bool:
    """Does the config file switch the metrics on?

    Raises:
        ConfigError: The file cannot be read, or something in it cannot be used.
    """
    metrics: Any = _read_tree(path)
    for key, known in (("monitoring", ("metrics",)), ("metrics", ("enable", "metrics_list"))):
        metrics = metrics.get(key, {})
        if not isinstance(metrics, dict):
            raise ConfigError(f'{path}: "{key}" is {metrics!r}, expected an object')
        for strange in metrics.keys() - set(known):
            raise ConfigError(f'{path}: {_unknown(strange, known)} in "{key}"')
    if metrics.get("metrics_list"):
        raise ConfigError(
            f'{path}: "metrics_list" is not supported, the default metrics are served'
        )
    if not isinstance(metrics.get("enable", False), bool):
        raise ConfigError(f'{path}: "enable" is {metrics["enable"]!r}, expected true or false')
    return metrics.get("enable") is True


def _read_tree(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise ConfigUnreadable(f"{path}: a folder, expected a config file in JSON")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigUnreadable(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigUnreadable(f"{path}: not UTF-8: {error.reason}") from error
    tree = _parse_json(text, str(path))
    if not isinstance(tree, dict):
        raise ConfigError(f'{path}: no JSON object, expected {{"model_config_list": [{ENTRY}]}}')
    return tree


def _parse_json(text: str, option: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except ValueError as error:
        raise ConfigError(f"{option}: not valid JSON: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{option}: not valid JSON: nested too deeply") from error


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a key that stands there twice would hide one of its values."""
    tree = dict(pairs)
    for key in tree:
        if [name for name, _ in pairs].count(key) > 1:
            raise ValueError(f"the key {key!r} stands there twice")
    return tree


def _strange_keys(tree: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the keys of the whole file."""
    known = ("model_config_list", graph_config.LIST, "monitoring", *UNSUPPORTED_LISTS)
    for key, value in tree.items():
        if key not in known:
            yield _unknown(key, known)
        elif key in UNSUPPORTED_LISTS and value:
            yield f'"{key}" is not supported: {UNSUPPORTED_LISTS[key]}; leave it out'


def _unknown(key: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(key, known, 1)
    advice = f"did you mean {near[0]!r}?" if near else f"expected {', '.join(known)}"
    return f'"{key}" is not supported, {advice}'


def _entry(entry: Any, folder: Path, number: int) -> ModelConfig:
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
    problems = [f"{place}: {_unknown(key, ('config',))}" for key in entry if key != "config"]
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
            problems.append(f"{place}: {_unknown(key, ('name', 'base_path', *READERS))}")
        del options[key]
    try:
        model = model_config(str(name), str(path), options, folder, str)
    except ConfigError as error:
        problems += [f"{place}: {problem}" for problem in error.problems]
    if problems:
        raise ConfigError(*problems)
    if "graph_path" in files:
        return replace(model, graph=graph_config.config(model.base_path, files))
    return model
