"""Programs with places for values, which operations of one structure share."""

from collections.abc import Mapping
from typing import Any

from samplegen.render.layout.marks import CLOSE_CALL, OPEN_CALL, by_calls
from samplegen.render.literals import Literals
from samplegen.render.tracing import Hole, Trace


class Program:
    """A text whose lines are laid out already, but for those that hold values."""

    def __init__(self, text: str, literals: Literals, trace: Trace) -> None:
        """Lays out a text in which the trace left marks."""
        self._answers = [*trace.answers.items()]
        self._pieces: list[str | int] = []
        for number, lines in enumerate(by_calls(text)):
            pieces = [
                piece._step if isinstance(piece, Hole) else literals.lines(piece)
                for piece in trace.lines(lines, literals.line)
            ]
            self._pieces += [OPEN_CALL, *pieces, CLOSE_CALL] if number % 2 and lines else pieces

    def suits(self, values: Mapping[int, Any]) -> bool:
        """Whether the template would be told the same of these values."""
        return all(values[step] == answer for step, answer in self._answers)

    def filled(self, values: Mapping[int, Any]) -> str:
        """The program with these values."""
        return "".join([p if isinstance(p, str) else values[p] for p in self._pieces])
