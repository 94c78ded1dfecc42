"""`samplegen doctor`: what the samples need, there or missing."""

import os
from collections import Counter

import click

from samplegen.catalogue import Catalogue
from samplegen.commands.options import catalogue_options, json_option
from samplegen.commands.printing import error, extra
from samplegen.selection import matching_clients


@click.command("doctor")
@click.option(
    "--require",
    multiple=True,
    metavar="LANGUAGE[/CLIENT]|all",
    help="Fail if a tool that these clients need is missing; may be repeated.",
)
@click.option(
    "--brief",
    is_flag=True,
    help="Print one line, only if samples cannot run: what is missing and how to install it.",
)
@catalogue_options
@json_option
def command(catalogue: Catalogue, require: tuple[str, ...], brief: bool, as_json: bool) -> int:
    """Show which tools the samples need, which are installed, and how to install the rest.

    \b
    samplegen doctor                  everything, with versions
    samplegen doctor --require java   fail if Java's samples cannot be tested
    """
    with extra("verify"):
        from samplegen.judge.machine import isolation, requirements
        from samplegen.judge.results import report

    required = matching_clients(catalogue, require, "--require")
    found = requirements.examine(catalogue.clients.all(), os.cpu_count() or 1)
    apart = isolation.available()
    if brief:
        samples = Counter(cell.client.name for cell in catalogue.cells)
        if line := report.lacking(found, samples):
            click.echo(line)
    elif as_json:
        from samplegen import outputs

        rows = [
            outputs.Need(
                name=finding.requirement.name,
                version=finding.version,
                install=finding.requirement.install,
                gates=finding.requirement.gates,
                clients=finding.clients,
            )
            for finding in found
        ]
        everyone = tuple(client.name for client in catalogue.clients.all())
        rows.append(outputs.Need("isolation", apart.level, apart.remedy, ("run",), everyone))
        click.echo(outputs.to_json(rows, indent=1))
    else:
        report.installations(found)
        report.isolation(apart)
    missing = [f for f in found if f.version is None and not required.isdisjoint(f.clients)]
    for finding in missing:
        error(f"{finding.requirement.full_name} is required, yet missing")
    return 1 if missing else 0
