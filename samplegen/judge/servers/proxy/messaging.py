"""What HTTP/1.1 and HTTP/2 have in common: requests, replies, and where an answer goes."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass

from samplegen.judge.servers.proxy.exchanges import Headers
from samplegen.judge.servers.proxy.streams import Pace

_HOP = frozenset({
    "connection", "expect", "http2-settings", "keep-alive", "proxy-connection", "transfer-encoding",
    "upgrade",
})  # fmt: skip
"""Headers that are about one connection; RFC 9110, 7.6.1."""
BODILESS = frozenset({204, 304})
"""Statuses whose answers have no body."""

REST_SECONDS = 0.2
"""How long the rest of a request is waited for when it has been answered."""


class Broken(Exception):
    """The peer broke off; the message says how."""


@dataclass(kw_only=True)
class Request:
    """A request whose body is still to come."""

    method: str
    target: str
    """Path and query."""
    authority: str
    headers: Headers
    body: AsyncIterator[bytes]
    has_body: bool
    trailers: Headers = ()
    """Known once the body has ended."""


@dataclass(kw_only=True)
class Reply:
    """An answer of the real server whose body is still to come."""

    status: int
    headers: Headers
    body: AsyncIterator[bytes]
    has_body: bool
    close: Callable[[], Awaitable[None]]
    """Lets go of it, whether it has come to its end or not."""
    trailers: Headers = ()
    """Known once the body has ended."""


class Sink(ABC):
    """Where the answer to one request goes."""

    pace: Pace | None = None
    """How slowly the body goes."""

    async def data(self, data: bytes) -> None:
        """Sends a piece of the body.

        Raises:
            OSError, Broken: The program does not take it.
        """
        if self.pace is None:
            await self._data(data)
            return
        for start in range(0, len(data), self.pace.size):
            await self._data(data[start : start + self.pace.size])
            await asyncio.sleep(self.pace.seconds)

    @abstractmethod
    async def head(self, status: int, headers: Headers, *, end: bool = False) -> None:
        """Sends status and headers.

        Args:
            status: Of HTTP.
            headers: Those about one connection are left out.
            end: Whether that is all.

        Raises:
            OSError, Broken: The program does not take it.
        """

    @abstractmethod
    async def _data(self, data: bytes) -> None:
        """Sends a piece of the body at once."""

    @abstractmethod
    async def end(self, trailers: Headers = ()) -> None:
        """Ends the answer."""

    @abstractmethod
    async def raw(self, data: bytes, pace: Pace | None = None) -> None:
        """Sends bytes in place of an answer; then only `close` and `reset` are left."""

    @abstractmethod
    def abandon(self) -> None:
        """Ends this answer before its end, and as little else as possible."""

    @abstractmethod
    def close(self) -> None:
        """Ends the connection."""

    @abstractmethod
    def reset(self) -> None:
        """Ends the connection by a TCP reset."""

    @property
    def was_reset(self) -> bool:
        """Whether the program gave up this one answer, by a reset of its stream."""
        return False

    @property
    @abstractmethod
    def gone(self) -> asyncio.Event:
        """Whether the program has left."""


Handle = Callable[[Request, Sink], Awaitable[None]]
"""Answers one request."""


def as_bytes(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """As they travel: the bytes from which they were read, of which not all are ASCII."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def passed_on(headers: Headers) -> Headers:
    """The headers that go further than one connection."""
    return tuple((name, value) for name, value in headers if name.lower() not in _HOP)


def without(headers: Headers, *names: str) -> Headers:
    """All but those, by their names in lower case."""
    return tuple((name, value) for name, value in headers if name.lower() not in names)


async def pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    """A body."""
    for piece in pieces:
        yield piece
