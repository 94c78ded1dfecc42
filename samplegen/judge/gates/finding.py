"""What a gate has to say of a sample."""

from collections.abc import Iterable
from dataclasses import dataclass

from samplegen.judge.machine.processes import Outcome


@dataclass(frozen=True)
class Finding:
    """A reason why a sample did not pass."""

    message: str
    """What was found, and what was expected."""
    file: str = ""
    """The file that it is about: the sample, or one of the project's; empty if none is."""
    line: int | None = None
    """Of that file, from 1; null if no line is known."""


@dataclass(frozen=True)
class Passed:
    """The sample passed."""

    spared: tuple[str, ...] = ()
    """The checks of the gate that it need not pass yet."""


@dataclass(frozen=True)
class NotApplicable:
    """There is nothing that the gate could prove of such a sample: no language builds a script."""


@dataclass(frozen=True)
class NotTried:
    """The gate could not be tried."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """The sample did not pass."""

    findings: tuple[Finding, ...]
    outcome: Outcome | None = None
    """Of the process that showed it."""


Result = Passed | NotApplicable | NotTried | Failed


def result(
    messages: Iterable[str], outcome: Outcome | None = None, spared: tuple[str, ...] = ()
) -> Passed | Failed:
    """Passed if there are no messages."""
    findings = tuple(map(Finding, messages))
    return Failed(findings, outcome) if findings else Passed(spared)
