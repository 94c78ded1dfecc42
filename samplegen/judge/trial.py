"""One sample's trial: it is rendered, then taken through the gates in order, until one fails.

Whatever goes wrong on the way is that sample's verdict, and no other's.
"""

import datetime
import hashlib
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from samplegen.catalogue import Cell
from samplegen.errors import SamplegenError
from samplegen.gates import Gate
from samplegen.judge.gates.case import Case, Setup
from samplegen.judge.gates.finding import (
    Failed,
    Finding,
    NotApplicable,
    NotTried,
    Passed,
)
from samplegen.judge.gates.order import Check
from samplegen.judge.machine.commands import CommandFailed
from samplegen.judge.machine.processes import Interrupted, Outcome
from samplegen.judge.machine.slots import Slot
from samplegen.judge.results.verdicts import Faults, Status, Verdict

_SHOWN = 20_000
"""Characters of output that are kept."""


class Unjudgeable(Exception):
    """Something is missing, so the cell is skipped."""


@dataclass(frozen=True)
class Rendered:
    """The text of a sample."""

    published: str
    """As readers see it."""
    judged: str
    """With the addresses that it is judged on."""


def rendered(setup: Setup, cell: Cell) -> Rendered:
    """The text of a cell's sample.

    Raises:
        SamplegenError: It has none.
    """
    text = setup.catalogue.render(cell).text
    if setup.documented:
        return Rendered(text, text)
    return Rendered(text, setup.catalogue.render(cell, setup.runner.connection).text)


@dataclass
class Trial:
    """One sample on its way to a verdict."""

    setup: Setup
    gates: Sequence[Check]
    """Those to take, in order."""
    cell: Cell
    slot: Slot
    _case: Case | None = None
    _gate: Gate | None = None
    """The gate that is being tried."""
    _passed: list[Gate] = field(default_factory=list)
    _seconds: dict[Gate, float] = field(default_factory=dict)
    _not_tried: dict[Gate, str] = field(default_factory=dict)
    _not_enforced: dict[Gate, tuple[str, ...]] = field(default_factory=dict)
    _versions: dict[str, str] = field(default_factory=dict)

    def verdict(self) -> Verdict:
        """Takes the sample as far as it gets.

        Raises:
            Interrupted: The run is being stopped.
        """
        began = self._clock()
        judged_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        status: Status = "passed"
        gate: Gate | None = None
        findings: tuple[Finding, ...] = ()
        log = ""
        try:
            failed = self._judge()
            if failed is not None:
                status, gate, findings = "failed", self._gate, self._placed(failed.findings)
                log = self._log(failed.outcome)
        except Interrupted:
            raise
        except Unjudgeable as reason:
            status, findings = "skipped", (Finding(str(reason)),)
        except Exception as error:  # any error is this cell's; the other cells are still judged
            status, findings = "failed", self._error(error)
            log = self._log(error.outcome if isinstance(error, CommandFailed) else None)
            if not isinstance(error, SamplegenError | OSError):
                log += "\n" + "".join(traceback.format_exception(error)).rstrip()
        if status == "failed" and (death := self._death()):
            gate, findings = None, (Finding(death),)
        case, setup = self._case, self.setup
        waive = setup.catalogue.spec.api.waive
        return Verdict(
            operation=self.cell.operation.name,
            client=self.cell.client.name,
            status=status,
            omitted=self.cell.omitted is not None,
            gate=gate,
            findings=findings,
            not_tried=self._not_tried,
            waived={gate: waive[gate] for gate in self._not_tried if gate in waive},
            not_enforced=self._not_enforced,
            gates=tuple(self._passed),
            output=_shown(case.stdout) if case else "",
            versions={"server": setup.target.version, **self._versions} if case else {},
            sha256=hashlib.sha256(case.published.encode()).hexdigest() if case else "",
            documented_addresses=case is not None and setup.documented,
            isolation=setup.runner.isolation.level if case else "",
            other_server=case.other_server if case else "",
            faults=Faults(case.faults.names, case.faults.proved_at) if case else Faults(),
            meaning_proved_at=case.meaning.proved_at if case else "",
            seconds=round(self._clock() - began, 3) if case else 0.0,
            gate_seconds=self._seconds,
            judged_at=judged_at,
            log=log,
        )

    def _judge(self) -> Failed | None:
        """Takes the sample through the gates; returns what the first that it failed found.

        Raises:
            Unjudgeable: The cell has no sample, or something is missing that all gates need.
        """
        case = self._rendered()
        for check in self.gates:
            self._gate = check.NAME
            started = self._clock()
            match check.check(case):
                case Passed(spared):
                    if spared:
                        self._not_enforced[check.NAME] = spared
                    self._passed.append(check.NAME)
                    self._seconds[check.NAME] = round(self._clock() - started, 3)
                case NotTried(reason):
                    self._not_tried[check.NAME] = reason
                case Failed() as failed:
                    return failed
                case NotApplicable():
                    pass
        return None

    def _rendered(self) -> Case:
        """The sample as readers see it, and as it is judged."""
        setup, cell = self.setup, self.cell
        catalogue, client = setup.catalogue, cell.client
        if cell.omitted is not None:
            raise Unjudgeable(cell.omitted)
        if not catalogue.renderer.has(client, cell.operation):
            raise Unjudgeable(f"no template; add templates/{client.template(cell.operation)}")
        found = {needed: setup.versions.of(needed) for needed in client.requirements}
        missing = [
            f"{needed.full_name} is missing; type: {needed.install}"
            for needed, version in found.items()
            if version is None and not needed.gates
        ]
        if missing:
            raise Unjudgeable("; ".join(missing))
        self._versions = {needed.name: version for needed, version in found.items() if version}
        program = rendered(setup, cell)
        self._case = Case(setup, cell, self.slot, program.published, program.judged)
        return self._case

    def _placed(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """The findings of a gate; those that name no file are about the sample."""
        path = str(self._case.path) if self._case else ""
        return tuple(found if found.file else replace(found, file=path) for found in findings)

    def _error(self, error: Exception) -> tuple[Finding, ...]:
        """What kept the judge from a verdict, and at which gate."""
        if isinstance(error, SamplegenError):
            return tuple(
                Finding(str(problem), str(problem.path or ""), problem.line)
                for problem in error.problems
            )
        at = f"at the gate {self._gate}: " if self._gate else ""
        text = str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        return (Finding(f"{at}{text}"),)

    def _death(self) -> str | None:
        """How a server that was started for the run has ended, if it has."""
        servers = (self.setup.target, self.setup.other)
        return next((death for s in servers if s is not None and (death := s.death())), None)

    def _log(self, outcome: Outcome | None) -> str:
        """All one needs to fix a sample: where it is, its lines, what it and the server printed."""
        if self._case is None:
            return ""
        lines = [str(self._case.path)]
        numbered = enumerate(self._case.text.splitlines(), 1)
        lines += [f"{number:4} | {line}".rstrip() for number, line in numbered]
        if outcome is not None:
            for name in ("stdout", "stderr"):
                text = _shown(getattr(outcome, name))
                lines += [f"{name}:" if text else f"{name}: (empty)", *text.splitlines()]
        if said := self.setup.target.last_lines:
            lines += ["the server's log, its last lines:", *said]
        return "\n".join(lines)

    def _clock(self) -> float:
        """Seconds, without those spent waiting for a slot."""
        return time.monotonic() - self.slot.waited


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\n[cut here]\n"
