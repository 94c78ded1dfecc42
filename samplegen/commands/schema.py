"""`samplegen schema`: the JSON Schemas of what samplegen reads and prints."""

from pathlib import Path

import click

from samplegen.commands.folders import write_or_check
from samplegen.commands.options import EXISTING

SCHEMAS = Path("spec/schema")


@click.command("schema")
@click.option(
    "--check", is_flag=True, help="Write nothing; fail and show a diff if schemas are out of date."
)
@click.option("--output", type=EXISTING, default=SCHEMAS, metavar="DIR", show_default=True)
def command(check: bool, output: Path) -> int:
    """Write the JSON Schemas of the YAML files and of the commands' JSON.

    An editor with a YAML language server then completes keys and marks errors; the first line of a
    file names its schema:

    \b
    # yaml-language-server: $schema=schema/operation.json

    The folder `output` describes the JSON of the commands, such as output/verdicts.json for
    `samplegen verify --json`.
    """
    from samplegen.schema import schemas

    return write_or_check(schemas(), output, check, "samplegen schema")
