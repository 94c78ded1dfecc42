"""The matrix: which samples exist, and the files they make."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from samplegen.connection.model import Connection
from samplegen.errors import Problem, SamplegenError, gather
from samplegen.files import INDEX, Contents, IndexedSample, index
from samplegen.render.clients import Client, Clients, Deviation
from samplegen.render.renderer import Renderer
from samplegen.render.view import Rendered, View, view
from samplegen.resources import spec_layers, template_layers
from samplegen.spec.operation import Call, Expectation, Operation
from samplegen.spec.reading import Spec

State = Literal["ready", "omitted", "no template"]


@dataclass(frozen=True)
class Cell:
    """Operation × client."""

    operation: Operation
    client: Client

    @property
    def name(self) -> str:
        return f"{self.operation.name} × {self.client.name}"

    @property
    def key(self) -> tuple[str, str]:
        """The names of operation and client."""
        return self.operation.name, self.client.name

    @property
    def omitted(self) -> str | None:
        """Why the client does not support this operation, if so."""
        return self.client.omitted(self.operation)

    @property
    def deviation(self) -> Deviation | None:
        """What the client does otherwise than the operation asks, if it says so."""
        deviation = self.client.deviates.get(self.operation.form)
        rpcs = {call.rpc for call in self.operation.calls}
        return deviation if deviation and rpcs.issuperset(deviation.rpcs) else None

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """What the client calls: what the operation says, but for deviations."""
        instead = self.deviation.calls if self.deviation else {}
        calls = {call.rpc: call for call in self.operation.calls}
        return tuple(calls[instead.get(rpc, rpc)] for rpc in calls)

    def told(self, expected: Sequence[Expectation]) -> list[Expectation]:
        """The lines, without where their values stand in an answer that the client does not get."""
        asked = {call.rpc for call in self.calls}
        return [
            line if not line.answer or line.answer[0] in asked else replace(line, answer=())
            for line in expected
        ]


class Catalogue:
    """A spec and templates, and the samples they make."""

    def __init__(self, spec: Sequence[Path] = (), templates: Sequence[Path] = ()) -> None:
        """Reads nothing yet.

        Args:
            spec: Own spec folders, uppermost first.
            templates: Own template folders, uppermost first.
        """
        self.spec = Spec(spec_layers(spec))
        self.clients = Clients(template_layers(templates), lambda: self.spec.api.clients)
        self.renderer = Renderer(self.clients.layers)
        self._view: View | None = None

    def on(self, connection: Connection) -> "Catalogue":
        """The same, with another connection in place of the documented one."""
        other = copy(self)
        other.spec = copy(self.spec)
        other.spec.api = replace(self.spec.api, connection=connection)
        return other

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The whole matrix, operation by operation.

        Raises:
            SamplegenError: With every problem of every file of spec and templates.
        """
        steps: list[Callable[[], Any]] = [
            lambda: self.spec.api,
            self.spec.operations,
            self.clients.all,
        ]
        _, operations, clients = gather(steps)
        return tuple(Cell(operation, client) for operation in operations for client in clients)

    def state(self, cell: Cell) -> State:
        """Whether the cell has a program."""
        if cell.omitted is not None:
            return "omitted"
        return "ready" if self.renderer.has(cell.client, cell.operation) else "no template"

    def render(self, cell: Cell, connection: Connection | None = None) -> Rendered:
        """The program of a cell, on `connection` or the documented one."""
        return self.renderer.render(cell.client, self._seen(cell.operation, connection))

    def _seen(self, operation: Operation, connection: Connection | None) -> View:
        """What templates see; the clients of an operation, one behind the other, share it."""
        on = connection or self.spec.api.connection
        last = self._view
        if last is None or last.operation is not operation or last.connection is not on:
            self._view = last = view(self.spec.api, operation, on)
        return last

    def digest(self, cell: Cell) -> str:
        """The SHA-256 of the published program of a cell; empty if it has none."""
        if self.state(cell) != "ready":
            return ""
        return hashlib.sha256(self.render(cell).text.encode()).hexdigest()

    def project(self, client: Client) -> dict[str, Path]:
        """What the client's samples are built with: path below a project's folder to the file.

        The judge builds samples with these files, and so they are proven where they are exported.
        """
        files = self.clients.project(client)
        return {**files, **self.spec.protos} if client.stubs else files

    def building(self, client: Client) -> dict[str, Path]:
        """What the judge builds samples with: the project, and the language's tools beside it."""
        return self.project(client) | self.clients.tools(client)

    def files(self, connection: Connection | None = None) -> Contents:
        """All samples, their data and their index: path below the samples folder to content.

        Raises:
            SamplegenError: With every problem of every cell.
        """
        files = self.samples(self.cells, connection)
        files.add(INDEX, index(self.entries(self.cells, files)))
        return files

    def entries(self, cells: Iterable[Cell], files: Mapping[str, bytes]) -> Iterator[IndexedSample]:
        """What the index has of the samples of cells, which are among `files`."""
        for cell in cells:
            if cell.omitted is None:
                path = cell.client.sample(cell.operation)
                digest = hashlib.sha256(files[path]).hexdigest()
                yield IndexedSample(cell.operation.name, cell.client.name, path, digest)

    def samples(self, cells: Iterable[Cell], connection: Connection | None = None) -> Contents:
        """The samples of cells and their data: path to content; an omitted cell has none.

        Raises:
            SamplegenError: With every problem of every cell.
        """
        files = Contents()
        problems: dict[Problem, None] = {}
        for cell in cells:
            if cell.omitted is not None:
                continue
            try:
                content = self.render(cell, connection).text.encode()
            except SamplegenError as error:
                problems |= dict.fromkeys(error.problems)
                continue
            files.add(cell.client.sample(cell.operation), [content])
            for file in cell.operation.files:
                if (path := f"data/{file}") not in files:
                    files.add(path, [self.spec.data(file).read_bytes()])
        if problems:
            raise SamplegenError(*problems)
        return files
