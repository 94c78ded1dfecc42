"""Gate: the sample prints what was really answered.

The proxy changes, on the way, all that the sample must print; another run gets the same answers in
another layout. Both run in another language, time zone and order of sets. A server that answers
differently is asked, too, if the API has one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from samplegen.gates import Gate
from samplegen.judge.gates import run
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.finding import NotTried, Passed, Result, result
from samplegen.judge.gates.output import differences
from samplegen.judge.machine import locales
from samplegen.judge.machine.processes import Outcome
from samplegen.judge.machine.slots import Slot
from samplegen.judge.servers.proxy.decoding import Decoder
from samplegen.judge.servers.proxy.documents import Undecodable, leaves
from samplegen.judge.servers.proxy.edits import Change
from samplegen.judge.servers.proxy.sessions import Plan
from samplegen.judge.servers.running import Run
from samplegen.judge.servers.started import Target
from samplegen.literals import Scalar
from samplegen.spec import Expectation

NAME: Gate = "meaning"
_MADE: dict[str, Callable[[Any], Any]] = {
    "argmax": lambda values: values.index(max(values)),
    "max": max,
    "signature": lambda tensor: f"{tensor['datatype']} {tensor['shape']}",
}
"""What a last word makes of what the words before it lead to."""
_NARROW = {"FP32": 2.0**-24, "FP16": 2.0**-11}
"""Datatype to half the distance of two numbers, relative: what a printed one may differ by."""
_VARIED = "with other values in the answer"
_LAID_OUT = "with the answer in another layout"
_OTHER = "at the server that answers differently"


def check(case: Case) -> Result:
    """Runs the sample on changed answers, and compares what it prints with them."""
    if case.cell.client.transport == "grpc" and case.setup.runner.contract is None:
        return NotTried(case.setup.runner.no_contract)
    places = _places(case)
    runs: list[Callable[[Slot], tuple[list[str], Outcome]]] = [partial(_same, case)]
    if places:
        runs += [partial(_changed, case, places, seed) for seed in (1, 2)]
    if case.setup.other is not None:
        runs.append(partial(_elsewhere, case, case.setup.other))
    for found, outcome in case.at_once(runs):
        if found:
            return result(found, outcome)
    if not places and not _refusable(case):
        return NotTried("no answer holds what the sample prints")
    return Passed()


# Runs


def _same(case: Case, slot: Slot) -> tuple[list[str], Outcome]:
    """The right answer in another layout, and the program in another place."""
    made = _run(case, slot, Plan(layout=1))
    lines = case.cell.operation.expect
    return _compared(made, lines, 0.0, _LAID_OUT), run.outcome(made.ended)


def _changed(
    case: Case, places: Mapping[str, Sequence[Sequence[str]]], seed: int, slot: Slot
) -> tuple[list[str], Outcome]:
    """Another answer."""
    change = Change(seed=seed, places=places, decoy=seed == 1)
    layout = seed if seed > 1 else None
    made = _run(case, slot, Plan(change=change, layout=layout))
    outcome = run.outcome(made.ended)
    given = _given(case, made)
    expected = list(case.cell.told(case.cell.operation.expect))
    try:
        refused = _refused(case)
        lines = [
            line if line.answer and line.answer[0] in refused else _line(line, given, made)
            for line in expected
        ]
    except LookupError as error:
        return [f"{_VARIED}, {error}"], outcome
    return _compared(made, lines, _precision(made, case), _VARIED), outcome


def _elsewhere(case: Case, other: Target, slot: Slot) -> tuple[list[str], Outcome]:
    """The API's own server that answers differently."""
    operation = case.cell.operation
    case.other_server = other.version
    made = _run(case, slot, Plan(), other.connection)
    outcome = run.outcome(made.ended)
    if operation.other:
        return _compared(made, operation.other, 0.0, _OTHER), outcome
    expected = [line for line in case.cell.told(operation.expect) if line.answer]
    if len(expected) != len(operation.expect):
        return [], outcome  # what it answers is not known
    return _compared(made, answered(expected, _given(case, made)), 0.0, _OTHER), outcome


def _run(case: Case, slot: Slot, plan: Plan, upstream: Any = None) -> Run:
    folder = case.setup.locale()
    env = locales.environment(folder if any(folder.iterdir()) else None)
    return case.run(upstream or case.setup.upstream(), plan, env, slot=slot)


def _compared(made: Run, lines: Sequence[Expectation], precision: float, where: str) -> list[str]:
    found = made.problems or run.complaints(made.ended)
    found = found or differences(made.ended.stdout, lines, precision)
    return [f"{where}, {problem}" for problem in found]


# What is changed


def _places(case: Case) -> dict[str, list[tuple[str, ...]]]:
    """By call, the places of the answers that the sample prints; an empty one is all of it."""
    asked = [call.rpc for call in case.cell.calls]
    refused = _refused(case)
    lines = case.cell.told(case.cell.operation.expect)
    named = [line.answer for line in lines if line.answer]
    if named:
        places: dict[str, list[tuple[str, ...]]] = {}
        for rpc, *words in named:
            if rpc not in refused:
                places.setdefault(rpc, []).append(tuple(words))
        return places
    return {rpc: [()] for rpc in asked if rpc not in refused}


def _refused(case: Case) -> set[str]:
    """The calls whose answer is yes or no; that a sample heeds a no is shown by faults."""
    faults = case.setup.catalogue.spec.api.faults
    return {rpc for fault in faults if fault.status is not None for rpc in fault.rpcs}


def _refusable(case: Case) -> bool:
    return not _refused(case).isdisjoint(call.rpc for call in case.cell.operation.calls)


# What must be printed


def _given(case: Case, made: Run) -> dict[str, Any]:
    """By call, the answer that the sample got."""
    decoder = Decoder(case.setup.runner.contract)
    found: dict[str, Any] = {}
    for exchange in made.exchanges:
        if exchange.given is not None:
            try:
                found[exchange.call] = decoder.answer(exchange, exchange.given).tree
            except Undecodable:
                continue
    return found


def _line(line: Expectation, given: Mapping[str, Any], made: Run) -> Expectation:
    """A line with what was given in place of its value.

    Raises:
        LookupError: The line names a place that the answer does not have.
    """
    if line.answer:
        return answered([line], given)[0]
    replaced = dict(_replacements(made))
    value = tuple(replaced.get(_key(element), element) for element in line.value)
    label = replaced.get(_key(line.label), line.label)
    pattern = None if any(_key(element) in replaced for element in line.value) else line.pattern
    return replace(line, label=str(label), value=value, pattern=pattern)


def _replacements(made: Run) -> Iterator[tuple[Any, Scalar]]:
    """Each scalar of the real answers, and what stood in its place."""
    for exchange in made.exchanges:
        for altered in exchange.changes.values():
            if isinstance(altered.old, bool | int | float | str):
                yield _key(altered.old), altered.new


def _key(value: Any) -> Any:
    """Tells true from 1, and not 1 from 1.0."""
    return (isinstance(value, bool), value)


def _precision(made: Run, case: Case) -> float:
    """What numbers of these answers may differ by, relative."""
    kinds = [
        value
        for tree in _given(case, made).values()
        for path, value in leaves(tree)
        if path and path[-1] == "datatype"
    ]
    return max((_NARROW.get(str(kind), 0.0) for kind in kinds), default=0.0)


def answered(expected: Sequence[Expectation], answers: Mapping[str, Any]) -> list[Expectation]:
    """The expected lines, with what was really answered in place of their values.

    Raises:
        LookupError: The answers lack it; the message says what is missing.
    """
    return [
        replace(line, value=_listed(_found(answers, line.answer)), pattern=None)
        if line.answer
        else line
        for line in expected
    ]


def _found(answers: Mapping[str, Any], path: Sequence[str]) -> Any:
    """What stands there in the answers: fields by their key, tensors by their name."""
    found: Any = answers
    for number, word in enumerate(path):
        try:
            found = _step(found, word)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            way = ".".join(path[:number]) or "the answers"
            raise LookupError(f"no {word} in {way}, as the server answered it") from error
    return found


def _step(found: Any, word: str) -> Any:
    if isinstance(found, dict) and word in found:
        return found[word]
    if isinstance(found, list):
        named = [item for item in found if isinstance(item, dict) and item.get("name") == word]
        if named:
            return named[0]
    return _MADE[word](found)


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else (value,)
