"""Gate: the sample prints what was really answered, also by a server that answers differently."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from samplegen.gates import Gate
from samplegen.judge.gates import run
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.finding import NotTried, Passed, Result, result
from samplegen.judge.gates.output import differences
from samplegen.judge.machine.processes import Outcome
from samplegen.judge.servers.recording import Request
from samplegen.spec import Expectation

NAME: Gate = "meaning"

_MADE: dict[str, Callable[[Any], Any]] = {
    "argmax": lambda values: values.index(max(values)),
    "max": max,
    "signature": lambda tensor: f"{tensor['datatype']} {tensor['shape']}",
}
"""What a last word makes of what the words before it lead to."""


def check(case: Case) -> Result:
    """Compares both answers with what was printed of them."""
    operation, other, requests = case.cell.operation, case.setup.other, case.requests
    if requests is None or not tells(requests):
        return NotTried("the server does not record what it answered")
    if not all(line.answer for line in operation.expect):
        return NotTried("the operation does not say by 'answer' what of an answer it prints")
    if other is None:
        return NotTried("there is no server that answers differently")
    case.other_server = other.version
    expected = case.cell.told(operation.expect)
    if found := contradictions(case.outcome.stdout, expected, requests):
        return result(found, Outcome(0, case.outcome.stdout, "", 0))
    again = case.rebuilt(case.elsewhere(case.at(other)))
    with other.watch(case.slot) as sent:
        finished = again.run(case.limit)
    outcome = finished.outcome
    found = run.complaints(finished)
    if not found and operation.other:
        found = differences(outcome.stdout, operation.other)
    expected = case.cell.told(operation.other or operation.expect)
    found = found or contradictions(outcome.stdout, expected, sent or [])
    if found:
        place = "at the server that answers differently"
        return result([f"{place}, {problem}" for problem in found], outcome)
    if outcome.stdout == case.outcome.stdout and not _refusable(case):
        return NotTried("the server that answers differently answers this alike")
    return Passed()


def _refusable(case: Case) -> bool:
    """Whether one of the API's faults changes just what the operation asks for."""
    faults = case.setup.catalogue.spec.api.faults
    refused = {rpc for fault in faults for rpc in fault.rpcs}
    return not refused.isdisjoint(call.rpc for call in case.cell.operation.calls)


def answered(expected: Sequence[Expectation], requests: Sequence[Request]) -> list[Expectation]:
    """The expected lines, with what was really answered in place of their values.

    Raises:
        LookupError: The server did not record it; the message says what is missing.
    """
    answers = {request["rpc"]: request.get("answer") for request in requests}
    return [
        replace(line, value=_listed(_found(answers, line.answer)), pattern=None)
        if line.answer
        else line
        for line in expected
    ]


def contradictions(
    stdout: str, expected: Sequence[Expectation], requests: Sequence[Request]
) -> list[str]:
    """How the printed lines differ from what the server answered to these requests."""
    try:
        lines = answered(expected, requests)
    except LookupError as error:
        return [str(error)]
    return [f"{found}, which the server answered" for found in differences(stdout, lines)]


def tells(requests: Sequence[Request]) -> bool:
    """Whether the server records what it answers."""
    return all("answer" in request for request in requests)


def _found(answers: Mapping[str, Any], path: Sequence[str]) -> Any:
    """What stands there in the answers: fields by their key, tensors by their name."""
    found: Any = answers
    for number, word in enumerate(path):
        try:
            found = _step(found, word)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            way = ".".join(path[:number]) or "what was recorded"
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
