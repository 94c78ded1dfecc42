"""Gate: the sample prints what was really answered.

The proxy changes, on the way, all that the sample must print; another run gets the same answers in
another layout. All runs but one are in another language, time zone and order of sets: that one is
as any other gate's, so that no program can know by these that its answers are changed. It also runs
against a server that answers differently, if the API has one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from samplegen.contract.paths import words
from samplegen.gates import Gate
from samplegen.judge.gates import answers, proofs, run
from samplegen.judge.gates.answers import Line, answered
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.finding import Failed, Finding, NotTried, Passed, Result
from samplegen.judge.gates.output import differences
from samplegen.judge.machine import locales
from samplegen.judge.machine.processes import Outcome
from samplegen.judge.machine.slots import Slot
from samplegen.judge.servers.proxy.documents import completed
from samplegen.judge.servers.proxy.edits import Change
from samplegen.judge.servers.proxy.exchanges import Answer
from samplegen.judge.servers.proxy.sessions import Plan
from samplegen.judge.servers.running import Run
from samplegen.judge.servers.started import Target
from samplegen.spec.operation import Expectation

NAME: Gate = "meaning"
_VARIED = "with other values in the answer"
_LAID_OUT = "with the answer in another layout"
_OTHER = "at the server that answers differently"
_Job = Callable[[Slot], tuple[list[str], Outcome]]


def check(case: Case) -> Result:
    """Runs the sample on changed answers, and compares what it prints with them.

    What it did is kept as long as the servers give the same answers. The other server is asked by
    the judge, with the requests of the sample.
    """
    if case.cell.client.transport == "grpc" and case.setup.runner.contract is None:
        return NotTried(case.setup.runner.no_contract)
    lines = answers.lines(case)
    places = _places(case, lines)
    runs: list[_Job] = [partial(_same, case)]
    if places:
        runs += [partial(_changed, case, lines, places, seed) for seed in (1, 2)]
    given = [(e.call, e.given and _content(e.given)) for e in case.first.exchanges]
    basis = (given, case.setup.locale() is None)
    proof = proofs.kept(case, NAME, basis, lambda: _failed(case, runs) or ())
    if isinstance(proof, Failed):
        return proof
    case.meaning = proof
    if case.setup.other is not None and (failed := _other(case, lines, case.setup.other)):
        return failed
    if not places and not _refusable(case):
        return NotTried("no answer holds what the sample prints")
    return Passed()


def _other(case: Case, lines: Sequence[Line], other: Target) -> Failed | None:
    """What the sample did wrong at the API's own server that answers differently."""
    case.other_server = other.version
    runs: list[_Job] = [partial(_elsewhere, case, lines, other)]
    operation = case.cell.operation
    if operation.around or any(step.saves for step in operation.linked):
        return _failed(case, runs)  # the same requests would mean something else there
    again = case.setup.runner.repeated(case.first.exchanges, other.connection, case.limit)
    if again is None:
        return _failed(case, runs)
    basis = (_OTHER, other.version, [*map(_content, again)], case.setup.locale() is None)
    proof = proofs.kept(case, NAME, basis, lambda: _failed(case, runs) or ())
    if isinstance(proof, Failed):
        return proof
    case.meaning = min(case.meaning, proof, key=lambda kept: kept.proved_at)
    return None


def _content(answer: Answer) -> tuple[object, ...]:
    """What tells an answer from others: all but its headers."""
    return answer.status, answer.body, answer.code, answer.details


def _failed(case: Case, runs: Sequence[_Job]) -> Failed | None:
    """Does the runs; returns what was wrong about the first that printed something else."""
    for found, outcome in case.at_once(runs):
        if found:
            return Failed(tuple(map(Finding, found)), outcome)
    return None


# Runs


def _same(case: Case, slot: Slot) -> tuple[list[str], Outcome]:
    """The right answer in another layout, and the program in another place."""
    made = _run(case, slot, Plan(layout=1))
    lines = case.cell.operation.expect
    return _compared(case, made, lines, _LAID_OUT), run.outcome(made.ended)


def _changed(
    case: Case,
    lines: Sequence[Line],
    places: Mapping[str, Sequence[Sequence[str]]],
    seed: int,
    slot: Slot,
) -> tuple[list[str], Outcome]:
    """Another answer."""
    change = Change(seed=seed, places=places, zeros=_zeros(case, lines), decoys=seed == 1)
    if seed == 1:
        made = case.run(case.setup.upstream(), Plan(change=change), slot=slot)
    else:
        made = _run(case, slot, Plan(change=change, layout=seed))
    outcome = run.outcome(made.ended)
    unchanged = [
        f"{_VARIED}, {exchange.call}: {exchange.problem}"
        for exchange in made.exchanges
        if exchange.call in places and exchange.problem
    ]
    if unchanged:
        return unchanged, outcome
    documents = answers.documents(case, made)
    given = answers.trees(case, documents)
    refused = _refused(case)
    try:
        expected = [
            line.expected if any(p[0] in refused for p in line.places) else answered(line, given)
            for line in lines
        ]
    except LookupError as error:
        return [f"{_VARIED}, {error}"], outcome
    datatypes = [answers.datatype(line, documents) for line in lines]
    return _compared(case, made, expected, _VARIED, datatypes), outcome


def _elsewhere(
    case: Case, lines: Sequence[Line], other: Target, slot: Slot
) -> tuple[list[str], Outcome]:
    """The API's own server that answers differently."""
    operation = case.cell.operation
    made = _run(case, slot, Plan(), other.connection)
    outcome = run.outcome(made.ended)
    if operation.other:
        return _compared(case, made, operation.other, _OTHER), outcome
    documents, refused = answers.documents(case, made), _refused(case)
    given = answers.trees(case, documents)
    for call, zeros in _zeros(case, lines).items():
        for place, zero in zeros.items():
            given[call] = completed(given.get(call), place, zero)
    known = [line for line in lines if line.expected.answer and not _says_no(line, refused)]
    if len(known) != len(lines):
        return [], outcome  # what it answers is not known
    try:
        expected = [answered(line, given) for line in known]
    except LookupError as error:
        return [f"{_OTHER}, {error}"], outcome
    datatypes = [answers.datatype(line, documents) for line in known]
    return _compared(case, made, expected, _OTHER, datatypes), outcome


def _says_no(line: Line, refused: set[str]) -> bool:
    return line.expected.answer[0] in refused


def _run(case: Case, slot: Slot, plan: Plan, upstream: Any = None) -> Run:
    plan = replace(plan, other_contents=not case.cell.client.raw_contents)
    env = locales.environment(case.setup.locale())
    return case.run(upstream or case.setup.upstream(), plan, env, slot=slot)


def _compared(
    case: Case,
    made: Run,
    lines: Sequence[Expectation],
    where: str,
    datatypes: Sequence[str] = (),
) -> list[str]:
    found = made.problems or run.complaints(made.ended)
    quoted = case.cell.operation.quoted
    found = found or differences(made.ended.stdout, lines, datatypes, quoted)
    found = found or [*made.unmet]
    return [f"{where}, {problem}" for problem in found]


# What is changed


def _places(case: Case, lines: Sequence[Line]) -> dict[str, list[tuple[str, ...]]]:
    """By call, the places of the answers that the sample prints."""
    refused, kept = _refused(case), _ending(case)
    places: dict[str, list[tuple[str, ...]]] = {}
    for line in lines:
        for rpc, *way in line.places:
            if rpc not in refused and (rpc, *way[1:]) not in kept:
                places.setdefault(rpc, []).append(tuple(way))
    return places


def _ending(case: Case) -> set[tuple[str, ...]]:
    """Where a stream has what ends it, which must stay; without the number of the message."""
    return {
        (step.call.rpc, *words(step.end.way))
        for step in case.cell.operation.linked
        if step.end is not None and step.end.way
    }


def _zeros(case: Case, lines: Sequence[Line]) -> dict[str, dict[tuple[str, ...], Any]]:
    """By call and place, the expected values that an answer may leave out."""
    optional = answers.optional(case)
    zeros: dict[str, dict[tuple[str, ...], Any]] = {}
    for line in lines:
        if line.expected.answer in optional:
            rpc, *way = line.expected.answer
            zeros.setdefault(rpc, {})[tuple(way)] = line.expected.values[0]
    return zeros


def _refused(case: Case) -> set[str]:
    """The calls whose answer is yes or no; that a sample heeds a no is shown by faults."""
    faults = case.setup.catalogue.spec.api.faults
    return {rpc for fault in faults if fault.status is not None for rpc in fault.rpcs}


def _refusable(case: Case) -> bool:
    return not _refused(case).isdisjoint(call.rpc for call in case.cell.operation.calls)
