"""Certificates for the proxy: those that the program has to trust, and those of strangers."""

import datetime
import re
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import trustme

from samplegen.connection.model import Tls

Trust = Literal["right", "stranger", "expired", "other name"]
"""Whose certificate the proxy shows: one to trust, one of another authority, an old one, or one of
another host."""
_LONG_AGO = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
_BEFORE = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


def host_of(authority: str) -> str:
    """The host of `host`, `host:port`, `[address]` or `[address]:port`, as certificates name it."""
    bracketed = re.fullmatch(r"\[(.*)\](:\d+)?", authority)
    if bracketed:
        return bracketed[1]
    return authority if authority.count(":") > 1 else authority.partition(":")[0]


class Authority:
    """The authority that the program trusts, made for one run of the judge.

    Args:
        names: The hosts and addresses that the program calls; see `host_of`.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(dict.fromkeys(map(host_of, names)))
        self._own = trustme.CA()
        self._stranger = trustme.CA()

    @property
    def pem(self) -> bytes:
        """What the program has to trust, as a PEM file holds it."""
        return self._own.cert_pem.bytes()

    def client(self, folder: Path) -> Tls:
        """A certificate for a program to show, written to PEM files in a folder."""
        made = self._own.issue_cert("client.example")
        cert, key = folder / "client.pem", folder / "client-key.pem"
        cert.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        key.write_bytes(made.private_key_pem.bytes())
        return Tls(cacert=None, cert=str(cert), key=str(key))

    def context(
        self, protocols: Sequence[str], trust: Trust = "right", client: Tls | None = None
    ) -> ssl.SSLContext:
        """How the proxy proves to be the server.

        Args:
            protocols: What it speaks, by their names in ALPN.
            trust: Whose certificate it shows.
            client: If it names a client certificate, the program must show just that.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certificate(trust).configure_cert(context)
        context.set_alpn_protocols([*protocols])
        if client is not None and client.cert is not None:
            context.load_verify_locations(client.cert)
            context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _certificate(self, trust: Trust) -> trustme.LeafCert:
        if trust == "stranger":
            return self._stranger.issue_cert(*self._names)
        if trust == "expired":
            return self._own.issue_cert(*self._names, not_before=_BEFORE, not_after=_LONG_AGO)
        if trust == "other name":
            return self._own.issue_cert("elsewhere.example")
        return self._own.issue_cert(*self._names)
