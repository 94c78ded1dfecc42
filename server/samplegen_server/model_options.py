"""The options of one model: OpenVINO Model Server's, each with its reader."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from samplegen_server.graph_config import GraphConfig
from samplegen_server.tensors import Dimension


class ConfigError(ValueError):
    """The configuration cannot be used.

    Args:
        problems: What is wrong, a line each; it names the file and the option.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class OptionError(ConfigError):
    """One option of a model has a value that cannot be used; its kind is right."""


T = TypeVar("T")

MAX_NIREQ = 100_000

MAX_VERSION = 2**63 - 1
"""The largest number that a version may have."""

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
    problem: str = ""
    """Why its options do not allow it to be served, if so."""
    warnings: tuple[str, ...] = ()
    """What in its options has no effect."""
    graph: GraphConfig | None = None
    """The MediaPipe graph that is served instead of a model."""

    def warned(self, *warnings: str) -> "ModelConfig":
        """The same, with more that has no effect."""
        return replace(self, warnings=(*self.warnings, *warnings))


CLOUD = ("s3://", "gs://", "az://", "azfs://", "azure://")
"""How the paths of cloud storages begin."""


def parse_dimension(text: str, option: str) -> Dimension:
    """``8``, ``-1`` for any size, or ``1:8``."""
    _refuse_auto(text, option)
    match = re.fullmatch(r"\s*(?:(-1)|(\d{1,9})(?:\s*:\s*(\d{1,9}))?)\s*", text)
    if match is None:
        raise OptionError(f"{option}: {text!r} is no size, expected 8, -1 or 1:8")
    if match[1]:
        return Dimension(0, -1)
    low, high = int(match[2]), int(match[3] or match[2])
    if low > high or high == 0:
        raise OptionError(f"{option}: {text!r} is no size, expected 8, -1 or 1:8")
    return Dimension(low, high)


def _refuse_auto(text: str, option: str) -> None:
    """OpenVINO Model Server loads a model anew for each new size then, and so for each client."""
    if text.strip() == "auto":
        raise OptionError(f"{option}: auto is not supported, -1 takes any size")


def parse_shape(text: str, option: str) -> Shape:
    """``(1,3,224,224)``; a size may be ``-1`` or ``1:8``."""
    _refuse_auto(text, option)
    match = re.fullmatch(r"\s*\((.*)\)\s*", text)
    if match is None:
        raise OptionError(f"{option}: {text!r} is no shape, expected such as (1,3,224,224)")
    return tuple(parse_dimension(part, option) for part in match[1].split(","))


def parse_layout(text: str, option: str) -> Layout:
    """``NHWC`` or ``NHWC:NCHW``, in either case and with spaces, as the server it follows does."""
    tensor, _, model = re.sub(r"\s", "", text).upper().partition(":")
    for layout in (tensor, model or tensor):
        letters = re.sub(r"[.?]", "", layout)
        if (
            re.fullmatch(r"[NCHWD?]*(?:\.\.\.)?[NCHWD?]*", layout) is None
            or not layout
            or len(set(letters)) < len(letters)
        ):
            raise OptionError(
                f"{option}: {text!r} is no layout, expected such as NHWC or NHWC:NCHW, "
                "of the letters N, C, H, W and D, each once, ? and ..."
            )
    return Layout(tensor, model or tensor)


def model_config(
    name: str,
    path: str,
    options: Mapping[str, Any],
    folder: Path,
    title: Callable[[str], str],
) -> ModelConfig:
    """One model from its options, as the config file has them.

    Args:
        name: Its name.
        path: Its folder or file, as it was written.
        options: The keys of `READERS`, with their values.
        folder: What a relative path starts from.
        title: What messages call an option.

    Raises:
        ConfigError: Values are of the wrong kind.
    """
    values: dict[str, Any] = {}
    wrong: list[str] = []
    unusable: list[str] = []
    for option, value in options.items():
        field_name, read = READERS[option]
        try:
            values[field_name] = read(value, title(option))
        except OptionError as error:
            unusable += error.problems
        except ConfigError as error:
            wrong += error.problems
    if not is_text(name):
        wrong.append(f"{title('name')}: {name!r} is no text that a client could send")
    if wrong:
        raise ConfigError(*wrong, *unusable)
    unusable += [f"{title('base_path')}: {problem}" for problem in path_problems(path)]
    warnings = []
    if values.get("shapes") and values.pop("batch_size", None) is not None:
        warnings.append(f"{title('batch_size')} has no effect, since there is a shape")
    if values.pop("allow_cache", False):
        warnings.append(f"{title('allow_cache')} has no effect: models are compiled at every start")
    problem, texts = "; ".join(unusable), tuple(warnings)
    return ModelConfig(name, folder / path, **values, problem=problem, warnings=texts)


def is_text(text: str) -> bool:
    """Can it be sent? Half of a character, or a byte that is none, cannot."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def path_problems(path: str) -> Iterator[str]:
    """Why a path, as it was written, is not looked at."""
    if not path:
        yield "no path, expected a folder of versions or a model file"
    if path.startswith(CLOUD):
        yield f"{path} is in a cloud storage, which is not supported; mount it, or copy the model"
    elif ".." in Path(path).parts:
        yield (
            f"{path} has '..' in it, which OpenVINO Model Server forbids; "
            "write the path from the root"
        )


def _batch_size(value: Any, option: str) -> Dimension | None:
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise ConfigError(f"{option}: {value!r} is no size, expected 8, -1 or 1:8")
    return None if value in (0, "0") else parse_dimension(str(value), option)


def _named(parse: Callable[[str, str], T]) -> Callable[[Any, str], dict[str, T]]:
    """A reader of one value, or of an object of values by tensor name."""

    def read(value: Any, option: str) -> dict[str, T]:
        named = value if isinstance(value, dict) else {ANY_INPUT: value}
        for text in named.values():
            if not isinstance(text, str):
                raise ConfigError(
                    f"{option}: {value!r} cannot be used, expected a text, or an object of texts "
                    "by tensor name"
                )
        return {name: parse(text, option) for name, text in named.items()}

    return read


def _version_policy(value: Any, option: str) -> VersionPolicy:
    """``{"latest": {"num_versions": 2}}``, ``{"all": {}}``, ``{"specific": {"versions": [1]}}``."""
    match value:
        case {"all": {**details}, **others} if not details and not others:
            return VersionPolicy(latest=0)
        case {"latest": {"num_versions": int(count), **details}, **others} if (
            _is_number(count) and not details and not others
        ):
            return VersionPolicy(latest=count)
        case {"specific": {"versions": [_, *_] as versions, **details}, **others} if (
            all(map(_is_number, versions)) and not details and not others
        ):
            return VersionPolicy(specific=frozenset(versions))
    raise ConfigError(
        f"{option}: {value!r} cannot be used, expected one of "
        '{"latest": {"num_versions": 2}}, {"all": {}} and {"specific": {"versions": [1, 3]}}'
    )


def _is_number(value: Any) -> bool:
    """Is it a whole number above 0?"""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _nireq(value: Any, option: str) -> int:
    text = str(value)
    wrong = f"{option}: {value!r} is no number of 0 to {MAX_NIREQ}"
    match = re.fullmatch(r"0*([0-9]+)", text)
    if match is None:
        raise ConfigError(wrong)
    if len(match[1]) > len(str(MAX_NIREQ)) or int(match[1]) > MAX_NIREQ:
        raise OptionError(wrong)
    return int(match[1])


def _text(value: Any, option: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{option}: {value!r} is no text")
    return value


def _flag(value: Any, option: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{option}: {value!r} is neither true nor false")
    return value


def _plugin_config(value: Any, option: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ConfigError(
            f'{option}: {value!r} cannot be used, expected such as {{"NUM_STREAMS": "2"}}'
        )
    for key, setting in value.items():
        if not isinstance(setting, str | bool | int | float):
            raise ConfigError(
                f"{option}: {key} is {setting!r}, expected a text, a number, true or false"
            )
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
    "allow_cache": ("allow_cache", _flag),
}
"""Option to the field of `ModelConfig` it fills, and its reader."""
