"""Asks a server over REST, as a sample would: encrypted and with the headers of the connection."""

import contextlib
import http.client

from samplegen.connection import Connection
from samplegen.credentials import context, headers


def get(connection: Connection, path: str) -> tuple[int, bytes]:
    """The HTTP status and the body of the answer.

    Raises:
        OSError: There is no connection.
        http.client.HTTPException: The answer is not HTTP.
        SamplegenError: A variable is not set, or a PEM file cannot be used.
    """
    client = _client(connection)
    with contextlib.closing(client):
        client.request("GET", path, headers=_headers(connection))
        response = client.getresponse()
        return response.status, response.read()


def _client(connection: Connection) -> http.client.HTTPConnection:
    address = connection.host.strip("[]"), connection.rest_port
    if connection.tls is None:
        return http.client.HTTPConnection(*address, timeout=5)
    return http.client.HTTPSConnection(*address, timeout=5, context=context(connection.tls))


def _headers(connection: Connection) -> dict[str, str]:
    host = {} if connection.authority is None else {"host": connection.authority}
    return headers(connection) | host
