"""The judge: takes samples through the gates, several at a time, and gives a verdict on each."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cached_property, partial
from pathlib import Path

from samplegen.catalogue import Catalogue, Cell
from samplegen.connection.model import Connection
from samplegen.gates import GATES, Gate
from samplegen.judge.gates import order
from samplegen.judge.gates.case import Setup
from samplegen.judge.machine import locales
from samplegen.judge.machine.processes import Processes
from samplegen.judge.machine.requirements import Versions
from samplegen.judge.machine.slots import Slot
from samplegen.judge.machine.workshop import Workshop
from samplegen.judge.results.verdicts import Verdict
from samplegen.judge.servers import running, started
from samplegen.judge.servers.running import Runner
from samplegen.judge.servers.started import Target
from samplegen.judge.servers.upstream import Upstream
from samplegen.judge.trial import Trial, rendered

_WAITING = 14
"""Samples that may wait at a time, for a server that stalls or for their turn."""


class Judge:
    """Judges samples against one server, and another whose answers differ."""

    def __init__(
        self,
        catalogue: Catalogue,
        target: Target,
        samples: Path | None,
        cache: Path,
        runner: Runner,
        other: Target | None = None,
        gates: Sequence[Gate] = GATES,
    ) -> None:
        """Starts nothing yet.

        Args:
            catalogue: What to judge.
            target: The server to judge it against.
            samples: The folder of the published samples, if there is one.
            cache: The folder that keeps what samples are built with and what was built.
            runner: Runs them.
            other: The server whose answers differ, if there is one.
            gates: Those to take.
        """
        self._running = Processes()
        self._upstream = Upstream(catalogue.spec.api, target)
        self._gates = [check for check in order.ALL if check.NAME in gates]
        self._runner = runner
        versions = Versions(self._running)
        workshop = Workshop(cache, catalogue.building, versions, self._running)
        self._setup = Setup(
            catalogue=catalogue,
            target=target,
            other=other,
            samples=samples,
            workshop=workshop,
            versions=versions,
            runner=runner,
            upstream=self._upstream.connection,
            locale=lambda: self._locale,
        )

    def judge(
        self, cells: Sequence[Cell], jobs: int, judged: Callable[[Verdict], None]
    ) -> list[Verdict]:
        """Judges the cells, `jobs` at a time.

        Args:
            cells: Each once.
            jobs: How many may keep a processor busy at a time.
            judged: Called with each verdict as it is reached.

        Returns:
            The verdicts in the order of `cells`.
        """
        for client in {cell.client.name: cell.client for cell in cells}.values():
            programs = [cell for cell in cells if cell.client.name == client.name]
            self._setup.workshop.expect(client, partial(self._programs, programs))
        free = threading.Semaphore(jobs)
        verdicts: dict[tuple[str, str], Verdict] = {}
        with self._upstream, ThreadPoolExecutor(jobs + _WAITING) as pool:
            try:
                pending = [pool.submit(self._verdict, cell, Slot(free)) for cell in cells]
                for future in as_completed(pending):
                    verdict = future.result()
                    verdicts[verdict.cell] = verdict
                    judged(verdict)
            except BaseException:
                self._running.stop()
                self._runner.close()
                pool.shutdown(cancel_futures=True)
                raise
        return [verdicts[cell.key] for cell in cells]

    def _programs(self, cells: Sequence[Cell]) -> dict[str, str]:
        """Files and texts of the samples that can be made; each trial says why one cannot."""
        programs = {}
        for cell in cells:
            with contextlib.suppress(Exception):
                programs[Path(cell.client.sample(cell.operation)).name] = rendered(
                    self._setup, cell
                ).judged
        return programs

    @cached_property
    def _locale(self) -> Path | None:
        """The folder of the locale of a machine elsewhere; None if it cannot be made."""
        make = partial(locales.make, running=self._running)
        try:
            return self._setup.workshop.kept("locales", locales.NAME, make)
        except locales.Unavailable:
            return None

    def _verdict(self, cell: Cell, slot: Slot) -> Verdict:
        with slot.held():
            return Trial(self._setup, self._gates, cell, slot).verdict()


@contextlib.contextmanager
def against(
    catalogue: Catalogue, address: Connection | None, samples: Path | None, cache: Path
) -> Iterator[Judge]:
    """A judge, and the servers that it asks: the one at `address`, else one of its own.

    Raises:
        SamplegenError: It does not answer, is not installed or does not come up.
    """
    with (
        started.both(catalogue.spec, address) as (target, other),
        running.opened(catalogue.spec, target, kept=[cache]) as runner,
    ):
        yield Judge(catalogue, target, samples, cache, runner, other)
