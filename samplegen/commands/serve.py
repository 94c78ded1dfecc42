"""`samplegen serve`: the bundled server."""

import os
from typing import Any

import click

from samplegen.catalogue import Catalogue
from samplegen.commands.options import catalogue_options
from samplegen.connection.given import connection
from samplegen.spec.places import needs_folder


@click.command("serve", context_settings={"ignore_unknown_options": True})
@click.option("--grpc-port", type=click.IntRange(1, 65535), metavar="PORT")
@click.option("--rest-port", type=click.IntRange(1, 65535), metavar="PORT")
@click.argument("server_options", nargs=-1, type=click.UNPROCESSED)
@catalogue_options
def command(catalogue: Catalogue, server_options: tuple[str, ...], **values: Any) -> int:
    """Start the bundled server and models, on port 9000 (gRPC) and 8000 (REST).

    Other options are passed to the server; `samplegen serve -- --help` lists them.
    """
    from samplegen.judge.servers import started

    api = catalogue.spec.api
    started.check_installed(catalogue.spec)
    with started.prepared(api.server, connection(api.connection, **values)) as server:
        command, env = [*server.command, *server_options], {**os.environ, **server.env}
        if not needs_folder(api.server):
            os.execvpe(command[0], command, env)  # noqa: S606  (the server takes our place)
        return started.served(command, env)
