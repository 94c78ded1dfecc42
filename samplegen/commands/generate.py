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
@click.option("--check", is_flag=True, help="Write nothing; fail and show how the samples differ.")
@click.option(
    "--output",
    type=EXISTING,
    default=lambda: settings().samples,
    metavar="DIR",
    help="Default: as in samplegen.yaml, else site/samples.",
)
@connection_options
@catalogue_options
def command(catalogue: Catalogue, check: bool, output: Path, **values: Any) -> int:
    """Write all samples, or with --check, say whether those written are fresh.

    The same spec and templates make the same bytes on any machine. Files are replaced as a whole;
    a file of the folder that no sample accounts for is removed.
    """
    made = connection(catalogue.spec.api.connection, **values)
    files = catalogue.files(made)
    report_without_effect(catalogue.clients.all(), made)
    return write_or_check(files, output, check, "samplegen generate")
