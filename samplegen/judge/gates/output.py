"""Gate: the sample printed what it must print: typed values, never mere text."""

import json
import math
import re
from collections.abc import Collection, Sequence

from samplegen.gates import Gate
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.finding import Result, result
from samplegen.judge.gates.run import outcome
from samplegen.judge.servers.proxy.numbers import WIDEST, rounded
from samplegen.render.literals import Scalar
from samplegen.spec.operation import Expectation

NAME: Gate = "output"

_NUMBER = re.compile(
    r"[-+]?((\d+\.?\d*|\.\d+)(e[-+]?\d+)?|inf(inity)?|nan)", re.ASCII | re.IGNORECASE
)
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}


def check(case: Case) -> Result:
    """Compares what the first run printed."""
    operation = case.cell.operation
    found = differences(case.stdout, operation.expect, quoted=operation.quoted)
    return result(found, outcome(case.first.ended))


def differences(
    stdout: str,
    expected: Sequence[Expectation],
    datatypes: Sequence[str] = (),
    quoted: Collection[str] = (),
) -> list[str]:
    """Every difference between the printed lines and the expected ones, in order.

    Args:
        stdout: What was printed.
        expected: A line each.
        datatypes: Of the numbers of each line: two decimals that mean the same number of FP32 are
            alike. Empty: FP64.
        quoted: The labels of the lines whose elements are texts in quotes.
    """
    *lines, rest = stdout.split("\n")
    found = []
    if rest:
        lines.append(rest)
    number = 0
    known = datatypes or [WIDEST] * len(expected)
    for expectation, datatype in zip(expected, known, strict=True):
        taken = 1 + expectation.label.count("\n")  # a tensor may have any name
        line = "\n".join(lines[number : number + taken])
        if number >= len(lines):
            found.append(f"missing: {_shown(expectation, quoted)}")
        elif not _matches(line, expectation, datatype, quoted):
            shown = _shown(expectation, quoted)
            found.append(f"line {number + 1}: found {line!r}; expected {shown}")
        number += taken
    found += [f"line {n}: unexpected {line!r}" for n, line in enumerate(lines, 1)][number:]
    if rest:
        found.append("the last line has no line break")
    return found


def _matches(line: str, expectation: Expectation, datatype: str, quoted: Collection[str]) -> bool:
    before = f"{expectation.label}:"
    text = line.removeprefix(before)
    if not line.startswith(before) or text[:1] not in ("", " "):
        return False
    if expectation.value == ():
        return text == ""  # a blank stands before each element
    elements = texts(text[1:]) if expectation.label in quoted else None
    if expectation.pattern is not None:
        alone = elements if elements is not None and len(elements) == 1 else []
        return any(re.fullmatch(expectation.pattern, found) for found in (text[1:], *alone))
    if expectation.label in quoted:
        return elements == [*expectation.values]
    return _equal(text[1:], expectation.values, expectation.tolerance, datatype)


def texts(line: str) -> list[str] | None:
    """The texts in quotes that stand in a line, a blank between them; None if there is more.

    Control characters may be escaped in any way that JSON has; letters stand as they are.
    """
    decoder = json.JSONDecoder()
    found: list[str] = []
    end = 0
    while end < len(line) or not found:
        start = end
        try:
            text, end = decoder.raw_decode(line, start)
        except ValueError:
            return None
        if not isinstance(text, str) or line[end : end + 1] not in ("", " "):
            return None
        if _letters(line[start:end]) != _letters(text):
            return None
        found.append(text)
        if end == len(line):
            return found
        end += 1
    return None


def _letters(text: str) -> list[str]:
    """The characters beyond ASCII that can be seen."""
    return [c for c in text if not c.isascii() and c.isprintable()]


def _equal(text: str, expected: tuple[Scalar, ...], tolerance: float, datatype: str) -> bool:
    words = _words(text, expected)
    return len(words) == len(expected) and all(
        _equal_scalar(word, value, tolerance, datatype)
        for word, value in zip(words, expected, strict=True)
    )


def _words(text: str, expected: tuple[Scalar, ...]) -> list[str]:
    """What stands between spaces; an expected text may have spaces itself."""
    if len(expected) == 1:
        return [text]
    words = []
    for value in expected:
        if isinstance(value, str) and text.startswith(f"{value} "):
            word, text = value, text.removeprefix(f"{value} ")
        elif text == value:
            word, text = text, ""
        else:
            word, _, text = text.partition(" ")
        words.append(word)
    return [*words, text] if text else words


def _equal_scalar(word: str, expected: Scalar, tolerance: float, datatype: str) -> bool:
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
        else math.isclose(found, expected, rel_tol=0, abs_tol=tolerance)
        or rounded(found, datatype) == rounded(expected, datatype)
    )


def _shown(expectation: Expectation, quoted: Collection[str]) -> str:
    if expectation.pattern is not None:
        return f"'{expectation.label}: …' to match {expectation.pattern}"
    in_quotes = expectation.label in quoted
    values = (
        json.dumps(value, ensure_ascii=False) if in_quotes else str(value)
        for value in expectation.values
    )
    line = "".join((f"{expectation.label}:", *(f" {value}" for value in values)))
    within = f" within {expectation.tolerance:g}" if expectation.tolerance else ""
    return f"'{line}'{within}"
