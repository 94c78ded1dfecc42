"""Gate: the sample printed what it must print: typed values, never mere text."""

import math
import re
from collections.abc import Sequence

from samplegen.gates import Gate
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.finding import Result, result
from samplegen.judge.gates.run import outcome
from samplegen.literals import Scalar
from samplegen.spec import Expectation

NAME: Gate = "output"

_NUMBER = re.compile(
    r"[-+]?((\d+\.?\d*|\.\d+)(e[-+]?\d+)?|inf(inity)?|nan)", re.ASCII | re.IGNORECASE
)
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}


def check(case: Case) -> Result:
    """Compares what the first run printed."""
    found = differences(case.stdout, case.cell.operation.expect)
    return result(found, outcome(case.first.ended))


def differences(stdout: str, expected: Sequence[Expectation], precision: float = 0.0) -> list[str]:
    """Every difference between the printed lines and the expected ones, in order.

    Args:
        stdout: What was printed.
        expected: A line each.
        precision: What a number may differ by, relative to it, besides its line's tolerance.
    """
    *lines, rest = stdout.split("\n")
    found = []
    if rest:
        lines.append(rest)
    number = 0
    for expectation in expected:
        taken = 1 + expectation.label.count("\n")  # a tensor may have any name
        line = "\n".join(lines[number : number + taken])
        if number >= len(lines):
            found.append(f"missing: {_shown(expectation)}")
        elif not _matches(line, expectation, precision):
            found.append(f"line {number + 1}: found {line!r}; expected {_shown(expectation)}")
        number += taken
    found += [f"line {n}: unexpected {line!r}" for n, line in enumerate(lines, 1)][number:]
    if rest:
        found.append("the last line has no line break")
    return found


def _matches(line: str, expectation: Expectation, precision: float) -> bool:
    prefix = f"{expectation.label}: "
    text = line.removeprefix(prefix)
    return line.startswith(prefix) and (
        re.fullmatch(expectation.pattern, text) is not None
        if expectation.pattern is not None
        else _equal(text, expectation.value, expectation.tolerance, precision)
    )


def _equal(text: str, expected: tuple[Scalar, ...], tolerance: float, precision: float) -> bool:
    words = [text] if len(expected) == 1 else text.split(" ")
    return len(words) == len(expected) and all(
        _equal_scalar(word, value, tolerance, precision)
        for word, value in zip(words, expected, strict=True)
    )


def _equal_scalar(word: str, expected: Scalar, tolerance: float, precision: float) -> bool:
    if isinstance(expected, bool):
        return _BOOLEANS.get(word) is expected
    if isinstance(expected, str):
        return word == expected
    if isinstance(expected, int) and not tolerance:
        return word == str(expected)
    if _NUMBER.fullmatch(word) is None:
        return False
    found = float(word)
    return (
        math.isnan(expected)
        if math.isnan(found)
        else math.isclose(found, expected, rel_tol=precision, abs_tol=tolerance)
    )


def _shown(expectation: Expectation) -> str:
    if expectation.pattern is not None:
        return f"'{expectation.label}: …' to match {expectation.pattern}"
    values = " ".join(str(value) for value in expectation.value)
    within = f" within {expectation.tolerance:g}" if expectation.tolerance else ""
    return f"'{expectation.label}: {values}'{within}"
