"""`samplegen verify`: the judge."""

import os
from pathlib import Path
from typing import Any

import click

from samplegen.catalogue import Catalogue
from samplegen.commands.options import (
    EXISTING,
    VERDICTS,
    cache_option,
    catalogue_options,
    client_option,
    complete,
    connection_options,
    json_option,
    junit_option,
    require_option,
    shard,
    verbose_option,
)
from samplegen.commands.printing import extra
from samplegen.connection.given import server_address
from samplegen.connection.options import words
from samplegen.errors import UsageError
from samplegen.selection import matching_clients, samples_folder, selected_cells


@click.command("verify")
@click.argument("operations", nargs=-1, shell_complete=complete("spec"), metavar="[OPERATION]...")
@client_option
@require_option
@click.option(
    "--endpoint",
    metavar="HOST:GRPC_PORT:REST_PORT",
    help="Test against this server instead of the bundled one.",
)
@connection_options
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Samples to run at once. Default: one per core.",
)
@click.option(
    "--samples",
    type=EXISTING,
    metavar="DIR",
    help="Folder of the published samples. Default: as in samplegen.yaml, else site/samples.",
)
@click.option(
    "--verdicts",
    "verdicts_file",
    type=EXISTING,
    metavar="FILE",
    help=f"File for the verdicts that the site shows. Default: {VERDICTS}; for a shard, "
    "build/verdicts-I-of-N.json.",
)
@click.option(
    "--shard",
    callback=shard,
    metavar="I/N",
    help="Run only part I of N, of about equal cost; `samplegen merge` joins them.",
)
@click.option(
    "--costs",
    type=EXISTING,
    default=VERDICTS,
    metavar="FILE",
    show_default=True,
    help="Verdicts of an earlier run, to estimate costs; the same file for all shards.",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Run on the workers of this Dask scheduler, such as tcp://10.0.0.5:8786.",
)
@junit_option
@verbose_option
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
    verdicts_file: Path | None,
    shard: tuple[int, int] | None,
    costs: Path,
    dask: str | None,
    junit: Path | None,
    cache: Path,
    verbose: bool,
    as_json: bool,
    **security: Any,
) -> int:
    """Build and run samples against a server, and check what they send and print.

    \b
    samplegen verify                                 everything, against the bundled server
    samplegen verify health --client python          one operation in one language
    samplegen verify --require all                   in CI: a missing tool is a failure
    samplegen verify --endpoint localhost:9000:8000  against your own server
    samplegen verify --host gpu7 --rest-port 8080 --model-version ''
    samplegen verify --shard 2/3                     a third of it, on the second of three machines

    If a server reports another name than the API's own, only what holds on every server is tested;
    the rest is listed. --model-version '' asks for the default version.

    The options from --tls to --max-message-size describe how to reach that server. Samples get
    the environment variables named there and no others. With --dask, each worker needs these
    variables and files.

    Each sample passes the gates identity, format, lint, build, run, wire, output, meaning and
    faults, in order. The exit status is 1 if a sample fails, or if a required sample is skipped.
    """
    with extra("verify"):
        from samplegen.commands import elsewhere
        from samplegen.commands.concluding import conclude
        from samplegen.judge import judging
        from samplegen.judge.results import report, shards, verdicts

    if dask is not None and shard is not None:
        raise UsageError("--dask makes its own shards; leave out --shard")
    cells = selected_cells(catalogue, operations, clients)
    required = matching_clients(catalogue, require, "--require")
    documented = catalogue.spec.api.connection
    address = server_address(documented, endpoint, **security)
    published = samples_folder(samples)
    if verdicts_file is None:
        verdicts_file = VERDICTS if shard is None else _shard_file(*shard)
    # Damaged files are better known before the work than after it.
    recorded = shards.costs(verdicts.read(costs))
    verdicts.read(verdicts_file)
    if shard is not None:
        index, count = shard
        cells = shards.cut(cells, recorded, count)[index - 1]
    with report.progress(len(cells)) as judged:
        if dask is None:
            if address is not None:
                cells, address = elsewhere.fitted(catalogue.spec.api, cells, address)
            with judging.against(catalogue, address, published, cache) as judge:
                found = judge.judge(cells, jobs or os.cpu_count() or 1, judged)
        else:
            with extra("dask"):
                from samplegen.judge import cluster
            named = [*operations, *(word for client in clients for word in ("--client", client))]
            named += ["--endpoint", endpoint] if endpoint else []
            named += words(security)
            work = cluster.packed(named, catalogue, published, costs)
            digests = {cell.key: catalogue.digest(cell) for cell in cells}
            found = cluster.judge(dask, work, digests, judged)
    try:
        return conclude(found, required, junit, as_json, verbose)
    finally:  # they are kept even if a report cannot be written
        if shard is None:
            verdicts.merge(verdicts_file, found, [cell.key for cell in catalogue.cells])
        else:
            verdicts.write(verdicts_file, found)


def _shard_file(index: int, count: int) -> Path:
    return VERDICTS.with_name(f"verdicts-{index}-of-{count}.json")
