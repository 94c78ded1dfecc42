"""Programs with places for values, which operations of one structure share.

The steps that lead to the values are written as a function of Python's, as Jinja does with a
template: it takes half the time of going through them one by one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from samplegen.render.layout.marks import CLOSE_CALL, OPEN_CALL, by_calls
from samplegen.render.literals import Literals
from samplegen.render.tracing import SUBJECT, Slot, Step, Trace, Values

Program = Callable[[Values], str | None]
"""The text with these values; None if the template would do something else with them."""
_UNKNOWN = object()
"""The value of a step that was not worked out yet."""


def program(text: str, literals: Literals, trace: Trace) -> Program:
    """Lays out a text in which the trace left marks; what holds values, whenever it is filled."""
    pieces: list[str | Slot] = []
    for number, lines in enumerate(by_calls(text)):
        found = [
            literals.lines(piece) if isinstance(piece, str) else Slot(piece)
            for piece in trace.lines(lines, literals.line)
        ]
        pieces += [OPEN_CALL, *found, CLOSE_CALL] if number % 2 and lines else found
    return _Writer(trace.steps).function(pieces, trace.answers)


class _Writer:
    """Writes a function that takes steps."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._names: dict[str, Any] = {"unknown": _UNKNOWN}
        """What the function sees."""

    def function(self, pieces: Sequence[str | Slot], answers: Mapping[int, bool | int]) -> Program:
        """The function that joins the pieces, if steps have the values of `answers`."""
        lines = ["def program(values):", " known = values.get"]
        for step in sorted(self._needed([*pieces, *map(Slot, answers)])):
            value = f"s{step} = values[{step}] = {self._call(step)}"
            lines += [f" s{step} = known({step}, unknown)", f" if s{step} is unknown: {value}"]
            if step in answers:
                lines += [f" if s{step} != {self._argument(answers[step])}: return None"]
        lines += [f" return ''.join({self._argument(tuple(pieces))})"]
        exec("\n".join(lines), self._names)  # noqa: S102  # it has names and numbers of ours only
        written: Program = self._names["program"]
        return written

    def _needed(self, wanted: object) -> set[int]:
        """The steps that a value depends on; those that one depends on have lower numbers."""
        found: set[int] = set()
        left = [*_slots(wanted)]
        while left:
            step = left.pop()
            if step not in found and step != SUBJECT.step:
                found.add(step)
                left += _slots((self._steps[step].given, self._steps[step].named))
        return found

    def _call(self, number: int) -> str:
        step = self._steps[number]
        given = self._argument(tuple(step.given))
        if step.pattern:
            given = f"({self._argument(step.pattern)} % {given})"
            return f"{self._name(step.function)}{given}"
        named = "".join(f", **{self._argument(step.named)}" if step.named else "")
        return f"{self._name(step.function)}(*{given}{named})"

    def _argument(self, value: Any) -> str:
        if isinstance(value, Slot):
            return "values[-1]" if value == SUBJECT else f"s{value.step}"
        if isinstance(value, tuple):
            return f"({''.join(f'{self._argument(item)}, ' for item in value)})"
        if isinstance(value, dict):
            items = (f"{key!r}: {self._argument(item)}" for key, item in value.items())
            return f"{{{', '.join(items)}}}"
        return self._name(value)

    def _name(self, value: Any) -> str:
        name = f"v{len(self._names)}"
        self._names[name] = value
        return name


def _slots(value: object) -> Iterator[int]:
    """The steps whose values stand somewhere in a value."""
    if isinstance(value, Slot):
        yield value.step
    elif isinstance(value, Mapping):
        yield from _slots([*value.values()])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _slots(item)
