"""`samplegen verify`: the judge."""

import os
from pathlib import Path

import click

from samplegen.commands.printing import error, verify_extra
from samplegen.options import (
    EXISTING,
    SAMPLES,
    cache_option,
    catalogue_options,
    complete,
    endpoint_connection,
    json_option,
    matching_clients,
    samples_folder,
    selected_cells,
)
from samplegen.samples import Catalogue, write_file

VERDICTS = Path("build/verdicts.json")


@click.command("verify")
@click.argument("operations", nargs=-1, shell_complete=complete("spec"), metavar="[OPERATION]...")
@click.option(
    "--client",
    "clients",
    multiple=True,
    metavar="LANGUAGE[/CLIENT]",
    shell_complete=complete("clients"),
    help="Only these; may be repeated. A language stands for all its clients.",
)
@click.option(
    "--require",
    multiple=True,
    metavar="LANGUAGE[/CLIENT]|all",
    help="Fail if any of their samples is skipped or any of their gates is not tried.",
)
@click.option(
    "--endpoint",
    metavar="HOST:GRPC_PORT:REST_PORT",
    help="Judge against this server instead of starting the bundled one.",
)
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Default: one for each core.")
@click.option(
    "--samples",
    type=EXISTING,
    metavar="DIR",
    help=f"The published samples. Default: {SAMPLES}, if there.",
)
@click.option(
    "--verdicts",
    "verdicts_file",
    type=EXISTING,
    default=VERDICTS,
    metavar="FILE",
    show_default=True,
    help="Where the verdicts are kept for the site.",
)
@click.option("--junit", type=EXISTING, metavar="FILE", help="A JUnit report.")
@cache_option
@catalogue_options
@json_option
def command(
    catalogue: Catalogue,
    operations: tuple[str, ...],
    clients: tuple[str, ...],
    require: tuple[str, ...],
    endpoint: str | None,
    jobs: int | None,
    samples: Path | None,
    verdicts_file: Path,
    junit: Path | None,
    cache: Path,
    as_json: bool,
) -> int:
    """Build and run samples against a server, and judge what they did and printed.

    \b
    samplegen verify                                 everything, against the bundled server
    samplegen verify health --client python          one operation in one language
    samplegen verify --require all                   in CI: a missing tool is a failure
    samplegen verify --endpoint localhost:9000:8000  against your own server

    Each sample passes the gates identity, format, lint, build, run, wire and output, in order. The
    exit status is 1 when any sample fails, or is skipped although required.
    """
    with verify_extra():
        from samplegen.judge import report, servers, verdicts
        from samplegen.judge.judging import Judge

    cells = selected_cells(catalogue, operations, clients)
    required = matching_clients(catalogue, require, "--require")
    api = catalogue.spec.api
    address = endpoint_connection(api.connection, endpoint) if endpoint else None
    published = samples_folder(samples)
    verdicts.read(verdicts_file)  # a damaged file is better known before the work than after it
    with servers.reached(api, address) if address else servers.started(api) as target:
        judge = Judge(catalogue, target, published, cache)
        with report.progress(len(cells)) as judged:
            found = judge.judge(cells, jobs or os.cpu_count() or 1, judged)
    report.failures(found)
    if as_json:
        click.echo(verdicts.as_json(found))
    else:
        report.table(found)
    lacking = verdicts.lacking(found, required)
    for verdict in lacking:
        error(f"{verdict.operation} × {verdict.client} is required, yet: {verdict.reason}")
    if junit is not None:
        write_file(junit, report.junit(found))
    verdicts.merge(verdicts_file, found, [cell.key for cell in catalogue.cells])
    return 1 if lacking or any(verdict.status == "failed" for verdict in found) else 0
