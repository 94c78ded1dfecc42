"""What is expected of the lines of steps, as several runs show it."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from samplegen.calling.places import list_at, value_at
from samplegen.contract.model import Contract
from samplegen.recording import patterns
from samplegen.spec.operation import Line
from samplegen.spec.steps import Printed
from samplegen.spec.tensors import Scalar

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What a line expects."""

    key: str
    """`value`, `values`, `pattern` or `lines`; empty: it can expect nothing."""
    value: Any = None
    reason: str = ""
    """Why it can expect nothing."""


def outcome(
    contract: Contract,
    line: Line,
    printed: Printed,
    answers: Sequence[Any],
    *,
    of_stream: bool = False,
) -> Outcome:
    """What a line expects after several runs.

    A pattern or a tolerance that its file states is kept as long as it holds.

    Args:
        contract: Of the API.
        line: What is printed.
        printed: The same, as the file has it.
        answers: One for each run.
        of_stream: Whether each is the list of a stream's messages.
    """
    if of_stream:
        return _of_stream(contract, line, printed, answers)
    if line.each:
        items, reason = _of_each(answers, lambda answer: _items(contract, line, answer))
        return Outcome("", reason=reason) if reason else _lines(items)
    values, reason = _of_each(answers, lambda answer: value_at(contract, answer, line.path))
    if reason:
        return Outcome("", reason=reason)
    if printed.pattern is not None and all(
        re.fullmatch(printed.pattern, patterns.printed(value)) for value in values
    ):
        return Outcome("pattern", printed.pattern)
    if printed.value is not None and all(_holds(printed, value) for value in values):
        return Outcome("value", printed.value)
    if len({(type(value), value) for value in values}) == 1:
        return Outcome("value", values[0])
    if any(value in (0, "") and not isinstance(value, bool) for value in values):
        return Outcome("", reason="it is zero or empty in one run, and not in another")
    return Outcome("pattern", patterns.common(values))


def _of_stream(
    contract: Contract, line: Line, printed: Printed, runs: Sequence[Sequence[Any]]
) -> Outcome:
    """What a line expects of the messages of a stream."""
    if len({len(messages) for messages in runs}) != 1:
        return Outcome("", reason="other numbers of messages come from run to run")
    if line.each:
        every = [
            _of_each(messages, lambda message: _items(contract, line, message, may_be_none=True))
            for messages in runs
        ]
        reason = next((reason for _, reason in every if reason), "")
        lines = [[*map(_pairs, items)] for items, _ in every]
        if not reason and any(one != lines[0] for one in lines):
            reason = "its items differ from run to run"
        if not reason and not any(lines[0]):
            reason = "the list is empty"
        return Outcome("", reason=reason) if reason else Outcome("lines", every[0][0])
    found = [
        _of_each(messages, lambda message: value_at(contract, message, line.path))
        for messages in runs
    ]
    if reason := next((reason for _, reason in found if reason), ""):
        return Outcome("", reason=reason)
    values = [value for one, _ in found for value in one]
    if printed.pattern is not None and all(
        re.fullmatch(printed.pattern, patterns.printed(value)) for value in values
    ):
        return Outcome("pattern", printed.pattern)
    if len({tuple((type(v), v) for v in one) for one, _ in found}) == 1:
        return Outcome("values", found[0][0])
    if any(value in (0, "") and not isinstance(value, bool) for value in values):
        return Outcome("", reason="it is zero or empty in one message, and not in another")
    return Outcome("pattern", patterns.common(values))


def _pairs(items: dict[str, Scalar]) -> list[tuple[str, Scalar]]:
    return [*items.items()]


def _of_each(answers: Sequence[Any], find: Callable[[Any], T]) -> tuple[list[T], str]:
    """What is found in each answer, and why it is not found in one; empty: it is in all."""
    found: list[T] = []
    reasons: list[str] = []
    for answer in answers:
        try:
            found.append(find(answer))
        except LookupError as error:
            reasons.append(str(error))
    reason = reasons[0] if reasons else ""
    return found, f"{reason}, in some runs only" if reasons and found else reason


def _holds(printed: Printed, value: Scalar) -> bool:
    stated = printed.value
    if isinstance(stated, bool) or isinstance(value, bool):
        return stated is value
    if isinstance(stated, int | float) and isinstance(value, int | float):
        return math.isclose(stated, value, rel_tol=0, abs_tol=printed.tolerance)
    return stated == value


def _items(
    contract: Contract, line: Line, answer: Any, *, may_be_none: bool = False
) -> dict[str, Scalar]:
    """Label to value of the items of a list.

    Raises:
        LookupError: There are none, though there must be, or two have the same label.
    """
    found: dict[str, Scalar] = {}
    for item in list_at(answer, line.each):
        text = _label(contract, line, item)
        if text in found:
            raise LookupError(f"two items are labelled {text!r}")
        found[text] = value_at(contract, item, line.path)
    if not found and not may_be_none:
        raise LookupError("the list is empty")
    return found


def _label(contract: Contract, line: Line, item: Any) -> str:
    if isinstance(line.label, str):
        return line.label
    return patterns.printed(value_at(contract, item, line.label))


def _lines(runs: Sequence[dict[str, Scalar]]) -> Outcome:
    if any([*run.items()] != [*runs[0].items()] for run in runs):
        return Outcome("", reason="its items differ from run to run")
    return Outcome("lines", runs[0])
