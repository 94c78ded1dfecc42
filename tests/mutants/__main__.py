"""Judges the mutants, prints the score of each language and keeps it for the docs site."""

import sys
from pathlib import Path

import click

from samplegen.files import write_file
from samplegen.outputs import to_json
from tests.mutants.planting import LANGUAGES, mutants
from tests.mutants.suite import judge_all, report, score, unable, wrong

SCORES = Path("build/mutants.json")


@click.command()
@click.argument("languages", nargs=-1, type=click.Choice(LANGUAGES))
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Default: one for each core.")
@click.option("--output", type=Path, default=SCORES, metavar="FILE", show_default=True)
def main(languages: tuple[str, ...], jobs: int | None, output: Path) -> None:
    """Plant faults in the samples of all or some LANGUAGES and see whether the judge finds them."""
    chosen = languages or LANGUAGES
    faults = len(list(mutants(chosen)))
    click.echo(f"Planting {faults} faults and judging them; this takes some minutes.", err=True)
    found, seconds = judge_all(chosen, jobs)
    scores = report(found, seconds)
    write_file(output, to_json(scores, indent=1) + b"\n")
    for language in scores.languages:
        click.echo(score(language))
    problems = [*wrong(found), *unable(found)]
    for line in problems:
        click.echo(line, err=True)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main(prog_name="python -m tests.mutants")
