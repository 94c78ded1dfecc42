"""Asks a server over REST, as a sample would: encrypted and with the headers of the connection."""

import contextlib
import http.client
import os
import ssl

from samplegen.connection import Connection
from samplegen.errors import SamplegenError


def secrets(connection: Connection) -> dict[str, str]:
    """The environment variables that samples read on this connection.

    Raises:
        SamplegenError: With each that is not set.
    """
    values = {name: os.environ.get(name, "") for name in connection.variables}
    missing = [f"{name} is not set" for name, value in values.items() if not value]
    if missing:
        raise SamplegenError(*missing)
    return values


def get(connection: Connection, path: str) -> tuple[int, bytes]:
    """The HTTP status and the body of the answer.

    Raises:
        OSError: There is no connection.
        http.client.HTTPException: The answer is not HTTP.
        SamplegenError: A variable is not set.
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
    context = ssl.create_default_context(cafile=connection.tls.cacert)
    if connection.tls.cert is not None:
        context.load_cert_chain(connection.tls.cert, connection.tls.key)
    return http.client.HTTPSConnection(*address, timeout=5, context=context)


def _headers(connection: Connection) -> dict[str, str]:
    values = secrets(connection)
    headers = {h.name: h.value or values[h.env or ""] for h in connection.headers}
    if connection.bearer_token_env is not None:
        headers["authorization"] = f"Bearer {values[connection.bearer_token_env]}"
    if connection.authority is not None:
        headers["host"] = connection.authority
    return headers
