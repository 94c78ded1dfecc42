"""What can go wrong with a call that the server should refuse."""

from collections.abc import Collection
from dataclasses import replace

from samplegen.judge.servers.proxy.exchanges import Answer
from samplegen.judge.servers.proxy.fault import Fault
from samplegen.judge.servers.proxy.grpc_framing import Code, framed
from samplegen.judge.servers.proxy.turns import Turn

_REFUSALS = (403, 404, 422)
_REFUSAL_CODES = (Code.FAILED_PRECONDITION, Code.NOT_FOUND, Code.PERMISSION_DENIED)
"""Statuses near to one with which a call should be refused."""


def taken(calls: Collection[str]) -> Fault:
    """A fault of calls that the server should refuse: it takes them; REST has the same body."""

    async def act(turn: Turn) -> None:
        if turn.exchange.transport == "rest":
            answer = await turn.whole(await turn.ask(plain=True))
            turn.exchange.faulty = True
            await turn.give(Answer(status=200, headers=answer.headers, body=answer.body))
            return
        turn.exchange.faulty = True
        await turn.hear()
        await turn.head(200, (("content-type", "application/grpc"),))
        await turn.data(framed(b""))
        await turn.end((("grpc-status", "0"),))

    return Fault(name="no refusal", calls=frozenset(calls), act=act)


def otherwise(call: str, status: int | None, code: str | None) -> list[Fault]:
    """Faults of a call that the server should refuse: it does, in the same words, but otherwise.

    Args:
        call: The call.
        status: The one of HTTP that it should have; None: it is not made over REST.
        code: The one of gRPC; None: it is not made over gRPC.
    """

    def over_rest(other: int) -> Fault:
        async def act(turn: Turn) -> None:
            answer = await turn.whole(await turn.ask(plain=True))
            turn.exchange.faulty = True
            await turn.give(replace(answer, status=other))

        return Fault(
            name=f"refused with HTTP status {other}",
            transports=("rest",),
            calls=frozenset({call}),
            act=act,
        )

    def over_grpc(other: Code) -> Fault:
        async def act(turn: Turn) -> None:
            answer = await turn.whole(await turn.ask(plain=True))
            turn.exchange.faulty = True
            await turn.fail(other, answer.details)

        return Fault(
            name=f"refused with {other.name}",
            transports=("grpc",),
            calls=frozenset({call}),
            act=act,
        )

    statuses = [] if status is None else [other for other in _REFUSALS if other != status]
    codes = [] if code is None else [other for other in _REFUSAL_CODES if other.name != code]
    return [*map(over_rest, statuses[:2]), *map(over_grpc, codes[:2])]
