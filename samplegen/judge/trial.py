"""One sample on its way through the gates, in order."""

import datetime
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from samplegen.catalogue import Catalogue, Cell
from samplegen.connection.model import Connection, with_values
from samplegen.connection.secrets import secrets
from samplegen.judge import faults, meaning, wire
from samplegen.judge.faulty import Fault, reserved
from samplegen.judge.output import differences
from samplegen.judge.preparing import Failed, Workshop, ending
from samplegen.judge.processes import Outcome
from samplegen.judge.running import START_SECONDS, Finished, Program
from samplegen.judge.servers import Target
from samplegen.judge.slots import Slot
from samplegen.judge.verdicts import Faults
from samplegen.judge.wire import Request
from samplegen.render.clients import Command, Gate, Requirement
from samplegen.render.view import view
from samplegen.resources import shown

Gates = Mapping[Gate, Sequence[Command]]
"""The commands of static gates, in order."""

STATIC: tuple[Gate, ...] = ("format", "lint", "build")
"""The gates of commands that see the program and no server."""


@dataclass(frozen=True)
class Court:
    """What all trials of a run share."""

    catalogue: Catalogue
    target: Target
    other: Target | None
    """A server whose answers differ."""
    samples: Path | None
    """The folder of the published samples."""
    workshop: Workshop
    checked: Mapping[Requirement, str | None]
    """The versions of what is required; None is missing."""
    unwatched: Callable[[], Connection]
    """Where a server is that answers as the target does, and whose requests nobody counts."""
    until: Gate = "faults"
    """The last gate."""


@dataclass
class Trial:
    """One sample on its way through the gates."""

    court: Court
    cell: Cell
    slot: Slot
    published: str
    """The program that readers see."""
    text: str
    """The program that is judged."""
    passed: list[Gate] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    """What each gate took, without waiting for others."""
    untried: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    output: str = ""
    other_server: str = ""
    faults: Faults = field(default_factory=Faults)
    _mark: float = 0.0

    def take(self) -> None:
        """Takes the sample through all gates.

        Raises:
            Failed: At the first gate that it does not pass.
        """
        self._mark = self._clock()
        self._identity()
        gates = self._static()
        program = self._program(self.text, gates, self._pass)
        requests = self._first(program)
        if self.court.until == "output":
            return
        building = gates if self.cell.client.language.build else {}
        building = {gate: commands for gate, commands in building.items() if gate != "format"}
        self._meaning(requests, building)
        self._faults(requests, building)

    @property
    def _limit(self) -> float:
        """Seconds that a run may take. No call has more than the deadline; none needs it here."""
        own = self.court.target.connection.deadline
        if own is not None:  # whoever asks for it knows how long the server takes
            return own + START_SECONDS
        limit = self.court.catalogue.spec.api.deadline + START_SECONDS
        return min(limit, self.cell.client.language.timeout)

    def _clock(self) -> float:
        return time.monotonic() - self.slot.waited

    def _pass(self, gate: Gate) -> None:
        now = self._clock()
        self.seconds[gate] = round(now - self._mark, 3)
        self._mark = now
        self.passed.append(gate)

    def _require(self, gate: Gate, found: Sequence[str], outcome: Outcome) -> None:
        if found:
            raise Failed(f"{gate}: {'; '.join(found)}", outcome)

    def _identity(self) -> None:
        """Gate: the published bytes are those that spec and templates make."""
        if self.court.samples is None:
            self.untried.append("identity: there is no folder of published samples")
            return
        path = self.court.samples / self.cell.client.sample(self.cell.operation)
        try:
            kept = path.read_bytes()
        except OSError as error:
            raise Failed(f"identity: {shown(path)} is missing; run samplegen generate") from error
        if kept != self.published.encode():
            raise Failed(f"identity: {shown(path)} is stale; run samplegen generate")
        self._pass("identity")

    def _static(self) -> Gates:
        """The commands of the static gates that can be tried; notes those that cannot."""
        gates: dict[Gate, Sequence[Command]] = {}
        for gate in STATIC:
            commands = getattr(self.cell.client.language, gate)
            missing = [
                f"{gate}: {requirement.name} is missing; type: {requirement.install}"
                for requirement in self.cell.client.requirements
                if gate in requirement.gates and self.court.checked[requirement] is None
            ]
            if commands and missing:
                self.untried.extend(missing)
            elif commands:
                gates[gate] = commands
        return gates

    def _program(
        self,
        text: str,
        gates: Gates,
        passed: Callable[[Gate], None] = lambda gate: None,
    ) -> Program:
        """Builds a program of this cell."""
        client, operation = self.cell.client, self.cell.operation
        name = Path(client.sample(operation)).name
        values = self.court.workshop.built(client, name, text, gates, passed)
        files = [self.court.catalogue.spec.data(file) for file in operation.files]
        return Program(client.language.run, values, files, secrets(self.court.target.connection))

    def _elsewhere(self, connection: Connection, deadline: int | None = None) -> str:
        """The same template with other addresses, and perhaps a shorter deadline."""
        api = self.court.catalogue.spec.api
        if deadline is not None:
            api = replace(api, deadline=min(deadline, api.deadline))
        seen = view(api, self.cell.operation, connection)
        return self.court.catalogue.renderer.render(self.cell.client, seen).text

    def _first(self, program: Program) -> list[Request] | None:
        """Gates: it ends well, on its own and silently, sends and prints what it must."""
        target = self.court.target
        with target.watch(self.slot) as sent:
            finished = program.run(self._limit)
        self.output = finished.outcome.stdout
        self._ended_well("run", finished)
        self._pass("run")
        if sent is None and self.court.catalogue.spec.api.server.record:
            self.untried.append("wire: the server does not tell what it was asked")
        elif sent is not None:
            spec = self.court.catalogue.spec
            expected = wire.canonical(spec, self.cell, target.connection)
            self._require("wire", wire.differences(sent, expected), finished.outcome)
            self._pass("wire")
        found = differences(finished.outcome.stdout, self.cell.operation.expect)
        self._require("output", found, finished.outcome)
        self._pass("output")
        return sent

    def _ended_well(self, gate: Gate, finished: Finished, where: str = "") -> None:
        outcome = finished.outcome
        found = [ending(outcome)] if outcome.status != 0 else []
        if outcome.status == 0 and outcome.stderr:
            found.append("it printed to stderr, yet ended well")
        found = found or finished.untidy
        self._require(gate, [f"{where}{problem}" for problem in found[:1]], outcome)

    def _meaning(self, requests: list[Request] | None, building: Gates) -> None:
        """Gate: it prints what was really answered, also by a server that answers differently."""
        operation, other = self.cell.operation, self.court.other
        server = self.court.catalogue.spec.api.server
        if not (server.record and server.other):
            return  # the API has no such gate
        unable = self._no_meaning(requests)
        if unable is not None or requests is None or other is None:
            self.untried.append(f"meaning: {unable}")
            return
        self.other_server = other.version
        expected = self.cell.told(operation.expect)
        found = meaning.contradictions(self.output, expected, requests)
        self._require("meaning", found, Outcome(0, self.output, "", 0))
        text = self._elsewhere(_moved(self.court.catalogue.spec.api.connection, other))
        again = self._program(text, building)
        with other.watch(self.slot) as sent:
            finished = again.run(self._limit)
        self._ended_well("meaning", finished, where="at the server that answers differently, ")
        outcome = finished.outcome
        found = differences(outcome.stdout, operation.other) if operation.other else []
        expected = self.cell.told(operation.other or operation.expect)
        found = found or meaning.contradictions(outcome.stdout, expected, sent or [])
        found = [f"at the server that answers differently, {problem}" for problem in found]
        self._require("meaning", found, outcome)
        if outcome.stdout == self.output and not self._refusable():
            self.untried.append("meaning: the server that answers differently answers this alike")
        else:
            self._pass("meaning")

    def _refusable(self) -> bool:
        """Whether one of the faults changes just what the operation asks for."""
        faults = self.court.catalogue.spec.api.faults
        refused = {rpc for fault in faults for rpc in fault.rpcs}
        return not refused.isdisjoint(call.rpc for call in self.cell.operation.calls)

    def _no_meaning(self, requests: list[Request] | None) -> str | None:
        """Why the gate cannot be tried, if so."""
        if requests is None or not meaning.tells(requests):
            return "the server does not tell what it answered"
        if not all(line.answer for line in self.cell.operation.expect):
            return "the operation does not say by 'answer' what of an answer it prints"
        if self.court.other is None:
            return "there is no server that answers differently"
        return None

    def _faults(self, requests: list[Request] | None, building: Gates) -> None:
        """Gate: whatever is wrong with the server, it says so; proved once for the same bytes."""
        court, cell = self.court, self.cell
        api = court.catalogue.spec.api
        met = faults.met(api, cell)
        basis = (
            self._elsewhere(api.connection, faults.DEADLINE),
            cell.client.language.run,
            building,
            court.workshop.prepared(cell.client).name,
            court.target.version,
            requests,
            [court.catalogue.spec.data(file).read_bytes() for file in cell.operation.files],
            cell.operation.expect,
            cell.deviation,
            met,
            faults.sources(),
        )

        def prove(folder: Path) -> None:
            names = self._meet(met, building)
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            content = json.dumps({"names": names, "proved_at": now})
            (folder / "faults.json").write_text(content, encoding="utf-8")

        folder = court.workshop.kept("faults", basis, prove)
        kept = json.loads((folder / "faults.json").read_text(encoding="utf-8"))
        self.faults = Faults(tuple(kept["names"]), kept["proved_at"])
        self._pass("faults")

    def _meet(self, met: Sequence[Fault], building: Gates) -> list[str]:
        """The names of the faults that the sample told rightly.

        Raises:
            Failed: It did not tell each one.
        """
        api, transport = self.court.catalogue.spec.api, self.cell.client.transport
        names, wrong, outcome = [], [], None
        with reserved(faults.port(self.cell)) as port:
            connection = _on_port(api.connection, transport, port)
            program = self._program(self._elsewhere(connection, faults.DEADLINE), building)
            upstream = self.court.unwatched()
            with ExitStack() as waiting:

                def stalled() -> None:
                    waiting.enter_context(self.slot.lent())

                for fault, finished, problems in faults.tried(
                    program, self.cell, met, upstream, port, stalled
                ):
                    waiting.close()
                    names.append(fault.name)
                    wrong += [f"{fault.name}: {problem}" for problem in problems]
                    if problems and outcome is None:
                        outcome = finished.outcome
        if outcome is not None:
            self._require("faults", wrong, outcome)
        return names


def _moved(connection: Connection, target: Target) -> Connection:
    """The documented connection with a server's address."""
    address = target.connection
    return with_values(
        connection, host=address.host, grpc_port=address.grpc_port, rest_port=address.rest_port
    )


def _on_port(connection: Connection, transport: str, port: int) -> Connection:
    """The documented connection with another port of one transport."""
    return with_values(connection, **{f"{transport}_port": port})
