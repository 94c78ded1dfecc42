"""`samplegen export`: a whole project around one program."""

from pathlib import Path
from typing import Any

import click

from samplegen.catalogue import Catalogue
from samplegen.commands.options import (
    EXISTING,
    catalogue_options,
    complete,
    connection_options,
    force_option,
    report_without_effect,
    single_client_option,
)
from samplegen.connection.given import connection
from samplegen.errors import UsageError
from samplegen.project import README, project_files, write_project
from samplegen.selection import cell


@click.command("export")
@click.argument("operation", shell_complete=complete("spec"))
@click.argument("folder", type=EXISTING, metavar="DIR")
@single_client_option
@force_option
@connection_options
@catalogue_options
def command(
    catalogue: Catalogue,
    operation: str,
    client_name: str,
    folder: Path,
    force: bool,
    **values: Any,
) -> int:
    """Write one program as a complete project that builds without samplegen.

    \b
    samplegen export infer-image --client go/grpc DIR
    samplegen export infer-image --client java/http DIR --host gpu7 --model cats

    DIR gets the program, its build files with exact versions, the gRPC contract if it needs stubs,
    the data it sends, and a README with the commands to build and run it. Other files in DIR are
    not changed.

    For a model on your own server: samplegen model ADDRESS NAME --client CLIENT --export DIR
    """
    if "://" in operation:
        command = f"samplegen model {operation} NAME --client {client_name} --export {folder}"
        raise UsageError(
            f"OPERATION: found {operation!r}; for a model of a server, type: {command}"
        )
    chosen = cell(catalogue, operation, client_name)
    data = {name: catalogue.spec.data(name).read_bytes() for name in chosen.operation.files}
    address = connection(catalogue.spec.api.connection, **values)
    project = project_files(catalogue, chosen, data, address)
    write_project(project, folder, force)
    report_without_effect([chosen.client], address)
    click.echo(
        f"{len(project)} files in {folder}; {folder / README} shows the next commands", err=True
    )
    return 0
