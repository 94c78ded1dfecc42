"""What can go wrong between a program and a server, and what a program must say of it.

A fault is met from one call of a session on. What it does is a function of a `Turn`; those of the
connection itself are done by the session.
"""

import json
import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote

from samplegen.judge.servers.proxy.documents import (
    Document,
    Encoded,
    Style,
    Undecodable,
    copied,
    resolved,
)
from samplegen.judge.servers.proxy.exchanges import Answer, Exchange, Headers, Transport
from samplegen.judge.servers.proxy.grpc_framing import Code
from samplegen.judge.servers.proxy.kserve_tensors import side
from samplegen.judge.servers.proxy.messaging import without
from samplegen.judge.servers.proxy.streams import Pace
from samplegen.judge.servers.proxy.turns import Turn

Connecting = Literal["", "refused", "ignored", "silent", "stranger", "expired", "other name"]
"""What is wrong with connecting: nobody listens; a SYN is never answered, as with a full backlog;
the connection is taken and nothing is ever said; or, over TLS only, whose certificate is shown."""
CERTIFICATES: tuple[Connecting, ...] = ("stranger", "expired", "other name")
BOTH: tuple[Transport, ...] = ("grpc", "rest")
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
        name = Code(code).name if code in {*Code} else str(code)
        return (*((answer.details,) if answer.details else ()), name, str(code))
    if answer.status < 300:
        return ()
    phrase = HTTPStatus(answer.status).phrase if answer.status in {*HTTPStatus} else ""
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


# Faults of any server


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
        Fault(name="server stalls", waits=True, act=stalls),
        Fault(name="server stalls midway", waits=True, act=stalls_midway),
        Fault(name="answer drips", waits=True, act=drips),
        Fault(name="server stalls in the head", transports=("rest",), waits=True,
              act=stalls_in_head),
        Fault(name="head drips", transports=("rest",), waits=True, act=drips_head),
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
        Fault(name="half a message", transports=("grpc",), act=_edited(message=_half_message)),
        Fault(name="malformed answer", act=_edited(
            message=lambda message: b"\xff\xff\xff\xff", body=lambda body: b"It works!")),
        Fault(name="half a body", transports=("rest",), act=_edited(body=_first_half)),
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
        "HTTP status 204": Answer(status=204),
        "HTTP status 302": Answer(status=302),
        "HTTP status 304": Answer(status=304),
    }
    found = [_rest(name, answer, unless_empty=True) for name, answer in ok.items()]
    found += [_rest(name, answer) for name, answer in others.items()]
    found.append(Fault(name="redirect to a login page", transports=("rest",), act=_login(page)))
    empty = _edited(message=lambda message: b"")
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


# Answers that are changed


class _Bytes:
    """Changes the bytes of an answer that is a success."""

    def __init__(
        self, message: Callable[[bytes], bytes] | None, body: Callable[[bytes], bytes] | None
    ) -> None:
        self._message = message
        self._body = body

    def message(self, exchange: Exchange, message: bytes) -> bytes:
        changed = self._message(message) if self._message else message
        exchange.faulty = exchange.faulty or changed != message
        return changed

    def answer(self, exchange: Exchange, answer: Answer) -> Answer:
        if not answer.body or not self._body:
            return answer
        changed = self._body(answer.body)
        exchange.faulty = changed != answer.body
        headers = without(answer.headers, "inference-header-content-length")
        return Answer(status=answer.status, headers=headers, body=changed)


def _edited(
    *,
    message: Callable[[bytes], bytes] | None = None,
    body: Callable[[bytes], bytes] | None = None,
) -> Callable[[Turn], Awaitable[None]]:
    async def act(turn: Turn) -> None:
        await turn.relay(_Bytes(message, body))

    return act


TreeEdit = Callable[[Any], Any]
"""Another decoded answer; raises LookupError if this one has nothing to change."""


class _Trees:
    """Changes decoded answers."""

    def __init__(self, turn: Turn, edit: TreeEdit) -> None:
        self._turn = turn
        self._edit = edit

    def message(self, exchange: Exchange, message: bytes) -> bytes:
        encoded = self._changed(exchange, self._turn.decoder.message(exchange, message))
        return message if encoded is None else encoded.body

    def answer(self, exchange: Exchange, answer: Answer) -> Answer:
        if answer.status >= 300 or not answer.body:
            return answer
        encoded = self._changed(exchange, self._turn.decoder.answer(exchange, answer))
        return answer if encoded is None else with_layout(answer, encoded)

    def _changed(self, exchange: Exchange, document: Document) -> Encoded | None:
        """None if there is nothing of the kind in this answer."""
        try:
            changed = self._edit(copied(document.tree))
            if changed == document.tree:
                return None
            encoded = document.encode(changed, Style())
        except (LookupError, TypeError, Undecodable):
            return None
        exchange.faulty = True
        return encoded


def with_layout(answer: Answer, encoded: Encoded) -> Answer:
    """The answer with another body, which is not compressed, and the headers that describe it."""
    headers = without(answer.headers, "content-encoding", *encoded.headers)
    headers = (*headers, *((name.title(), value) for name, value in encoded.headers.items()))
    return Answer(status=answer.status, headers=headers, body=encoded.body)


def tree_fault(name: str, edit: TreeEdit, transports: tuple[Transport, ...] = BOTH) -> Fault:
    """A fault that changes decoded answers; one that cannot be decoded does not meet it."""

    async def act(turn: Turn) -> None:
        await turn.relay(_Trees(turn, edit))

    return Fault(name=name, transports=transports, act=act)


def replaced(
    name: str,
    calls: Sequence[str],
    texts: Mapping[str, str] | None = None,
    status: int | None = None,
) -> Fault:
    """A fault that an API declares.

    Args:
        name: Of the fault.
        calls: Those that meet it.
        texts: Those of the answer, and what stands in their place.
        status: Over REST the answer has this status, over gRPC no field set.
    """
    pairs = [(old.encode(), new.encode()) for old, new in (texts or {}).items()]

    def body(data: bytes) -> bytes:
        for old, new in pairs:
            data = data.replace(old, new)
        return data

    async def act(turn: Turn) -> None:
        if status is None:
            await turn.relay(_Bytes(body, body))
        elif turn.exchange.transport == "rest":
            await _heard(turn)
            await turn.give(Answer(status=status))
        else:
            await turn.relay(_Bytes(lambda message: b"", None))

    return Fault(name=name, calls=frozenset(calls), act=act)


def asked_otherwise(name: str, ask: Mapping[str, str]) -> Fault:
    """A fault of the question: the real server refuses what it gets in place of what was sent."""
    question = _Texts(ask)

    async def act(turn: Turn) -> None:
        turn.exchange.faulty = True
        await turn.relay(question=question)

    return Fault(name=name, act=act)


class _Texts:
    """Asks with other texts."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def target(self, target: str) -> str:
        for old, new in self._texts.items():
            target = target.replace(quote(old, safe=""), quote(new, safe=""))
        return target

    def body(self, exchange: Exchange, body: bytes) -> bytes:
        for old, new in self._texts.items():
            body = body.replace(old.encode(), new.encode())
        return body


# Faults of KServe's tensors


def kserve_tensors() -> list[Fault]:
    """What can be wrong with the outputs of an inference."""
    return [
        tree_fault("no outputs", _no_outputs),
        tree_fault("an output renamed", _renamed),
        tree_fault("one element fewer", _fewer),
        tree_fault("one element more", _more),
        tree_fault("no elements", _no_elements),
        tree_fault("only the first elements", _two_elements),
        tree_fault("another datatype", _other_datatype),
        tree_fault("null elements", _null_elements, ("rest",)),
        tree_fault("texts for numbers", _texts_for_numbers, ("rest",)),
        tree_fault("an output without data", _no_data, ("rest",)),
    ]


_OTHERS = {"FP16": "FP32", "FP32": "FP64", "FP64": "FP32", "INT32": "INT64"}
"""Another datatype for the elements of one; INT32 for all else."""


def _outputs(tree: Any) -> list[Any]:
    if side(tree) != "outputs":
        raise LookupError("no outputs")
    outputs: list[Any] = tree["outputs"]
    return outputs


def _no_outputs(tree: Any) -> Any:
    return {**tree, "outputs": []} if _outputs(tree) else tree


def _renamed(tree: Any) -> Any:
    for output in _outputs(tree):
        output["name"] = f"{output['name']}_other"
    return tree


def _fewer(tree: Any) -> Any:
    for output in _outputs(tree):
        output["data"] = output["data"][:-1]
    return tree


def _more(tree: Any) -> Any:
    for output in _outputs(tree):
        output["data"] = [*output["data"], *output["data"][-1:]]
    return tree


def _no_elements(tree: Any) -> Any:
    for output in _outputs(tree):
        output["data"] = []
    return tree


def _two_elements(tree: Any) -> Any:
    for output in _outputs(tree):
        output["data"] = output["data"][:2]
    return tree


def _other_datatype(tree: Any) -> Any:
    """Right in itself, but not the one that was asked for."""
    for output in _outputs(tree):
        other = _OTHERS.get(output["datatype"], "INT32")
        if other.startswith("FP"):
            output["data"] = [float(value) for value in output["data"]]
        else:
            output["data"] = [number for number, _ in enumerate(output["data"])]
        output["datatype"] = other
    return tree


def _null_elements(tree: Any) -> Any:
    for output in _outputs(tree):
        output["data"] = [None] * len(output["data"])
    return tree


def _texts_for_numbers(tree: Any) -> Any:
    for output in _outputs(tree):
        if output["datatype"] != "BYTES":
            output["data"] = ["x"] * len(output["data"])
    return tree


def _no_data(tree: Any) -> Any:
    for output in _outputs(tree):
        del output["data"]
    return tree


# Faults of fields that are printed


def fields(places: Mapping[str, Sequence[Sequence[str]]]) -> list[Fault]:
    """What can be wrong with the fields that a program prints, over REST.

    Args:
        places: By call, the places of the answer; see `documents.resolved`.
    """
    found = []
    for name, edit in (("missing", _without_field), ("null", _null_field), ("an object", _object)):
        for call, of_call in places.items():
            for words_ in of_call:
                title = f"{'.'.join(words_)} is {name}"
                fault = tree_fault(title, _at(words_, edit), ("rest",))
                found.append(replace(fault, calls=frozenset([call])))
    return found


def _at(place: Sequence[str], edit: Callable[[Any, str | int], None]) -> TreeEdit:
    def changed(tree: Any) -> Any:
        for path in resolved(tree, place):
            if not path:
                raise LookupError("the whole answer")
            parent = tree
            for step in path[:-1]:
                parent = parent[step]
            edit(parent, path[-1])
        return tree

    return changed


def _without_field(parent: Any, step: str | int) -> None:
    del parent[step]


def _null_field(parent: Any, step: str | int) -> None:
    parent[step] = None


def _object(parent: Any, step: str | int) -> None:
    parent[step] = {"value": str(parent[step])}
