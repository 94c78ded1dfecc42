"""Whose turn it is in the event loop."""

import asyncio
import time

import pytest
from samplegen_server import turns
from samplegen_server.turns import Turns


async def passes(one: Turns, count: int) -> list[int]:
    """Let `count` requests come at once; tell in which pass of the event loop each was let in."""
    number = 0
    found: list[int] = []

    async def request() -> None:
        if one.are_taken(time.perf_counter()):
            await one.wait()
        found.append(number)

    waiting = [asyncio.create_task(request()) for _ in range(count)]
    while len(found) < count:
        await asyncio.sleep(0)
        number += 1
    await asyncio.gather(*waiting)
    return found


def test_without_grpc_nobody_waits() -> None:
    assert asyncio.run(passes(Turns(), 5)) == [0] * 5


def test_beside_grpc_each_has_a_pass_of_its_own() -> None:
    one = Turns()
    one.note_rpc(time.perf_counter())
    found = asyncio.run(passes(one, 5))
    assert found == sorted(set(found)), "in their order, never two at once"


def test_grpc_is_soon_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "BUSY_SECONDS", 0.0)
    one = Turns()
    one.note_rpc(time.perf_counter())
    assert asyncio.run(passes(one, 5)) == [0] * 5


def test_who_gives_up_waiting_blocks_nobody() -> None:
    async def run() -> list[int]:
        one = Turns()
        one.note_rpc(time.perf_counter())
        gone = [asyncio.create_task(one.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        for task in gone:
            task.cancel()
        return await passes(one, 2)

    assert len(asyncio.run(run())) == 2
