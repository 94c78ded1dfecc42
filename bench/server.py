"""How fast the bundled server is, next to its peers and to OpenVINO without a server.

    python bench/server.py --install     # once: the peers, each in an environment of its own
    python bench/server.py [--seconds 3] [--count 24] [--rounds 5] [--only TEXT] [--json FILE]

Every target takes its turn in every round, so that a noisy machine is noisy for all. What counts
are the ratios: taken in each round, then their median. h2load (Debian's nghttp2-client) makes the
load; a tritonclient gives a second view. Bars are against the best of the peers in each cell.
"""

import argparse
import contextlib
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import openvino as ov
import samplegen_server
from serving import load, models, peers, processes
from serving.load import Effort, Measured, Model
from serving.processes import Server

OURS = "samplegen"
LIMIT = "in process"
BUNDLED = Path(samplegen_server.__file__).parent / "models"

LATENCY = {"PERFORMANCE_HINT": "LATENCY"}
READY_BAR = 1.5
MEMORY_BAR = 200.0
LARGE_BAR = 0.92
BARS = {"gRPC": (2.0, 1 / 2), "REST JSON": (4.0, 1 / 5), "REST binary": (4.0, 1 / 5)}
"""On the small model, by transport: requests per second and CPU, over the best peer's."""


@dataclass(frozen=True)
class Cell:
    """One model under one load."""

    model: Model
    transport: str
    clients: int
    with_tritonclient: bool = False

    @property
    def name(self) -> str:
        count = "1 client" if self.clients == 1 else f"{self.clients} clients"
        tool = ", tritonclient" if self.with_tritonclient else ""
        return f"{self.model.name}, {self.transport}, {count}{tool}"

    @property
    def is_small(self) -> bool:
        return self.model.name == "dummy"

    def measure(self, server: Server | None, efforts: "Efforts") -> Measured:
        """Measure a server, or, without one, OpenVINO in a process of its own."""
        if self.with_tritonclient and server is not None:
            return load.tritonclient(server, self.transport, self.model, efforts.small.seconds)
        effort = efforts.small if self.is_small else efforts.large
        if server is None:
            return load.in_process(self.model, self.clients, effort)
        return load.h2load(server, self.transport, self.model, self.clients, effort)


@dataclass(frozen=True)
class Efforts:
    """How long each target is measured in each cell: seconds, or a number of requests.

    The large network gets few answers in a second, and counting for a time would cut off those
    that are under way at its end.
    """

    small: Effort
    large: Effort


@dataclass(frozen=True)
class Bar:
    """A figure and what it has to be."""

    what: str
    found: float
    bar: float
    at_least: bool

    @property
    def is_met(self) -> bool:
        return self.found >= self.bar if self.at_least else self.found <= self.bar

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        verdict = "met" if self.is_met else "MISSED"
        return f"{verdict:6} {self.what}: {self.found:.2f} ({sign} {self.bar:.2f})"


Rounds = list[dict[str, Measured]]
"""For each round, what was measured by target."""


@dataclass(frozen=True)
class Footprint:
    """A server that has just started and answered a few requests."""

    ready: float
    """Seconds from its start."""
    memory: float
    """PSS, MB."""


def make_model(name: str, file: Path, options: Mapping[str, str]) -> Model:
    compiled = ov.Core().compile_model(file, "CPU", dict(options))
    shape = list(compiled.input(0).shape)
    question = np.random.default_rng(1).random(shape, np.float32)
    answer = np.array(compiled(question)[0], np.float32)
    names = compiled.input(0).any_name, compiled.output(0).any_name
    return Model(name, file, *names, question, answer, options)


def make_models(folder: Path) -> list[Model]:
    """The bundled model, and one of ResNet-50's size that is made once and kept."""
    large = folder / "resnet"
    if not large.exists():
        models.write(models.resnet(), large)
    return [
        make_model(
            "dummy", BUNDLED / "dummy/1/model.xml", {**LATENCY, "INFERENCE_NUM_THREADS": "1"}
        ),
        make_model("resnet", large / "1/model.xml", LATENCY),
    ]


def make_cells(found: Sequence[Model], only: Sequence[str]) -> list[Cell]:
    cells = [
        Cell(model, transport, clients)
        for model in found
        for transport in load.REQUESTS
        for clients in (1, 8)
    ]
    cells += [Cell(found[0], transport, 1, True) for transport in ("gRPC", "REST JSON")]
    return [cell for cell in cells if not only or any(text in cell.name for text in only)]


class Bench:
    """The targets, and how each is started.

    Args:
        folder: For logs and configuration.
        peers_folder: Where the peers are installed.
        found: The models to serve.
    """

    def __init__(self, folder: Path, peers_folder: Path, found: Sequence[Model]) -> None:
        self._folder = folder
        self._peers_folder = peers_folder
        self._models = found
        self.peers = [peer for peer in peers.PEERS if peers.is_installed(peers_folder, peer)]

    def can(self, target: str, cell: Cell) -> bool:
        """Has this target what the cell asks for?"""
        peer = next((peer for peer in self.peers if peer.name == target), None)
        return peer is None or peer.has_binary or cell.transport != "REST binary"

    def starters(self, found: Sequence[Model]) -> dict[str, Callable[[], Server]]:
        """By target, what starts it with these models; ours with none serves the bundled ones."""
        starters: dict[str, Callable[[], Server]] = {OURS: lambda: self._start_ours(found)}
        for peer in self.peers:
            starters[peer.name] = lambda peer=peer: self._start_peer(peer, found)  # type: ignore[misc]
        return starters

    def _start_ours(self, found: Sequence[Model]) -> Server:
        port, rest_port = processes.free_ports(2)
        arguments: list[object] = []
        if found:
            config = self._folder / "config.json"
            models.write_config(config, {model.name: model.file.parents[1] for model in found})
            arguments = ["--config_path", config]
        command = processes.ours(port, rest_port, *arguments)
        return processes.start(command, port, rest_port, self._folder / "ours.log")

    def _start_peer(self, peer: peers.Peer, found: Sequence[Model]) -> Server:
        port, rest_port = processes.free_ports(2)
        listed = [
            peers.PeerModel(model.name, str(model.file), model.options, model.name != "dummy")
            for model in found or self._models[:1]
        ]
        command = peers.command(self._peers_folder, peer, port, rest_port, listed)
        return processes.start(command, port, rest_port, self._folder / f"{peer.name}.log")

    def footprints(self, rounds: int) -> dict[str, Footprint]:
        """Medians of the time to start and of memory; ours with all the bundled models."""
        starters = self.starters([])
        taken: dict[str, list[Footprint]] = {target: [] for target in starters}
        for _ in range(rounds):
            for target, starter in starters.items():
                taken[target].append(self._footprint(starter))
        return {
            target: Footprint(
                statistics.median(one.ready for one in some),
                statistics.median(one.memory for one in some),
            )
            for target, some in taken.items()
        }

    def _footprint(self, starter: Callable[[], Server]) -> Footprint:
        begun = time.perf_counter()
        server = starter()
        try:
            processes.wait_ready(server, "/v2/models/dummy/ready")
            ready = processes.wait_ready(server, "/v2/health/ready") - begun
            for transport in ("gRPC", "REST JSON"):
                load.h2load(server, transport, self._models[0], 1, Effort(0.5))
            return Footprint(ready, processes.pss_bytes(processes.tree(server.pid)) / 1e6)
        finally:
            processes.stop(server)

    def run(self, cells: Sequence[Cell], rounds: int, efforts: Efforts) -> dict[Cell, Rounds]:
        """All cells, round by round, every target in turn."""
        results: dict[Cell, Rounds] = {cell: [] for cell in cells}
        with contextlib.ExitStack() as stack:
            servers: dict[str, Server | None] = {LIMIT: None}
            for target, starter in self.starters(self._models).items():
                server = starter()
                stack.callback(processes.stop, server)
                for model in self._models:
                    processes.wait_ready(server, f"/v2/models/{model.name}/ready")
                servers[target] = server
            self._check(cells, servers)
            for number in range(rounds):
                for cell in cells:
                    print(f"round {number + 1} of {rounds}: {cell.name}", file=sys.stderr)
                    results[cell].append(self._turn(cell, servers, number, efforts))
        return results

    def _check(self, cells: Sequence[Cell], servers: Mapping[str, Server | None]) -> None:
        for cell in cells:
            for target, server in servers.items():
                if server is not None and self.can(target, cell):
                    load.check(server, cell.transport, cell.model)

    def _turn(
        self, cell: Cell, servers: Mapping[str, Server | None], number: int, efforts: Efforts
    ) -> dict[str, Measured]:
        order = [target for target in servers if self.can(target, cell)]
        if cell.with_tritonclient:
            order.remove(LIMIT)
        start = number % len(order)  # nobody is always the first
        return {
            target: cell.measure(servers[target], efforts)
            for target in order[start:] + order[:start]
        }


def ratio(rounds: Rounds, target: str, field: str) -> float:
    """Ours over the target's, the median of the rounds."""
    ratios: list[float] = [
        getattr(one[OURS], field) / getattr(one[target], field) for one in rounds
    ]
    return statistics.median(ratios)


def bars_of(cell: Cell, rounds: Rounds) -> list[Bar]:
    """The bars of one cell; none for the second view, which is the client's speed as much."""
    rivals = [target for target in rounds[0] if target not in (OURS, LIMIT)]
    if cell.with_tritonclient:
        return []
    bars = []
    if cell.is_small and rivals:
        rate_bar, cpu_bar = BARS[cell.transport]
        rate = min(ratio(rounds, rival, "rate") for rival in rivals)
        cpu = max(ratio(rounds, rival, "cpu") for rival in rivals)
        bars.append(Bar(f"{cell.name}: requests/s over the best peer's", rate, rate_bar, True))
        bars.append(Bar(f"{cell.name}: CPU over the best peer's", cpu, cpu_bar, False))
    elif not cell.is_small and cell.clients > 1:
        rate = ratio(rounds, LIMIT, "rate")
        bars.append(Bar(f"{cell.name}: requests/s over in-process", rate, LARGE_BAR, True))
    elif not cell.is_small and rivals:
        latency = max(ratio(rounds, rival, "latency") for rival in rivals)
        bars.append(Bar(f"{cell.name}: latency over the best peer's", latency, 1.0, False))
    return bars


def print_cell(cell: Cell, rounds: Rounds) -> None:
    print(f"\n{cell.name}")
    print(f"  {'':12}{'req/s':>9}{'CPU µs':>9}{'ms':>9}   ours over it: req/s    CPU     ms")
    for target in rounds[0]:
        rate, cpu, latency = (
            statistics.median(getattr(one[target], field) for one in rounds)
            for field in ("rate", "cpu", "latency")
        )
        line = f"  {target:12}{rate:9,.1f}{cpu * 1e6:9,.0f}{latency * 1e3:9.2f}"
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


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--install", action="store_true", help="install the peers and end")
    parser.add_argument("--peers", type=Path, default=peers.default_folder(), metavar="DIR")
    parser.add_argument("--seconds", type=float, default=3, help="for dummy, a target and a cell")
    parser.add_argument("--count", type=int, default=24, help="requests, the same for resnet")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="TEXT",
        help='only cells with this in their name, such as "dummy, gRPC", or "start" for the start',
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    return parser.parse_args()


def main() -> None:
    flags = arguments()
    processes.stop_servers_when_terminated()
    if flags.install:
        peers.install(flags.peers)
        return
    if shutil.which("h2load") is None:
        sys.exit("h2load is missing; it is in Debian's nghttp2-client")
    for peer in peers.PEERS:
        if not peers.is_installed(flags.peers, peer):
            print(f"{peer.name} is left out: it is not installed below {flags.peers}")
    cache = Path(tempfile.gettempdir(), "samplegen-bench-models")
    found = make_models(cache)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), flags.peers, found)
        footprints = None
        if not flags.only or "start" in flags.only:
            footprints = bench.footprints(flags.rounds)
        efforts = Efforts(Effort(seconds=flags.seconds), Effort(count=flags.count))
        cells = bench.run(make_cells(found, flags.only), flags.rounds, efforts)
    bars = report(cells, footprints)
    if flags.json:
        write_json(flags.json, cells, footprints, bars)


if __name__ == "__main__":
    main()
