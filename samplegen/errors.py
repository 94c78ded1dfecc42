"""What can go wrong, told to the reader in terms of their own files."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
U = TypeVar("U")
_MOST_NAMES = 30
"""Names that a hint lists."""


@dataclass(frozen=True)
class Problem:
    """One thing to mend.

    `message` says what was found, what was expected and how to fix it.
    """

    message: str
    path: Path | None = None
    line: int | None = None
    """From 1."""
    column: int | None = None
    """From 1."""

    def __str__(self) -> str:
        where = [str(part) for part in (self.path, self.line, self.column) if part is not None]
        return f"{':'.join(where)}: {self.message}" if where else self.message


class SamplegenError(Exception):
    """A step could not be done; holds every problem found, not only the first."""

    exit_code = 1

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(Problem(p) if isinstance(p, str) else p for p in problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(SamplegenError):
    """The command line asks for something that does not exist."""

    exit_code = 2


def gather(steps: Iterable[Callable[[], T]]) -> list[T]:
    """Takes every step even if one fails, and returns what they return.

    Raises:
        SamplegenError: With the problems of all steps, each once.
    """
    results: list[T] = []
    problems: list[Problem] = []
    for step in steps:
        try:
            results.append(step())
        except SamplegenError as error:
            problems.extend(error.problems)
    if problems:
        raise SamplegenError(*dict.fromkeys(problems))
    return results


def both(first: Callable[[], T], second: Callable[[], U]) -> tuple[T, U]:
    """Takes two steps, the second even if the first fails, and returns what they return.

    Raises:
        UsageError: With the problems of both, if they are all of this kind.
        SamplegenError: With the problems of both.
    """
    errors: list[SamplegenError] = []

    def tried(step: Callable[[], Any]) -> Any:
        try:
            return step()
        except SamplegenError as error:
            errors.append(error)

    found = tried(first), tried(second)
    if errors:
        problems = dict.fromkeys(problem for error in errors for problem in error.problems)
        is_usage = all(isinstance(error, UsageError) for error in errors)
        raise (UsageError if is_usage else SamplegenError)(*problems)
    return found


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the known word nearest to `word`, or all of them if none is near."""
    import difflib  # takes milliseconds, and most commands have no hint to give

    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    more = f" and {len(names) - _MOST_NAMES:,} more" if names[_MOST_NAMES:] else ""
    return f"known: {', '.join(names[:_MOST_NAMES])}{more}" if names else "none is known"
