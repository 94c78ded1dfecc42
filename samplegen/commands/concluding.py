"""What a command does with verdicts: reports them, and says by its exit status if all is well."""

from collections.abc import Collection, Sequence
from pathlib import Path

import click

from samplegen.commands.printing import annotate, error
from samplegen.errors import Problem
from samplegen.files import write_file
from samplegen.judge.results import report, verdicts
from samplegen.judge.results.junit import as_junit
from samplegen.judge.results.verdicts import Verdict


def conclude(
    found: Sequence[Verdict],
    required: Collection[str],
    junit: Path | None,
    as_json: bool,
    verbose: bool = False,
) -> int:
    """Reports verdicts; returns the exit status.

    Args:
        found: In the order of the report.
        required: Clients of which nothing may be skipped.
        junit: The file of a JUnit report.
        as_json: Whether stdout gets JSON in place of the table.
        verbose: Whether the table has a row for each sample.
    """
    report.failures(found)
    for verdict in found:
        if verdict.status == "failed":
            annotate(report.problem(verdict))
    if as_json:
        click.echo(verdicts.as_json(found))
    else:
        report.table(found, verbose=verbose)
    lacking = verdicts.lacking(found, required)
    for verdict in lacking:
        name = f"{verdict.operation} × {verdict.client}"
        error(Problem(f"{name} is required, but not fully judged: {verdicts.why_lacking(verdict)}"))
    if junit is not None:
        write_file(junit, as_junit(found, lacking))
    return 1 if lacking or any(verdict.status == "failed" for verdict in found) else 0
