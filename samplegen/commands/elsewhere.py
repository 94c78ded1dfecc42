"""What is judged on a server that is not the API's own, and by what."""

import http.client
import json
from collections.abc import Sequence
from dataclasses import replace

import click

from samplegen.catalogue import Cell
from samplegen.connection.model import Connection
from samplegen.judge.servers.asking import get
from samplegen.served import limits
from samplegen.served.metadata import UNKNOWN, ServerMetadata, read_server
from samplegen.spec.api import Api


def fitted(
    api: Api, cells: Sequence[Cell], connection: Connection
) -> tuple[tuple[Cell, ...], Connection]:
    """The cells and the connection as they are on the server at `connection`.

    What is left aside there is printed to stderr.
    """
    server = _asked(api, connection)
    if api.server.name is None or server == UNKNOWN or server.name == api.server.name:
        return tuple(cells), connection
    aside = {
        cell.operation.name: labels
        for cell in cells
        if (labels := [line.label for line in cell.operation.expect if line.elsewhere is not None])
    }
    found = "; ".join(f"{name}: {', '.join(labels)}" for name, labels in aside.items())
    if found:
        message = f"note: {server} is not {api.server.name}; by their form only are judged {found}"
        click.echo(message, err=True)
    there = tuple(
        Cell(cell.operation.elsewhere, limits.fitted(cell.client, server)) for cell in cells
    )
    return there, replace(connection, binary=limits.speaks_binary(server))


def _asked(api: Api, connection: Connection) -> ServerMetadata:
    if api.server.metadata is None or connection.rest_port is None:
        return UNKNOWN
    try:
        return read_server(json.loads(get(connection, api.server.metadata)[1]))
    except (OSError, http.client.HTTPException, ValueError):
        return UNKNOWN  # that it does not answer is reported where it is judged
