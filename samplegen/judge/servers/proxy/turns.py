"""One request on its way: passed on or not, answered by the real server or otherwise, recorded."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from samplegen.judge.servers.proxy.decoding import Decoder
from samplegen.judge.servers.proxy.documents import Undecodable
from samplegen.judge.servers.proxy.exchanges import Answer, Exchange, Headers
from samplegen.judge.servers.proxy.grpc_framing import Code, Splitter, escaped, framed
from samplegen.judge.servers.proxy.messaging import (
    REST_SECONDS,
    Broken,
    Reply,
    Request,
    Sink,
    pieces,
    without,
)
from samplegen.judge.servers.proxy.streams import Pace

LONGEST = 2**26
"""Bytes of an answer that can be changed; a longer one is refused."""
_FRAMING = ("content-length", "transfer-encoding", "content-encoding")
_PLAIN = {"grpc": ("grpc-accept-encoding",), "rest": ("accept-encoding",)}
"""By transport, the headers without which answers are not compressed."""


class Question(Protocol):
    """Makes another request of the one that came."""

    def target(self, target: str) -> str:
        """Another path and query."""

    def body(self, exchange: Exchange, body: bytes) -> bytes:
        """Another body, or over gRPC another message."""


class Edit(Protocol):
    """Makes another answer of the real one."""

    def message(self, exchange: Exchange, message: bytes) -> bytes:
        """Another message, over gRPC. Raises Undecodable if it cannot be changed."""

    def answer(self, exchange: Exchange, answer: Answer) -> Answer:
        """Another answer, over REST. Raises Undecodable if it cannot be changed."""

    def details(self, exchange: Exchange, details: str) -> str:
        """Another message of a status of gRPC that is an error."""


class Kept:
    """How much of bodies is kept, in all of a session.

    Args:
        most: In bytes.
    """

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, size: int) -> bool:
        """Whether there is room for so many more."""
        if size > self._left:
            return False
        self._left -= size
        return True


class _Record:
    """A body as far as it is kept."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.data = bytearray()
        self.whole = True

    def add(self, piece: bytes) -> None:
        if self.whole and self._kept.take(len(piece)):
            self.data += piece
        else:
            self.whole = False


class Turn:
    """A request, and what can be done about it.

    Args:
        exchange: Where it is recorded.
        request: What came.
        sink: Where the answer goes.
        ask: Asks the real server.
        kept: How much is recorded.
        decoder: Knows the API's messages.
        waiting: Hears of it when the program begins to wait in vain.
    """

    def __init__(
        self,
        exchange: Exchange,
        request: Request,
        sink: Sink,
        ask: Callable[[Request], Awaitable[Reply]],
        kept: Kept,
        decoder: Decoder,
        waiting: Callable[[], None],
    ) -> None:
        self.exchange = exchange
        self.sink = sink
        self.decoder = decoder
        self.split: random.Random | None = None
        """Cuts the body that is sent into pieces."""
        self._request = request
        self._ask = ask
        self._waiting = waiting
        self._heard = _Record(kept)
        self._answered = _Record(kept)
        self._given = _Record(kept)
        self._given_head: tuple[int, Headers] | None = None
        self._given_trailers: Headers = ()
        self._given_whole = False
        self._body = self._recorded()
        self._listening: asyncio.Task[None] | None = None
        self._reply: Reply | None = None

    # What was asked

    async def _recorded(self) -> AsyncIterator[bytes]:
        async for piece in self._request.body:
            self._heard.add(piece)
            yield piece
        self.exchange.trailers = self._request.trailers
        self.exchange.whole = self._heard.whole

    async def hear(self) -> None:
        """Reads the request, for an answer that does not come from the real server.

        Of a stream it reads the first message at once, and the others as they come.
        """
        splitter = Splitter()
        async for piece in self._body:
            if self.exchange.transport == "grpc" and splitter.messages(piece):
                self._listening = asyncio.create_task(self._hear_on())
                return

    async def _hear_rest(self) -> None:
        """Reads what the real server did not wait for: it may answer before a request ends."""
        with contextlib.suppress(OSError, Broken, TimeoutError):
            async with asyncio.timeout(REST_SECONDS):
                await self._hear_on()

    async def _hear_on(self) -> None:
        async for _ in self._body:
            """It is recorded on its way."""

    # What the real server answers

    async def ask(self, *, plain: bool = False, question: Question | None = None) -> Reply:
        """Asks the real server.

        Args:
            plain: Whether the answer must not be compressed.
            question: Makes another request of this one.

        Raises:
            Broken: It does not answer; the program has been given an error in its place.
        """
        request = replace(self._request, body=self._body)
        if not request.has_body:
            async for _ in self._body:
                """It ends at once, and is recorded as whole."""
            request = replace(request, body=pieces())
        if plain:
            unwanted = _PLAIN[self.exchange.transport]
            request = replace(request, headers=without(request.headers, *unwanted))
        if question is not None:
            request = await self._asked_otherwise(request, question)
        try:
            self._reply = await self._ask(request)
        except (OSError, Broken) as error:
            self.exchange.problem = f"the real server did not answer: {error}"
            await self.refuse()
            raise
        return self._reply

    async def _asked_otherwise(self, request: Request, question: Question) -> Request:
        request = replace(request, target=question.target(request.target))
        if not request.has_body:
            return request
        if self.exchange.transport == "grpc":
            return replace(request, body=self._messages_otherwise(question))
        body = b"".join([piece async for piece in self._body])
        body = question.body(self.exchange, body)
        headers = without(request.headers, "content-length", "transfer-encoding")
        headers = (*headers, ("Content-Length", str(len(body))))
        return replace(request, headers=headers, body=pieces(body))

    async def _messages_otherwise(self, question: Question) -> AsyncIterator[bytes]:
        splitter = Splitter()
        async for piece in self._body:
            for message in splitter.messages(piece):
                yield framed(question.body(self.exchange, message))

    async def _body_of(self, reply: Reply) -> AsyncIterator[bytes]:
        try:
            async for piece in reply.body:
                self._answered.add(piece)
                yield piece
        except (OSError, Broken) as error:
            self._answered.whole = False
            self.exchange.problem = f"the real server broke off: {error}"
            raise

    async def relay(self, edit: Edit | None = None, question: Question | None = None) -> None:
        """Gives the real server's answer, perhaps changed.

        Args:
            edit: Changes it.
            question: Changes what the real server is asked.
        """
        reply = await self.ask(plain=edit is not None, question=question)
        try:
            if edit is None:
                await self._pass(reply)
            elif self.exchange.transport == "grpc":
                await self._pass_messages(reply, edit)
            else:
                await self._pass_body(reply, edit)
        except (OSError, Broken):
            self.sink.abandon()
            raise

    async def _pass(self, reply: Reply) -> None:
        await self.head(reply.status, reply.headers, end=not reply.has_body)
        if reply.has_body:
            async for piece in self._body_of(reply):
                await self.data(piece)
            await self.end(reply.trailers)

    async def _pass_messages(self, reply: Reply, edit: Edit) -> None:
        headers = self._refusing(edit, reply.headers)
        await self.head(reply.status, headers, end=not reply.has_body)
        if not reply.has_body:
            return
        splitter = Splitter()
        async for piece in self._body_of(reply):
            for message in splitter.messages(piece):
                await self.data(framed(self._edited(edit, message)))
        await self.data(splitter.rest)
        await self.end(self._refusing(edit, reply.trailers))

    def _refusing(self, edit: Edit, headers: Headers) -> Headers:
        """Headers or trailers, with another message of the status if that is an error."""
        answer = Answer(status=200, headers=headers)
        if not answer.code or not answer.details:
            return headers
        details = edit.details(self.exchange, answer.details)
        if details == answer.details:
            return headers
        return (*without(headers, "grpc-message"), ("grpc-message", escaped(details)))

    def _edited(self, edit: Edit, message: bytes) -> bytes:
        try:
            return edit.message(self.exchange, message)
        except Undecodable as error:
            self.exchange.problem = f"the answer could not be changed: {error}"
            return message

    async def _pass_body(self, reply: Reply, edit: Edit) -> None:
        answer = await self.whole(reply)
        try:
            answer = edit.answer(self.exchange, answer)
        except Undecodable as error:
            self.exchange.problem = f"the answer could not be changed: {error}"
        await self.give(answer)

    async def whole(self, reply: Reply) -> Answer:
        """An answer, once it is there.

        Raises:
            Broken: It breaks off, or is longer than `LONGEST`.
        """
        body = bytearray()
        async for piece in self._body_of(reply):
            body += piece
            if len(body) > LONGEST:
                raise Broken(f"the answer is longer than {LONGEST} bytes")
        return Answer(
            status=reply.status,
            headers=reply.headers,
            body=bytes(body),
            trailers=reply.trailers,
        )

    async def half(self, *, chunked: bool = False) -> bytes | None:
        """Gives the head of the real answer and half of its first message or of its body.

        Args:
            chunked: Whether the head must not say how long the body is.

        Returns:
            The other half; None if there is nothing to cut, and the real answer has been given.
        """
        reply = await self.ask(plain=True)
        if not reply.has_body:
            await self._pass(reply)
            return None
        first, answer = b"", None
        if self.exchange.transport == "grpc":
            splitter = Splitter()
            async for piece in self._body_of(reply):
                if messages := splitter.messages(piece):
                    first = framed(messages[0])
                    break
        else:
            answer = await self.whole(reply)
            first = answer.body
        if not first:
            await self.head(reply.status, reply.headers)
            await self.end(reply.trailers)
            return None
        headers = without(reply.headers, *_FRAMING) if chunked else reply.headers
        await self.head(reply.status, headers)
        middle = len(first) // 2
        await self.data(first[:middle])
        return first[middle:]

    # What the program gets

    async def head(self, status: int, headers: Headers, *, end: bool = False) -> None:
        self._given_head = (status, headers)
        await self.sink.head(status, headers, end=end)
        self._given_whole = end

    async def data(self, data: bytes) -> None:
        self._given.add(data)
        for piece in self._pieces(data):
            await self.sink.data(piece)

    def _pieces(self, data: bytes) -> list[bytes]:
        if self.split is None or not data:
            return [data] if data else []
        longest, start, found = max(16, len(data) // 16), 0, []
        while start < len(data):
            end = start + self.split.randint(1, longest)
            found.append(data[start:end])
            start = end
        return found

    async def end(self, trailers: Headers = ()) -> None:
        self._given_trailers = trailers
        await self.sink.end(trailers)
        self._given_whole = True

    async def give(self, answer: Answer) -> None:
        """Gives an answer."""
        headers = without(answer.headers, *_FRAMING)
        if self.split is None and answer.status not in (204, 304):
            headers = (*headers, ("Content-Length", str(len(answer.body))))
        await self.head(answer.status, headers)
        await self.data(answer.body)
        await self.end(answer.trailers)

    async def fail(self, code: Code, details: str = "") -> None:
        """Gives a status of gRPC, and nothing else."""
        headers: Headers = (("content-type", "application/grpc"), ("grpc-status", str(int(code))))
        if details:
            headers = (*headers, ("grpc-message", escaped(details)))
        await self.head(200, headers, end=True)

    async def refuse(self) -> None:
        """Gives an error that names the real server's."""
        if self.exchange.transport == "grpc":
            await self.fail(Code.UNAVAILABLE, self.exchange.problem)
        else:
            text = (("Content-Type", "text/plain; charset=utf-8"),)
            body = self.exchange.problem.encode()
            await self.give(Answer(status=502, headers=text, body=body))

    async def slowly(self, data: bytes, pace: Pace) -> None:
        """Gives bytes of a body at a pace, until the program leaves."""
        self.waits()
        self.sink.pace = pace
        await self.data(data)

    def waits(self) -> None:
        """Says that the program now waits in vain."""
        self._waiting()

    async def wait(self) -> None:
        """Does nothing until the program leaves."""
        self.waits()
        await self.sink.gone.wait()

    async def close(self) -> None:
        """Lets go of the real server, and completes the record, also if the program has left."""
        self.exchange.ended = time.monotonic()
        settling = asyncio.create_task(self._settle())
        try:
            await asyncio.shield(settling)
        except asyncio.CancelledError:
            await settling
            raise
        finally:
            self._complete_record()

    async def _settle(self) -> None:
        if self._reply is not None:
            await self._reply.close()
            await self._hear_rest()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def _complete_record(self) -> None:
        exchange, reply = self.exchange, self._reply
        exchange.body = bytes(self._heard.data)
        if reply is not None:
            exchange.answer = Answer(
                status=reply.status,
                headers=reply.headers,
                body=bytes(self._answered.data),
                trailers=reply.trailers,
                whole=self._answered.whole,
            )
        if self._given_head is not None:
            status, headers = self._given_head
            exchange.given = Answer(
                status=status,
                headers=headers,
                body=bytes(self._given.data),
                trailers=self._given_trailers,
                whole=self._given_whole and self._given.whole,
            )
