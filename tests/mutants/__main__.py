"""Judges the mutants, prints the score by kind and language, and keeps it for the docs site."""

import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path

import click

from samplegen.files import write_file
from samplegen.outputs import to_json
from tests.mutants.planting import KINDS, LANGUAGES, mutants
from tests.mutants.suite import (
    Judged,
    by_kind,
    judge_all,
    report,
    score,
    unable,
    wrong,
)

SCORES = Path("build/mutants.json")


@click.command()
@click.argument("languages", nargs=-1, type=click.Choice(LANGUAGES))
@click.option("--kind", "kinds", multiple=True, type=click.Choice([*KINDS]), help="Only these.")
@click.option("--name", default="*", metavar="PATTERN", help="Only faults of such names.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Default: one for each core.")
@click.option("--output", type=Path, default=SCORES, metavar="FILE", show_default=True)
def main(
    languages: tuple[str, ...], kinds: tuple[str, ...], name: str, jobs: int | None, output: Path
) -> None:
    """Plant faults in the samples of all or some LANGUAGES and see whether the judge finds them."""
    chosen = [
        one
        for one in mutants(languages or LANGUAGES)
        if one.row and one.row.kind in (kinds or KINDS) and fnmatchcase(one.row.name, name)
    ]
    click.echo(f"Planting {len(chosen)} faults and judging them.", err=True)
    every: list[Judged] = []

    def told(found: list[Judged], problem: str) -> None:
        every.extend(found)
        done = sum(one.planted.row is not None for one in every)
        click.echo(f"{done} of {len(chosen)}{f': {problem}' if problem else ''}", err=True)
        for line in wrong(found):
            click.echo(f"  {line}", err=True)

    started = time.monotonic()
    found, problems = judge_all(chosen, jobs, told)
    scores = report(found, time.monotonic() - started)
    write_file(output, to_json(scores, indent=1) + b"\n")
    for language in scores.languages:
        click.echo(score(language))
    for line in by_kind(scores):
        click.echo(line)
    problems += [*wrong(found), *unable(found)]
    for line in problems:
        click.echo(line, err=True)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main(prog_name="python -m tests.mutants")
