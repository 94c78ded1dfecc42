"""The real server, as one connection of the program sees it."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import replace
from functools import partial

from samplegen.connection.model import Connection
from samplegen.connection.secrets import context
from samplegen.judge.servers.proxy import http1, http2
from samplegen.judge.servers.proxy.certificates import host_of
from samplegen.judge.servers.proxy.exchanges import Link, Transport, transport_of
from samplegen.judge.servers.proxy.messaging import Broken, Reply, Request
from samplegen.judge.servers.proxy.streams import Stream, connected


class Upstream:
    """The real server.

    Args:
        connection: Where it is, and what it asks of who calls.
        link: The program's connection, whose protocol is spoken to the server, too.
        contexts: By protocol, whom to trust over TLS; filled, and shared by the links of a session.
    """

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
        transport = self._link.transport or transport_of(request.headers)
        host, port = self._address(transport)
        if self._connection.authority is None:
            request = replace(request, authority=f"{host}:{port}")
        if self._link.protocol != "h2" or self._speaks_http1_only(transport):
            return await http1.ask(partial(self._connect, "http/1.1", host, port), request)
        scheme = "http" if self._connection.tls is None else "https"
        return await (await self._shared(host, port)).ask(request, scheme)

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def _speaks_http1_only(self, transport: Transport) -> bool:
        """Whether the program came by an address of both, and the server has one for REST alone."""
        connection = self._connection
        return (
            self._link.transport is None
            and transport == "rest"
            and connection.grpc_port != connection.rest_port
        )

    async def _shared(self, host: str, port: int) -> http2.Connection:
        """The one connection for all streams, or a new one if the server has ended it."""
        async with self._lock:
            if self._http2 is None or not self._http2.usable:
                await self.close()
                self._http2 = http2.Connection(await self._connect("h2", host, port))
                await self._http2.start()
                self._running = asyncio.create_task(self._run(self._http2))
            return self._http2

    async def _run(self, connection: http2.Connection) -> None:
        with suppress(Broken, OSError):  # whoever waits for an answer hears of it
            await connection.run()

    async def _connect(self, protocol: str, host: str, port: int) -> Stream:
        if protocol not in self._contexts:
            self._contexts[protocol] = self._context(protocol)
        return await connected(
            host.strip("[]"), port, self._contexts[protocol], self._server_name(protocol)
        )

    def _address(self, transport: Transport) -> tuple[str, int]:
        connection = self._connection
        port = connection.grpc_port if transport == "grpc" else connection.rest_port
        if port is None:
            raise Broken(f"the real server has no port for {transport}")
        return connection.host, port

    def _server_name(self, protocol: str) -> str | None:
        """The host that the server's certificate must name: gRPC goes by the authority."""
        authority = self._connection.authority
        if authority is None or protocol != "h2":
            return None
        return host_of(authority)

    def _context(self, protocol: str) -> ssl.SSLContext | None:
        if self._connection.tls is None:
            return None
        made = context(self._connection.tls)
        made.set_alpn_protocols([protocol])
        return made
