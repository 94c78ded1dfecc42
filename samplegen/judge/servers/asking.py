"""Asks a server over REST, as a sample would: encrypted and with the headers of the connection."""

import contextlib
import errno
import http.client
import time

from samplegen.connection.model import Connection
from samplegen.connection.secrets import context, headers

_SECONDS = 5
_LONGEST = 2**20


def get(connection: Connection, path: str) -> tuple[int, bytes]:
    """The HTTP status and the body of the answer.

    Raises:
        OSError: There is no connection.
        http.client.HTTPException: The answer is not HTTP.
        SamplegenError: A variable is not set, or a PEM file cannot be used.
    """
    client = _client(connection)
    with contextlib.closing(client):
        client.request("GET", f"{connection.base_path}{path}", headers=_headers(connection))
        response = client.getresponse()
        return response.status, _body(response)


def _body(response: http.client.HTTPResponse) -> bytes:
    """The body, if it is as short and comes as soon as what a server says of itself.

    Raises:
        OSError: It is not, or does not.
        http.client.HTTPException: It breaks off.
    """
    body = b""
    end = time.monotonic() + _SECONDS
    while piece := response.read1(65536):
        body += piece
        if len(body) > _LONGEST:
            raise OSError(errno.EMSGSIZE, f"its answer is longer than {_LONGEST} bytes")
        if time.monotonic() > end:
            raise TimeoutError(f"its answer took longer than {_SECONDS} s")
    if response.length:
        raise http.client.IncompleteRead(body, response.length)
    return body


def _client(connection: Connection) -> http.client.HTTPConnection:
    address = connection.host.strip("[]"), connection.rest_port
    if connection.tls is None:
        return http.client.HTTPConnection(*address, timeout=_SECONDS)
    return http.client.HTTPSConnection(*address, timeout=_SECONDS, context=context(connection.tls))


def _headers(connection: Connection) -> dict[str, str]:
    host = {} if connection.authority is None else {"host": connection.authority}
    return headers(connection) | host
