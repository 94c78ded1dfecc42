"""HTTP/2, as a server to the program and as a client to the real server; h2 frames it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from samplegen.judge.servers.proxy.exchanges import Headers
from samplegen.judge.servers.proxy.messaging import (
    REST_SECONDS,
    Broken,
    Handle,
    Reply,
    Request,
    Sink,
    as_bytes,
    passed_on,
    pieces,
    without,
)
from samplegen.judge.servers.proxy.streams import Pace, Stream

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client says first; RFC 9113, 3.4."""
_WINDOW = 2**20
"""Bytes of one stream that wait here at most, then the sender has to."""
_LARGEST_FRAME = 2**18


class Connection:
    """One side of a connection.

    Args:
        stream: The bytes it is about.
        handle: Answers each request; None if this is the side that asks.
    """

    def __init__(self, stream: Stream, handle: Handle | None = None) -> None:
        self.stream = stream
        self.goaway = False
        """Whether the peer said that it is done."""
        self._handle = handle
        self.machine = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=handle is None, header_encoding=None)
        )
        self._channels: dict[int, _Channel] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False

    @property
    def usable(self) -> bool:
        """Whether another request can be made on it."""
        return not (self.goaway or self._ended)

    @contextlib.contextmanager
    def speaking(self) -> Iterator[None]:
        """Says something to the peer.

        Raises:
            Broken: The peer is done with the connection.
        """
        try:
            yield
        except h2.exceptions.ProtocolError as error:
            if self.usable:
                raise
            raise Broken("the connection was closed") from error

    async def run(self) -> None:
        """Reads until the connection ends.

        Raises:
            Broken: What came is no HTTP/2.
            OSError: The connection broke.
        """
        try:
            while data := await self.stream.read():
                for event in self.machine.receive_data(data):
                    self._happened(event)
                await self.flush()
        except h2.exceptions.ProtocolError as error:
            await self.flush()  # says so to the peer
            raise Broken(f"no HTTP/2: {error}") from error
        finally:
            self._ended = True
            for channel in [*self._channels.values()]:
                channel.break_off("the connection was closed")
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self.stream.close()

    async def start(self) -> None:
        """Says what this side takes."""
        self.machine.initiate_connection()
        self.machine.update_settings({
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW,
            h2.settings.SettingCodes.MAX_FRAME_SIZE: _LARGEST_FRAME,
        })  # fmt: skip
        self.machine.increment_flow_control_window(16 * _WINDOW)
        await self.flush()

    async def flush(self) -> None:
        """Sends what h2 has to say."""
        if data := self.machine.data_to_send():
            await self.stream.write(data)

    async def ask(self, request: Request, scheme: str) -> Reply:
        """Makes a request and waits for the head of its answer.

        Raises:
            Broken, OSError: There is none.
        """
        number = self.machine.get_next_available_stream_id()
        channel = self._channels[number] = _Channel(self, number)
        names = (":method", ":scheme", ":authority", ":path")
        values = (request.method, scheme, request.authority, request.target)
        head = [*zip(names, values, strict=True), *_lower(without(request.headers, "host"))]
        self.machine.send_headers(number, as_bytes(head), end_stream=not request.has_body)
        await self.flush()
        sending = asyncio.create_task(channel.send_all(request))

        async def close() -> None:
            await asyncio.wait([sending], timeout=REST_SECONDS)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await channel.forget()

        try:
            return await channel.reply(close)
        except BaseException:
            await close()
            raise

    def _happened(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._requested(event)
        elif isinstance(event, h2.events.ResponseReceived):
            if channel := self._channels.get(event.stream_id):
                channel.answered(event.headers, ended=event.stream_ended is not None)
        elif isinstance(event, h2.events.DataReceived):
            self._received(event)
        elif isinstance(event, h2.events.TrailersReceived):
            if channel := self._channels.get(event.stream_id):
                channel.trailers = _plain(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            if channel := self._channels.get(event.stream_id):
                channel.finish()
        elif isinstance(event, h2.events.StreamReset):
            if channel := self._channels.get(event.stream_id):
                channel.was_reset = True
                channel.break_off(f"the stream was reset with HTTP/2 error {event.error_code}")
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = True
        elif isinstance(event, h2.events.WindowUpdated | h2.events.RemoteSettingsChanged):
            for channel in self._channels.values():
                channel.room.set()

    def _requested(self, event: h2.events.RequestReceived) -> None:
        assert self._handle is not None  # noqa: S101  (h2 lets only a server get requests)
        channel = self._channels[event.stream_id] = _Channel(self, event.stream_id)
        special = dict(_text(event.headers))
        request = Request(
            method=special[":method"],
            target=special.get(":path", ""),
            authority=special.get(":authority", ""),
            headers=_plain(event.headers),
            body=pieces(),
            has_body=event.stream_ended is None,
        )
        request.body = channel.body(request)
        task = asyncio.create_task(self._serve(channel, request))
        channel.task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, channel: "_Channel", request: Request) -> None:
        assert self._handle is not None  # noqa: S101
        try:
            await self._handle(request, _Sink(channel))
        finally:
            await channel.forget()

    def _received(self, event: h2.events.DataReceived) -> None:
        channel = self._channels.get(event.stream_id)
        if channel is None:  # nobody waits for it any more
            self.machine.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        else:
            channel.pieces.put_nowait((event.data, event.flow_controlled_length))

    def drop(self, number: int) -> None:
        """Forgets a stream."""
        self._channels.pop(number, None)


class _Channel:
    """One stream of a connection."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.number = number
        self.pieces: asyncio.Queue[tuple[bytes, int] | None] = asyncio.Queue()
        """With the bytes of the window that each took; None at the end. The window bounds it."""
        self.trailers: Headers = ()
        self.room = asyncio.Event()
        """Set when the peer may have made room for more."""
        self.gone = asyncio.Event()
        """Set when the peer has given up."""
        self.task: asyncio.Task[None] | None = None
        self.was_reset = False
        """Whether the peer reset it."""
        self.finished = False
        """Whether the peer has said all."""
        self.said_all = False
        """Whether this side has."""
        self._broken = ""
        """How the peer ended before it had said all."""
        self._closed = ""
        """How the peer ended, whenever."""
        self._head: asyncio.Future[tuple[Headers, bool]] = asyncio.Future()

    def answered(self, headers: Sequence[Any], *, ended: bool) -> None:
        self._head.set_result((_text(headers), ended))

    def finish(self) -> None:
        self.finished = True
        self.pieces.put_nowait(None)

    def break_off(self, how: str) -> None:
        """The peer has given up; a server may do so when it has answered and wants no more."""
        self._closed = how
        self.gone.set()
        self.room.set()
        if not self.finished:
            self._broken = how
            self.finish()
        if not self._head.done():
            self._head.set_exception(Broken(how))
            self._head.exception()  # seen here; who waits for it sees it, too
        if self.task is not None:
            self.task.cancel()

    async def body(self, message: Request | Reply) -> AsyncIterator[bytes]:
        """What the peer sends; sets the trailers at its end."""
        while (piece := await self.pieces.get()) is not None:
            data, size = piece
            self._acknowledge(size)
            await self.connection.flush()
            if data:
                yield data
        if self._broken:
            raise Broken(self._broken)
        message.trailers = self.trailers

    async def reply(self, close: Any) -> Reply:
        """The answer, once its head is there."""
        headers, ended = await self._head
        reply = Reply(
            status=int(dict(headers)[":status"]),
            headers=tuple(pair for pair in headers if not pair[0].startswith(":")),
            body=pieces(),
            has_body=not ended,
            close=close,
        )
        reply.body = self.body(reply)
        return reply

    async def send_all(self, request: Request) -> None:
        """Sends a body; that the server stops to read it shows in the answer."""
        if not request.has_body:
            self.said_all = True
            return
        try:
            async for piece in request.body:
                await self.send(piece)
            await self.end(request.trailers)
        except (OSError, Broken, h2.exceptions.ProtocolError):
            return

    async def send(self, data: bytes) -> None:
        """Sends, as fast as the peer makes room."""
        machine, start = self.connection.machine, 0
        while start < len(data):
            self.check()
            self.room.clear()
            room = min(
                machine.local_flow_control_window(self.number), machine.max_outbound_frame_size
            )
            if room <= 0:
                await self.room.wait()
                continue
            with self.connection.speaking():
                machine.send_data(self.number, data[start : start + room])
            await self.connection.flush()
            start += room

    async def end(self, trailers: Headers = ()) -> None:
        """Says that this is all."""
        self.check()
        self.said_all = True
        with self.connection.speaking():
            if trailers:
                self.connection.machine.send_headers(
                    self.number, as_bytes(_lower(trailers)), end_stream=True
                )
            else:
                self.connection.machine.end_stream(self.number)
        await self.connection.flush()

    def check(self) -> None:
        """Raises Broken if the peer has given up."""
        if self._closed:
            raise Broken(self._closed)

    def reset(self) -> None:
        """Tells the peer that this side gives up."""
        self.said_all = True
        if not self._closed:
            self._tell(h2.errors.ErrorCodes.INTERNAL_ERROR)

    def _tell(self, code: h2.errors.ErrorCodes) -> None:
        """Resets the stream, unless it has ended on its own."""
        with contextlib.suppress(h2.exceptions.ProtocolError):
            self.connection.machine.reset_stream(self.number, code)

    async def forget(self) -> None:
        """Lets go of it; if it has not come to its end, the peer hears so."""
        if not (self.finished and self.said_all) and not self._closed and self.connection.usable:
            codes = h2.errors.ErrorCodes
            self._tell(codes.NO_ERROR if self.said_all else codes.CANCEL)
        while not self.pieces.empty():
            piece = self.pieces.get_nowait()
            self._acknowledge(piece[1] if piece is not None else 0)
        self.connection.drop(self.number)
        await self.connection.flush()

    def _acknowledge(self, size: int) -> None:
        if size:
            self.connection.machine.acknowledge_received_data(size, self.number)


class _Sink(Sink):
    def __init__(self, channel: _Channel) -> None:
        self._channel = channel

    @property
    def gone(self) -> asyncio.Event:
        return self._channel.gone

    @property
    def was_reset(self) -> bool:
        return self._channel.was_reset

    async def head(self, status: int, headers: Headers, *, end: bool = False) -> None:
        self._channel.check()
        self._channel.said_all = end
        head = [(":status", str(status)), *_lower(headers)]
        connection = self._channel.connection
        with connection.speaking():
            connection.machine.send_headers(self._channel.number, as_bytes(head), end_stream=end)
        await connection.flush()

    async def _data(self, data: bytes) -> None:
        await self._channel.send(data)

    async def end(self, trailers: Headers = ()) -> None:
        await self._channel.end(trailers)

    async def raw(self, data: bytes, pace: Pace | None = None) -> None:
        await self._channel.connection.stream.write(data, pace)

    def abandon(self) -> None:
        self._channel.reset()

    def close(self) -> None:
        self._channel.connection.stream.close()

    def reset(self) -> None:
        self._channel.connection.stream.reset()


async def serve(connection: Connection) -> None:
    """Answers the requests of a connection, many at a time.

    Raises:
        Broken: What came is no HTTP/2.
        OSError: The connection broke.
    """
    await connection.start()
    await connection.run()


def _lower(headers: Headers) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in passed_on(headers)]


def _plain(headers: Any) -> Headers:
    """Headers without those that HTTP/2 makes of the first line."""
    return tuple(pair for pair in _text(headers) if not pair[0].startswith(":"))


def _text(headers: Any) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
