"""What can go wrong within a stream of answers, after some of its messages."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from samplegen.judge.servers.proxy.exchanges import Headers
from samplegen.judge.servers.proxy.fault import Fault
from samplegen.judge.servers.proxy.grpc_framing import Code, escaped, framed
from samplegen.judge.servers.proxy.turns import Turn

_DETAILS = "the kiln lost its ember"
_Act = Callable[[Turn], Awaitable[None]]


def within(call: str, messages: int, *, ends: bool) -> list[Fault]:
    """What can go wrong after some messages of a stream over gRPC.

    Args:
        call: That answers with a stream.
        messages: How many come before, at least one.
        ends: Whether a program reads to the end, and has printed all by then; else it waits for
            more, and an early end is an error, too.
    """
    failed: Headers = (
        ("grpc-status", str(int(Code.INTERNAL))),
        ("grpc-message", escaped(_DETAILS)),
    )

    async def fails(turn: Turn) -> None:
        await turn.end(failed)

    async def stalls(turn: Turn) -> None:
        await turn.wait()

    async def resets(turn: Turn) -> None:
        turn.sink.abandon()

    async def closes(turn: Turn) -> None:
        turn.sink.close()

    async def garbles(turn: Turn) -> None:
        await turn.data(framed(b"\xff\xff\xff\xff"))
        await turn.wait()

    async def stops(turn: Turn) -> None:
        await turn.end((("grpc-status", str(int(Code.OK))),))

    found = [
        _fault("an error", fails, messages),
        replace(_fault("a stall", stalls, messages), waits=True),
        _fault("a reset", resets, messages),
        _fault("a closed connection", closes, messages),
        _fault("a malformed message", garbles, messages),
    ]
    if not ends:
        found.append(_fault("an early end", stops, messages))
    return [replace(fault, calls=frozenset([call]), at_the_end=ends) for fault in found]


def _fault(name: str, act: _Act, messages: int) -> Fault:
    async def begun(turn: Turn) -> None:
        if await turn.begin(messages):
            turn.exchange.faulty = True
            await act(turn)

    after = "the first message" if messages == 1 else f"{messages} messages"
    return Fault(name=f"{name} after {after}", transports=("grpc",), act=begun)
