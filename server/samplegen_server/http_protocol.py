"""uvicorn's HTTP protocol with limits against clients that send too much, or too slowly.

And with one system call an answer instead of two.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEADER_BYTES = 1 << 16
"""A request's head, as it is received: one read beyond this and the connection ends."""

START_SECONDS = 30.0
"""How long a request may take to arrive, however small it is."""

BYTES_PER_SECOND = 1 << 14
"""How fast a large request has to arrive, after `START_SECONDS`."""

STALL_SECONDS = 60.0
"""How long a client may leave its answer unread."""

LINGER_SECONDS = 30.0
"""How long what is left of a refused request is read, and dropped, before the connection ends.

Ending it with something unread resets it, and a reset takes the answer from a client that has not
read it yet (RFC 9112, section 9.6).
"""

SWEEP_SECONDS = 1.0
"""How often all connections are looked at."""

TOO_LARGE = b'{"error":"Request header fields are too large"}'
TOO_LARGE_HEAD = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/json; charset=utf-8\r\n"
    b"content-length: %d\r\n"
    b"connection: close\r\n"
    b"\r\n"
) % len(TOO_LARGE)


class Gathering:
    """A transport that sends in one piece what is written in one pass of the event loop.

    uvicorn writes the head and the body of an answer apart, and each write is a system call.

    Args:
        transport: The one that sends.
        loop: Its event loop.
        is_receiving: Is the client still sending a request's body?
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        is_receiving: Callable[[], bool],
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._is_receiving = is_receiving
        self._parts: list[bytes] = []
        self.lingers_since: float | None = None

    def __getattr__(self, name: str) -> Any:
        """All else is the transport's."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        """Close the transport once all is sent; a second call does not wait for the client."""
        if self._is_receiving() and not self.is_closing():
            self.linger()
        else:
            self._flush()
            self._transport.close()

    def linger(self) -> None:
        """Send all and say that nothing follows; the client closes, when it has read the answer."""
        self._flush()
        if not self._transport.is_closing():
            self.lingers_since = self._loop.time()
            self._transport.resume_reading()
            self._transport.write_eof()

    def is_closing(self) -> bool:
        return self.lingers_since is not None or self._transport.is_closing()

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts and not self.is_closing():
            self._transport.writelines(parts)


class LimitedProtocol(HttpToolsProtocol):
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._gathering = Gathering(transport, self.loop, self._is_in_body)
        super().connection_made(cast(asyncio.Transport, self._gathering))
        self._in_head = True
        self._is_stopping = False
        self._received = 0
        self._began: float | None = self.loop.time()
        """When the request being received began; None between requests."""
        self._unread = 0
        self._unread_since = 0.0

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._began = self.loop.time()
        self._received = 0

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._began = None
        self._received = 0
        super().on_message_complete()

    def shutdown(self) -> None:
        self._is_stopping = True
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        if self._gathering.lingers_since is not None:
            return
        self._received += len(data)
        super().data_received(data)
        # What is still in the head after a read has brought nothing but head.
        if self._in_head and self._received > MAX_HEADER_BYTES and self._began is not None:
            self._gathering.write(TOO_LARGE_HEAD + TOO_LARGE)
            self._gathering.linger()

    def is_late(self, now: float) -> bool:
        """Has this client taken too long to send its request, or to read its answer?"""
        since = self._gathering.lingers_since
        if since is not None:
            return now - since > LINGER_SECONDS
        unread = self.transport.get_write_buffer_size()
        if unread == 0 or unread != self._unread:
            self._unread, self._unread_since = unread, now
        elif now - self._unread_since > STALL_SECONDS:
            return True
        if self._began is None or self.flow.read_paused:
            return False
        return now - self._began > START_SECONDS + self._received / BYTES_PER_SECOND

    def _is_in_body(self) -> bool:
        return not self._in_head and not self._is_stopping


async def drop_late(connections: Iterable[Any]) -> None:
    """Look at all connections again and again, for ever, and drop those that are too slow."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        for connection in list(connections):
            if connection.is_late(loop.time()):
                connection.transport.abort()
