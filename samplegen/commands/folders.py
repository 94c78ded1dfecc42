"""Folders of generated files: written, or compared with what should be in them."""

from collections.abc import Mapping
from pathlib import Path

import click

from samplegen.commands.printing import annotate, error
from samplegen.errors import Problem
from samplegen.files import drift, write


def write_or_check(files: Mapping[str, bytes], folder: Path, check: bool, command: str) -> int:
    """Makes `folder` hold `files`, or says whether it does; returns the exit status."""
    if check:
        return check_folder(files, folder, command)
    changed = write(files, folder)
    click.echo(f"{len(files)} files in {folder}, {len(changed)} changed", err=True)
    return 0


def check_folder(
    files: Mapping[str, bytes], folder: Path, command: str, *, whole: bool = True
) -> int:
    """Says whether `folder` holds `files`, and as a whole nothing else; returns the exit status."""
    fresh = True
    for item in drift(files, folder):
        if item.kind == "unknown" and not whole:
            continue
        fresh = False
        click.echo(f"{item.path}: {item.kind}")
        if item.diff:
            click.echo(item.diff)
        annotate(Problem(f"{item.kind}; run {command}", item.path, item.line))
    if not fresh:
        error(f"{folder} is not fresh; run {command}")
        return 1
    click.echo(f"{len(files)} files in {folder} are fresh", err=True)
    return 0
