"""The lines at the top of a program that name what it uses, in the order that formatters want.

Each kind of source text is a row of `ORDERS`; its name is that of the kind of literal.
"""

import sys
from collections.abc import Callable
from functools import lru_cache
from itertools import groupby
from typing import Any

from samplegen.render.literals.code import Code

Order = Callable[[str], tuple[Any, ...]]
"""Of a line: its group, then what sorts it in there."""


def _python(line: str) -> tuple[Any, ...]:
    """As isort: the standard library first; in each group, whole modules first.

    A statement that prepares the import of other packages stands before these.
    """
    keyword, module, *_ = line.split()
    if keyword not in ("import", "from"):
        return 1, line
    group = 0 if module.partition(".")[0] in sys.stdlib_module_names else 2
    return group, keyword == "from", module


def _go(line: str) -> tuple[Any, ...]:
    """By custom: the standard library, whose first folder has no dot, then the others."""
    return "." in line.partition("/")[0], line


def _java(line: str) -> tuple[Any, ...]:
    """As google-java-format: static ones first."""
    return not line.startswith("import static "), line.rstrip(";")


def _alphabetic(line: str) -> tuple[Any, ...]:
    return 0, line


ORDERS: dict[str, Order] = {"python": _python, "go": _go, "java": _java}


@lru_cache(maxsize=1024)
def ordered(kind: str, text: str) -> Code:
    """The lines, each once, in order, with an empty line between groups.

    Args:
        kind: A row of `ORDERS`; those of any other kind are in alphabetic order.
        text: The lines, in any order; empty ones do not count.
    """
    order = ORDERS.get(kind, _alphabetic)
    lines = sorted({line for line in text.splitlines() if line.strip()}, key=order)
    groups = groupby(lines, key=lambda line: order(line)[0])
    return Code("\n\n".join("\n".join(group) for _, group in groups) + "\n")
