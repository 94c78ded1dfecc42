"""`samplegen mcp`: samples for assistants."""

from pathlib import Path

import click

from samplegen import faults
from samplegen.catalogue import Catalogue
from samplegen.commands.options import catalogue_options
from samplegen.commands.printing import extra
from samplegen.errors import SamplegenError
from samplegen.resources import errors_file


@click.command("mcp")
@click.option("--http", is_flag=True, help="Serve streamable HTTP instead of stdin and stdout.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8765,
    show_default=True,
    metavar="PORT",
    help="Of --http, on 127.0.0.1; the path is /mcp.",
)
@click.option(
    "--verdicts",
    "verdicts_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default="build/verdicts.json",
    show_default=True,
    metavar="FILE",
    help="What `samplegen verify` has found.",
)
@catalogue_options
def command(catalogue: Catalogue, http: bool, port: int, verdicts_file: Path) -> int:
    """Serve samples to an assistant, over the Model Context Protocol.

    \b
    claude mcp add samplegen -- samplegen mcp         for an assistant that starts it
    samplegen mcp --http --port 8765                  at http://127.0.0.1:8765/mcp

    Tools: list_operations, get_sample (for a client and a connection), sample_for_model (for a
    model of a running server) and explain_error. Resources: samplegen://verdicts, all that was
    found when the samples were last run, and samplegen://verdicts/OPERATION.
    """
    with extra("mcp"):
        from samplegen.commands.assisting import Assistant

    server = Assistant(catalogue, faults.read(errors_file()), verdicts_file).server()
    if not http:
        server.run("stdio")
        return 0
    try:
        server.run("streamable-http", port=port)
    except SystemExit as ended:  # uvicorn's, which has logged why
        raise SamplegenError(f"--port: {port} cannot be used; name another one") from ended
    return 0
