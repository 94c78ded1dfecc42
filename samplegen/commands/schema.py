"""`samplegen schema`: the JSON Schemas of spec and template files."""

from pathlib import Path

import click

from samplegen.commands.folders import write_or_check
from samplegen.options import EXISTING

SCHEMAS = Path("spec/schema")


@click.command("schema")
@click.option("--check", is_flag=True, help="Write nothing; fail and show how the schemas differ.")
@click.option("--output", type=EXISTING, default=SCHEMAS, metavar="DIR", show_default=True)
def command(check: bool, output: Path) -> int:
    """Write the JSON Schemas of spec and template files, for editors.

    An editor with a YAML language server then completes keys and marks mistakes; the first line of
    a file names its schema:

    \b
    # yaml-language-server: $schema=schema/operation.json
    """
    from samplegen.schema import schemas

    return write_or_check(schemas(), output, check, "samplegen schema")
