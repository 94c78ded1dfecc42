"""What a sample must print, by what the server really answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from samplegen.judge.output import differences
from samplegen.judge.wire import Request
from samplegen.spec.operation import Expectation

_MADE: dict[str, Callable[[Any], Any]] = {
    "argmax": lambda values: values.index(max(values)),
    "max": max,
    "signature": lambda tensor: f"{tensor['datatype']} {tensor['shape']}",
}
"""What a last word makes of what the words before it lead to."""


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
