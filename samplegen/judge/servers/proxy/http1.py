"""HTTP/1.1, as a server to the program and as a client to the real server; h11 frames it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Any

import h11

from samplegen.judge.servers.proxy.exchanges import Headers, header
from samplegen.judge.servers.proxy.messaging import (
    BODILESS,
    REST_SECONDS,
    Broken,
    Handle,
    Reply,
    Request,
    Sink,
    as_bytes,
    passed_on,
    pieces,
)
from samplegen.judge.servers.proxy.streams import Pace, Stream

_LONGEST_HEAD = 2**18
"""Bytes; as long as a token in a header may get."""


class _Side:
    """One side of a connection: h11 and the bytes it is about."""

    def __init__(self, role: type[h11.CLIENT] | type[h11.SERVER], stream: Stream) -> None:
        self.machine = h11.Connection(role, max_incomplete_event_size=_LONGEST_HEAD)
        self.stream = stream

    async def event(self) -> Any:
        """The next thing that the peer says.

        Raises:
            Broken: It is not HTTP, or ends in the middle.
        """
        try:
            while (event := self.machine.next_event()) is h11.NEED_DATA:
                if self.machine.they_are_waiting_for_100_continue:
                    await self.send(h11.InformationalResponse(status_code=100, headers=[]))
                self.machine.receive_data(await self.stream.read())
        except h11.RemoteProtocolError as error:
            raise Broken(f"no HTTP/1.1: {error}") from error
        return event

    async def send(self, event: h11.Event) -> None:
        """Says something to the peer."""
        await self.stream.write(self.machine.send(event) or b"")

    async def body(self, message: Request | Reply) -> AsyncIterator[bytes]:
        """The body that follows a head; sets the trailers at its end."""
        while not isinstance(event := await self.event(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                raise Broken("the connection was closed within a body")
            yield bytes(event.data)
        message.trailers = _headers(event.headers)


class _Sink(Sink):
    def __init__(self, side: _Side, method: str) -> None:
        self._side = side
        self._no_body = method == "HEAD"
        self.usable = True
        """Whether the connection can take another request."""

    @property
    def gone(self) -> asyncio.Event:
        return self._side.stream.ended

    async def head(self, status: int, headers: Headers, *, end: bool = False) -> None:
        self._no_body = self._no_body or status in BODILESS
        kept = passed_on(headers)
        if end and not self._no_body and header(kept, "content-length") is None:
            kept = (*kept, ("Content-Length", "0"))
        reason = HTTPStatus(status).phrase if status in {*HTTPStatus} else ""
        response = h11.Response(status_code=status, headers=as_bytes(kept), reason=reason.encode())
        await self._side.send(response)
        if end:
            await self.end()

    async def _data(self, data: bytes) -> None:
        if data and not self._no_body:
            await self._side.send(h11.Data(data=data))

    async def end(self, trailers: Headers = ()) -> None:
        await self._side.send(h11.EndOfMessage(headers=as_bytes(trailers)))

    async def raw(self, data: bytes, pace: Pace | None = None) -> None:
        self.usable = False
        await self._side.stream.write(data, pace)

    def abandon(self) -> None:
        self.close()

    def close(self) -> None:
        self.usable = False
        self._side.stream.close()

    def reset(self) -> None:
        self.usable = False
        self._side.stream.reset()


async def serve(stream: Stream, handle: Handle) -> None:
    """Answers the requests of a connection, one after another.

    Raises:
        Broken: What came is no request.
        OSError: The connection broke.
    """
    side = _Side(h11.SERVER, stream)
    while isinstance(event := await side.event(), h11.Request):
        headers = _headers(event.headers)
        method = event.method.decode()
        request = Request(
            method=method,
            target=event.target.decode("latin-1"),
            authority=header(headers, "host") or "",
            headers=headers,
            body=pieces(),
            has_body=_announces_body(headers),
        )
        request.body = side.body(request)
        sink = _Sink(side, method)
        await handle(request, sink)
        if not sink.usable or side.machine.our_state is not h11.DONE:
            break
        async for _ in request.body:
            """What nobody wanted to read of it stands before the next request."""
        if side.machine.their_state is not h11.DONE:
            break
        side.machine.start_next_cycle()
    stream.close()


async def ask(connect: Callable[[], Awaitable[Stream]], request: Request) -> Reply:
    """Asks the real server on a connection of its own.

    Args:
        connect: Opens it.
        request: Its `authority` becomes the header `Host`.

    Raises:
        Broken: What came is no answer.
        OSError: The connection broke.
    """
    side = _Side(h11.CLIENT, await connect())
    sending = asyncio.create_task(_send(side, request))

    async def close() -> None:
        await asyncio.wait([sending], timeout=REST_SECONDS)
        sending.cancel()
        side.stream.close()
        await asyncio.gather(sending, return_exceptions=True)

    try:
        while isinstance(event := await side.event(), h11.InformationalResponse):
            """The body is on its way anyhow."""
        if not isinstance(event, h11.Response):
            raise Broken("the connection was closed without an answer")
    except BaseException:
        await close()
        raise
    reply = Reply(
        status=event.status_code,
        headers=_headers(event.headers),
        body=pieces(),
        has_body=True,
        close=close,
    )
    reply.body = side.body(reply)
    return reply


async def _send(side: _Side, request: Request) -> None:
    """Sends a request; that the server stops to read it shows in the answer."""
    headers = [("Host", request.authority)]
    headers += [pair for pair in passed_on(request.headers) if pair[0].lower() != "host"]
    headers.append(("Connection", "close"))
    if request.has_body and header(request.headers, "content-length") is None:
        headers.append(("Transfer-Encoding", "chunked"))
    try:
        await side.send(
            h11.Request(method=request.method, target=request.target, headers=as_bytes(headers))
        )
        async for piece in request.body:
            await side.send(h11.Data(data=piece))
        await side.send(h11.EndOfMessage())
    except OSError:
        return


def _announces_body(headers: Headers) -> bool:
    return (
        header(headers, "content-length") is not None
        or header(headers, "transfer-encoding") is not None
    )


def _headers(headers: Any) -> Headers:
    """As they were sent: h11 itself puts names in lower case."""
    pairs = headers.raw_items()
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs)
