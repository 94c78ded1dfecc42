"""One operation, one meaning: whether all clients report the same."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from samplegen.judge.gates.finding import Finding
from samplegen.judge.gates.output import differences
from samplegen.judge.results.verdicts import Verdict
from samplegen.spec.operation import Expectation


def agreed(
    verdicts: Sequence[Verdict],
    reported: Sequence[Expectation],
    reporter: str,
    quoted: Collection[str] = (),
) -> list[Verdict]:
    """The verdicts, of which those that report something else have failed.

    Args:
        verdicts: On the samples of one operation.
        reported: What one of them printed.
        reporter: Its client.
        quoted: The labels of the lines whose elements are texts in quotes.
    """
    return [_compared(verdict, reported, reporter, quoted) for verdict in verdicts]


def _compared(
    verdict: Verdict, reported: Sequence[Expectation], reporter: str, quoted: Collection[str]
) -> Verdict:
    passed = verdict.status == "passed"
    found = differences(verdict.output, reported, quoted=quoted) if passed else []
    if not found:
        return verdict
    findings = tuple(Finding(f"{reporter} reports otherwise: {problem}") for problem in found)
    return replace(verdict, status="failed", gate="output", findings=findings, log=verdict.output)
