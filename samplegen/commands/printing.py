"""What commands say on stderr."""

import contextlib
import os
from collections.abc import Iterator

import click

from samplegen.errors import Problem, SamplegenError


def error(message: str | Problem) -> None:
    """One line on stderr that says what is wrong."""
    word = "error" if "NO_COLOR" in os.environ else click.style("error", fg="red", bold=True)
    click.echo(f"{word}: {message}", err=True)
    if isinstance(message, Problem):
        annotate(message)


def annotate(problem: Problem) -> None:
    """In a GitHub workflow, marks the line in the files of a change, or the run if none is known.

    GitHub, "Workflow commands": an error, and how its properties and its message are escaped.
    """
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    properties = ""
    if problem.path is not None:
        file = os.path.relpath(problem.path, os.environ.get("GITHUB_WORKSPACE", "."))
        places = {"file": file, "line": problem.line or 1, "col": problem.column}
        properties = " " + ",".join(
            f"{name}={_escaped(str(value), '%:,')}" for name, value in places.items() if value
        )
    click.echo(f"::error{properties}::{_escaped(problem.message, '%')}", err=True)


def _escaped(text: str, special: str) -> str:
    return "".join(f"%{ord(c):02X}" if c in f"{special}\r\n" else c for c in text)


@contextlib.contextmanager
def extra(name: str) -> Iterator[None]:
    """Around the imports of what only one extra brings: other commands answer sooner without.

    Raises:
        SamplegenError: The extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        message = f"{missing.name} is not installed; type: pip install 'samplegen[{name}]'"
        raise SamplegenError(message) from missing
