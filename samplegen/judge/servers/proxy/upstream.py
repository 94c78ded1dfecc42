"""The real server, as one connection of the program sees it."""

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import replace
from functools import partial

from samplegen.connection.model import Connection
from samplegen.connection.secrets import context
from samplegen.judge.servers.proxy import http1, http2
from samplegen.judge.servers.proxy.exchanges import Link
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
