"""What the site shows: every sample of the catalogue, and what was proved about it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from samplegen.catalogue import Catalogue, Cell
from samplegen.connection.model import Tls
from samplegen.errors import Problem, SamplegenError, UsageError, nearest
from samplegen.faults import Fault
from samplegen.judge.results.verdicts import Verdict
from samplegen.outputs import MutationScores, SampleState
from samplegen.render.clients import Client
from samplegen.render.view import Rendered
from samplegen.spec.operation import Operation

STATES: dict[SampleState, str] = {
    "verified": "Verified",
    "failed": "Failed",
    "stale": "Stale",
    "unverified": "Not run for this build",
}
"""Each state as readers see it."""


@dataclass(frozen=True)
class Sample:
    """A rendered program and the judge's verdict of it, if there is one."""

    cell: Cell
    rendered: Rendered
    verdict: Verdict | None

    @property
    def operation(self) -> Operation:
        return self.cell.operation

    @property
    def client(self) -> Client:
        return self.cell.client

    @property
    def path(self) -> str:
        """Of its file, below the samples folder."""
        return self.client.sample(self.operation)

    @property
    def anchor(self) -> str:
        """Its public address on a page: links to it must keep working."""
        return f"{self.operation.name}--{self.client.name.replace('/', '-')}"

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.rendered.text.encode()).hexdigest()

    @property
    def state(self) -> SampleState:
        """What may be said of exactly these bytes."""
        if self.verdict is None or self.verdict.status == "skipped":
            return "unverified"
        if self.verdict.sha256 != self.sha256:
            return "stale"
        return "verified" if self.verdict.status == "passed" else "failed"

    @property
    def proof(self) -> Verdict | None:
        """The verdict, if it is one of exactly these bytes."""
        return self.verdict if self.state in ("verified", "failed") else None

    @property
    def output(self) -> str | None:
        """What these bytes printed when the judge ran them."""
        return self.proof.output if self.proof and self.state == "verified" else None

    @property
    def deviation(self) -> str:
        """What the program does otherwise than its operation asks, by a fault of its library."""
        return self.cell.deviation.reason if self.cell.deviation else ""

    @property
    def remark(self) -> str:
        """Why the state is what it is, where it is not plainly `verified`."""
        if self.state == "stale":
            return "The sample has changed since it was last run."
        if self.state == "unverified":
            return ""
        return self.verdict.reason if self.verdict else ""


@dataclass(frozen=True)
class Tab:
    """A tab of an operation: the clients of one language that share a label.

    The first is shown at once; the others stand one step behind it.
    """

    label: str
    samples: tuple[Sample, ...]


class Book:
    """The samples of a catalogue, rendered once, with their verdicts."""

    def __init__(
        self,
        catalogue: Catalogue,
        verdicts: Iterable[Verdict],
        faults: Iterable[Fault] = (),
        scores: MutationScores | None = None,
    ) -> None:
        """Renders every sample.

        Args:
            catalogue: The operations and clients.
            verdicts: What the judge has said.
            faults: What can go wrong at the server.
            scores: How the judge did against faults planted in samples, if that was tried.

        Raises:
            SamplegenError: With every mistake of the spec or the clients. One in a template is
                kept in `problems`, so that the other operations can be shown.
        """
        self.catalogue = catalogue
        self.api = catalogue.spec.api
        self.problems: dict[str, list[Problem]] = {}
        """Operation to what is wrong with its templates."""
        self.samples: dict[tuple[str, str], Sample] = {}
        """By the names of operation and client."""
        self.faults = tuple(faults)
        self.scores = scores
        self.contract = catalogue.spec.contract
        kept = {verdict.cell: verdict for verdict in verdicts}
        for cell in catalogue.cells:
            if cell.omitted is not None:
                continue
            try:
                rendered = catalogue.render(cell)
            except SamplegenError as error:
                self.problems.setdefault(cell.operation.name, []).extend(error.problems)
                continue
            self.samples[cell.key] = Sample(cell, rendered, kept.get(cell.key))

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """By name, in their order."""
        return {cell.operation.name: cell.operation for cell in self.catalogue.cells}

    @cached_property
    def clients(self) -> dict[str, Client]:
        """By name, in their order."""
        return {cell.client.name: cell.client for cell in self.catalogue.cells}

    @cached_property
    def languages(self) -> dict[str, list[Client]]:
        """Title of each language to its clients, in the order of the first client of each."""
        languages: dict[str, list[Client]] = {}
        for client in self.clients.values():
            languages.setdefault(client.language.title, []).append(client)
        return languages

    def languages_of(self, operation: Operation) -> list[str]:
        """The titles of the languages that have a sample of an operation, in their order."""
        samples = self.by_operation[operation.name]
        return list(dict.fromkeys(sample.client.language.title for sample in samples))

    def operation(self, name: str) -> Operation:
        """The operation of this name.

        Raises:
            UsageError: No such operation.
        """
        if name not in self.operations:
            raise UsageError(f"no operation {name!r}; {nearest(name, self.operations)}")
        return self.operations[name]

    def client(self, name: str) -> Client:
        """The client of this name.

        Raises:
            UsageError: No such client.
        """
        if name not in self.clients:
            raise UsageError(f"no client {name!r}; {nearest(name, self.clients)}")
        return self.clients[name]

    def lines(self, client: Client) -> float:
        """How many lines a program of a client has, on average."""
        samples = [s for s in self.samples.values() if s.client.name == client.name]
        return sum(s.rendered.text.count("\n") for s in samples) / max(1, len(samples))

    @cached_property
    def by_operation(self) -> dict[str, list[Sample]]:
        """Operation to its samples, in the order of their clients."""
        groups: dict[str, list[Sample]] = {name: [] for name in self.operations}
        for sample in self.samples.values():
            groups[sample.operation.name].append(sample)
        return groups

    def tabs(self, operation: Operation) -> list[Tab]:
        """The samples of an operation, grouped as a reader looks for them."""
        groups: dict[tuple[str, str], list[Sample]] = {}
        for title, clients in self.languages.items():
            for client in clients:
                sample = self.samples.get((operation.name, client.name))
                if sample is not None:
                    groups.setdefault((title, client.tab or client.title), []).append(sample)
        return [Tab(label, tuple(samples)) for (_, label), samples in groups.items()]

    def secured(self, sample: Sample) -> str | None:
        """The program of a sample for a server with a certificate of its own, and a token.

        Returns:
            None if the client's template does not heed these options.
        """
        connection = replace(
            self.api.connection,
            host="models.example",
            tls=Tls(cacert="ca.pem"),
            bearer_token_env="KSERVE_TOKEN",  # noqa: S106  the name of a variable
        )
        try:
            return self.catalogue.render(sample.cell, connection).text
        except SamplegenError:
            return None

    def counts(self) -> dict[SampleState, int]:
        """How many samples are in each state."""
        states = [sample.state for sample in self.samples.values()]
        return {state: states.count(state) for state in STATES}
