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
    """Create a project for your own API, with templates and a docs site.

    \b
    samplegen init greeter
    cd greeter
    samplegen generate && samplegen verify && mkdocs build --strict

    It starts with a small example server, one operation and two clients; replace them with your
    own.
    """
    files = starter()
    write_project(files, folder, force)
    click.echo(
        f"{len(files)} files in {folder}; {folder / 'README.md'} shows the next commands", err=True
    )
    return 0
