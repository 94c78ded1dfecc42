"""Runs of operations, and what all of them show."""

from collections.abc import Sequence
from typing import Any

from samplegen.calling.caller import Caller
from samplegen.connection.model import Connection
from samplegen.contract.model import Contract
from samplegen.errors import SamplegenError
from samplegen.recording.editing import Place
from samplegen.recording.outcomes import Outcome, outcome
from samplegen.spec.reading import Recordable


class Runs:
    """What servers answer to operations, run by run."""

    def __init__(
        self, contract: Contract, operations: Sequence[Recordable], deadline: float
    ) -> None:
        """Asks nothing yet.

        Args:
            contract: Of the API.
            operations: In the order in which readers see them.
            deadline: Seconds that a call may take.
        """
        self._contract = contract
        self._operations = operations
        self._deadline = deadline
        self._answers: dict[str, list[list[Any]]] = {one.name: [] for one in operations}
        self.problems: dict[str, SamplegenError] = {}
        """By operation, why it cannot be run."""

    def run(self, connection: Connection, *, backwards: bool = False) -> None:
        """Runs each operation once, but for those that failed before.

        Args:
            connection: Where the server is.
            backwards: Whether the last is run first; that shows what needs an earlier one.

        Raises:
            SamplegenError: A variable of the connection is not set.
        """
        caller = Caller(self._contract, connection, self._deadline)
        for operation in reversed(self._operations) if backwards else self._operations:
            if operation.name in self.problems:
                continue
            try:
                self._answers[operation.name].append(_answers(caller, operation))
            except SamplegenError as error:
                problems = (f"{operation.name}: {problem}" for problem in error.problems)
                self.problems[operation.name] = SamplegenError(*problems)

    def outcomes(self, operation: Recordable) -> dict[Place, Outcome]:
        """What each line of an operation expects."""
        runs = self._answers[operation.name]
        return {
            (number, index): outcome(
                self._contract,
                line,
                step.print[index],
                [answers[number] for answers in runs],
                of_stream=operation.linked[number].gets_stream,
            )
            for number, step in enumerate(operation.steps)
            for index, line in enumerate(operation.linked[number].lines)
        }


def _answers(caller: Caller, operation: Recordable) -> list[Any]:
    """The answers to the steps, between the judge's own calls."""
    saved: dict[str, Any] = {}
    caller.answers(operation.around.setup, saved)
    try:
        return caller.answers(operation.linked)
    finally:
        caller.answers(operation.around.teardown, saved)
