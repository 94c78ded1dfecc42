"""The gates in order. To add one, write its module and put it in its place in `ALL`."""

from typing import Protocol

from samplegen.gates import Gate
from samplegen.judge.gates import (
    build,
    faults,
    format,
    identity,
    lint,
    meaning,
    output,
    run,
    wire,
)
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.finding import Result


class Check(Protocol):
    """What the module of a gate has."""

    NAME: Gate

    def check(self, case: Case) -> Result:
        """What the gate has to say of a sample that passed all gates before it."""


ALL: tuple[Check, ...] = (identity, format, lint, build, run, wire, output, meaning, faults)
"""In the order in which they are taken."""
