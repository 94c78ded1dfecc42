"""Asking a server over REST, with nothing but the standard library."""

import contextlib
import http.client
import json
import ssl
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from samplegen.errors import SamplegenError
from samplegen.served.address import Address
from samplegen.served.hints import hint

_LARGEST = 16 * 2**20
"""Bytes of the largest answer that is read."""
_SHOWN = 200
"""Characters of an unexpected answer that a message repeats."""


class Rest:
    """A server's REST API. Each question is done within the deadline, however slow the answer."""

    def __init__(
        self,
        address: Address,
        deadline: float,
        headers: Mapping[str, str],
        context: ssl.SSLContext | None,
    ) -> None:
        self._address = address
        self._deadline = deadline
        self._headers = dict(headers)
        self._context = context

    def model(self, name: str, version: str) -> Any:
        """The metadata of a model; None if the server has no such model or version.

        Raises:
            SamplegenError: The server does not answer, or with something else.
        """
        path = f"/v2/models/{quote(name, safe='')}"
        path += f"/versions/{quote(version, safe='')}" if version else ""
        status, body = self._ask("GET", path)
        if status == http.HTTPStatus.OK:
            return self._json(path, body)
        message = _error(body)
        if status in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN):
            said = f"answers HTTP status {status}"
            raise SamplegenError(f"{self._address}{path} {said}; {hint(said)}")
        if message is None:
            self._json(path, body)  # says what the answer is, if it is no JSON
        # Triton answers 400 for a model that is not there, others 404.
        if status in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.BAD_REQUEST):
            return None
        raise SamplegenError(f"{self._address}{path} answers HTTP status {status}: {message}")

    def models(self) -> list[str]:
        """The models that the server has, as far as it tells."""
        with contextlib.suppress(SamplegenError, ValueError, TypeError, LookupError):
            status, body = self._ask("GET", "/v1/config")  # OpenVINO Model Server
            if status == http.HTTPStatus.OK:
                return sorted(json.loads(body).keys())
        with contextlib.suppress(SamplegenError, ValueError, TypeError, LookupError):
            status, body = self._ask("POST", "/v2/repository/index", b"{}")  # Triton
            if status == http.HTTPStatus.OK:
                return sorted({str(model["name"]) for model in json.loads(body)})
        return []

    def server(self) -> str:
        """The name and version that the server states of itself."""
        with contextlib.suppress(SamplegenError, ValueError, TypeError, LookupError):
            metadata = json.loads(self._ask("GET", "/v2")[1])
            return f"{metadata['name']} {metadata['version']}"
        return "unknown"

    def _json(self, path: str, body: bytes) -> Any:
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            text = " ".join(body[:_SHOWN].decode(errors="replace").split())
            message = f"{self._address}{path} does not answer with JSON, but with {text!r}"
            mend = hint(text) or "is it a KServe v2 server?"
            raise SamplegenError(f"{message}; {mend}") from error

    def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
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
                client.request(method, path, body, self._headers)
                response = client.getresponse()
                content = response.read(_LARGEST + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if late.is_set() or isinstance(error, TimeoutError):
                message = f"{address}{path} did not answer within {self._deadline:g} s"
                raise SamplegenError(message) from error
            raise SamplegenError(_failure(address, error)) from error
        finally:
            watchdog.cancel()
        if late.is_set():
            raise SamplegenError(f"{address}{path} did not answer within {self._deadline:g} s")
        if len(content) > _LARGEST:
            raise SamplegenError(f"{address}{path} answers with more than {_LARGEST:,} bytes")
        return response.status, content


def _hang_up(client: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    if client.sock is not None:
        with contextlib.suppress(OSError):
            client.sock.shutdown(2)


def _failure(address: Address, error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        mend = hint(error.verify_message) or hint("verify failed")
        return f"{address}: its certificate is not trusted: {error.verify_message}; {mend}"
    if isinstance(error, http.client.HTTPException | ssl.SSLError | ConnectionResetError):
        said = "".join(c for c in str(error) if c.isprintable()).strip() or "it hung up"
        mend = hint(said)
        said += f"; {mend}" if mend else ""
        return f"{address} does not answer in {address.scheme.upper()}, but: {said}"
    return f"no server answers at {address}: {error}; start it, or name another address"


def _error(body: bytes) -> str | None:
    """The text of an error, if the answer is one of the protocol's."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
