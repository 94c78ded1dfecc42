"""`samplegen generate`: all samples, written or compared."""

from pathlib import Path
from typing import Any

import click

from samplegen.catalogue import Catalogue
from samplegen.commands.folders import write_or_check
from samplegen.commands.options import (
    EXISTING,
    catalogue_options,
    connection_options,
    report_without_effect,
)
from samplegen.connection.given import connection
from samplegen.settings import settings


@click.command("generate")
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
def command(catalogue: Catalogue, check: bool, output: Path, **values: Any) -> int:
    """Write all samples. With --check, report whether the written ones are up to date.

    The same spec and templates give the same bytes on every machine. Files are replaced as a
    whole; files of samples that no longer exist are removed.
    """
    made = connection(catalogue.spec.api.connection, **values)
    files = catalogue.files(made)
    report_without_effect(catalogue.clients.all(), made)
    return write_or_check(files, output, check, "samplegen generate")
