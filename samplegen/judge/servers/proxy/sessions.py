"""One run of a program: what it connects to, and what becomes of each of its requests."""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast
from urllib.parse import unquote

from samplegen.connection import Connection, Tls
from samplegen.credentials import context
from samplegen.judge.servers.proxy import http1, http2
from samplegen.judge.servers.proxy.certificates import Authority, Trust
from samplegen.judge.servers.proxy.decoding import Decoder
from samplegen.judge.servers.proxy.edits import Change, Editor
from samplegen.judge.servers.proxy.exchanges import Exchange, Link, Transport, header
from samplegen.judge.servers.proxy.faults import CERTIFICATES, Fault
from samplegen.judge.servers.proxy.messaging import Broken, Reply, Request, Sink
from samplegen.judge.servers.proxy.protobuf import Contract
from samplegen.judge.servers.proxy.streams import Stream, accepted, connected, deafen
from samplegen.judge.servers.proxy.turns import Kept, Turn
from samplegen.spec import Call

_MOST_LINKS = 64
"""Connections that one program may have open at a time."""
_LAST_CONNECTION_SECONDS = 0.002
"""How long one that was opened just before the end may take to be accepted."""
_LAST_WORD_SECONDS = 0.1
"""How long the end of a connection that the program has ended may take to be seen."""


@dataclass(frozen=True)
class Door:
    """A listening socket that the program connects to; its session closes it."""

    socket: socket.socket
    transport: Transport
    """What the documented address is for: it decides to which port of the real server one gets."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What becomes of the answers of one session."""

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

    @property
    def faulty(self) -> bool:
        """Whether a request met the fault."""
        return any(exchange.faulty for exchange in self.exchanges)

    @property
    def met(self) -> Exchange | None:
        """The first request that met the fault."""
        return next((exchange for exchange in self.exchanges if exchange.faulty), None)

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
            door.socket.close()
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
            if door.transport not in fault.transports:
                continue
            if fault.connecting == "refused":
                door.socket.close()
            elif fault.connecting == "ignored":
                try:
                    deafen(door.socket)
                except OSError as error:
                    self.problems.append(f"connecting cannot be made to stall: {error}")

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
        finally:
            stream.close()
            if stream.ended_at is not None:
                link.closed = stream.ended_at
                link.closing = link.closing or ("reset" if stream.was_reset else "end")

    async def _stay_silent(self, sock: socket.socket) -> None:
        try:
            self._wait()
            await asyncio.Event().wait()
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

    def _protocols(self, transport: Transport) -> list[str]:
        """What is spoken at an address, by ALPN."""
        shared = self._upstream.grpc_port == self._upstream.rest_port
        own = ["h2"] if transport == "grpc" else ["http/1.1"]
        return ["h2", "http/1.1"] if shared else own

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
        upstream = _Upstream(self._upstream, link, self._upstream_tls)
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

    async def _handle(
        self, link: Link, upstream: "_Upstream", request: Request, sink: Sink
    ) -> None:
        exchange = self._exchange(link, request)
        turn = Turn(exchange, request, sink, upstream.ask, self._kept, self._decoder, self._wait)
        fault = self._due(exchange)
        try:
            if fault is not None:
                await fault.act(turn)
            else:
                turn.split = self._editor.split(exchange)
                carried = self._editor.carried or None
                await turn.relay(self._editor if self._edits else None, carried)
        except asyncio.CancelledError:
            exchange.cancelled = sink.gone.is_set()
            raise
        except (Broken, OSError):
            exchange.cancelled = sink.gone.is_set()
            sink.abandon()
        except Exception as error:  # the run goes on; its verdict names the proxy
            self.problems.append(f"{exchange.method} {exchange.target}: {error!r}")
            sink.abandon()
        finally:
            await turn.close()
            self._after(exchange, sink)

    def _exchange(self, link: Link, request: Request) -> Exchange:
        content_type = header(request.headers, "content-type") or ""
        transport: Transport = "grpc" if content_type.startswith("application/grpc") else "rest"
        exchange = Exchange(
            number=len(self.exchanges),
            link=link,
            transport=transport,
            method=request.method,
            target=request.target,
            authority=request.authority,
            headers=request.headers,
            received=time.monotonic(),
        )
        exchange.call = named(self._plan.calls, exchange)
        self.exchanges.append(exchange)
        return exchange

    def _due(self, exchange: Exchange) -> Fault | None:
        """The fault, if this request meets it."""
        fault = self._plan.fault
        if fault is None or fault.connecting or exchange.number < self._plan.call:
            return None
        if exchange.transport not in fault.transports:
            return None
        return fault if fault.calls is None or exchange.call in fault.calls else None

    def _after(self, exchange: Exchange, sink: Sink) -> None:
        """Has connecting go wrong from the next request on, if that is the fault."""
        fault = self._plan.fault
        if fault and fault.connecting and exchange.number == self._plan.call - 1:
            self._break_connecting()
            sink.close()

    def _wait(self) -> None:
        if self.waiting_since is None:
            self.waiting_since = time.monotonic()
            self._plan.waiting()


class _Upstream:
    """The real server, as one connection of the program sees it."""

    def __init__(
        self, connection: Connection, link: Link, contexts: dict[str, ssl.SSLContext | None]
    ) -> None:
        self._connection = connection
        self._link = link
        self._contexts = contexts
        self._http2: http2.Connection | None = None
        self._running: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    async def ask(self, request: Request) -> Reply:
        """Asks it in the protocol that the program speaks."""
        if self._connection.authority is None:
            host, port = self._address()
            request = replace(request, authority=f"{host}:{port}")
        if self._link.protocol != "h2":
            return await http1.ask(partial(self._connect, "http/1.1"), request)
        scheme = "http" if self._connection.tls is None else "https"
        return await (await self._shared()).ask(request, scheme)

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _shared(self) -> http2.Connection:
        """The one connection for all streams, or a new one if the server has ended it."""
        async with self._lock:
            if self._http2 is None or not self._http2.usable:
                await self.close()
                self._http2 = http2.Connection(await self._connect("h2"))
                await self._http2.start()
                self._running = asyncio.create_task(self._run(self._http2))
            return self._http2

    async def _run(self, connection: http2.Connection) -> None:
        with suppress(Broken, OSError):  # whoever waits for an answer hears of it
            await connection.run()

    async def _connect(self, protocol: str) -> Stream:
        host, port = self._address()
        if protocol not in self._contexts:
            self._contexts[protocol] = self._context(protocol)
        return await connected(
            host.strip("[]"), port, self._contexts[protocol], self._server_name(protocol)
        )

    def _address(self) -> tuple[str, int]:
        connection = self._connection
        port = connection.grpc_port if self._link.transport == "grpc" else connection.rest_port
        if port is None:
            raise Broken(f"the real server has no port for {self._link.transport}")
        return connection.host, port

    def _server_name(self, protocol: str) -> str | None:
        """The host that the server's certificate must name: gRPC goes by the authority."""
        authority = self._connection.authority
        if authority is None or protocol != "h2":
            return None
        return re.sub(r":\d+$", "", authority).strip("[]")

    def _context(self, protocol: str) -> ssl.SSLContext | None:
        if self._connection.tls is None:
            return None
        made = context(self._connection.tls)
        made.set_alpn_protocols([protocol])
        return made


def named(calls: Sequence[Call], exchange: Exchange) -> str:
    """The call that a request makes, by its name; empty if it is none of them.

    Over gRPC it is the last part of the path, whatever the calls are.
    """
    if exchange.transport == "grpc":
        return exchange.path.rpartition("/")[2]
    return next((call.rpc for call in calls if variables(call, exchange) is not None), "")


def variables(call: Call, exchange: Exchange) -> dict[str, str] | None:
    """What the path of a request over REST has in place of the names in that of a call, decoded.

    A version may be left out. None if it is not that call.
    """
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(call.path))
    pattern = re.sub(r"(/versions/\(\?P<version>\[\^/\]\+\))", r"(?:\1)?", pattern)
    match = re.fullmatch(pattern, exchange.path)
    if match is None or call.method != exchange.method:
        return None
    return {name: unquote(value) for name, value in match.groupdict(default="").items()}
