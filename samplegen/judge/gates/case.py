"""One sample on its way through the gates, and what all samples of a run share."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from samplegen.clients import Requirement
from samplegen.connection import Connection, with_values
from samplegen.credentials import secrets
from samplegen.judge.machine.processes import Outcome, Processes
from samplegen.judge.machine.program import START_SECONDS, Program
from samplegen.judge.machine.requirements import Versions
from samplegen.judge.machine.slots import Slot
from samplegen.judge.machine.workshop import Workshop
from samplegen.judge.servers.recording import Request
from samplegen.judge.servers.started import Target
from samplegen.resources import shown
from samplegen.samples import Catalogue, Cell
from samplegen.view import view


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
    running: Processes
    versions: Versions
    """Of what the samples require."""
    upstream: Callable[[], Connection]
    """The address of a server like the target, whose requests are not recorded."""

    @property
    def documented(self) -> bool:
        """Whether the target listens on the addresses that the published samples name."""
        return self.target.connection == self.catalogue.spec.api.connection

    @property
    def limit(self) -> float:
        """Seconds that a run may take. No call has more than the deadline; none needs it here."""
        own = self.target.connection.deadline
        if own is not None:  # whoever asks for it knows how long the server takes
            return own + START_SECONDS
        return self.catalogue.spec.api.deadline + START_SECONDS


@dataclass(frozen=True)
class Proof:
    """The faults that a sample was seen to report in one line, and to end by."""

    names: tuple[str, ...] = ()
    proved_at: str = ""


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
    outcome: Outcome = field(default_factory=lambda: Outcome(None, "", "", 0.0))
    """How the first run ended."""
    requests: list[Request] | None = None
    """What the server recorded of the first run; None if it records nothing."""
    other_server: str = ""
    """The name and version of the server that answers differently, once it was used."""
    faults: Proof = field(default_factory=Proof)
    _folder: Path | None = None

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
    def limit(self) -> float:
        """Seconds that a run may take."""
        if self.setup.target.connection.deadline is not None:
            return self.setup.limit
        return min(self.setup.limit, self.cell.client.language.timeout)

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

    def program(self) -> Program:
        """The program as it is built."""
        return self._program(self.folder)

    def elsewhere(self, connection: Connection, deadline: int | None = None) -> str:
        """The same template with other addresses, and perhaps a shorter deadline."""
        api = self.setup.catalogue.spec.api
        if deadline is not None:
            api = replace(api, deadline=min(deadline, api.deadline))
        seen = view(api, self.cell.operation, connection)
        return self.setup.catalogue.renderer.render(self.cell.client, seen).text

    def rebuilt(self, text: str) -> Program:
        """Another text of the sample, built as this one was.

        Raises:
            CommandFailed: It cannot be built.
            OSError: The cache cannot be written.
        """
        workshop, client = self.setup.workshop, self.cell.client
        folder = workshop.written(client, self.name, text)
        for commands in self.building:
            folder = workshop.step(client, self.name, folder, commands)
        return self._program(folder)

    @property
    def building(self) -> tuple[tuple[tuple[str, ...], ...], ...]:
        """The commands that make a program of a text; a compiled one is linted on the way."""
        language = self.cell.client.language
        if not language.build:
            return ()
        linted = language.lint and not self.missing("lint")
        return (language.lint, language.build) if linted else (language.build,)

    def on_port(self, port: int) -> Connection:
        """The documented connection with another port of the sample's transport."""
        documented = self.setup.catalogue.spec.api.connection
        return with_values(documented, **{f"{self.cell.client.transport}_port": port})

    def at(self, target: Target) -> Connection:
        """The documented connection with a server's address."""
        documented, address = self.setup.catalogue.spec.api.connection, target.connection
        return with_values(
            documented,
            host=address.host,
            grpc_port=address.grpc_port,
            rest_port=address.rest_port,
        )

    def _program(self, folder: Path) -> Program:
        setup, client = self.setup, self.cell.client
        return Program(
            running=setup.running,
            command=client.language.run,
            values=setup.workshop.values(client, folder, self.name),
            files=[setup.catalogue.spec.data(file) for file in self.cell.operation.files],
            secrets=secrets(setup.target.connection),
        )
