"""`samplegen overlay`: the samples for other tools that show an OpenAPI file."""

import json
from pathlib import Path

import click

from samplegen import overlay
from samplegen.catalogue import Catalogue
from samplegen.commands.options import EXISTING, catalogue_options
from samplegen.files import write_file


@click.command("overlay")
@click.option(
    "-o",
    "--output",
    type=EXISTING,
    metavar="FILE",
    help="Write to this file; JSON if its name ends with .json. Default: YAML to stdout.",
)
@catalogue_options
def command(catalogue: Catalogue, output: Path | None) -> int:
    """Write an OpenAPI Overlay that adds the samples to the API's OpenAPI file.

    \b
    samplegen overlay -o samples.overlay.yaml

    Redocly, Scalar and Mintlify show its `x-codeSamples`: a program for each language, of the
    first client in the order of the site.
    """
    made = overlay.document(catalogue)
    if output is None:
        click.echo(overlay.as_yaml(made), nl=False)
        return 0
    is_json = output.suffix == ".json"
    text = json.dumps(made, ensure_ascii=False, indent=1) + "\n" if is_json else ""
    write_file(output, (text or overlay.as_yaml(made)).encode())
    click.echo(f"{output}: {len(made['actions'])} actions", err=True)
    return 0
