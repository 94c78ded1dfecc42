"""One connection: clients that are too slow, against limits made short; how answers are sent."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterable, Sized
from typing import Any

import pytest
import uvicorn
from samplegen_server import http_protocol, rest
from samplegen_server.http_protocol import Gathering, LimitedProtocol, drop_late
from samplegen_server.repository import Repository
from samplegen_server.service import Service

HEAD = b"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "START_SECONDS", 0.3)
    monkeypatch.setattr(http_protocol, "STALL_SECONDS", 0.3)
    monkeypatch.setattr(http_protocol, "LINGER_SECONDS", 0.3)
    monkeypatch.setattr(http_protocol, "SWEEP_SECONDS", 0.05)


@contextlib.asynccontextmanager
async def serving(
    routes: tuple[rest.Route, ...] = rest.ROUTES, connections: list[Sized] | None = None
) -> AsyncIterator[int]:
    """A REST server in this process; gives its port, and `connections` the set of those it has."""
    app = rest.App(Service(Repository(lambda: []), "1"), 1 << 24, routes)
    config = uvicorn.Config(app, http=LimitedProtocol, ws="none", lifespan="off", log_config=None)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        await server.startup([listener])
        if connections is not None:
            connections.append(server.server_state.connections)
        sweeping = asyncio.create_task(drop_late(server.server_state.connections))
        try:
            yield listener.getsockname()[1]
        finally:
            sweeping.cancel()
            await server.shutdown([listener])


async def is_dropped(port: int, *parts: bytes, pause: float = 0.1) -> bool:
    """Send the parts with pauses; tell whether the server hung up within a second after."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.closing(writer):
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            found = await asyncio.wait_for(reader.read(), 1)
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        return found == b""


def test_silent_client_is_dropped() -> None:
    async def run() -> None:
        async with serving() as port:
            assert await is_dropped(port)

    asyncio.run(run())


def test_head_that_drips_is_dropped() -> None:
    async def run() -> None:
        async with serving() as port:
            assert await is_dropped(port, *[HEAD[at : at + 4] for at in range(0, len(HEAD), 4)])

    asyncio.run(run())


def test_body_that_drips_is_dropped() -> None:
    async def run() -> None:
        async with serving() as port:
            assert await is_dropped(port, HEAD + b"Content-Length: 100\r\n\r\n", *[b"{"] * 20)

    asyncio.run(run())


def test_large_body_at_a_fair_speed_is_not() -> None:
    async def run() -> None:
        async with serving() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.closing(writer):
                writer.write(HEAD + b"Content-Length: 800000\r\n\r\n")
                for _ in range(8):
                    writer.write(b" " * 100_000)
                    await writer.drain()
                    await asyncio.sleep(0.1)
                assert (await reader.readline()).startswith(b"HTTP/1.1 412 ")

    asyncio.run(run())


def test_idle_connection_after_an_answer_is_not() -> None:
    async def run() -> None:
        async with serving() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.closing(writer):
                for _ in range(2):
                    writer.write(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
                    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
                    await asyncio.sleep(0.6)

    asyncio.run(run())


async def refused(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection whose request was answered with 413, with most of it not sent yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + b"Content-Length: 20000000\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 413 ")
    return reader, writer


def test_client_that_goes_on_sending_a_refused_body_is_dropped() -> None:
    async def run() -> None:
        async with serving() as port:
            _, writer = await refused(port)
            with contextlib.closing(writer):
                for _ in range(2):  # it is read for a while
                    writer.write(bytes(1 << 16))
                    await writer.drain()
                    await asyncio.sleep(0.05)
                with pytest.raises((ConnectionResetError, BrokenPipeError)):
                    for _ in range(20):
                        writer.write(bytes(1 << 16))
                        await writer.drain()
                        await asyncio.sleep(0.05)

    asyncio.run(run())


def test_refused_client_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "LINGER_SECONDS", 60.0)

    async def run() -> None:
        async with serving() as port:
            _, writer = await refused(port)
        writer.close()

    asyncio.run(asyncio.wait_for(run(), 5))


def test_head_and_body_of_an_answer_are_sent_in_one_piece() -> None:
    sent: list[list[bytes]] = []

    class Transport(asyncio.Transport):
        def writelines(self, list_of_data: Iterable[Any]) -> None:
            sent.append(list(list_of_data))

        def is_closing(self) -> bool:
            return False

        def close(self) -> None:
            sent.append([])

    async def run() -> None:
        one = Gathering(Transport(), asyncio.get_running_loop(), lambda: False)
        one.write(b"head")
        one.write(b"body")
        assert sent == []
        await asyncio.sleep(0)
        one.write(b"last")
        one.close()

    asyncio.run(run())
    assert sent == [[b"head", b"body"], [b"last"], []]


def test_client_that_does_not_read_its_answer_is_dropped() -> None:
    connections: list[Sized] = []

    async def run() -> None:
        asked = asyncio.Event()

        async def large(_: rest.Request) -> rest.Response:
            asked.set()
            return rest.Response(bytes(1 << 26))

        route = rest.Route("GET", rest.ROUTES[1].path, "", large)
        async with serving((route,), connections) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 12)
            with contextlib.closing(writer):
                writer.write(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
                await asked.wait()
                while connections[0]:  # at last the time limit of the test ends it
                    await asyncio.sleep(0.05)
                with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                    await reader.readexactly(1 << 26)

    asyncio.run(run())
