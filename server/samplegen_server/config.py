"""How models are to be served: OpenVINO Model Server's options, from flags or its config file."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from samplegen_server import graph_config
from samplegen_server.config_entry import read_entry, read_graph, read_model
from samplegen_server.config_json import ENTRY, parse_json, read_tree, unknown
from samplegen_server.model_options import ConfigError, ModelConfig

UNSUPPORTED_LISTS = {
    "pipeline_config_list": "pipelines are not served",
    "custom_loader_config_list": "there are no custom loaders",
    "custom_node_library_config_list": "there are no custom nodes",
}
"""The keys of OpenVINO Model Server's config file that have to be empty here."""

MODELS = "model_config_list"
"""The key of a config file that names models."""

GRAPH_FLAGS = ("plugin_config",)
"""What may be given for a graph, too, though it has no effect."""


FLAGS = {"name": "model_name", "base_path": "model_path"}
"""The flags that are not called as the keys of a config file."""


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
            options[option] = parse_json(text, f"--{option}")
        except ConfigError as error:
            problems += error.problems
            del options[option]
    path = str(options.pop("model_path"))
    try:
        model = read_model(name, path, options, {}, _here(), _flag_of)
    except ConfigError as error:
        raise ConfigError(*problems, *error.problems) from error
    if model.graph is not None:
        problems += [
            f"--{option} is for models, and {model.base_path} holds a graph; name its models in "
            f"{model.graph.subconfig}"
            for option in flags.keys() - {"model_path", *GRAPH_FLAGS}
        ]
    problems += [model.problem] if model.problem else []
    if problems:
        raise ConfigError(*problems)
    return list(_with_subconfig({name: model}, model).values())


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise ConfigError(f"the working directory cannot be found: {error.strerror}") from error


def _flag_of(option: str) -> str:
    return f"--{FLAGS.get(option, option)}"


def read_file(path: Path) -> list[ModelConfig]:
    """The models of a config file.

    A model whose options have values that cannot be used is among them, with its problem: that is
    no reason not to serve the others.

    Raises:
        ConfigError: The file cannot be read, or is not made as a config file is.
    """
    tree = read_tree(path)
    problems = [f"{path}: {problem}" for problem in _strange_keys(tree)]
    models, wrong = _read_models(tree, path)
    problems += wrong
    for entry in graph_config.read(tree.get(graph_config.LIST, [])):
        if isinstance(entry, str):
            problems.append(f"{path}: {entry}")
            continue
        try:
            graph = _placed(read_graph(entry, _folder(path)), f"{path}: ")
        except ConfigError as error:
            problems += [f"{path}: {problem}" for problem in error.problems]
            continue
        first = models.setdefault(graph.name, graph)
        if first is not graph:
            warning = f"{path}: the name {graph.name!r} is taken, its graph is not served"
            models[graph.name] = first.warned(warning)
    if problems:
        raise ConfigError(*problems)
    for model in list(models.values()):
        try:
            models = _with_subconfig(models, model, path)
        except ConfigError as error:
            lines = [f"{line}; no models are read from there" for line in error.problems]
            models[model.name] = models[model.name].warned(*lines)
    return list(models.values())


def _folder(path: Path) -> Path:
    """Where the relative paths of a config file start."""
    return (path if path.is_absolute() else _here() / path).parent


def _read_models(tree: Mapping[str, Any], path: Path) -> tuple[dict[str, ModelConfig], list[str]]:
    """The models of a ``model_config_list`` by name, and what is wrong with it.

    Raises:
        ConfigError: There is no such list.
    """
    entries = tree.get(MODELS)
    problems: list[str] = []
    models: dict[str, ModelConfig] = {}
    if not isinstance(entries, list):
        return models, [f'{path}: no "{MODELS}", a list of {ENTRY}']
    for number, entry in enumerate(entries):
        try:
            model = _placed(read_entry(entry, _folder(path), number), f"{path}: ")
        except ConfigError as error:
            problems += [f"{path}: {problem}" for problem in error.problems]
            continue
        first = models.setdefault(model.name, model)
        if first is not model:
            warning = f"{path}: two models have this name, the first is served"
            models[model.name] = first.warned(warning)
    return models, problems


def _with_subconfig(
    models: Mapping[str, ModelConfig], model: ModelConfig, path: Path | None = None
) -> dict[str, ModelConfig]:
    """The models, and those that a graph among them brings along in a file of its own.

    Args:
        models: What is served so far, by name.
        model: The graph among them, or a model, which brings nothing.
        path: The config file that names the graph, if one does.

    Raises:
        ConfigError: That file cannot be used.
    """
    found = dict(models)
    graph = model.graph
    if graph is None or model.problem:
        return found
    if not os.path.lexists(graph.subconfig):
        if graph.is_named:
            found[model.name] = model.warned(f"subconfig: {graph.subconfig} is not there")
        return found
    if path is not None and _is_same(path, graph.subconfig):
        if graph.is_named:
            warning = f"subconfig: {path} is this very config file, which a graph cannot bring"
            found[model.name] = model.warned(warning)
        return found
    brought, warnings = _read_subconfig(graph.subconfig)
    for one in brought:
        if found.setdefault(one.name, one) != one:
            warnings.append(
                f"{graph.subconfig}: the name {one.name!r} is taken, this model is not served"
            )
    found[model.name] = model.warned(*warnings)
    return found


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _read_subconfig(path: Path) -> tuple[list[ModelConfig], list[str]]:
    """The models that a graph brings along, and what has no effect in its file.

    Raises:
        ConfigError: The file cannot be used.
    """
    tree = read_tree(path)
    warnings = [
        f'{path}: "{key}" has no effect: a subconfig names models only, in "{MODELS}"'
        for key in tree
        if key != MODELS
    ]
    models, problems = _read_models(tree, path)
    if problems:
        raise ConfigError(*problems)
    warnings += [
        f"{path}: {name} is a graph, which is not served from a subconfig: graphs cannot bring "
        "graphs along"
        for name, model in models.items()
        if model.graph is not None
    ]
    return [model for model in models.values() if model.graph is None], warnings


def _placed(model: ModelConfig, place: str) -> ModelConfig:
    """The same, with the place in front of what is said of its options."""
    problem = place + model.problem if model.problem else ""
    return replace(model, problem=problem, warnings=tuple(place + text for text in model.warnings))


def wants_metrics(path: Path) -> bool:
    """Does the config file switch the metrics on?

    Raises:
        ConfigError: The file cannot be read, or something in it cannot be used.
    """
    metrics: Any = read_tree(path)
    for key, known in (("monitoring", ("metrics",)), ("metrics", ("enable", "metrics_list"))):
        metrics = metrics.get(key, {})
        if not isinstance(metrics, dict):
            raise ConfigError(f'{path}: "{key}" is {metrics!r}, expected an object')
        for strange in metrics.keys() - set(known):
            raise ConfigError(f'{path}: {unknown(strange, known)} in "{key}"')
    if metrics.get("metrics_list"):
        raise ConfigError(
            f'{path}: "metrics_list" is not supported, the default metrics are served'
        )
    if not isinstance(metrics.get("enable", False), bool):
        raise ConfigError(f'{path}: "enable" is {metrics["enable"]!r}, expected true or false')
    return metrics.get("enable") is True


def _strange_keys(tree: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the keys of the whole file."""
    known = (MODELS, graph_config.LIST, "monitoring", *UNSUPPORTED_LISTS)
    for key, value in tree.items():
        if key not in known:
            yield unknown(key, known)
        elif key in UNSUPPORTED_LISTS and value:
            yield f'"{key}" is not supported: {UNSUPPORTED_LISTS[key]}; leave it out'
