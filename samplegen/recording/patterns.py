"""What values that differ from run to run have in common, as regular expressions."""

import re
from collections.abc import Sequence

from samplegen.spec.tensors import Scalar

_TOKENS = (
    re.compile(r"[0-9]+|[A-Za-z]+|[^0-9A-Za-z]+"),
    re.compile(r"[0-9A-Za-z]+|[^0-9A-Za-z]+"),
)
"""Ways to take a text apart, as it may be a time or an identifier."""
_SPECIAL = re.compile(r"[.^$*+?{}\[\]\\|()]")
_CLASSES = ("[0-9]+", "[A-Za-z]+", "[0-9A-Za-z]+")


def printed(value: Scalar) -> str:
    """A value as programs print it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def common(values: Sequence[Scalar]) -> str:
    """A pattern that matches all values, and others that are made like them."""
    if all(isinstance(value, bool) for value in values):
        return "true|false"
    sign = "-?" if any(printed(value).startswith("-") for value in values) else ""
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return f"{sign}[0-9]+"
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return rf"{sign}[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"
    texts = [printed(value) for value in values]
    for tokens in _TOKENS:
        if pattern := _alike([tokens.findall(text) for text in texts]):
            return pattern
    return ".+" if all(texts) else ".*"


def _alike(texts: Sequence[Sequence[str]]) -> str:
    """The pattern of texts whose parts are of the same kinds; empty: they are not.

    Digits stand for any, even if they are the same in all texts: so are those of a year.
    """
    if len({len(text) for text in texts}) != 1 or not texts[0]:
        return ""
    found = []
    for parts in zip(*texts, strict=True):
        same = len({*parts}) == 1
        if same and not any(c.isdigit() for c in parts[0]):
            found.append(_SPECIAL.sub(r"\\\g<0>", parts[0]))
            continue
        fitting = (c for c in _CLASSES if all(re.fullmatch(c, part) for part in parts))
        pattern = next(fitting, "")
        if not pattern:
            return ""
        found.append(pattern)
    return "".join(found)
