"""Where a reader's server is."""

import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from samplegen.errors import UsageError

_PORTS = {"http": 80, "https": 443, "grpc": None, "grpcs": 443}
"""The schemes, and the port of an address that names none."""


@dataclass(frozen=True)
class Address:
    """One transport of a server."""

    scheme: str
    """`http`, `https`, `grpc` or `grpcs`."""
    host: str
    """An IPv6 address stands in brackets."""
    port: int
    path: str = ""
    """What stands before `/v2` in the paths of REST."""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}{self.path}"

    @property
    def transport(self) -> str:
        """`rest` or `grpc`."""
        return "rest" if self.scheme.startswith("http") else "grpc"

    @property
    def tls(self) -> bool:
        return self.scheme.endswith("s")

    @property
    def encrypted(self) -> "Address":
        """The same, over TLS."""
        return self if self.tls else replace(self, scheme=f"{self.scheme}s")


def parse(text: str) -> Address:
    """An address such as `http://localhost:8000`.

    Raises:
        UsageError: It is not of that form.
    """
    expected = "expected http://HOST:PORT[/PATH], https://, grpc:// or grpcs://"
    wrong = UsageError(f"ADDRESS: found {text!r}; {expected}, such as http://localhost:8000")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise wrong from error
    plain = not (parts.query or parts.fragment or parts.username)
    if parts.scheme not in _PORTS or not host or not plain:
        raise wrong
    path = parts.path.rstrip("/")
    if path and not parts.scheme.startswith("http"):
        raise UsageError(f"ADDRESS: found the path {path!r}; gRPC has none; leave it out")
    if re.search(r"/v2(/|$)", path):
        path = path.partition("/v2")[0]
        short = f"{parts.scheme}://{parts.netloc}{path}"
        raise UsageError(f"ADDRESS: found {text!r}; {expected}, such as {short}, without /v2")
    port = port or _PORTS[parts.scheme]
    if port is None:
        raise UsageError(f"ADDRESS: found {text!r} without a port; add it, such as {text}:9000")
    return Address(parts.scheme, f"[{host}]" if ":" in host else host, port, path)
