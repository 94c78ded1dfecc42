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
