"""Why a server refuses the connection, and the fix: certificates, encryption, tokens."""

import contextlib
import http.client
import os
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from samplegen.connection import secrets
from samplegen.connection.model import Connection, Tls
from samplegen.served.address import Address

_SECONDS = 2.0
"""For a look at how a server takes a connection, after it has failed to answer."""
_ALERT_SECONDS = 0.5
"""In TLS 1.3 a server says what it thinks of our certificate behind the handshake."""
_HUNG_UP = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""The end of a connection within a handshake; Python 3.11.2 takes the first for the second."""
_LARGEST = 2**16
"""Bytes of an answer that are looked at."""
_OTHER_NAMES = (62, 64)
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL."""
_NO_AUTHORITY = (2, 18, 19, 20, 21)
"""Those of OpenSSL for a certificate that leads to nobody whom we trust."""
_NGINX = {
    "The plain HTTP request was sent to HTTPS port": "encryption",
    "No required SSL certificate was sent": "no certificate",
    "The SSL certificate error": "wrong certificate",
}
"""What nginx answers with status 400, and what it is about."""


def failed(address: Address, connection: Connection, error: Exception) -> str:
    """What to say of a connection that ended with an error.

    Args:
        address: The server.
        connection: What was sent to it.
        error: Of a socket, of TLS or of HTTP.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return _distrusted(address, connection, error)
    if address.tls and isinstance(error, (*_HUNG_UP, ConnectionError)):
        # What came before it hung up may be lost with what we had sent.
        with contextlib.suppress(OSError):
            if (alert := _alert(address, connection)) is not None:
                return _broken_off(address, connection, alert)
    if isinstance(error, ssl.SSLError):
        return _broken_off(address, connection, error)
    if isinstance(error, http.client.HTTPException | ConnectionResetError):
        if not address.tls and _speaks_tls(address):
            return _encrypted(address)
        said = (
            "".join(c for c in str(error) if c.isprintable()).strip() or "it closed the connection"
        )
        return f"{address} does not answer in {address.scheme.upper()}, but: {said}"
    return f"no server answers at {address}: {error}; start it, or name another address"


def unreached(address: Address, connection: Connection) -> str | None:
    """Why a library could not connect that does not tell; None if a connection is taken."""
    try:
        if not address.tls:
            socket.create_connection(_place(address), _SECONDS).close()
            return _encrypted(address) if _speaks_tls(address) else None
        alert = _alert(address, connection)
    except OSError as error:
        return failed(address, connection, error)
    return None if alert is None else _broken_off(address, connection, alert)


def proxy_between(address: Address) -> str | None:
    """What to say of a call over gRPC that failed where the environment names a proxy for it."""
    proxies = ("grpc_proxy", "https_proxy", "http_proxy")
    name = next((name for name in proxies if os.environ.get(name)), None)
    # gRPC reads these in lower case only; grpc.github.io, "gRPC environment variables".
    exceptions = next((os.environ[n] for n in ("no_grpc_proxy", "no_proxy") if n in os.environ), "")
    host = address.host.strip("[]")
    hosts = [one.strip().lstrip(".") for one in exceptions.split(",")]
    if name is None or any(one and (host == one or host.endswith(f".{one}")) for one in hosts):
        return None
    proxy = re.sub(r"^([^/]*//)?[^/]*@", r"\1", os.environ[name])  # without its password
    return (
        f"{address} is asked through the proxy {proxy!r}, which {name} names, and that fails; put "
        f"{host} into no_proxy, or unset {name}"
    )


def refused(address: Address, connection: Connection, status: str) -> str:
    """What to say of a server that wants to know who calls, or does not want us.

    Args:
        address: The server.
        connection: What was sent to it.
        status: In which words it says no.
    """
    if connection.variables:
        names = " and ".join(connection.variables)
        return f"{address} rejected the request: {status}; set a valid value in {names}"
    hint = "add --bearer-token-env VARIABLE with a valid token"
    return f"{address} requires authentication: {status}; {hint}"


def refused_by_nginx(address: Address, connection: Connection, body: bytes) -> str | None:
    """What to say of an answer with status 400, if it is nginx's about TLS."""
    text = body.decode(errors="replace")
    about = next((about for words, about in _NGINX.items() if words in text), None)
    if about == "encryption":
        return _encrypted(address)
    return about and _unknown_client(address, connection, about)


def refused_over_grpc(address: Address, connection: Connection) -> str | None:
    """What to say of a gRPC answer with HTTP status 400, of which the library shows no text."""
    context = secrets.context(connection.tls or Tls())
    client = http.client.HTTPSConnection(*_place(address), timeout=_SECONDS, context=context)
    with contextlib.closing(client), contextlib.suppress(OSError, http.client.HTTPException):
        client.request("GET", "/")
        return refused_by_nginx(address, connection, client.getresponse().read(_LARGEST))
    return None


def _distrusted(
    address: Address, connection: Connection, error: ssl.SSLCertVerificationError
) -> str:
    tls = connection.tls or Tls()
    if error.verify_code in _OTHER_NAMES:
        message = f"{address}: its certificate is for {_names(address, tls) or 'other hosts'}"
        return f"{message}, not for {_name(address, connection.authority)}; name one of those"
    message = f"{address}: its certificate is not trusted: {error.verify_message}"
    if error.verify_code not in _NO_AUTHORITY:
        return message
    if tls.cacert is None:
        return f"{message}; add --cacert FILE, with the CA certificates that signed it"
    return f"{message}; {tls.cacert} does not contain the CA certificate that signed it"


def _broken_off(address: Address, connection: Connection, error: ssl.SSLError) -> str:
    reason = error.reason or ""
    words = reason.lower().replace("_", " ")
    if _is_alert(error) and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return _unknown_client(address, connection, words)
    if _is_alert(error):
        message = f"{address} rejected the TLS handshake: {words}"
        # This is also what TLS 1.2 says of a certificate that is missing.
        perhaps = "; if it requires a client certificate, add --cert FILE and --key FILE"
        unknown = connection.tls is None or connection.tls.cert is None
        return message + (perhaps if unknown and "HANDSHAKE_FAILURE" in reason else "")
    if isinstance(error, _HUNG_UP):
        return f"{address} closed the connection; if it does not use TLS, write {_other(address)}"
    return f"{address} does not speak TLS; write {_other(address)}"


def _is_alert(error: ssl.SSLError) -> bool:
    """Whether it is an answer in TLS; RFC 8446, "Alert Protocol", as OpenSSL calls them."""
    return (error.reason or "").startswith(("SSLV3_", "TLSV1"))


def _unknown_client(address: Address, connection: Connection, reason: str) -> str:
    tls = connection.tls or Tls()
    if tls.cert is None:
        message = f"{address} requires a client certificate ({reason})"
        return f"{message}; add --cert FILE and --key FILE"
    return f"{address} does not accept the certificate {tls.cert} ({reason})"


def _encrypted(address: Address) -> str:
    return f"{address} speaks TLS; write {_other(address)}"


def _other(address: Address) -> str:
    """The same with TLS in place of none, or the other way round."""
    scheme = address.scheme[:-1] if address.tls else f"{address.scheme}s"
    return str(Address(scheme, address.host, address.port, address.path))


def _speaks_tls(address: Address) -> bool:
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    try:
        with _handshake(address, anybody, None):
            return True
    except ssl.SSLError as error:
        return _is_alert(error)
    except OSError:
        return False


def _names(address: Address, tls: Tls) -> str:
    """The hosts that the server's certificate is for."""
    anybody = secrets.context(tls)
    anybody.check_hostname = False
    with contextlib.suppress(OSError), _handshake(address, anybody, None) as tunnel:
        certificate: dict[str, Any] = {**(tunnel.getpeercert() or {})}
        return ", ".join(name for _, name in certificate.get("subjectAltName", ()))
    return ""


@contextlib.contextmanager
def _handshake(
    address: Address, context: ssl.SSLContext, authority: str | None
) -> Iterator[ssl.SSLSocket]:
    """A connection as gRPC makes it.

    Raises:
        OSError: There is none.
    """
    context.set_alpn_protocols(["h2", "http/1.1"])
    name = _name(address, authority)
    with (
        socket.create_connection(_place(address), _SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=name) as tunnel,
    ):
        yield tunnel


def _alert(address: Address, connection: Connection) -> ssl.SSLError | None:
    """What the server thinks of our certificate, if it does not like it.

    Raises:
        OSError: It does not take the connection.
    """
    context = secrets.context(connection.tls or Tls())
    try:
        with _handshake(address, context, connection.authority) as tunnel:
            tunnel.settimeout(_ALERT_SECONDS)
            with contextlib.suppress(TimeoutError):
                tunnel.recv(1)
    except ssl.SSLError as error:
        if not _is_alert(error):
            raise
        return error
    return None


def _place(address: Address) -> tuple[str, int]:
    return address.host.strip("[]"), address.port


def _name(address: Address, authority: str | None) -> str:
    """The host that the certificate has to name: over gRPC the authority, over REST the address."""
    if authority is None or address.transport == "rest":
        return address.host.strip("[]")
    return str(urlsplit(f"//{authority}").hostname)
