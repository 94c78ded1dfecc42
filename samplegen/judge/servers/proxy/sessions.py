"""One run of a program: what it connects to, and what becomes of each of its requests."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from samplegen.connection.model import Connection, Tls
from samplegen.judge.servers.proxy import http1, http2
from samplegen.judge.servers.proxy.certificates import Authority, Trust
from samplegen.judge.servers.proxy.decoding import Decoder
from samplegen.judge.servers.proxy.edits import Change, Editor
from samplegen.judge.servers.proxy.exchanges import Exchange, Link, Transport, transport_of
from samplegen.judge.servers.proxy.fault import CERTIFICATES, Fault
from samplegen.judge.servers.proxy.messaging import Broken, Request, Sink
from samplegen.judge.servers.proxy.protobuf import Contract
from samplegen.judge.servers.proxy.routes import named
from samplegen.judge.servers.proxy.streams import Stream, accepted, deafen
from samplegen.judge.servers.proxy.turns import Kept, Turn
from samplegen.judge.servers.proxy.upstream import Upstream
from samplegen.spec.operation import Call

_MOST_LINKS = 64
"""Connections that one program may have open at a time."""
_PIECE = 65536
_LAST_CONNECTION_SECONDS = 0.002
"""How long one that was opened just before the end may take to be accepted."""
_LAST_WORD_SECONDS = 1.0
"""How long the end of a connection that the program has ended may take to be seen."""


@dataclass(frozen=True)
class Door:
    """A listening socket that the program connects to; its session closes it."""

    socket: socket.socket
    transport: Transport | None
    """What the documented address is for: it decides to which port of the real server one gets.
    None: both, so each request decides."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What becomes of the answers of one session."""

    base_path: str = ""
    """What stands before the paths of the calls."""
    calls: Sequence[Call] = ()
    """Those of the operation, by which requests over REST get their names."""
    contract: Contract | None = None
    """What decodes gRPC, and tells the datatypes of JSON."""
    change: Change | None = None
    layout: int | None = None
    """The seed of another layout of the same answers; None: as they are."""
    other_contents: bool = True
    """Whether, in another layout, KServe's tensors over gRPC come as typed contents if they came
    raw; not every client library reads both."""
    fault: Fault | None = None
    call: int = 0
    """The first request, counted from 0, that meets the fault."""
    authority: Authority | None = None
    """Makes the certificate that the program sees; None: it connects without TLS."""
    client: Tls | None = None
    """Over TLS, the client certificate that the program must show; None: none."""
    keep: int = 2**26
    """Bytes of bodies that are kept, in all."""
    waiting: Callable[[], None] = field(default=lambda: None)
    """Called within the event loop when the program begins to wait in vain; must return at once."""


class Session:
    """One run of a program, as it goes and when it is over.

    Args:
        upstream: The real server, and what it asks of who calls.
        doors: What the program connects to.
        plan: What becomes of the answers.
    """

    def __init__(self, upstream: Connection, doors: Sequence[Door], plan: Plan) -> None:
        self.links: list[Link] = []
        """The connections, in the order in which they were opened."""
        self.exchanges: list[Exchange] = []
        """The requests, in the order in which they came."""
        self.problems: list[str] = []
        """What went wrong in the proxy itself."""
        self.unable = ""
        """Why this machine cannot make the fault."""
        self.waiting_since: float | None = None
        """When the program began to wait in vain; by `time.monotonic`."""
        self._upstream = upstream
        self._doors = doors
        self._plan = plan
        self._kept = Kept(plan.keep)
        self._decoder = Decoder(plan.contract)
        self._editor = Editor(
            self._decoder, plan.change, plan.layout, other_contents=plan.other_contents
        )
        self._edits = plan.change is not None or plan.layout is not None
        self._accepting: list[asyncio.Task[None]] = []
        self._serving: set[asyncio.Task[None]] = set()
        self._upstream_tls: dict[str, ssl.SSLContext | None] = {}

    def open(self) -> None:
        """Begins to accept."""
        if self._plan.call == 0:
            self._break_connecting()
        for door in self._doors:
            if door.socket.fileno() >= 0:
                self._accepting.append(asyncio.create_task(self._accept(door)))

    async def close(self) -> None:
        """Ends all connections and all that is under way.

        What the program ended itself is seen to its end, so that the record is complete.
        """
        await asyncio.sleep(_LAST_CONNECTION_SECONDS)
        if serving := [*self._serving]:
            await asyncio.wait(serving, timeout=_LAST_WORD_SECONDS)
        for door in self._doors:
            self._stop_listening(door)
        tasks = [*self._accepting, *self._serving]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Connections

    def _break_connecting(self) -> None:
        """What the fault does to those who connect from now on."""
        fault = self._plan.fault
        if fault is None:
            return
        for door in self._doors:
            if door.transport is not None and door.transport not in fault.transports:
                continue
            if fault.connecting == "refused":
                self._stop_listening(door)
            elif fault.connecting == "ignored":
                try:
                    deafen(door.socket)
                except OSError as error:
                    self.unable = f"connecting cannot be made to stall: {error}"

    def _stop_listening(self, door: Door) -> None:
        if door.socket.fileno() >= 0:
            # Else the loop would take the next socket of this number for this one.
            asyncio.get_running_loop().remove_reader(door.socket)
            door.socket.close()

    async def _accept(self, door: Door) -> None:
        loop = asyncio.get_running_loop()
        door.socket.setblocking(False)
        while door.socket.fileno() >= 0:
            try:
                sock, _ = await loop.sock_accept(door.socket)
            except OSError:  # the program or the network broke it before it was taken
                await asyncio.sleep(0.01)
                continue
            link = Link(number=len(self.links), transport=door.transport, opened=time.monotonic())
            self.links.append(link)
            if len(self._serving) >= _MOST_LINKS:
                link.problem = f"more than {_MOST_LINKS} connections at a time"
                sock.close()
            else:
                task = asyncio.create_task(self._serve(link, sock))
                self._serving.add(task)
                task.add_done_callback(self._serving.discard)

    async def _serve(self, link: Link, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._is_now("silent"):
            await self._stay_silent(sock)
            return
        try:
            stream = await accepted(sock, self._tls(link))
        except OSError as error:
            link.problem = f"TLS: {error}" if self._plan.authority else str(error)
            link.closed = time.monotonic()
            return
        link.encrypted = self._plan.authority is not None
        link.client_certificate = stream.peer_certificate
        try:
            await self._speak(link, stream)
        except Broken as error:
            link.problem = str(error)
        except OSError as error:
            link.problem = link.problem or str(error)
        except Exception as error:  # the run goes on; its verdict names the proxy
            self.problems.append(f"a connection for {link.protocol or 'no request'}: {error!r}")
        finally:
            stream.close()
            if stream.ended_at is not None:
                link.closed = stream.ended_at
                link.closing = link.closing or ("reset" if stream.was_reset else "end")

    async def _stay_silent(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        sock.setblocking(False)
        try:
            self._wait()
            with suppress(OSError):
                while await loop.sock_recv(sock, _PIECE):
                    """Whatever it says, until it gives up."""
        finally:
            sock.close()

    def _is_now(self, connecting: str) -> bool:
        fault = self._plan.fault
        due = fault is not None and len(self.exchanges) >= self._plan.call
        return due and fault is not None and fault.connecting == connecting

    def _tls(self, link: Link) -> ssl.SSLContext | None:
        authority = self._plan.authority
        if authority is None:
            return None
        trust = next((name for name in CERTIFICATES if self._is_now(name)), "right")
        return authority.context(
            self._protocols(link.transport), cast(Trust, trust), self._plan.client
        )

    def _protocols(self, transport: Transport | None) -> list[str]:
        """What is spoken at an address, by ALPN."""
        if transport is None or self._upstream.grpc_port == self._upstream.rest_port:
            return ["h2", "http/1.1"]
        return ["h2"] if transport == "grpc" else ["http/1.1"]

    async def _speak(self, link: Link, stream: Stream) -> None:
        """Finds out which protocol the program speaks, and speaks it."""
        first = b""
        while len(first) < len(http2.PREFACE) and http2.PREFACE.startswith(first):
            piece = await stream.read()
            if not piece:
                break
            first += piece
        stream.unread(first)
        if not first:
            return
        upstream = Upstream(self._upstream, link, self._upstream_tls)
        handle = partial(self._handle, link, upstream)
        try:
            if first.startswith(http2.PREFACE):
                link.protocol = "h2"
                connection = http2.Connection(stream, handle)
                try:
                    await http2.serve(connection)
                finally:
                    link.closing = "goaway" if connection.goaway else ""
            else:
                link.protocol = "http/1.1"
                await http1.serve(stream, handle)
        finally:
            await upstream.close()

    # Requests

    async def _handle(self, link: Link, upstream: Upstream, request: Request, sink: Sink) -> None:
        exchange = self._exchange(link, request)
        turn = Turn(exchange, request, sink, upstream.ask, self._kept, self._decoder, self._wait)
        fault = self._due(exchange)
        if self._is_last_right(exchange):  # before the program can ask again
            self._break_connecting()
        try:
            if fault is not None:
                await fault.act(turn)
            else:
                turn.split = self._editor.split(exchange)
                carried = self._editor.carried or None
                await turn.relay(self._editor if self._edits else None, carried)
        except asyncio.CancelledError:
            exchange.cancelled = sink.gone.is_set()
            exchange.reset = sink.was_reset
            raise
        except (Broken, OSError):
            exchange.cancelled = sink.gone.is_set()
            exchange.reset = sink.was_reset
            sink.abandon()
        except Exception as error:  # the run goes on; its verdict names the proxy
            self.problems.append(f"{exchange.method} {exchange.target}: {error!r}")
            sink.abandon()
        finally:
            await turn.close()
            if self._is_last_right(exchange):
                sink.close()

    def _exchange(self, link: Link, request: Request) -> Exchange:
        base = self._plan.base_path
        is_below = request.target.startswith(f"{base}/")
        exchange = Exchange(
            number=len(self.exchanges),
            link=link,
            transport=transport_of(request.headers),
            method=request.method,
            target=request.target.removeprefix(base) if is_below else request.target,
            authority=request.authority,
            headers=request.headers,
            received=time.monotonic(),
        )
        if exchange.transport == "grpc" or is_below:
            exchange.call = named(self._plan.calls, exchange)
        self.exchanges.append(exchange)
        return exchange

    def _due(self, exchange: Exchange) -> Fault | None:
        """The fault, if this request meets it.

        Once a call has met it, the other calls are answered rightly: a program that goes on after
        an error is not helped by the next one.
        """
        fault = self._plan.fault
        met = next((before.call for before in self.exchanges if before.faulty), exchange.call)
        if exchange.call and exchange.call != met:
            return None
        if fault is None or fault.connecting or exchange.number < self._plan.call:
            return None
        if exchange.transport not in fault.transports:
            return None
        return fault if fault.calls is None or exchange.call in fault.calls else None

    def _is_last_right(self, exchange: Exchange) -> bool:
        """Whether this is the last request before connecting goes wrong."""
        fault = self._plan.fault
        return (
            fault is not None
            and bool(fault.connecting)
            and (exchange.number == self._plan.call - 1)
        )

    def _wait(self) -> None:
        if self.waiting_since is None:
            self.waiting_since = time.monotonic()
            self._plan.waiting()
