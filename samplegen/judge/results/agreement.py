"""One operation, one meaning: whether all clients report the same."""

from collections.abc import Sequence
from dataclasses import replace

from samplegen.judge.gates.finding import Finding
from samplegen.judge.gates.output import differences
from samplegen.judge.results.verdicts import Verdict
from samplegen.spec.operation import Expectation


def agreed(
    verdicts: Sequence[Verdict], reported: Sequence[Expectation], reporter: str
) -> list[Verdict]:
    """The verdicts, of which those that report something else have failed.

    Args:
        verdicts: On the samples of one operation.
        reported: What one of them printed.
        reporter: Its client.
    """
    return [_compared(verdict, reported, reporter) for verdict in verdicts]


def _compared(verdict: Verdict, reported: Sequence[Expectation], reporter: str) -> Verdict:
    found = differences(verdict.output, reported) if verdict.status == "passed" else []
    if not found:
        return verdict
    findings = tuple(Finding(f"{reporter} reports otherwise: {problem}") for problem in found)
    return replace(verdict, status="failed", gate="output", findings=findings, log=verdict.output)
