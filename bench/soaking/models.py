"""The models, and how they change while they are asked."""

import itertools
from pathlib import Path

import numpy as np
import openvino as ov
import samplegen_server
from openvino import opset13 as ops
from serving import models

from soaking.questions import WIDTH, Array

BUNDLED = Path(samplegen_server.__file__).parent / "models"


class Repository:
    """The models, and how they change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.config = folder / "config.json"
        self._spare = folder / "spare"
        models.write(adding(1), folder / "moving", 1)
        models.write(adding(2), self._spare, 2)
        models.write(adding(7), folder / "sometimes")
        models.write(wide_model(), folder / "wide")
        models.write(slow_model(), folder / "slow")
        self._configure(with_sometimes=True)
        self._turns = itertools.cycle((self._add, self._leave, self._remove, self._join))

    def change(self) -> None:
        """The next of four changes, in turn."""
        next(self._turns)()

    def _add(self) -> None:
        (self._spare / "2").rename(self._folder / "moving" / "2")

    def _remove(self) -> None:
        (self._folder / "moving" / "2").rename(self._spare / "2")

    def _leave(self) -> None:
        self._configure(with_sometimes=False)

    def _join(self) -> None:
        self._configure(with_sometimes=True)

    def _configure(self, with_sometimes: bool) -> None:
        names = ["moving", "wide", "slow", *(["sometimes"] if with_sometimes else [])]
        served = {name: self._folder / name for name in names}
        bundled = {name: BUNDLED / name for name in ("dummy", "digits")}
        models.write_config(self.config, served | bundled)


def adding(number: int) -> ov.Model:
    x = models.parameter("x", ov.Type.f32, [1, 2])
    return ov.Model([models.result(ops.add(x, ops.constant(np.float32(number))), "y")], [x])


def wide_model() -> ov.Model:
    x = models.parameter("x", ov.Type.f32, [1, 1])
    y = ops.tile(x, ops.constant(np.array([1, WIDTH], np.int64)))
    return ov.Model([models.result(y, "y")], [x])


def slow_model() -> ov.Model:
    """A model that takes some milliseconds, so that it runs beside the event loop."""
    x = models.parameter("x", ov.Type.f32, [1, 1])
    weights = ops.constant(np.full((512, 512), 1 / 512, np.float32))
    node = ops.broadcast(x, ops.constant(np.array([512, 512], np.int64)))
    for _ in range(8):
        node = ops.matmul(node, weights, False, False)
    y = ops.reduce_sum(node, ops.constant(np.array([1], np.int64)), keep_dims=False)
    return ov.Model([models.result(y, "y")], [x])


def slow_answer(folder: Path) -> Array:
    compiled = ov.Core().compile_model(folder / "slow/1/model.xml", "CPU")
    return np.array(compiled(np.ones((1, 1), np.float32))[0], np.float32)
