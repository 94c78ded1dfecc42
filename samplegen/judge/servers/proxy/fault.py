"""A fault, and what a program must say of it."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from samplegen.judge.servers.proxy.exchanges import Answer, Exchange, Transport
from samplegen.judge.servers.proxy.grpc_framing import code_name
from samplegen.judge.servers.proxy.turns import Turn

Connecting = Literal["", "refused", "ignored", "silent", "stranger", "expired", "other name"]
"""What is wrong with connecting: nobody listens; a SYN is never answered, as with a full backlog;
the connection is taken and nothing is ever said; or, over TLS only, whose certificate is shown."""
CERTIFICATES: tuple[Connecting, ...] = ("stranger", "expired", "other name")
BOTH: tuple[Transport, ...] = ("grpc", "rest")


async def _relay(turn: Turn) -> None:
    await turn.relay()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong."""

    name: str
    transports: tuple[Transport, ...] = BOTH
    connecting: Connecting = ""
    calls: frozenset[str] | None = None
    """The calls that can meet it; None: any."""
    waits: bool = False
    """Whether a program can only wait for its deadline, and is to end just then."""
    at_the_end: bool = False
    """Whether a program may rightly have printed all by then."""
    unasked: bool = False
    """Whether the request that meets it never reaches the real server."""
    words: tuple[str, ...] = ()
    """The message must hold one of these, or else of what the program was given; see `told`."""
    act: Callable[[Turn], Awaitable[None]] = field(default=_relay, repr=False, compare=False)
    """Answers a request; sets `faulty` of the exchange unless the fault does not concern it."""


# What a program must say


def told(message: str, fault: Fault, exchange: Exchange | None) -> bool:
    """Whether a message says what was wrong: in the server's words, or by its status.

    Args:
        message: What the program printed to stderr.
        fault: What it met.
        exchange: The request that met it; None if none came so far.
    """
    expected = fault.words or (() if exchange is None else words(exchange.given))
    return not expected or any(_holds(message, word) for word in expected)


def words(answer: Answer | None) -> tuple[str, ...]:
    """What names the error that an answer is: texts of the server, or its status.

    Returns:
        Nothing if it is no error; else any of these will do.
    """
    if answer is None:
        return ()
    code = answer.code
    if code:
        details = (answer.details,) if answer.details else ()
        return (*details, code_name(code), str(code))
    if answer.status < 300:
        return ()
    # "Found", the phrase of 302, stands in many a message by chance.
    known = answer.status >= 400 and answer.status in {*HTTPStatus}
    phrase = HTTPStatus(answer.status).phrase if known else ""
    own = _texts(answer)
    return tuple(word for word in (*own, str(answer.status), phrase) if word)


def _texts(answer: Answer) -> list[str]:
    """The texts of an error's body: those of JSON, the title of a page, or all of plain text."""
    text = answer.body.decode(errors="replace")
    if title := re.search(r"<title>(.*?)</title>", text, re.DOTALL):
        return [title[1]]
    try:
        tree = json.loads(text)
    except ValueError:
        return [text.strip()]
    found = tree.values() if isinstance(tree, dict) else [tree]
    texts = [value for value in found if isinstance(value, str)]
    return texts + [json.dumps(value)[1:-1] for value in texts]  # or as they came


def _holds(message: str, word: str) -> bool:
    """Whether a message holds a word, whatever its case and spaces; a number must stand alone."""
    if word.isdecimal():
        return re.search(rf"(?<![\w.]){word}(?![\w.]*\d)", message) is not None
    return _letters(word) in _letters(message)


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
