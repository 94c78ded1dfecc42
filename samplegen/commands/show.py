"""`samplegen show`: one program."""

from typing import Any

import click

from samplegen.catalogue import Catalogue
from samplegen.commands.options import (
    catalogue_options,
    complete,
    connection_options,
    json_option,
    report_without_effect,
    single_client_option,
)
from samplegen.connection.given import connection
from samplegen.errors import SamplegenError, UsageError
from samplegen.selection import cell


@click.command("show")
@click.argument("operation", shell_complete=complete("spec"))
@single_client_option
@connection_options
@catalogue_options
@json_option
@click.option(
    "--template",
    is_flag=True,
    help="Print the template instead of the program, as one text with its macros.",
)
def command(
    catalogue: Catalogue,
    operation: str,
    client_name: str,
    as_json: bool,
    template: bool,
    **values: Any,
) -> int:
    """Print one program.

    \b
    samplegen show infer-array --client python/tritonclient-grpc
    samplegen show infer-image --client curl/rest --host gpu7 --rest-port 8080 --model cats
    samplegen show health --client go/grpc --cacert ca.pem --bearer-token-env KSERVE_TOKEN

    Secrets are never written into a program. It reads them at run time from the environment
    variables given with --bearer-token-env and --header-env, and reports a variable that is not
    set. File paths are used as given.

    With --json, the position of each connection value is included (start and end, in characters).
    """
    chosen = cell(catalogue, operation, client_name)
    if chosen.omitted is not None:
        raise SamplegenError(f"{chosen.name}: {chosen.omitted}")
    if template and as_json:
        raise UsageError("--template and --json exclude each other; leave one out")
    if template:
        for name, linked in catalogue.renderer.linked(chosen.client, chosen.operation).items():
            click.echo(f"{{#- templates/{name} -#}}\n{linked.text}", nl=False)
        return 0
    made = connection(catalogue.spec.api.connection, **values)
    rendered = catalogue.render(chosen, made)
    report_without_effect([chosen.client], made)
    if as_json:
        from samplegen import outputs

        click.echo(outputs.to_json(outputs.shown_program(rendered)))
    else:
        click.echo(rendered.text, nl=False)
    return 0
