"""The judge: takes samples through the gates, several at a time, and gives a verdict of each."""

import contextlib
import datetime
import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from samplegen.catalogue import Catalogue, Cell
from samplegen.connection.model import Connection
from samplegen.connection.options import asked
from samplegen.errors import SamplegenError
from samplegen.judge import processes, servers
from samplegen.judge.preparing import Failed, Workshop
from samplegen.judge.requirements import versions
from samplegen.judge.servers import Target
from samplegen.judge.slots import Slot
from samplegen.judge.trial import Court, Trial
from samplegen.judge.verdicts import Verdict
from samplegen.render.clients import Gate, Requirement
from samplegen.resources import shown
from samplegen.spec.api import Api

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
        other: Target | None = None,
        until: Gate = "faults",
    ) -> None:
        """Starts nothing yet.

        Args:
            catalogue: What to judge.
            target: The server to judge it against.
            samples: The folder of the published samples, if there is one.
            cache: The folder that keeps what samples are built with and what was built.
            other: The server whose answers differ, if there is one.
            until: The last gate: `faults`, or `output`.
        """
        self._catalogue = catalogue
        self._target = target
        self._checked: dict[Requirement, str | None] = {}
        self._behind = _Behind(catalogue.spec.api, target)
        workshop = Workshop(cache, catalogue.project, self._checked)
        self._court = Court(
            catalogue,
            target,
            other,
            samples,
            workshop,
            self._checked,
            self._behind.connection,
            until,
        )

    def judge(
        self, cells: Sequence[Cell], jobs: int, judged: Callable[[Verdict], None]
    ) -> list[Verdict]:
        """Judges the cells, `jobs` at a time; `judged` hears of each verdict as it falls.

        Returns:
            The verdicts in the order of `cells`.
        """
        needed = {r: None for cell in cells for r in cell.client.requirements}
        self._checked |= versions((r for r in needed if r not in self._checked), jobs)
        free = threading.Semaphore(jobs)
        verdicts: dict[tuple[str, str], Verdict] = {}
        with self._behind, ThreadPoolExecutor(jobs + _WAITING) as pool:
            try:
                pending = [pool.submit(self._verdict, cell, Slot(free)) for cell in cells]
                for future in as_completed(pending):
                    verdict = future.result()
                    verdicts[verdict.cell] = verdict
                    judged(verdict)
            except BaseException:
                processes.stop_all()
                pool.shutdown(cancel_futures=True)
                raise
        missing = [cell.name for cell in cells if cell.key not in verdicts]
        if missing:
            raise SamplegenError(f"no verdict: {', '.join(missing)}")
        return [verdicts[cell.key] for cell in cells]

    def _verdict(self, cell: Cell, slot: Slot) -> Verdict:
        """Takes one cell as far as it gets."""
        with slot.held():
            return self._judged(cell, slot)

    def _judged(self, cell: Cell, slot: Slot) -> Verdict:
        started = time.monotonic() - slot.waited
        make = partial(
            Verdict,
            operation=cell.operation.name,
            client=cell.client.name,
            judged_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        )
        if (reason := self._unable(cell)) is not None:
            return make(status="skipped", reason=reason)
        try:
            trial = self._trial(cell, slot)
        except SamplegenError as error:
            return make(status="failed", reason=str(error), log=str(error))
        reason, log = "", ""
        try:
            trial.take()
            reason = "; ".join(trial.untried)
        except Failed as failure:
            other = self._court.other
            reason = self._target.death() or (other and other.death()) or str(failure)
            log = self._log(trial, failure)
        return make(
            status="failed" if log else "passed",
            reason=reason,
            log=log,
            gates=tuple(trial.passed),
            output=trial.output,
            versions={"server": self._target.version, **trial.versions},
            sha256=hashlib.sha256(trial.published.encode()).hexdigest(),
            documented_addresses=self._target.documented,
            other_server=trial.other_server,
            faults=trial.faults,
            seconds=round(time.monotonic() - started - slot.waited, 3),
            gate_seconds=trial.seconds,
        )

    def _unable(self, cell: Cell) -> str | None:
        """Why the cell cannot be judged at all."""
        if cell.omitted is not None:
            return cell.omitted
        if not self._catalogue.renderer.has(cell.client, cell.operation):
            return f"no template; add templates/{cell.client.template(cell.operation)}"
        missing = [
            f"{requirement.name} is missing; type: {requirement.install}"
            for requirement in cell.client.requirements
            if not requirement.gates and self._checked[requirement] is None
        ]
        return "; ".join(missing) or None

    def _trial(self, cell: Cell, slot: Slot) -> Trial:
        published = self._catalogue.render(cell).text
        text = published
        if not self._target.documented:
            text = self._catalogue.render(cell, self._target.connection).text
        versions = {r.name: v for r in cell.client.requirements if (v := self._checked[r])}
        return Trial(self._court, cell, slot, published, text, versions=versions)

    def _log(self, trial: Trial, failure: Failed) -> str:
        """All one needs to mend a sample: where it is, what it says, what it printed."""
        samples, path = self._court.samples, Path(trial.cell.client.sample(trial.cell.operation))
        lines = [str(shown(samples / path) if samples else path)]
        numbered = enumerate(trial.text.splitlines(), 1)
        lines += [f"{number:4} | {line}".rstrip() for number, line in numbered]
        if failure.outcome is not None:
            for name in ("stdout", "stderr"):
                text = getattr(failure.outcome, name)
                lines += [f"{name}:" if text else f"{name}: (empty)", *text.splitlines()]
        return "\n".join(lines)


class _Behind:
    """The server behind the faulty ones: started when it is first needed, unless the target serves.

    The target serves if it counts nobody and asks for no more than an address.

    What they ask must not be taken for what a sample asks the target meanwhile.
    """

    def __init__(self, api: Api, target: Target) -> None:
        self._api = api
        self._target = target
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._upstream: Target | None = None

    def __enter__(self) -> None:
        """Starts nothing yet."""

    def __exit__(self, *exception: object) -> None:
        self._stack.close()
        self._upstream = None

    def connection(self) -> Connection:
        """Where it is.

        Raises:
            SamplegenError: It does not come up.
        """
        with self._lock:
            if self._target.recording is None and not asked(self._target.connection):
                return self._target.connection
            if self._upstream is None:
                started = servers.started(self._api, recording=False)
                self._upstream = self._stack.enter_context(started)
            return self._upstream.connection


@contextlib.contextmanager
def against(
    catalogue: Catalogue, address: Connection | None, samples: Path | None, cache: Path
) -> Iterator[Judge]:
    """A judge, and the servers that it asks: the one at `address`, else one of its own.

    Raises:
        SamplegenError: It does not answer, is not installed or does not come up.
    """
    with servers.both(catalogue.spec, address) as (target, other):
        yield Judge(catalogue, target, samples, cache, other)
