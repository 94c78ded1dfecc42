"""Asking a server over REST, with nothing but the standard library."""

import contextlib
import http.client
import json
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from samplegen.connection import secrets
from samplegen.connection.model import Connection, Tls
from samplegen.errors import SamplegenError
from samplegen.served import trouble
from samplegen.served.address import Address
from samplegen.served.metadata import UNKNOWN, ServerMetadata, read_server

_LARGEST = 16 * 2**20
"""Bytes of the largest answer that is read."""
_ELSEWHERE = (301, 302, 303, 307, 308)
"""Statuses of a server that has moved, as one that answers http:// only to say https://."""
_SHOWN = 200
"""Characters of an unexpected answer that a message repeats."""


class Reply(NamedTuple):
    """An answer over HTTP."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Rest:
    """A server's REST API. Each question is done within the deadline, however slow the answer."""

    def __init__(
        self,
        address: Address,
        deadline: float,
        connection: Connection,
        largest: int = _LARGEST,
    ) -> None:
        """Asks nothing yet.

        Args:
            address: The server.
            deadline: Seconds that a question may take.
            connection: What the server asks of those who call.
            largest: Bytes of the largest answer that is read.

        Raises:
            SamplegenError: A variable is not set, or a file is not what it should be.
        """
        self._address = address
        self._deadline = deadline
        self._largest = largest
        self._connection = connection
        self._headers = secrets.headers(connection)
        if connection.authority is not None:
            self._headers["host"] = connection.authority
        self._context = secrets.context(connection.tls or Tls()) if address.tls else None

    def model(self, name: str, version: str) -> Any:
        """The metadata of a model; None if the server has no such model or version.

        Raises:
            SamplegenError: The server does not answer, or with something else.
        """
        path = _path(name, version)
        status, body = self._ask("GET", path)
        if status == http.HTTPStatus.OK:
            return self._json(path, body)
        if status in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN):
            said = f"HTTP status {status}"
            raise SamplegenError(trouble.refused(self._address, self._connection, said))
        message = _error(body)
        if message is None:
            if about := trouble.refused_by_nginx(self._address, self._connection, body):
                raise SamplegenError(about)
            self._json(path, body)  # says what the answer is, if it is no JSON
        # Triton answers 400 for a model that is not there, others 404.
        if status in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.BAD_REQUEST):
            return None
        if status == http.HTTPStatus.NOT_IMPLEMENTED and version:
            hint = f"{self._address} serves no versions by number: {message}; leave out --version"
            raise SamplegenError(hint)
        raise SamplegenError(f"{self._address}{path} answers HTTP status {status}: {message}")

    def configuration(self, name: str, version: str) -> Any:
        """How a model wants to be called; None if the server does not tell."""
        with contextlib.suppress(SamplegenError, ValueError, RecursionError):
            status, body = self._ask("GET", f"{_path(name, version)}/config")
            if status == http.HTTPStatus.OK:
                return json.loads(body)
        return None

    def models(self) -> list[str]:
        """The models that the server has, as far as it tells."""
        with contextlib.suppress(SamplegenError, ValueError, TypeError, LookupError):
            status, body = self._ask("GET", "/v1/config")  # OpenVINO Model Server
            if status == http.HTTPStatus.OK:
                return sorted(json.loads(body).keys())
        with contextlib.suppress(SamplegenError, ValueError, TypeError, LookupError):
            status, body = self._ask("POST", "/v2/repository/index", b"{}")  # Triton, MLServer
            if status == http.HTTPStatus.OK:
                return sorted({str(model["name"]) for model in json.loads(body)})
        with contextlib.suppress(SamplegenError, ValueError, TypeError, LookupError):
            status, body = self._ask("GET", "/v2/models")  # KServe
            if status == http.HTTPStatus.OK:
                return sorted({str(name) for name in json.loads(body)["models"]})
        return []

    def server(self) -> ServerMetadata:
        """What the server says of itself."""
        with contextlib.suppress(SamplegenError, ValueError, RecursionError):
            return read_server(json.loads(self._ask("GET", "/v2")[1]))
        return UNKNOWN

    def _json(self, path: str, body: bytes) -> Any:
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            text = " ".join(body[:_SHOWN].decode(errors="replace").split())
            message = f"{self._address}{path} does not answer with JSON, but with {text!r}"
            raise SamplegenError(f"{message}; is it a KServe v2 server?") from error

    def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        reply = self.ask(method, path, body, {})
        return reply.status, reply.body

    def ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        """The answer to any request.

        Args:
            method: Of HTTP.
            path: Below the path of the address.
            body: None: the request has none.
            headers: Besides those of the connection.

        Raises:
            SamplegenError: The server does not answer, sends us elsewhere, or answers too much.
        """
        address = self._address
        host = address.host.strip("[]")
        client = (
            http.client.HTTPSConnection(
                host, address.port, timeout=self._deadline, context=self._context
            )
            if address.tls
            else http.client.HTTPConnection(host, address.port, timeout=self._deadline)
        )
        # A timeout of the socket starts anew with each byte; this one does not.
        late = threading.Event()
        watchdog = threading.Timer(self._deadline, _hang_up, (client, late))
        watchdog.daemon = True
        watchdog.start()
        try:
            with contextlib.closing(client):
                client.request(method, f"{address.path}{path}", body, {**self._headers, **headers})
                response = client.getresponse()
                content = response.read(self._largest + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if late.is_set() or isinstance(error, TimeoutError):
                message = f"{address}{path} did not answer within {self._deadline:g} s"
                raise SamplegenError(message) from error
            message = trouble.failed(address, self._connection, error)
            raise SamplegenError(message) from error
        finally:
            watchdog.cancel()
        if late.is_set():
            raise SamplegenError(f"{address}{path} did not answer within {self._deadline:g} s")
        if response.status in _ELSEWHERE and (place := response.headers["location"]):
            elsewhere = repr(place[:_SHOWN])
            raise SamplegenError(f"{address} sends us on to {elsewhere}; name the server there")
        if len(content) > self._largest:
            raise SamplegenError(f"{address}{path} answers with more than {self._largest:,} bytes")
        return Reply(response.status, tuple(response.getheaders()), content)


def _path(name: str, version: str) -> str:
    path = f"/v2/models/{quote(name, safe='')}"
    return f"{path}/versions/{quote(version, safe='')}" if version else path


def _hang_up(client: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    if client.sock is not None:
        with contextlib.suppress(OSError):
            client.sock.shutdown(2)


def _error(body: bytes) -> str | None:
    """The text of an error, if the answer is one of the protocol's."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
