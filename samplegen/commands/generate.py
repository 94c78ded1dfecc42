"""`samplegen generate`: all samples, written or compared."""

from pathlib import Path
from typing import Any

import click

from samplegen.catalogue import Catalogue
from samplegen.commands.folders import check_folder, write_or_check
from samplegen.commands.options import (
    EXISTING,
    catalogue_options,
    client_option,
    complete,
    connection_options,
    report_without_effect,
)
from samplegen.connection.given import connection
from samplegen.files import add
from samplegen.selection import named_cells
from samplegen.settings import settings


@click.command("generate")
@click.argument("operations", nargs=-1, shell_complete=complete("spec"), metavar="[OPERATION]...")
@client_option
@click.option(
    "--check", is_flag=True, help="Write nothing; fail and show a diff if samples are out of date."
)
@click.option(
    "--output",
    type=EXISTING,
    default=lambda: settings().samples,
    metavar="DIR",
    help="Output folder. Default: as in samplegen.yaml, else site/samples.",
)
@connection_options
@catalogue_options
def command(
    catalogue: Catalogue,
    operations: tuple[str, ...],
    clients: tuple[str, ...],
    check: bool,
    output: Path,
    **values: Any,
) -> int:
    """Write samples. With --check, report whether the written ones are up to date.

    \b
    samplegen generate                             all samples
    samplegen generate health --client go/grpc     one; all others stay as they are
    samplegen generate --check                     in CI

    The same spec and templates give the same bytes on every machine. Files are replaced as a
    whole. Without names of operations or clients, files of samples that no longer exist are
    removed.
    """
    made = connection(catalogue.spec.api.connection, **values)
    if not operations and not clients:
        files = catalogue.files(made)
        report_without_effect(catalogue.clients.all(), made)
        return write_or_check(files, output, check, "samplegen generate")
    cells = named_cells(catalogue, operations, clients)
    files = catalogue.samples(cells, made)
    report_without_effect({cell.client.name: cell.client for cell in cells}.values(), made)
    if check:
        return check_folder(files, output, "samplegen generate", whole=False)
    changed = add(files, [*catalogue.entries(cells, files)], output)
    click.echo(f"{len(files)} files in {output}, {len(changed)} changed", err=True)
    return 0
