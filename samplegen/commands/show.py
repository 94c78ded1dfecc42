"""`samplegen show`: one program."""

from typing import Any

import click

from samplegen.catalogue import Catalogue, Cell
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
from samplegen.render.view import Rendered
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
@click.option(
    "--part",
    type=click.Choice(["call"]),
    help="Print only the lines that call the server, without their common indentation.",
)
def command(
    catalogue: Catalogue,
    operation: str,
    client_name: str,
    as_json: bool,
    template: bool,
    part: str | None,
    **values: Any,
) -> int:
    """Print one program.

    \b
    samplegen show infer-array --client python/tritonclient-grpc
    samplegen show infer-array --client go/grpc --part call
    samplegen show infer-image --client curl/rest --host gpu7 --rest-port 8080 --model cats
    samplegen show health --client go/grpc --cacert ca.pem --bearer-token-env KSERVE_TOKEN

    Secrets are never written into a program. It reads them at run time from the environment
    variables given with --bearer-token-env and --header-env, and reports a variable that is not
    set. File paths are used as given.

    With --json, the positions of the connection values and of the lines that call the server are
    included (start and end, in characters).
    """
    chosen = cell(catalogue, operation, client_name)
    if chosen.omitted is not None:
        raise SamplegenError(f"{chosen.name}: {chosen.omitted}")
    given = {"--template": template, "--json": as_json, "--part": part}
    if len(names := [name for name, value in given.items() if value]) > 1:
        raise UsageError(f"{' and '.join(names)} exclude each other; leave one out")
    if template:
        for name, linked in catalogue.renderer.linked(chosen.client, chosen.operation).items():
            click.echo(f"{{#- templates/{name} -#}}\n{linked.text}", nl=False)
        return 0
    made = connection(catalogue.spec.api.connection, **values)
    rendered = catalogue.render(chosen, made)
    report_without_effect([chosen.client], made)
    if part:
        click.echo(_call(chosen, rendered), nl=False)
    elif as_json:
        from samplegen import outputs

        click.echo(outputs.to_json(outputs.shown_program(rendered)))
    else:
        click.echo(rendered.text, nl=False)
    return 0


def _call(of: Cell, rendered: Rendered) -> str:
    """The lines that call the server.

    Raises:
        SamplegenError: The template does not mark them.
    """
    if rendered.call:
        return rendered.call
    raise SamplegenError(
        f"templates/{of.client.template(of.operation)}: no lines in a block named 'call'; put "
        "those that call the server into one, {% block call %} … {% endblock %}"
    )
