"""Writes what steps expect into the YAML of their operation, and leaves all else as it is."""

import bisect
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from samplegen import yamlfile
from samplegen.errors import Problem, SamplegenError
from samplegen.recording.outcomes import Outcome
from samplegen.resources import shown
from samplegen.yamltext import flow

Place = tuple[int, int]
"""The numbers of a step and of a line that it prints, from 0."""
_KEYS = ("value", "values", "pattern", "lines")


@dataclass(frozen=True)
class _Edit:
    """What stands in place of a part of a text."""

    start: int
    end: int
    text: str


def edited(path: Path, outcomes: Mapping[Place, Outcome]) -> str:
    """The text of an operation's file with what its lines expect.

    Lines that can expect nothing become comments.

    Raises:
        SamplegenError: A line cannot be changed where it stands; it is to be changed by hand.
    """
    document = yamlfile.read(path)
    editor = _Editor(document)
    steps = _child(document.root, "steps")[1]
    edits: list[_Edit] = []
    for number, step in enumerate(steps.value):
        here = {place[1]: outcome for place, outcome in outcomes.items() if place[0] == number}
        if here:
            edits += editor.step(step, here)
    text = document.text
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    if _values(text, path) != _wanted(document.values, outcomes):
        message = "its lines cannot be changed where they stand; write each on a line of its own"
        raise SamplegenError(Problem(message, shown(path)))
    return text


def _values(text: str, path: Path) -> Any:
    try:
        return yamlfile.parse(text, path).values
    except SamplegenError:
        return None


def _wanted(values: Any, outcomes: Mapping[Place, Outcome]) -> Any:
    """The values that the file has after all edits."""
    wanted = copy.deepcopy(values)
    for (step, line), outcome in outcomes.items():
        printed = wanted["steps"][step]["print"][line]
        for key in _KEYS:
            printed.pop(key, None)
        if outcome.key:
            value = outcome.value
            printed[outcome.key] = dict(value) if isinstance(value, Mapping) else value
    for number, step in enumerate(wanted["steps"]):
        if "print" not in step:
            continue
        step["print"] = [
            line
            for index, line in enumerate(step["print"])
            if outcomes.get((number, index), Outcome("value")).key
        ]
        if not step["print"]:
            del step["print"]
    return wanted


class _Editor:
    """Finds places in a document, and what is to be written there."""

    def __init__(self, document: yamlfile.Document) -> None:
        self._text = document.text
        self._lines = _starts(document.text)

    def step(self, step: yaml.Node, outcomes: Mapping[int, Outcome]) -> Iterator[_Edit]:
        """The edits of a step.

        Args:
            step: Of the document.
            outcomes: By the numbers of the lines that it prints, each of them.
        """
        key, printed = _child(step, "print")
        for number, outcome in outcomes.items():
            item = printed.value[number]
            yield from self._set(item, outcome) if outcome.key else self._left_out(item, outcome)
        if not any(outcomes[number].key for number in range(len(printed.value))):
            place = self._at(key.start_mark)
            yield _Edit(place, place, "# ")

    def _set(self, item: Any, outcome: Outcome) -> Iterator[_Edit]:
        """Writes what a line expects in place of what it did expect, else behind the rest."""
        text = f"{outcome.key}: {flow(outcome.value)}"
        known = [(key, value) for key, value in item.value if key.value in _KEYS]
        if known:
            key, value = known[0]
            yield _Edit(self._at(key.start_mark), self._end(value), text)
            return
        end = self._end(item.value[-1][1])
        if item.flow_style:
            yield _Edit(end, end, f", {text}")
            return
        end = self._line_end(end)
        margin = " " * item.value[0][0].start_mark.column
        yield _Edit(end, end, f"\n{margin}{text}")

    def _left_out(self, item: Any, outcome: Outcome) -> Iterator[_Edit]:
        """Makes a comment of an item of a list, with the reason."""
        first, last = item.start_mark.line, self._line_of(self._end(item))
        line = self._text[self._lines[first] : self._line_end(self._lines[first])]
        column = len(line) - len(line.lstrip())
        for number in range(first, last + 1):
            start = self._lines[number]
            if self._text[start : self._line_end(start)].strip():
                yield _Edit(start + column, start + column, "# ")
        end = self._line_end(self._lines[last])
        yield _Edit(end, end, f"  # {outcome.reason}")

    def _at(self, mark: Any) -> int:
        start: int = self._lines[mark.line]
        return start + int(mark.column)

    def _end(self, node: Any) -> int:
        """Where a value ends, without the blanks and comments that the parser counts to it."""
        if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
            return len(self._text[: self._at(node.end_mark)].rstrip())
        last: Any = node.value[-1]
        return self._end(last[1]) if isinstance(last, tuple) else self._end(last)

    def _line_end(self, place: int) -> int:
        end = self._text.find("\n", place)
        return len(self._text) if end < 0 else end

    def _line_of(self, place: int) -> int:
        return bisect.bisect_right(self._lines, place) - 1


def _starts(text: str) -> list[int]:
    """Where each line begins."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _child(node: Any, name: str) -> tuple[Any, Any]:
    return next((key, value) for key, value in node.value if key.value == name)
