"""The requests of an earlier run, made again without its program."""

import asyncio
import ssl
from collections.abc import Sequence

from samplegen.connection.model import Connection
from samplegen.judge.servers.proxy.exchanges import Answer, Exchange
from samplegen.judge.servers.proxy.messaging import Broken, Request, pieces
from samplegen.judge.servers.proxy.upstream import Upstream


async def repeated(
    server: Connection, exchanges: Sequence[Exchange], base_path: str, seconds: float
) -> list[Answer]:
    """What a server answers to the same requests, in the same order.

    Args:
        server: Where it is.
        exchanges: The requests, recorded whole.
        base_path: What stands before the paths of those over REST.
        seconds: How long all of them may take.

    Raises:
        OSError: It does not answer all of them in time.
    """
    contexts: dict[str, ssl.SSLContext | None] = {}
    upstreams: dict[int, Upstream] = {}
    found = []
    try:
        async with asyncio.timeout(seconds):
            for exchange in exchanges:
                link = exchange.link
                upstream = upstreams.setdefault(link.number, Upstream(server, link, contexts))
                found.append(await _asked(upstream, exchange, base_path))
    except Broken as error:
        raise OSError(str(error)) from error
    finally:
        for upstream in upstreams.values():
            await upstream.close()
    return found


async def _asked(upstream: Upstream, exchange: Exchange, base_path: str) -> Answer:
    is_rest = exchange.transport == "rest"
    request = Request(
        method=exchange.method,
        target=base_path + exchange.target if is_rest else exchange.target,
        authority=exchange.authority,
        headers=exchange.headers,
        body=pieces(exchange.body),
        has_body=bool(exchange.body),
        trailers=exchange.trailers,
    )
    reply = await upstream.ask(request)
    try:
        body = b"".join([piece async for piece in reply.body])
    finally:
        await reply.close()
    return Answer(status=reply.status, headers=reply.headers, body=body, trailers=reply.trailers)
