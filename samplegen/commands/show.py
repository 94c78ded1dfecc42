"""`samplegen show`: one program."""

import json
from typing import Any

import click

from samplegen.errors import SamplegenError, UsageError
from samplegen.options import (
    catalogue_options,
    complete,
    connection,
    connection_options,
    json_option,
    tell_needless,
)
from samplegen.samples import Catalogue, Cell


@click.command("show")
@click.argument("operation", shell_complete=complete("spec"))
@click.option(
    "--client",
    "client_name",
    required=True,
    metavar="LANGUAGE/CLIENT",
    shell_complete=complete("clients"),
    help="Such as python/tritonclient-grpc; `samplegen list` names them all.",
)
@connection_options
@catalogue_options
@json_option
def command(
    catalogue: Catalogue, operation: str, client_name: str, as_json: bool, **values: Any
) -> int:
    """Print one program, ready to paste.

    \b
    samplegen show infer-array --client python/tritonclient-grpc
    samplegen show infer-image --client curl/rest --host gpu7 --rest-port 8080 --model cats
    samplegen show health --client go/grpc --cacert ca.pem --bearer-token-env KSERVE_TOKEN

    Secrets stay out of the program: it reads them from the environment variables that
    --bearer-token-env and --header-env name, and says so if one is not set. Files are opened
    under the paths given here.

    With --json also where each connection value stands in it (start and end, in characters).
    """
    problems: list[Any] = []
    found: list[Any] = []
    for find, name in (
        (catalogue.spec.operation, operation),
        (catalogue.clients.client, client_name),
    ):
        try:
            found.append(find(name))
        except UsageError as error:
            problems.extend(error.problems)
    if problems:
        raise UsageError(*problems)
    cell = Cell(*found)
    if cell.omitted is not None:
        raise SamplegenError(f"{cell.name}: {cell.omitted}")
    made = connection(catalogue.spec.api.connection, **values)
    rendered = catalogue.render(cell, made)
    tell_needless([cell.client], made)
    if as_json:
        spans = [span._asdict() for span in rendered.spans]
        click.echo(json.dumps({"text": rendered.text, "spans": spans}, ensure_ascii=False))
    else:
        click.echo(rendered.text, nl=False)
    return 0
