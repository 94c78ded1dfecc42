"""Shards: the cells of a run cut into parts of about equal cost, and their verdicts joined."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from samplegen.catalogue import Cell
from samplegen.errors import SamplegenError
from samplegen.judge.gates.finding import Finding
from samplegen.judge.results.verdicts import Verdict

Key = tuple[str, str]
"""The names of operation and client."""

_LEAST = 0.001
"""Seconds that any cell counts as, at least."""
NO_VERDICT = "no verdict: no shard judged it, or the one that did was lost; judge it again"


def costs(verdicts: Iterable[Verdict]) -> dict[Key, float]:
    """What each cell took, in seconds, the last time it was judged."""
    return {v.cell: v.seconds for v in verdicts if v.status != "skipped"}


def cut(cells: Sequence[Cell], costs: Mapping[Key, float], count: int) -> list[tuple[Cell, ...]]:
    """`count` parts that hold each cell once; some are empty if there are fewer cells.

    A client's cells stay together as far as the balance allows, since they are built with the same
    stubs and libraries. The same cells and costs make the same parts on every machine.

    Args:
        cells: What to judge.
        costs: Seconds a cell; one that is not there counts as the average of the others.
        count: The number of parts.
    """
    parts: list[list[Cell]] = [[] for _ in range(count)]
    usual = sum(costs.values()) / len(costs) if costs else 0
    weights = {cell.key: max(costs.get(cell.key, usual), _LEAST) for cell in cells}
    total, before = sum(weights.values()), 0.0
    for cell in sorted(cells, key=lambda cell: cell.client.name):
        weight = weights[cell.key]
        middle = before + weight / 2
        parts[min(int(middle / total * count), count - 1)].append(cell)
        before += weight
    return [tuple(part) for part in parts]


def joined(digests: Mapping[Key, str], shards: Mapping[Path, Sequence[Verdict]]) -> list[Verdict]:
    """One verdict for each cell, in the order of `digests`; a missing or stale one is a failure.

    Args:
        digests: The cells that must have been judged, and the SHA-256 of each sample.
        shards: Files of verdicts, and what they hold.

    Raises:
        SamplegenError: A cell was judged twice, or is not one of those.
    """
    found: dict[Key, list[tuple[Path, Verdict]]] = defaultdict(list)
    for path, verdicts in shards.items():
        for verdict in verdicts:
            found[verdict.cell].append((path, verdict))
    problems = []
    for key, places in found.items():
        name = " × ".join(key)
        if key not in digests:
            problems.append(
                f"{places[0][0]}: {name} is not part of this run; name the same samples"
            )
        elif len(places) > 1:
            files = " and ".join(str(path) for path, _ in places)
            problems.append(f"{files}: {name} was judged twice; cut all shards by the same --costs")
    if problems:
        raise SamplegenError(*problems)
    return [
        _checked(found[key][0][1], digest) if found[key] else missing(key)
        for key, digest in digests.items()
    ]


def missing(key: Key, reason: str = NO_VERDICT) -> Verdict:
    """The verdict of a cell that nobody judged."""
    operation, client = key
    return Verdict(
        operation=operation,
        client=client,
        status="failed",
        findings=(Finding(reason),),
        log=reason,
    )


def _checked(verdict: Verdict, digest: str) -> Verdict:
    if not verdict.sha256 or verdict.sha256 == digest:
        return verdict
    return missing(
        verdict.cell, "stale: the shard judged another text; run all shards on the same sources"
    )
