"""Mutation scores: how many faults, planted in samples on purpose, the judge has caught."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from samplegen.errors import SamplegenError
from samplegen.yamlfile import adapter


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A fault in a copy of a sample."""

    name: str
    fault: str
    """What the sample does wrong."""
    client: str
    operation: str
    expected_gate: str
    caught_by: str | None
    """The gate that found it; none if it survived."""
    reason: str = ""
    """What the judge said."""


@dataclass(frozen=True, kw_only=True)
class Language:
    """The score of a language."""

    name: str
    title: str
    planted: int
    caught: int
    by_gate: dict[str, int] = field(default_factory=dict)
    """How many of those caught each gate found."""
    skipped: str = ""
    """Why some or all were not judged."""
    mutants: tuple[Mutant, ...] = ()

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        return tuple(mutant for mutant in self.mutants if mutant.caught_by is None)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One run of the mutation suite."""

    judged_at: str
    """ISO 8601, UTC."""
    server: str
    languages: tuple[Language, ...]


def read(path: Path) -> Scores | None:
    """The scores kept in a file, if there is one.

    Raises:
        SamplegenError: The file is damaged.
    """
    try:
        scores: Scores = adapter(Scores).validate_python(
            json.loads(path.read_text(encoding="utf-8"))
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        cause = str(error).splitlines()[0]
        message = f"{path}: not a file of mutation scores; remove it and make it anew: {cause}"
        raise SamplegenError(message) from error
    return scores
