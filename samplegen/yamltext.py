"""Values as YAML on one line, as a person would write them."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][\w./@+-]*( [\w./@+-]+)*", re.ASCII)
_LOOSE = re.compile(r"[A-Za-z_/]([ -~]*[!-9;-~])?", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""What readers of YAML 1.1 or 1.2 take for something else than text."""
_CONTROL = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON leaves as it is, and YAML does not."""


def flow(value: Any) -> str:
    """A value of JSON on one line, so that it may stand anywhere in a file."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if plain else _quoted(value)
    if isinstance(value, Mapping):
        pairs = (f"{flow(key)}: {flow(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    return json.dumps(value)


def block(value: Any) -> str:
    """The same for the value of a key in a block, where a text needs fewer quotes."""
    if isinstance(value, str) and _LOOSE.fullmatch(value) and value.lower() not in _WORDS:
        return value if ": " not in value and " #" not in value else flow(value)
    return flow(value)


def _quoted(text: str) -> str:
    if "\\" in text and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    written = json.dumps(text, ensure_ascii=False)
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


def comment(text: str, most: int = 100) -> str:
    """A text as it may stand behind `#`: on one line, and not too long."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    line = "".join(c for c in line if c.isprintable())
    return line if len(line) <= most else f"{line[: most - 1].rpartition(' ')[0]}…"
