"""How models are to be served: OpenVINO Model Server's options, from flags or its config file."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from samplegen_server.tensors import Dimension


class ConfigError(ValueError):
    """An option's value cannot be used; the text names the option."""


class ConfigUnreadable(ConfigError):
    """The config file is not there, or cannot be read."""


T = TypeVar("T")

MAX_NIREQ = 100_000

ANY_INPUT = ""
"""The key of a shape or layout that was given without a tensor's name."""

Shape = tuple[Dimension, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """``TARGET:SOURCE``: what clients send, and what the model was made for."""

    tensor: str
    model: str


@dataclass(frozen=True, slots=True)
class VersionPolicy:
    """Which of the versions in a model's folder are served."""

    latest: int = 1
    """How many of the newest; 0 means all."""
    specific: frozenset[int] = frozenset()
    """These and no other, when there are any."""

    def choose(self, versions: set[int]) -> set[int]:
        if self.specific:
            return versions & self.specific
        return set(sorted(versions)[-self.latest :]) if self.latest else versions


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model to serve."""

    name: str
    base_path: Path
    """A folder with a folder for each version, or one model file, which is version 1."""
    batch_size: Dimension | None = None
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    """New shapes by input name."""
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    """New layouts by input or output name."""
    version_policy: VersionPolicy = VersionPolicy()
    nireq: int = 0
    """Inferences that may run side by side; 0 leaves it to OpenVINO."""
    target_device: str = "CPU"
    plugin_config: Mapping[str, str] = field(default_factory=dict)


def parse_dimension(text: str, option: str) -> Dimension:
    """``8``, ``-1`` for any size, or ``1:8``."""
    _refuse_auto(text, option)
    match = re.fullmatch(r"\s*(?:(-1)|(\d{1,9})(?:\s*:\s*(\d{1,9}))?)\s*", text)
    if match is None:
        raise ConfigError(f"{option}: {text!r} is no size, expected 8, -1 or 1:8")
    if match[1]:
        return Dimension(0, -1)
    low, high = int(match[2]), int(match[3] or match[2])
    if low > high or high == 0:
        raise ConfigError(f"{option}: {text!r} is no size, expected 8, -1 or 1:8")
    return Dimension(low, high)


def _refuse_auto(text: str, option: str) -> None:
    """OpenVINO Model Server loads a model anew for each new size then, and so for each client."""
    if text.strip() == "auto":
        raise ConfigError(f"{option}: auto is not supported, -1 takes any size")


def parse_shape(text: str, option: str) -> Shape:
    """``(1,3,224,224)``; a size may be ``-1`` or ``1:8``."""
    _refuse_auto(text, option)
    match = re.fullmatch(r"\s*[(\[](.*)[)\]]\s*", text)
    if match is None:
        raise ConfigError(f"{option}: {text!r} is no shape, expected such as (1,3,224,224)")
    return tuple(parse_dimension(part, option) for part in match[1].split(","))


def parse_layout(text: str, option: str) -> Layout:
    """``NHWC`` or ``NHWC:NCHW``."""
    tensor, _, model = text.strip().partition(":")
    for layout in (tensor, model or tensor):
        if re.fullmatch(r"[A-Z?]*(?:\.\.\.)?[A-Z?]*", layout) is None or not layout:
            raise ConfigError(f"{option}: {text!r} is no layout, expected NHWC or NHWC:NCHW")
    return Layout(tensor, model or tensor)


def read_folder(folder: Path) -> list[ModelConfig]:
    """Every model below `folder`, under the name of its own folder."""
    return [ModelConfig(path.name, path) for path in sorted(folder.iterdir()) if path.is_dir()]


def read_flags(name: str, flags: Mapping[str, Any]) -> list[ModelConfig]:
    """The one model that command line flags describe.

    Args:
        name: Its name.
        flags: Flags that were given, by their names; structured ones as JSON text.

    Raises:
        ConfigError: A flag's value cannot be used.
    """
    options: dict[str, Any] = dict(flags)
    for option in ("model_version_policy", "plugin_config"):
        if option in options:
            options[option] = _parse_json(options[option], option)
    for option in ("shape", "layout"):
        if options.get(option, "").lstrip().startswith("{"):
            options[option] = _parse_json(options[option], option)
    return [_model({"name": name, "base_path": options.pop("model_path"), **options}, Path())]


def read_file(path: Path) -> list[ModelConfig]:
    """The models of a config file.

    Raises:
        ConfigError: The file cannot be read, or something in it cannot be used.
    """
    tree = _read_tree(path)
    for key, value in tree.items():
        if key not in ("model_config_list", "monitoring") and value:
            raise ConfigError(f'{path}: "{key}" is not supported')
    if not isinstance(tree.get("model_config_list"), list):
        raise ConfigError(f'{path}: no "model_config_list", a list of models')
    try:
        models = [_entry(entry, path.parent) for entry in tree["model_config_list"]]
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    names = [model.name for model in models]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{path}: two models have the name {name!r}")
    return models


def wants_metrics(path: Path) -> bool:
    """Does the config file switch the metrics on?

    Raises:
        ConfigError: The file cannot be read, or something in it cannot be used.
    """
    metrics = _read_tree(path)
    for key in ("monitoring", "metrics"):
        metrics = metrics.get(key, {})
        if not isinstance(metrics, dict):
            raise ConfigError(f'{path}: "{key}" is no object')
    if metrics.get("metrics_list"):
        raise ConfigError(
            f'{path}: "metrics_list" is not supported, the default metrics are served'
        )
    return metrics.get("enable") is True


def _read_tree(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigUnreadable(f"{path}: {error}") from error
    tree = _parse_json(text, str(path))
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: no JSON object")
    return tree


def _parse_json(text: str, option: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{option}: not valid JSON: {error}") from error


def _entry(entry: Any, folder: Path) -> ModelConfig:
    if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict):
        raise ConfigError('an entry of "model_config_list" is no {"config": {...}}')
    return _model(entry["config"], folder)


def _model(options: Mapping[str, Any], folder: Path) -> ModelConfig:
    """One model from its options, as the config file has them."""
    name, base_path = options.get("name"), options.get("base_path")
    if not isinstance(name, str) or not name:
        raise ConfigError('a model has no "name"')
    if not isinstance(base_path, str | Path):
        raise ConfigError(f'{name}: no "base_path"')
    values: dict[str, Any] = {"name": name, "base_path": folder / base_path}
    for option, value in options.items():
        if option in ("name", "base_path"):
            continue
        reader = READERS.get(option)
        if reader is None:
            raise ConfigError(f"{name}: {option} is not supported")
        field_name, read = reader
        try:
            values[field_name] = read(value, f"{name}: {option}")
        except (AttributeError, KeyError, TypeError) as error:
            raise ConfigError(f"{name}: {option}: {value!r} cannot be used") from error
    return ModelConfig(**values)


def _batch_size(value: Any, option: str) -> Dimension | None:
    return None if value in (0, "0") else parse_dimension(str(value), option)


def _named(parse: Callable[[str, str], T]) -> Callable[[Any, str], dict[str, T]]:
    """A reader of one value, or of an object of values by tensor name."""

    def read(value: Any, option: str) -> dict[str, T]:
        named = value if isinstance(value, dict) else {ANY_INPUT: value}
        return {name: parse(text, option) for name, text in named.items()}

    return read


def _version_policy(value: Any, option: str) -> VersionPolicy:
    """``{"latest": {"num_versions": 2}}``, ``{"all": {}}``, ``{"specific": {"versions": [1]}}``."""
    [(kind, details)] = value.items() if len(value) == 1 else [("", {})]
    match kind:
        case "all":
            return VersionPolicy(latest=0)
        case "latest" if details.get("num_versions", 1) >= 1:
            return VersionPolicy(latest=details.get("num_versions", 1))
        case "specific" if details.get("versions"):
            return VersionPolicy(specific=frozenset(map(int, details["versions"])))
    raise ConfigError(f'{option}: expected one of "latest", "all" and "specific"')


def _nireq(value: Any, option: str) -> int:
    text = str(value)
    if not text.isdecimal() or int(text) > MAX_NIREQ:
        raise ConfigError(f"{option}: {value!r} is no number of 0 to {MAX_NIREQ}")
    return int(text)


def _text(value: Any, option: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{option}: {value!r} is no text")
    return value


def _plugin_config(value: Any, option: str) -> dict[str, str]:
    return {key: _plugin_value(setting) for key, setting in value.items()}


def _plugin_value(setting: Any) -> str:
    """A setting as OpenVINO reads it from text."""
    return ("YES" if setting else "NO") if isinstance(setting, bool) else str(setting)


READERS: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "batch_size": ("batch_size", _batch_size),
    "shape": ("shapes", _named(parse_shape)),
    "layout": ("layouts", _named(parse_layout)),
    "model_version_policy": ("version_policy", _version_policy),
    "nireq": ("nireq", _nireq),
    "target_device": ("target_device", _text),
    "plugin_config": ("plugin_config", _plugin_config),
}
"""Option to the field of `ModelConfig` it fills, and its reader."""
