"""Configuration as it is written: JSON, and what is not known in it."""

import difflib
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from samplegen_server.model_options import ConfigError
from samplegen_server.paths import is_dir

ENTRY = '{"config": {"name": ..., "base_path": ...}}'
"""How a config file names a model."""


class ConfigUnreadable(ConfigError):
    """The config file is not there, or cannot be read."""


def read_tree(path: Path) -> dict[str, Any]:
    """The object that a config file holds.

    Raises:
        ConfigUnreadable: It cannot be read.
        ConfigError: It holds something else.
    """
    if is_dir(path):
        raise ConfigUnreadable(f"{path}: a folder, expected a config file in JSON")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigUnreadable(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigUnreadable(f"{path}: not UTF-8: {error.reason}") from error
    tree = parse_json(text, str(path))
    if not isinstance(tree, dict):
        raise ConfigError(f'{path}: no JSON object, expected {{"model_config_list": [{ENTRY}]}}')
    return tree


def parse_json(text: str, option: str) -> Any:
    """What JSON says; messages name `option`.

    Raises:
        ConfigError: It is none, or an object in it has a key twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except ValueError as error:
        raise ConfigError(f"{option}: not valid JSON: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{option}: not valid JSON: nested too deeply") from error


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a key that stands there twice would hide one of its values."""
    tree: dict[str, Any] = {}
    for key, value in pairs:
        if key in tree:
            raise ValueError(f"the key {key!r} stands there twice")
        tree[key] = value
    return tree


def unknown(key: str, known: Collection[str]) -> str:
    """What there is to tell of a key that is none of those known."""
    near = difflib.get_close_matches(key, known, 1)
    advice = f"did you mean {near[0]!r}?" if near else f"expected {', '.join(known)}"
    return f'"{key}" is not supported, {advice}'
