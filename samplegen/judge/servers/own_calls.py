"""The calls that the judge makes itself around each run of a sample."""

from typing import Any

from samplegen.calling.caller import Caller
from samplegen.calling.places import scalar_at
from samplegen.connection.model import Connection
from samplegen.contract.model import Contract
from samplegen.errors import SamplegenError
from samplegen.spec.operation import Around, Expectation, LinkedStep
from samplegen.spec.tensors import Scalar


class OwnCalls:
    """Sets a server up for a run, when entered; checks what became of it; and tears it down."""

    def __init__(
        self, around: Around, contract: Contract, connection: Connection, deadline: float
    ) -> None:
        """Calls nothing yet.

        Args:
            around: What is called.
            contract: Of the API.
            connection: Where the server is.
            deadline: Seconds that a call may take.

        Raises:
            SamplegenError: A variable of the connection is not set.
        """
        self._around = around
        self._caller = Caller(contract, connection, deadline)
        self._saved: dict[str, Any] = {}

    def __enter__(self) -> "OwnCalls":
        """Sets up.

        Raises:
            SamplegenError: The server does not answer as it should.
        """
        try:
            self._made("setup", self._around.setup)
        except SamplegenError:
            self._caller.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """Tears down.

        Raises:
            SamplegenError: The server does not answer as it should.
        """
        try:
            self._made("teardown", self._around.teardown)
        finally:
            self._caller.close()

    def unmet(self) -> list[str]:
        """What the server does not answer as `check` expects it."""
        try:
            self._made("check", self._around.check)
        except SamplegenError as error:
            return [str(problem) for problem in error.problems]
        return []

    def _made(self, name: str, steps: tuple[LinkedStep, ...]) -> None:
        """Makes calls one after another, and compares each answer with what is expected."""
        for step in steps:
            try:
                (answer,) = self._caller.answers([step], self._saved)
            except SamplegenError as error:
                raise SamplegenError(*(f"{name}: {one}" for one in error.problems)) from error
            lines = zip(step.lines, step.expect, strict=True)
            found = [_difference(step, line.path, expected, answer) for line, expected in lines]
            if wrong := [f"{name}: {step.call.rpc}: {one}" for one in found if one]:
                raise SamplegenError(*wrong)


def _difference(step: LinkedStep, path: Any, expected: Expectation, answer: Any) -> str:
    """How a value of an answer differs from what is expected; empty: it does not."""
    (wanted,) = expected.values
    try:
        found = scalar_at(step.contract, answer, path)
    except LookupError as error:
        return f"{error}, expected {expected.label}: {wanted!r}"
    if _alike(found, wanted):
        return ""
    return f"{expected.label} is {found!r}, expected {wanted!r}"


def _alike(found: Scalar, wanted: Scalar) -> bool:
    return isinstance(found, bool) == isinstance(wanted, bool) and found == wanted
