"""What is measured: a model, under a load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino as ov
import samplegen_server

from serving import load, models
from serving.load import Effort, Measured, Model
from serving.processes import Server

BUNDLED = Path(samplegen_server.__file__).parent / "models"

LATENCY = {"PERFORMANCE_HINT": "LATENCY"}
INLINE = {**LATENCY, "INFERENCE_NUM_THREADS": "1", "ENABLE_CPU_PINNING": "NO"}
"""How the bundled server compiles a small model; so does everyone here."""

Rounds = list[dict[str, Measured]]
"""For each round, what was measured by target."""


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
        make_model("dummy", BUNDLED / "dummy/1/model.xml", INLINE),
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
