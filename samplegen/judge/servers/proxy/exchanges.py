"""What passed the proxy in one session: connections, requests and answers, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from samplegen.judge.servers.proxy import grpc_framing

Transport = Literal["grpc", "rest"]
Headers = tuple[tuple[str, str], ...]
"""Names as they were sent, and values; in order."""
Path = tuple[str | int, ...]
"""From the root of a decoded answer: keys of objects and indices of lists."""

_LIBRARY = frozenset({
    "accept-encoding", "connection", "content-length", "expect", "grpc-accept-encoding",
    "grpc-encoding", "host", "http2-settings", "keep-alive", "te", "transfer-encoding", "upgrade",
    "user-agent", "grpc-timeout", "accept-language", "sec-fetch-mode",
})  # fmt: skip
"""Headers that a client library sets by itself, or that only one connection needs."""
_ACCEPT_ALL = frozenset({"*/*", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"})
"""What libraries accept if nobody tells them: curl and requests, and Java's."""


def header(headers: Headers, name: str) -> str | None:
    """The first value of a header, by its name in lower case."""
    return next((value for key, value in headers if key.lower() == name), None)


def transport_of(headers: Headers) -> Transport:
    """What a request with these headers is."""
    content_type = header(headers, "content-type") or ""
    return "grpc" if content_type.startswith("application/grpc") else "rest"


@dataclass(kw_only=True)
class Link:
    """A connection that the program opened. Times are of `time.monotonic`."""

    number: int
    transport: Transport | None
    """What it was meant for: that of its listener; None if that is for both."""
    opened: float
    protocol: str = ""
    """`http/1.1` or `h2`; empty if nothing came that could tell."""
    encrypted: bool = False
    client_certificate: bool = False
    """Whether the program showed one."""
    problem: str = ""
    """What broke it, such as a TLS handshake that the program refused."""
    closed: float | None = None
    """When the program ended it; None if the proxy did, or the session was over before."""
    closing: Literal["", "end", "reset", "goaway"] = ""
    """How the program ended it: without a word, by a TCP reset, or by HTTP/2's GOAWAY."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer: that of the real server, or the one that the program was given."""

    status: int
    """Of HTTP; 200 for nearly all of gRPC."""
    headers: Headers = ()
    body: bytes = b""
    """Without chunks; over gRPC, with the five bytes before each message."""
    trailers: Headers = ()
    whole: bool = True
    """False: it broke off, or is longer than what is kept."""

    @property
    def messages(self) -> list[bytes]:
        """Over gRPC, what stands in the body; one that is cut is left out."""
        return grpc_framing.split(self.body)

    @property
    def code(self) -> int | None:
        """The gRPC status; None if there is none."""
        found = header(self.trailers, "grpc-status") or header(self.headers, "grpc-status")
        return int(found) if found is not None and found.isdecimal() else None

    @property
    def details(self) -> str:
        """What the gRPC status says in words."""
        found = header(self.trailers, "grpc-message") or header(self.headers, "grpc-message")
        return grpc_framing.unescaped(found or "")


@dataclass(frozen=True)
class Altered:
    """A value of an answer, as the real server gave it and as the program got it."""

    old: Any
    new: Any


@dataclass(kw_only=True)
class Exchange:
    """A request of the program, and what came of it. Times are of `time.monotonic`."""

    number: int
    """Counted through the session, from 0."""
    link: Link
    transport: Transport
    """`grpc` if its content type says so."""
    method: str
    target: str
    """Path and query as they were sent, without any decoding; below the base path of REST, if the
    request is."""
    authority: str
    headers: Headers
    received: float
    """When its head was there."""
    call: str = ""
    """The call of the operation that it makes; empty if it makes none of them."""
    body: bytes = b""
    trailers: Headers = ()
    whole: bool = False
    """Whether the request came to its end and is kept whole."""
    answer: Answer | None = None
    """Of the real server; None if it was not asked or did not answer."""
    given: Answer | None = None
    """What the program got; None if nothing."""
    changes: Mapping[Path, Altered] = field(default_factory=dict)
    """By place in the decoded answer that was given; new items of lists have None as `old`."""
    faulty: bool = False
    """Whether it met the fault of the session."""
    problem: str = ""
    """Why the real server gave no answer, or why the answer could not be changed."""
    ended: float | None = None
    """When the last byte of the answer went, or the program gave up."""
    cancelled: bool = False
    """Whether the program gave up: it reset the stream or left before the answer's end."""
    reset: bool = False
    """Whether it reset the stream, and left nothing to the end of its connection."""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def messages(self) -> list[bytes]:
        """Over gRPC, what stands in the body."""
        return grpc_framing.split(self.body)

    @property
    def deadline(self) -> float | None:
        """Seconds, as `grpc-timeout` says; None without one, as always over REST.

        Raises:
            ValueError: The header is malformed.
        """
        found = header(self.headers, "grpc-timeout")
        return None if found is None else grpc_framing.seconds(found)

    @property
    def own_headers(self) -> Headers:
        """Those that the program set, in lower case: without those of its client library."""
        named = ((name.lower(), value) for name, value in self.headers)
        return tuple(
            (name, value)
            for name, value in named
            if name not in _LIBRARY and not (name == "accept" and value in _ACCEPT_ALL)
        )
