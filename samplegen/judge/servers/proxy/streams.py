"""Connections as bytes: accepted from a program, or opened to the real server."""

import asyncio
import ctypes
import socket
import ssl
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

_PIECE = 65536
"""Bytes that are read at once; as many wait at most twice, then the sender has to."""
_HANDSHAKE_SECONDS = 60.0
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How slowly bytes are sent."""

    size: int
    """Bytes in a piece."""
    seconds: float
    """Between two pieces."""


class Stream:
    """A connection that is open on both sides.

    Args:
        reader: What the peer sends.
        writer: What the peer gets.
        protocol: Hears how the peer ends it.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: "_Protocol"
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = protocol
        self._unread = b""

    @property
    def ended(self) -> asyncio.Event:
        """Whether the peer ended it."""
        return self._protocol.ended

    @property
    def ended_at(self) -> float | None:
        """When, by `time.monotonic`."""
        return self._protocol.ended_at

    @property
    def was_reset(self) -> bool:
        return self._protocol.was_reset

    @property
    def peer_certificate(self) -> bool:
        """Whether the peer showed a certificate."""
        return bool(self._writer.get_extra_info("peercert"))

    async def read(self) -> bytes:
        """The next bytes; none at the end.

        Raises:
            OSError: The connection broke.
        """
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        return await self._reader.read(_PIECE)

    def unread(self, data: bytes) -> None:
        """Has the bytes read once more."""
        self._unread = data + self._unread

    async def write(self, data: bytes, pace: Pace | None = None) -> None:
        """Sends, and waits while the peer does not read.

        Args:
            data: The bytes.
            pace: How slowly they go.

        Raises:
            OSError: The connection broke.
        """
        size = len(data) if pace is None else pace.size
        for start in range(0, len(data), max(size, 1)):
            self._writer.write(data[start : start + size])
            await self._writer.drain()
            if pace is not None:
                await asyncio.sleep(pace.seconds)

    def reset(self) -> None:
        """Ends it by a TCP reset."""
        self._writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE
        )
        self._writer.transport.abort()

    def close(self) -> None:
        """Ends it once all has been sent."""
        self._writer.close()


class _Protocol(asyncio.StreamReaderProtocol):
    """Notes how the peer ended the connection."""

    def __init__(self, reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(reader, loop=loop)
        self.ended = asyncio.Event()
        self.ended_at: float | None = None
        self.was_reset = False

    def eof_received(self) -> bool | None:
        self._end()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self.was_reset = isinstance(exc, ConnectionResetError | BrokenPipeError)
            self._end()
        self.ended.set()
        super().connection_lost(exc)

    def _end(self) -> None:
        if self.ended_at is None:
            self.ended_at = time.monotonic()
        self.ended.set()


def _make() -> tuple[asyncio.StreamReader, _Protocol, Callable[[], _Protocol]]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_PIECE, loop=loop)
    protocol = _Protocol(reader, loop)
    return reader, protocol, lambda: protocol


async def accepted(sock: socket.socket, tls: ssl.SSLContext | None) -> Stream:
    """A connection that a program opened.

    Raises:
        OSError: It broke, or the TLS handshake failed.
    """
    reader, protocol, factory = _make()
    loop = asyncio.get_running_loop()
    limit = None if tls is None else _HANDSHAKE_SECONDS
    transport, _ = await loop.connect_accepted_socket(
        factory, sock, ssl=tls, ssl_handshake_timeout=limit
    )
    return Stream(reader, asyncio.StreamWriter(transport, protocol, reader, loop), protocol)


async def connected(
    host: str, port: int, tls: ssl.SSLContext | None, server_name: str | None
) -> Stream:
    """A connection to the real server.

    Raises:
        OSError: There is none.
    """
    reader, protocol, factory = _make()
    loop = asyncio.get_running_loop()
    name = None if tls is None else server_name or host
    transport, _ = await loop.create_connection(factory, host, port, ssl=tls, server_hostname=name)
    return Stream(reader, asyncio.StreamWriter(transport, protocol, reader, loop), protocol)


_DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)
"""Classic BPF, one instruction: return 0, so that no byte of a packet is kept."""
_ATTACH_FILTER = 26
"""SO_ATTACH_FILTER of Linux; Python has no name for it."""


def deafen(listener: socket.socket) -> None:
    """Makes connecting stall, as a full backlog does: a SYN is neither answered nor refused.

    This works in any network namespace, where the judge itself could not fill the backlog.

    Raises:
        OSError: The system has no such filter.
    """
    program = ctypes.create_string_buffer(_DROP_ALL)
    filtering = struct.pack("HL", 1, ctypes.addressof(program))
    listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, filtering)
