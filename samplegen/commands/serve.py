"""`samplegen serve`: the bundled server."""

import os
from typing import Any, NoReturn

import click

from samplegen.catalogue import Catalogue
from samplegen.commands.options import catalogue_options
from samplegen.connection.given import connection


@click.command("serve", context_settings={"ignore_unknown_options": True})
@click.option("--grpc-port", type=click.IntRange(1, 65535), metavar="PORT")
@click.option("--rest-port", type=click.IntRange(1, 65535), metavar="PORT")
@click.argument("server_options", nargs=-1, type=click.UNPROCESSED)
@catalogue_options
def command(catalogue: Catalogue, server_options: tuple[str, ...], **values: Any) -> NoReturn:
    """Start the bundled server and models, on port 9000 (gRPC) and 8000 (REST).

    Other options are passed to the server; `samplegen serve -- --help` lists them.
    """
    from samplegen.judge.servers import started

    api = catalogue.spec.api
    command = started.command_line(api.server, connection(api.connection, **values))
    os.execv(command[0], [*command, *server_options])  # noqa: S606  (the server takes our place)
