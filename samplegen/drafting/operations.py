"""Drafts of operations: a call each, with the values that it needs."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from samplegen.contract import paths
from samplegen.contract.examples import can_be_sent, example, is_given, needed
from samplegen.contract.model import Contract, Field, Message, Method
from samplegen.spec.linking import Linker
from samplegen.spec.operation import OPERATION_NAME
from samplegen.spec.steps import FieldLabel, Printed, Step
from samplegen.yamltext import block, comment, flow

_MOST_LINES = 12
"""Lines that a sample prints of an answer."""
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|(?:[A-Z]?[a-z]+|[A-Z]+)[0-9]*|[0-9]+")
_LABELS = ("id", "name", "key", "code", "title")
"""Fields by which readers tell the items of a list apart."""
_STEP = "    "


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The file of an operation."""

    name: str
    text: str
    guessed: tuple[str, ...]
    """The fields whose values the contract does not give."""


def steps_cannot(contract: Contract, method: Method) -> str:
    """Why there can be no draft of a method; empty: there can be one."""
    linker = Linker(contract, recorded=False)
    linker.link([_step(contract, method)])
    if linker.mistakes:
        return linker.mistakes[0][1].removeprefix(f"{method.title!r}: ")
    return "" if printed(contract, method) else "steps can print nothing of its answer"


def draft(contract: Contract, method: Method, name: str, order: int) -> Draft:
    """The file of an operation that calls a method, without the values that are expected."""
    request = contract.messages[method.request]
    words = method.name if method.service else method.name.partition("{")[0]
    lines = [
        f"title: {block(' '.join(word.capitalize() for word in _words(words)) or name)}",
        f"summary: {block(_sentence(method.comment) or f'Call {method.title}.')}",
        f"order: {order}",
        "steps:",
        f"  - call: {block(_call(contract, method))}",
        *_request(contract, method, request),
        *_until(method),
        "    print:",
        *(f"      - {_written(line)}" for line in printed(contract, method)),
    ]
    sent = _sent(contract, method)
    return Draft(
        name=name,
        text="".join(f"{line}\n" for line in lines),
        guessed=tuple(known.name for known in sent if not is_given(contract, known)),
    )


def drafts(contract: Contract, methods: Sequence[Method]) -> list[Draft]:
    """A file for each method, in the order of the methods."""
    return [
        draft(contract, method, name, 10 * number)
        for number, (name, method) in enumerate(names(methods).items(), 1)
    ]


def notes(drafts: Sequence[Draft]) -> list[str]:
    """What a contract cannot tell of requests and answers."""
    guessed = [f"{one.name}: {', '.join(one.guessed)}" for one in drafts if one.guessed]
    found = [f"values made up of type and name: {'; '.join(guessed)}"] if guessed else []
    return [*found, "expected values: `samplegen record` asks the server, and writes them"]


def names(methods: Sequence[Method]) -> dict[str, Method]:
    """The operations' names: that of the method, with its service where that alone is not unique.

    A number follows where the names of two methods are made of the same words.
    """
    found: dict[str, Method] = {}
    for method in methods:
        alike = [other for other in methods if _name(other.name) == _name(method.name)]
        wanted = _name(method.title if len(alike) > 1 else method.name)
        name, number = wanted, 2
        while name in found or name == "api":  # api.yaml is another file
            name, number = f"{wanted}-{number}", number + 1
        found[name] = method
    return found


def _name(text: str) -> str:
    name = "-".join(word.lower() for word in _words(text))
    return name if OPERATION_NAME.fullmatch(name) else f"call-{name}".rstrip("-")


def _words(text: str) -> list[str]:
    return _WORDS.findall(text)


def _sentence(text: str) -> str:
    """The first sentence."""
    line = comment(text, 1000)
    first = re.split(r"(?<=[.!?]) ", line, maxsplit=1)[0]
    return comment(first, 160)


# Requests


def _sent(contract: Contract, method: Method) -> tuple[Field, ...]:
    """The fields that the request of a draft holds."""
    request = contract.messages[method.request]
    inside = re.findall(r"{([^{}=]*)", method.route.path) if method.route else []
    fields = needed(contract, request)
    names = {*inside, *(known.name for known in fields)}
    return tuple(known for known in request.fields.values() if known.name in names)


def _step(contract: Contract, method: Method) -> Step:
    request = {known.name: example(contract, known) for known in _sent(contract, method)}
    lines = tuple(printed(contract, method))
    call = _call(contract, method)
    until = 1 if method.server_streaming else None
    if method.client_streaming:
        return Step(call=call, send=(request,), until=until, print=lines)
    return Step(call=call, request=request, until=until, print=lines)


def _until(method: Method) -> Iterator[str]:
    """The line that says when a stream of answers ends."""
    if method.server_streaming:
        yield f"{_STEP}until: 1  # so many messages are read; leave it out to read to the end"


def _call(contract: Contract, method: Method) -> str:
    """The shortest name that is no other method's and names the service."""
    if contract.method(method.title) is method:
        return method.title
    return f"{method.service}.{method.name}"


def _request(contract: Contract, method: Method, request: Message) -> Iterator[str]:
    """The lines of a request; what may be left out as comments."""
    sent = {known.name for known in _sent(contract, method)}
    lines = []
    for known in request.fields.values():
        if known.name not in sent and not (
            can_be_sent(contract, known) and _has_place(method, known)
        ):
            continue
        text = f"{flow(known.name)}: {block(example(contract, known))}"
        about = comment(f"{known.shown_type}. {known.comment}".strip(" ."))
        lines.append((known.name in sent, text, about))
    if method.client_streaming:
        yield from _sends(lines)
        return
    if not lines:
        return
    mark = "" if sent else "# "
    yield f"{_STEP}{mark}request:"
    for is_sent, text, about in lines:
        if sent:
            yield f"{_STEP}  {'' if is_sent else '# '}{text}  # {about}"
        else:
            yield f"{_STEP}# {'  '}{text}  # {about}"


def _sends(fields: Sequence[tuple[bool, str, str]]) -> Iterator[str]:
    """The lines of a stream of one message.

    Args:
        fields: Whether each is sent, how it is written, and what it is.
    """
    sent = [field for field in fields if field[0]]
    yield f"{_STEP}send:" if sent else f"{_STEP}send: [{{}}]"
    for number, (_, text, about) in enumerate(sent):
        yield f"{_STEP}  {'  ' if number else '- '}{text}  # {about}"
    for number, (_, text, about) in enumerate(field for field in fields if not field[0]):
        mark = "    # " if sent else ("#   " if number else "# - ")
        yield f"{_STEP}{mark}{text}  # {about}"


def _has_place(method: Method, known: Field) -> bool:
    """Whether REST has a place for an optional field: a query holds scalars only."""
    in_query = known.place == "query" or (method.route is not None and not method.route.body)
    return not in_query or not (known.kind == "message" or known.is_map)


# Answers


def printed(contract: Contract, method: Method) -> list[Printed]:
    """The lines that print scalars of an answer, those of its messages included, and a list."""
    answer = contract.messages[method.response]
    found: dict[str, Field] = {}
    for known in answer.fields.values():
        if not _is_single(known):
            continue
        if known.kind != "message":
            found[known.name] = known
            continue
        for inner in contract.messages[known.type].fields.values():
            if _is_single(inner) and inner.kind != "message":
                found[f"{known.name}.{inner.name}"] = inner
    last = [path.rpartition(".")[2] for path in found]
    lines = [
        Printed(label=name if last.count(name) == 1 else path.replace(".", " "), path=path)
        for path, name in zip(found, last, strict=True)
    ]
    listed = (known for known in answer.fields.values() if known.repeated)
    items = filter(None, (_items(contract, known) for known in listed))
    return [*lines[:_MOST_LINES], *items]


def _is_single(known: Field) -> bool:
    return not known.repeated and not known.is_map and _can_be_named(known)


def _can_be_named(known: Field) -> bool:
    try:
        return len(paths.parsed(known.name)) == 1 and paths.parsed(known.name)[0].index is None
    except ValueError:
        return False


def _items(contract: Contract, known: Field) -> Printed | None:
    """The line for each item of a list of messages, if these have what tells them apart."""
    if known.kind != "message" or not _can_be_named(known):
        return None
    fields = contract.messages[known.type].fields.values()
    scalars = [field.name for field in fields if _is_single(field) and field.kind != "message"]
    label = next((name for name in _LABELS if name in scalars), None)
    values = [name for name in scalars if name != label]
    if label is None or not values:
        return None
    value = next((name for name in ("name", "title", "value") if name in values), values[0])
    return Printed(each=known.name, label=FieldLabel(path=label), path=value)


def _written(line: Printed) -> str:
    found: dict[str, Any] = {} if line.each is None else {"each": line.each}
    found["label"] = line.label if isinstance(line.label, str) else {"path": line.label.path}
    return flow({**found, "path": line.path})
