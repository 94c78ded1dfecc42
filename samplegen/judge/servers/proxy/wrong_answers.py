"""Right answers of the real server, given wrongly: other bytes, other values, other tensors."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from samplegen.judge.servers.proxy.documents import (
    Document,
    Encoded,
    Style,
    Undecodable,
    copied,
    resolved,
)
from samplegen.judge.servers.proxy.exchanges import Answer, Exchange, Transport
from samplegen.judge.servers.proxy.fault import BOTH, Fault
from samplegen.judge.servers.proxy.kserve_tensors import LENGTH, side
from samplegen.judge.servers.proxy.messaging import without
from samplegen.judge.servers.proxy.turns import Turn


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
        if changed == answer.body:
            return answer
        exchange.faulty = True
        headers = without(answer.headers, LENGTH)
        return Answer(status=answer.status, headers=headers, body=changed)

    def details(self, exchange: Exchange, details: str) -> str:
        return details


def edited(
    *,
    message: Callable[[bytes], bytes] | None = None,
    body: Callable[[bytes], bytes] | None = None,
) -> Callable[[Turn], Awaitable[None]]:
    """Changes the bytes of messages, or of bodies over REST."""

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
        if not answer.body:
            return answer
        encoded = self._changed(exchange, self._turn.decoder.answer(exchange, answer))
        return answer if encoded is None else with_layout(answer, encoded)

    def details(self, exchange: Exchange, details: str) -> str:
        return details

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
            turn.exchange.faulty = True
            await turn.hear()
            await turn.give(Answer(status=status))
        else:
            await turn.relay(_Bytes(lambda message: b"", None))

    return Fault(name=name, calls=frozenset(calls), act=act)


def asked_otherwise(name: str, calls: Sequence[str], texts: Mapping[str, str]) -> Fault:
    """A fault of the question: the real server refuses what it gets in place of what was sent.

    Args:
        name: Of the fault.
        calls: Those that meet it.
        texts: Those of the request, and what stands in their place.
    """
    question = _Texts(texts)

    async def act(turn: Turn) -> None:
        turn.exchange.faulty = True
        await turn.relay(question=question)

    return Fault(name=name, calls=frozenset(calls), act=act)


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
    for name, edit in (("missing", _without_field), ("null", _null_field)):
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
    if isinstance(step, int):
        del parent[step:]  # else the next item would take its place
    else:
        del parent[step]


def _null_field(parent: Any, step: str | int) -> None:
    parent[step] = None
