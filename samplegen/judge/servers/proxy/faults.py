"""What can go wrong with a server of any API.

A fault is met by one call of a session. What it does is a function of a `Turn`; those of the
connection itself are done by the session.
"""

import json
import random
from collections.abc import Awaitable, Callable

from samplegen.judge.servers.proxy.exchanges import Answer, Headers
from samplegen.judge.servers.proxy.fault import CERTIFICATES, Fault
from samplegen.judge.servers.proxy.grpc_framing import Code
from samplegen.judge.servers.proxy.streams import Pace
from samplegen.judge.servers.proxy.turns import Turn
from samplegen.judge.servers.proxy.wrong_answers import edited

DRIP = Pace(size=4, seconds=1.0)
"""Each read of a program gets something, and no answer ever comes to its end in time."""

_HTML = b"<!DOCTYPE html>\n<html>\n<head><title>%s</title></head>\n<body>\n%s\n</body>\n</html>\n"
_HTML_HEADERS: Headers = (("Content-Type", "text/html; charset=utf-8"),)
_JSON_HEADERS: Headers = (("Content-Type", "application/json"),)
_WORDS = (
    "amber", "barn", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty",
    "kettle", "lantern", "maple", "nickel", "otter", "pebble", "quarry", "raven", "saddle",
    "timber", "umbra", "velvet", "walnut", "yarrow", "zephyr",
)  # fmt: skip


def any_server(seed: int, *, encrypted: bool = False) -> list[Fault]:
    """What can go wrong with a server of any API.

    Args:
        seed: Makes the words that the server says, which no program can know.
        encrypted: Whether programs connect by TLS.
    """
    found = [*_connecting(encrypted=encrypted), *_broken_connections(), *_slow(), *_cut()]
    found += [*_statuses(seed), *_grpc_statuses(seed), *_odd_answers(seed)]
    return found


def _connecting(*, encrypted: bool) -> list[Fault]:
    found = [
        Fault(name="server down", connecting="refused"),
        Fault(name="connecting stalls", connecting="ignored", waits=True),
        Fault(name="server says nothing", connecting="silent", waits=True),
    ]
    if encrypted:
        names = ("a stranger's certificate", "an expired certificate", "another host's certificate")
        found += [
            Fault(name=name, connecting=connecting)
            for name, connecting in zip(names, CERTIFICATES, strict=True)
        ]
    return found


def _broken_connections() -> list[Fault]:
    async def closed(turn: Turn) -> None:
        await _heard(turn)
        turn.sink.close()

    async def reset(turn: Turn) -> None:
        await _heard(turn)
        turn.sink.reset()

    async def another_protocol(turn: Turn) -> None:
        await _heard(turn)
        await turn.sink.raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        turn.sink.close()

    return [
        Fault(name="connection closed", act=closed),
        Fault(name="connection reset", act=reset),
        Fault(name="another protocol", act=another_protocol),
    ]


async def _heard(turn: Turn) -> None:
    """Reads the request that is not going to be answered rightly."""
    turn.exchange.faulty = True
    await turn.hear()


def _slow() -> list[Fault]:
    async def stalls(turn: Turn) -> None:
        await _heard(turn)
        await turn.wait()

    async def stalls_midway(turn: Turn) -> None:
        if await _half(turn) is not None:
            await turn.wait()

    async def drips(turn: Turn) -> None:
        rest = await _half(turn)
        if rest is not None:
            await turn.slowly(rest[:-1], DRIP)  # a short answer would else come to its end
            await turn.wait()

    async def stalls_in_head(turn: Turn) -> None:
        await _heard(turn)
        await turn.sink.raw(b"HTTP/1.1 200 OK\r\nContent-")
        await turn.wait()

    async def drips_head(turn: Turn) -> None:
        await _heard(turn)
        turn.waits()
        await turn.sink.raw(b"HTTP/1.1 200 OK\r\n")
        while not turn.sink.gone.is_set():
            await turn.sink.raw(b"X-Slow: yes\r\n", DRIP)

    return [
        Fault(name="server stalls", waits=True, unasked=True, act=stalls),
        Fault(name="server stalls midway", waits=True, act=stalls_midway),
        Fault(name="answer drips", waits=True, act=drips),
        Fault(name="server stalls in the head", transports=("rest",), waits=True, unasked=True,
              act=stalls_in_head),
        Fault(name="head drips", transports=("rest",), waits=True, unasked=True, act=drips_head),
    ]  # fmt: skip


async def _half(turn: Turn, *, chunked: bool = False) -> bytes | None:
    """The second half of an answer of which the first was given; None if it cannot be cut."""
    rest = await turn.half(chunked=chunked)
    turn.exchange.faulty = rest is not None
    return rest


def _cut() -> list[Fault]:
    async def truncated(turn: Turn) -> None:
        if await _half(turn) is not None:
            turn.sink.close()

    async def truncated_chunks(turn: Turn) -> None:
        if await _half(turn, chunked=True) is not None:
            turn.sink.close()

    async def stream_reset(turn: Turn) -> None:
        if await _half(turn) is not None:
            turn.sink.abandon()

    return [
        Fault(name="truncated answer", act=truncated),
        Fault(name="truncated chunks", transports=("rest",), act=truncated_chunks),
        Fault(name="stream reset", transports=("grpc",), act=stream_reset),
        Fault(name="half a message", transports=("grpc",), act=edited(message=_half_message)),
        Fault(name="malformed answer", act=edited(
            message=lambda message: b"\xff\xff\xff\xff", body=lambda body: b"It works!")),
        Fault(name="half a body", transports=("rest",), act=edited(body=_first_half)),
    ]  # fmt: skip


def _half_message(message: bytes) -> bytes:
    return message[: len(message) // 2] if len(message) > 1 else message


def _first_half(data: bytes) -> bytes:
    """Half of it, unless that could be a whole answer: a number without its last digits."""
    half = data[: len(data) // 2]
    try:
        json.loads(half)
    except ValueError:
        return half
    return data


# Answers that are errors


def _statuses(seed: int) -> list[Fault]:
    found = []
    for status in (400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 500, 501, 502, 503, 504):
        name = f"HTTP status {status}"
        error = json.dumps({"error": _sentence(seed, name)}).encode()
        found.append(_rest(name, Answer(status=status, headers=_JSON_HEADERS, body=error)))
    for status in (401, 403, 404, 500, 503):
        found.append(_rest(f"HTTP status {status} without a body", Answer(status=status)))
    page = _HTML % (b"502 Bad Gateway", b"nginx")
    found.append(_rest("proxy's error page", Answer(status=502, headers=_HTML_HEADERS, body=page)))
    return found


def _grpc_statuses(seed: int) -> list[Fault]:
    found = []
    for code in Code:
        if code:
            name = f"gRPC status {code.name}"
            found.append(_grpc(name, code, _sentence(seed, name)))
    return [*found, _grpc("gRPC status UNAVAILABLE without details", Code.UNAVAILABLE, "")]


def _odd_answers(seed: int) -> list[Fault]:
    """Answers that say success and are none."""
    page = _HTML % (b"Log in", b"<form></form>")
    error = json.dumps({"error": _sentence(seed, "HTTP status 200 with an error")}).encode()
    ok = {
        "empty answer": Answer(status=200),
        "empty object": Answer(status=200, headers=_JSON_HEADERS, body=b"{}"),
        "empty list": Answer(status=200, headers=_JSON_HEADERS, body=b"[]"),
        "null": Answer(status=200, headers=_JSON_HEADERS, body=b"null"),
        "an HTML page": Answer(status=200, headers=_HTML_HEADERS, body=page),
        "HTTP status 200 with an error": Answer(status=200, headers=_JSON_HEADERS, body=error),
    }
    others = {
        "HTTP status 202": Answer(status=202),
        "HTTP status 204": Answer(status=204),
        "HTTP status 302": Answer(status=302),
        "HTTP status 304": Answer(status=304),
    }
    found = [_rest(name, answer, unless_empty=True) for name, answer in ok.items()]
    found += [_rest(name, answer) for name, answer in others.items()]
    found.append(Fault(name="redirect to a login page", transports=("rest",), act=_login(page)))
    empty = edited(message=lambda message: b"")
    found.append(Fault(name="empty message", transports=("grpc",), act=empty))
    found.append(Fault(name="no message", transports=("grpc",), act=_no_message))
    found.append(Fault(name="no gRPC", transports=("grpc",), words=("502", "Bad Gateway",
                 "UNAVAILABLE", "UNKNOWN", "content-type", "14"), act=_no_grpc))  # fmt: skip
    return found


def _sentence(seed: int, name: str) -> str:
    """What the server says; two lines, of which a program makes one."""
    rng = random.Random(f"{seed}:{name}")  # noqa: S311  (no secret)
    first, second, third = rng.sample(_WORDS, 3)
    return f'the {first} {second} is "{third}"\nsince {rng.randrange(100, 1000)} days'


def _rest(name: str, answer: Answer, *, unless_empty: bool = False) -> Fault:
    """Any request gets this answer.

    Args:
        name: Of the fault.
        answer: In place of the right one.
        unless_empty: Whether a right answer without a body is as good: its status says all.
    """

    async def act(turn: Turn) -> None:
        if unless_empty:
            reply = await turn.ask(plain=True)
            right = await turn.whole(reply)
            if not right.body and not answer.body:
                await turn.give(right)
                return
            turn.exchange.faulty = True
        else:
            await _heard(turn)
        await turn.give(answer)

    return Fault(name=name, transports=("rest",), act=act)


def _grpc(name: str, code: Code, details: str) -> Fault:
    async def act(turn: Turn) -> None:
        await _heard(turn)
        await turn.fail(code, details)

    return Fault(name=name, transports=("grpc",), act=act)


def _login(page: bytes) -> Callable[[Turn], Awaitable[None]]:
    async def act(turn: Turn) -> None:
        await _heard(turn)
        if turn.exchange.path == "/login":
            await turn.give(Answer(status=200, headers=_HTML_HEADERS, body=page))
        else:
            await turn.give(Answer(status=302, headers=(("Location", "/login"),)))

    return act


async def _no_message(turn: Turn) -> None:
    await _heard(turn)
    await turn.fail(Code.OK)


async def _no_grpc(turn: Turn) -> None:
    """As from a proxy that knows nothing of gRPC."""
    await _heard(turn)
    page = _HTML % (b"502 Bad Gateway", b"nginx")
    await turn.give(Answer(status=502, headers=_HTML_HEADERS, body=page))
