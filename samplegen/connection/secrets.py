"""What a connection asks of who calls, taken from the environment and from PEM files."""

import os
import re
import ssl

from samplegen.connection.model import Connection, Tls
from samplegen.errors import SamplegenError


def secrets(connection: Connection) -> dict[str, str]:
    """The environment variables that samples read on this connection.

    Raises:
        SamplegenError: With each that is not set, or not to what a header can hold.
    """
    values = {name: os.environ.get(name, "") for name in connection.variables}
    wrong = [name for name, value in values.items() if not re.fullmatch("[ -~]+", value)]
    if wrong:
        raise SamplegenError(*(f"{name} is not set, or not to one line of text" for name in wrong))
    return values


def headers(connection: Connection) -> dict[str, str]:
    """Those of every request, secret ones among them; over gRPC, the metadata.

    Raises:
        SamplegenError: A variable is not set.
    """
    values = secrets(connection)
    found = {h.name: h.value or values[h.env or ""] for h in connection.headers}
    if connection.bearer_token_env is not None:
        found["authorization"] = f"Bearer {values[connection.bearer_token_env]}"
    return found


def context(tls: Tls) -> ssl.SSLContext:
    """Whom to trust over TLS, and who we are.

    Raises:
        SamplegenError: A PEM file cannot be used.
    """
    try:
        made = ssl.create_default_context(cafile=tls.cacert)
    except OSError as error:
        raise SamplegenError(
            f"{tls.cacert}: not a PEM file of certificates{_told(error)}"
        ) from error
    if tls.cert is not None:
        try:
            # Without this it would wait for a password to be typed.
            made.load_cert_chain(tls.cert, tls.key, password=_no_password)
        except OSError as error:
            message = f"{tls.cert}, {tls.key}: not PEM files of a certificate and its key"
            raise SamplegenError(f"{message}{_told(error)}") from error
        except ValueError as error:
            raise SamplegenError(f"{tls.key}: {error}") from error
    return made


def _no_password() -> str:
    raise ValueError("the key is encrypted; name one that is not: openssl pkey -in FILE")


def _told(error: OSError) -> str:
    # What OpenSSL says is about its own code.
    return "" if isinstance(error, ssl.SSLError) else f": {error.strerror}"
