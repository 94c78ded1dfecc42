"""What of an answer a sample prints: as the operation says, or found by value in the first run."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from samplegen.contract.paths import words
from samplegen.contract.trees import from_json, plain
from samplegen.judge.gates.case import Case
from samplegen.judge.servers.proxy.decoding import Decoder
from samplegen.judge.servers.proxy.documents import (
    Document,
    Undecodable,
    leaves,
    refusal,
    resolved,
)
from samplegen.judge.servers.proxy.documents import at as at_path
from samplegen.judge.servers.proxy.numbers import DIGITS, WIDEST
from samplegen.judge.servers.running import Run
from samplegen.render.literals import Scalar
from samplegen.spec.operation import Expectation

Place = tuple[str, ...]
"""The call, then the way through its answer."""
_MADE: dict[str, Callable[[Any], Any]] = {
    "argmax": lambda values: values.index(max(values)),
    "max": max,
    "signature": lambda tensor: f"{tensor['datatype']} {tensor['shape']}",
}
"""What a last word makes of what the words before it lead to."""
_DESCRIPTION = "signature"
"""The last word of a place that means the description of a tensor, not its elements."""


@dataclass(frozen=True)
class Line:
    """A line that the sample prints, and where it stands in the answers."""

    expected: Expectation
    """With `answer`, if that is known."""
    label: Place = ()
    """Where its label stands, or the end of it, if that is a text of an answer."""
    before: str = ""
    """What stands before that in the label."""

    @property
    def places(self) -> Iterator[Place]:
        """Where value and label stand."""
        yield from (place for place in (self.expected.answer, self.label) if place)


def documents(case: Case, run: Run) -> dict[str, Document]:
    """By call, the answer that the sample got, as far as it can be decoded."""
    decoder = Decoder(case.setup.runner.contract)
    found: dict[str, Document] = {}
    refused = {s.call.rpc: s for s in case.cell.operation.linked if s.refused and s.lines}
    for exchange in run.exchanges:
        if exchange.given is not None:
            if exchange.given.code and exchange.call in refused:
                place = words(refused[exchange.call].lines[0].path)
                found[exchange.call] = refusal(exchange.given.details, place)
                continue
            try:
                found[exchange.call] = decoder.answer(exchange, exchange.given)
            except Undecodable:
                continue
    return found


def given(case: Case, run: Run) -> dict[str, Any]:
    """The trees of `documents`; None for an answer that has no body."""
    return trees(case, documents(case, run))


def trees(case: Case, documents: Mapping[str, Document]) -> dict[str, Any]:
    """By call, what was answered: of steps, as the contract types it, and bytes as text."""
    found = {call: document.tree for call, document in documents.items()}
    for rpc, name, *_ in unrequired(case):
        if isinstance(found.get(rpc), dict) and found[rpc].get(name) is None:
            found[rpc] = {**found[rpc], name: []}  # a list without elements, as programs print it
    for step in case.cell.operation.linked:
        if step.method is not None and step.refused is None and step.call.rpc in found:
            tree, name = found[step.call.rpc], step.method.response
            if step.gets_stream and isinstance(tree, list):
                tree = [from_json(step.contract, name, message) for message in tree]
            else:
                tree = from_json(step.contract, name, tree)
            found[step.call.rpc] = _with_texts(tree)
    return found


def _with_texts(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _with_texts(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_with_texts(item) for item in tree]
    return plain(tree) if isinstance(tree, bytes) else tree


def optional(case: Case) -> set[Place]:
    """Where values of steps stand that are zero or empty, which an answer may leave out."""
    found: set[Place] = set()
    for step in case.cell.operation.linked:
        messages = [(str(n),) for n in range(step.count)] if step.gets_stream else [()]
        for line in (line for line in step.lines if line.may_be_zero):
            numbers = [(str(n),) for n, _ in enumerate(step.expect)] if line.each else [()]
            found |= {
                (step.call.rpc, *message, *words(line.each), *number, *words(line.path))
                for message in messages
                for number in numbers
            }
    return found


def unrequired(case: Case) -> set[Place]:
    """Where lists stand that answers over REST may leave out, as `api.yaml` says."""
    spec = case.setup.catalogue.spec
    found: set[Place] = set()
    for place in (line.answer for line in case.cell.operation.expect if len(line.answer) > 1):
        method = spec.contract.method(place[0])
        if method is not None:
            field = f"{spec.contract.title(method.response)}.{place[1]}"
            found |= {place} if field in spec.api.rest.optional else set()
    return found


def datatype(line: Line, documents: Mapping[str, Document]) -> str:
    """That of the number that a line prints; FP64 if nothing narrower is known."""
    rpc, *words = line.expected.answer or ("",)
    if rpc not in documents:
        return WIDEST
    document = documents[rpc]
    try:
        (path, *_) = resolved(document.tree, words)
        path, _ = next(leaves(at_path(document.tree, path), path))
    except (LookupError, StopIteration):
        return WIDEST
    kind = document.kinds(path)
    return kind.name if kind is not None and kind.name in DIGITS else WIDEST


def lines(case: Case) -> list[Line]:
    """The lines that the sample prints, each with its place in the answers, if it has one.

    Of several places with the same value, the first line takes the first. The name of an output is
    no label to look for: a sample asks for an output by its own name.
    """
    answers = given(case, case.first)
    outputs = {output.name for output in case.cell.operation.outputs}
    known = case.cell.told(case.cell.operation.expect)
    taken: Counter[Any] = Counter()
    found = []
    for line in known:
        if line.answer:
            found.append(_named(line, answers))
            continue
        value = _asked(_next(taken, answers, line.values, line.tolerance), answers, outputs)
        label = () if line.label in outputs else _next(taken, answers, (line.label,), 0.0)
        found.append(Line(replace(line, answer=value), label))
    return found


def _named(line: Expectation, answers: Mapping[str, Any]) -> Line:
    """A line whose place is known; its label may end with the name of the tensor it describes.

    Of a description a sample prints the name as it comes; an output it asks for by its own name.
    """
    rpc, *words = line.answer
    if line.labelled:
        return Line(line, line.labelled)
    *way, name, last = words if len(words) > 1 else ("", "", "")
    if last != _DESCRIPTION or not line.label.endswith(name):
        return Line(line)
    try:
        (path, *_) = resolved(answers.get(rpc), [*way, name])
    except LookupError:
        return Line(line)
    tensor = (rpc, *map(str, path))
    kept = replace(line, answer=(*tensor, last))
    return Line(kept, (*tensor, "name"), line.label.removesuffix(name))


def _next(
    taken: "Counter[Any]", answers: Mapping[str, Any], value: Sequence[Scalar], tolerance: float
) -> Place:
    """The next place with this value; the last one if there are no more."""
    places = [
        (rpc, *way) for rpc, tree in answers.items() for way in _places(tree, value, tolerance)
    ]
    if not places:
        return ()
    number = taken[tuple(places)]
    taken[tuple(places)] += 1
    return places[min(number, len(places) - 1)]


def _asked(place: Place, answers: Mapping[str, Any], outputs: Collection[str]) -> Place:
    """The place with its output by name, as a sample asks for it, wherever it stands."""
    found: Any = answers
    words = []
    for word in place:
        listed = isinstance(found, list)
        found = found[int(word)] if listed else found[word]
        name = found.get("name") if listed and isinstance(found, dict) else None
        words.append(name if isinstance(name, str) and name in outputs else word)
    return tuple(words)


def _places(tree: Any, value: Sequence[Scalar], tolerance: float) -> Iterator[Place]:
    """Where a value, or a list of values, stands in a tree."""
    if _same(tree, value, tolerance):
        yield ()
        return
    for step, item in _items(tree):
        for way in _places(item, value, tolerance):
            yield (str(step), *way)


def _items(tree: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(tree, dict):
        yield from tree.items()
    elif isinstance(tree, list):
        yield from enumerate(tree)


def _same(found: Any, value: Sequence[Scalar], tolerance: float) -> bool:
    if isinstance(found, list):
        return len(found) == len(value) > 1 and all(
            _same(item, (element,), tolerance) for item, element in zip(found, value, strict=True)
        )
    if len(value) != 1 or isinstance(found, bool) != isinstance(value[0], bool):
        return False
    if isinstance(found, int | float) and isinstance(value[0], int | float):
        return math.isclose(found, value[0], rel_tol=0, abs_tol=tolerance)
    return type(found) is type(value[0]) and found == value[0]


def at(answers: Mapping[str, Any], place: Place) -> Any:
    """What stands there: fields by their key, tensors by their name.

    Raises:
        LookupError: Nothing does; the message says what is missing.
    """
    found: Any = answers
    for number, word in enumerate(place):
        try:
            found = _step(found, word)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            way = ".".join(place[:number]) or "the answers"
            raise LookupError(f"no {word} in {way}, as the server answered it") from error
    return found


def _step(found: Any, word: str) -> Any:
    if isinstance(found, dict) and word in found:
        return found[word]
    if isinstance(found, list):
        named = [item for item in found if isinstance(item, dict) and item.get("name") == word]
        if named:
            return named[0]
        if word.isdecimal():
            return found[int(word)]
    return _MADE[word](found)


def answered(line: Line, answers: Mapping[str, Any]) -> Expectation:
    """The line with what was really answered.

    Raises:
        LookupError: The answers lack it; the message says what is missing.
    """
    expected = line.expected
    if line.label:
        label = f"{line.before}{at(answers, line.label)}"
        expected = replace(expected, label=label)
    if expected.answer:
        value = at(answers, expected.answer)
        listed = tuple(value) if isinstance(value, list) else (value,)
        expected = replace(expected, value=listed, pattern=None)
    return expected
