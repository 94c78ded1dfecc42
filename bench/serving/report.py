"""The figures, and whether they meet their bars."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from serving.cells import Cell, Rounds
from serving.targets import ECHO, LIMIT, OURS, Footprint

READY_BAR = 1.5
MEMORY_BAR = 200.0
LARGE_BAR = 0.92
ECHO_BAR = 0.85
"""Requests per second over those of an RPC that does nothing, and the inverse for CPU: what is this
near to gRPC's own limit meets its bar."""
BARS = {"gRPC": (2.0, 1 / 2), "REST JSON": (4.0, 1 / 5), "REST binary": (4.0, 1 / 5)}
"""On the small model, by transport: requests per second and CPU, over the best peer's."""


@dataclass(frozen=True)
class Bar:
    """A figure and what it has to be."""

    what: str
    found: float
    bar: float
    at_least: bool
    or_else: "Bar | None" = None
    """Another that meets this one, too."""

    @property
    def is_met(self) -> bool:
        meets = self.found >= self.bar if self.at_least else self.found <= self.bar
        return meets or (self.or_else is not None and self.or_else.is_met)

    def __str__(self) -> str:
        verdict = "met" if self.is_met else "MISSED"
        also = f"; or {self.or_else.figure}" if self.or_else else ""
        return f"{verdict:6} {self.figure}{also}"

    @property
    def figure(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{self.what}: {self.found:.2f} ({sign} {self.bar:.2f})"


def ratio(rounds: Rounds, target: str, field: str) -> float:
    """Ours over the target's, the median of the rounds."""
    ratios: list[float] = [
        getattr(one[OURS], field) / getattr(one[target], field) for one in rounds
    ]
    return statistics.median(ratios)


def bars_of(cell: Cell, rounds: Rounds) -> list[Bar]:
    """The bars of one cell; none for the second view, which is the client's speed as much."""
    rivals = [target for target in rounds[0] if target not in (OURS, LIMIT, ECHO)]
    if cell.with_tritonclient:
        return []
    bars = []
    if cell.is_small and rivals:
        rate_bar, cpu_bar = BARS[cell.transport]
        rate = min(ratio(rounds, rival, "rate") for rival in rivals)
        cpu = max(ratio(rounds, rival, "cpu") for rival in rivals)
        near = nearness(rounds) if ECHO in rounds[0] else (None, None)
        bars += [
            Bar(f"{cell.name}: requests/s over the best peer's", rate, rate_bar, True, near[0]),
            Bar(f"{cell.name}: CPU over the best peer's", cpu, cpu_bar, False, near[1]),
        ]
    elif not cell.is_small and cell.clients > 1:
        rate = ratio(rounds, LIMIT, "rate")
        bars.append(Bar(f"{cell.name}: requests/s over in-process", rate, LARGE_BAR, True))
    elif not cell.is_small and rivals:
        latency = max(ratio(rounds, rival, "latency") for rival in rivals)
        bars.append(Bar(f"{cell.name}: latency over the best peer's", latency, 1.0, False))
    return bars


def nearness(rounds: Rounds) -> tuple[Bar, Bar]:
    """How near the server is to gRPC's own limit, in requests per second and in CPU."""
    return (
        Bar("over the echo's", ratio(rounds, ECHO, "rate"), ECHO_BAR, True),
        Bar("over the echo's", ratio(rounds, ECHO, "cpu"), 1 / ECHO_BAR, False),
    )


def print_cell(cell: Cell, rounds: Rounds) -> None:
    print(f"\n{cell.name}")
    print(f"  {'':14}{'req/s':>9}{'CPU µs':>9}{'ms':>9}   ours over it: req/s    CPU     ms")
    for target in rounds[0]:
        rate, cpu, latency = (
            statistics.median(getattr(one[target], field) for one in rounds)
            for field in ("rate", "cpu", "latency")
        )
        line = f"  {target:14}{rate:9,.1f}{cpu * 1e6:9,.0f}{latency * 1e3:9.2f}"
        if target != OURS:
            ratios = [ratio(rounds, target, field) for field in ("rate", "cpu", "latency")]
            line += f"{'':16}" + "".join(f"{value:7.2f}" for value in ratios)
        print(line)


def print_footprints(footprints: Mapping[str, Footprint]) -> list[Bar]:
    print("\nready after start, and memory (PSS); ours with both bundled models, a peer with dummy")
    for target, footprint in footprints.items():
        print(f"  {target:12}{footprint.ready:6.2f} s{footprint.memory:7.0f} MB")
    ours = footprints[OURS]
    return [
        Bar("ready, seconds", ours.ready, READY_BAR, False),
        Bar("memory, MB", ours.memory, MEMORY_BAR, False),
    ]


def report(cells: Mapping[Cell, Rounds], footprints: Mapping[str, Footprint] | None) -> list[Bar]:
    """Print all figures, and give the bars."""
    bars = []
    for cell, rounds in cells.items():
        print_cell(cell, rounds)
        bars += bars_of(cell, rounds)
    if footprints:
        bars += print_footprints(footprints)
    print()
    for bar in bars:
        print(bar)
    return bars


def write_json(
    file: Path,
    cells: Mapping[Cell, Rounds],
    footprints: Mapping[str, Footprint] | None,
    bars: Sequence[Bar],
) -> None:
    tree = {
        "cells": {
            cell.name: [{target: asdict(one) for target, one in some.items()} for some in rounds]
            for cell, rounds in cells.items()
        },
        "footprints": {target: asdict(one) for target, one in (footprints or {}).items()},
        "bars": [{**asdict(bar), "is_met": bar.is_met} for bar in bars],
    }
    file.write_text(json.dumps(tree, indent=2) + "\n")
