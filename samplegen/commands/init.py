"""`samplegen init`: a project of one's own."""

from pathlib import Path

import click

from samplegen.commands.options import EXISTING, force_option
from samplegen.project import write_project
from samplegen.resources import starter


@click.command("init")
@click.argument("folder", type=EXISTING, default=Path(), metavar="[DIR]")
@force_option
def command(folder: Path, force: bool) -> int:
    """Start a project of your own: an API, its templates and a docs site.

    \b
    samplegen init greeter
    cd greeter
    samplegen generate && samplegen verify && mkdocs build --strict

    What is there to begin with is a small server that greets, one operation and two clients; put
    your own in their place.
    """
    files = starter()
    write_project(files, folder, force)
    click.echo(
        f"{len(files)} files in {folder}; {folder / 'README.md'} says what to type", err=True
    )
    return 0
