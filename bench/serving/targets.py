"""Who is measured: the bundled server, its peers, and OpenVINO without a server."""

import contextlib
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serving import load, models, peers, processes
from serving.cells import Cell, Efforts, Rounds
from serving.load import Effort, Measured, Model
from serving.processes import Server

OURS = "samplegen"
LIMIT = "in process"
ECHO = "grpc.aio echo"
"""An RPC that does nothing: what gRPC's library itself takes."""


ECHO_SCRIPT = Path(__file__).parent / "echo.py"


@dataclass(frozen=True)
class Footprint:
    """A server that has just started and answered a few requests."""

    ready: float
    """Seconds from its start."""
    memory: float
    """PSS, MB."""


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
        if target == ECHO:
            return cell.is_small and cell.transport == "gRPC"
        peer = next((peer for peer in self.peers if peer.name == target), None)
        return peer is None or peer.has_binary or cell.transport != "REST binary"

    def starters(self, found: Sequence[Model]) -> dict[str, Callable[[], Server]]:
        """By target, what starts it with these models; ours with none serves the bundled ones."""
        starters: dict[str, Callable[[], Server]] = {OURS: lambda: self._start_ours(found)}
        for peer in self.peers:
            starters[peer.name] = lambda peer=peer: self._start_peer(peer, found)  # type: ignore[misc]
        return starters

    def _start_echo(self) -> Server:
        port, rest_port = processes.free_ports(2)
        answer = self._folder / "answer"
        answer.write_bytes(load.grpc_answer(self._models[0]))
        command = [sys.executable, str(ECHO_SCRIPT), str(port), str(rest_port), str(answer)]
        return processes.start(command, port, rest_port, self._folder / "echo.log")

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

    def run(
        self, cells: Sequence[Cell], rounds: int, efforts: Efforts, end: float
    ) -> dict[Cell, Rounds]:
        """All cells, round by round, every target in turn.

        Args:
            cells: What to measure.
            rounds: How many rounds there are at most.
            efforts: How long each measurement takes.
            end: When it is to be over, of `time.monotonic`; the first round takes as long as it
                takes, and no other begins that would end later.
        """
        results: dict[Cell, Rounds] = {cell: [] for cell in cells}
        with contextlib.ExitStack() as stack:
            servers: dict[str, Server | None] = {LIMIT: None}
            starters = {**self.starters(self._models), ECHO: self._start_echo}
            for target, starter in starters.items():
                server = starter()
                stack.callback(processes.stop, server)
                for model in self._models:
                    processes.wait_ready(server, f"/v2/models/{model.name}/ready")
                servers[target] = server
            self._check(cells, servers)
            for number in range(rounds):
                begun = time.monotonic()
                for cell in cells:
                    print(f"round {number + 1} of {rounds}: {cell.name}", file=sys.stderr)
                    results[cell].append(self._turn(cell, servers, number, efforts))
                now = time.monotonic()
                if now + (now - begun) > end:
                    break
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
