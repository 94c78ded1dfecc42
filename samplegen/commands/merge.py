"""`samplegen merge`: the verdicts of shards, joined."""

from pathlib import Path

import click

from samplegen.catalogue import Catalogue
from samplegen.commands.options import (
    EXISTING,
    VERDICTS,
    catalogue_options,
    client_option,
    complete,
    json_option,
    junit_option,
    require_option,
    verbose_option,
)
from samplegen.commands.printing import extra
from samplegen.errors import UsageError
from samplegen.selection import matching_clients, selected_cells


@click.command("merge")
@click.argument("files", nargs=-1, type=EXISTING, required=True, metavar="FILE...")
@click.option(
    "--operation",
    "operations",
    multiple=True,
    shell_complete=complete("spec"),
    help="The run judged only this operation; may be repeated.",
)
@client_option
@require_option
@click.option(
    "--verdicts",
    "verdicts_file",
    type=EXISTING,
    default=VERDICTS,
    metavar="FILE",
    show_default=True,
    help="File for the verdicts that the site shows.",
)
@junit_option
@verbose_option
@catalogue_options
@json_option
def command(
    catalogue: Catalogue,
    files: tuple[Path, ...],
    operations: tuple[str, ...],
    clients: tuple[str, ...],
    require: tuple[str, ...],
    verdicts_file: Path,
    junit: Path | None,
    verbose: bool,
    as_json: bool,
) -> int:
    """Join the verdicts of shards, and check that every sample has one.

    \b
    samplegen verify --shard 1/2                on one machine: build/verdicts-1-of-2.json
    samplegen verify --shard 2/2                on another:     build/verdicts-2-of-2.json
    samplegen merge build/verdicts-*-of-2.json  where the files were collected

    A sample that no shard judged, or that has changed since, is a failure. A sample that two shards
    judged is an error. The reports and the exit status are those of
    `samplegen verify`.
    """
    with extra("verify"):
        from samplegen.commands.concluding import conclude
        from samplegen.judge.results import shards, verdicts

    absent = [path for path in files if not path.is_file()]
    if absent:
        raise UsageError(*(f"{path}: no such file; name files of verdicts" for path in absent))
    cells = selected_cells(catalogue, operations, clients)
    required = matching_clients(catalogue, require, "--require")
    digests = {cell.key: catalogue.digest(cell) for cell in cells}
    found = shards.joined(digests, {path: verdicts.read(path) for path in files})
    try:
        return conclude(found, required, junit, as_json, verbose)
    finally:  # they are kept even if a report cannot be written
        verdicts.merge(verdicts_file, found, [cell.key for cell in catalogue.cells])
