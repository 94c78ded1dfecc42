"""One sample on its way through the gates, and what all samples of a run share."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from samplegen.catalogue import Catalogue, Cell
from samplegen.connection.model import Connection
from samplegen.connection.secrets import secrets
from samplegen.judge.gates.finding import Finding
from samplegen.judge.machine.requirements import Versions
from samplegen.judge.machine.slots import Slot
from samplegen.judge.machine.starter.messages import Ended
from samplegen.judge.machine.workshop import Workshop
from samplegen.judge.servers.own_calls import OwnCalls
from samplegen.judge.servers.proxy.sessions import Plan
from samplegen.judge.servers.running import START_SECONDS, Program, Run, Runner
from samplegen.judge.servers.started import Target
from samplegen.render.clients import Requirement
from samplegen.resources import shown

_T = TypeVar("_T")
_AT_ONCE = 16
"""Runs of one sample that may be under way at a time."""


@dataclass(frozen=True)
class Setup:
    """What all samples of a run share."""

    catalogue: Catalogue
    target: Target
    other: Target | None
    """A server whose answers differ."""
    samples: Path | None
    """The folder of the published samples."""
    workshop: Workshop
    versions: Versions
    """Of what the samples require."""
    runner: Runner
    upstream: Callable[[], Connection]
    """The address of a server like the target that may be asked as often as need be."""
    locale: Callable[[], Path | None]
    """The folder of the locale of a machine elsewhere; None if this machine cannot make one."""
    locks: dict[str, threading.Lock] = field(default_factory=dict)
    """By operation, whose runs change what is on the server, and so come one after another."""

    @property
    def documented(self) -> bool:
        """Whether samples are run as they are published, on the addresses that they name."""
        return self.runner.connection == self.catalogue.spec.api.connection

    @property
    def deadline(self) -> int:
        """Seconds after which every call of a sample gives up."""
        return self.runner.connection.deadline or self.catalogue.spec.api.deadline


@dataclass(frozen=True)
class Proof:
    """What a gate saw of a sample, and when."""

    names: tuple[str, ...] = ()
    """Of what the sample was tried on, if that has names."""
    proved_at: str = ""
    """ISO 8601, UTC; empty if nothing was proved."""


@dataclass
class Case:
    """One sample on its way through the gates. Each gate may use what the ones before it found."""

    setup: Setup
    cell: Cell
    slot: Slot
    published: str
    """The program that readers see."""
    text: str
    """The program that is judged."""
    other_server: str = ""
    """The name and version of the server that answers differently, once it was used."""
    faults: Proof = field(default_factory=Proof)
    """The faults that it was seen to report in one line each, and to end by."""
    meaning: Proof = field(default_factory=Proof)
    """That it prints what is answered, whatever that is."""
    _folder: Path | None = None
    _first: Run | None = None

    @property
    def path(self) -> Path:
        """Of the published sample, or what it would be."""
        path, samples = Path(self.cell.client.sample(self.cell.operation)), self.setup.samples
        return shown(samples / path) if samples else path

    @property
    def name(self) -> str:
        """Of the program's file."""
        return self.path.name

    @property
    def first(self) -> Run:
        """The run against a server that has no fault.

        Raises:
            RuntimeError: The gate `run` was not tried.
        """
        if self._first is None:
            raise RuntimeError("the sample has not been run")
        return self._first

    @first.setter
    def first(self, run: Run) -> None:
        self._first = run

    @property
    def stdout(self) -> str:
        """What the first run printed; empty before it."""
        return self._first.ended.stdout if self._first else ""

    @property
    def folder(self) -> Path:
        """Of the program, as far as it is built.

        Raises:
            CommandFailed: The client cannot be prepared.
            OSError: The cache cannot be written.
        """
        if self._folder is None:
            self._folder = self.setup.workshop.written(self.cell.client, self.name, self.text)
        return self._folder

    @folder.setter
    def folder(self, folder: Path) -> None:
        self._folder = folder

    def missing(self, gate: str) -> list[Requirement]:
        """What a gate needs and this machine lacks."""
        return [
            requirement
            for requirement in self.cell.client.requirements
            if gate in requirement.gates and self.setup.versions.of(requirement) is None
        ]

    def finding(self, message: str) -> Finding:
        """About the sample as a whole."""
        return Finding(message, str(self.path))

    @property
    def limit(self) -> float:
        """Seconds that a run may take. No call has more than the deadline; none needs it here."""
        limit = self.setup.deadline + START_SECONDS
        if self.setup.runner.connection.deadline is not None:
            return limit  # whoever asks for it knows how long the server takes
        return min(limit, self.cell.client.language.timeout)

    def program(self) -> Program:
        """The program as it is built."""
        setup, client = self.setup, self.cell.client
        folders, values = setup.workshop.ingredients(client, self.folder)
        return Program(
            command=client.language.run,
            folders=folders,
            file=self.name,
            values=values,
            files=[setup.catalogue.spec.data(file) for file in self.cell.operation.files],
            calls=self.cell.operation.calls,
        )

    def leaks(self, ended: Ended) -> list[str]:
        """The secrets that the program printed."""
        printed = ended.stdout + ended.stderr
        found = secrets(self.setup.runner.connection)
        return [
            f"it printed the secret in {name}" for name, value in found.items() if value in printed
        ]

    def run(
        self,
        upstream: Connection,
        plan: Plan | None = None,
        env: Mapping[str, str] | None = None,
        seconds: float | None = None,
        slot: Slot | None = None,
    ) -> Run:
        """Runs the program once, between the judge's own calls; see `Runner.run`.

        Raises:
            SamplegenError: The server does not answer the judge's own calls as it should.
        """
        limit = self.limit if seconds is None else seconds
        slot = slot or self.slot
        arguments = (self.program(), upstream, limit, slot, plan, env)
        around, runner = self.cell.operation.around, self.setup.runner
        if not around or (plan is not None and _is_without_server(plan)):
            return runner.run(*arguments)
        contract = self.setup.catalogue.spec.contract
        own = OwnCalls(around, contract, upstream, self.setup.deadline)
        with self._turn(slot), own:
            run = runner.run(*arguments)
            checked = run.ended.status == 0 and (plan is None or plan.fault is None)
            return replace(run, unmet=own.unmet()) if checked else run

    @contextlib.contextmanager
    def _turn(self, slot: Slot) -> Iterator[None]:
        """While no other run of the operation changes what is on the server."""
        lock = self.setup.locks.setdefault(self.cell.operation.name, threading.Lock())
        with slot.lent():
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def at_once(self, jobs: Sequence[Callable[[Slot], _T]]) -> list[_T]:
        """Does several jobs at a time, each with a slot of its own; returns what they return."""

        def done(job: Callable[[Slot], _T]) -> tuple[_T, float]:
            slot = self.slot.another()
            with slot.held():
                started = time.monotonic() - slot.waited
                return job(slot), time.monotonic() - slot.waited - started

        with self.slot.lent(), ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(done, jobs))
        self.slot.waited -= sum(seconds for _, seconds in found)
        return [result for result, _ in found]


def _is_without_server(plan: Plan) -> bool:
    """Whether no request of a run reaches the real server."""
    fault = plan.fault
    return fault is not None and plan.call == 0 and (bool(fault.connecting) or fault.unasked)
