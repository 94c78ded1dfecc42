"""Small models, made on the spot, one for each thing the server has to cope with."""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino as ov
import samplegen_server
from openvino import opset13 as ops

TYPES = {
    "BOOL": ov.Type.boolean,
    "UINT8": ov.Type.u8,
    "UINT16": ov.Type.u16,
    "UINT32": ov.Type.u32,
    "UINT64": ov.Type.u64,
    "INT8": ov.Type.i8,
    "INT16": ov.Type.i16,
    "INT32": ov.Type.i32,
    "INT64": ov.Type.i64,
    "FP16": ov.Type.f16,
    "FP32": ov.Type.f32,
    "FP64": ov.Type.f64,
    "BYTES": ov.Type.string,
    "BF16": ov.Type.bf16,
}


ANY = ov.Dimension()


def parameter(name: str, datatype: str, shape: list[int | ov.Dimension]) -> ov.Node:
    node = ops.parameter(ov.PartialShape(shape), TYPES[datatype], name=name)
    node.output(0).set_names({name})
    return node


def result(node: ov.Node, name: str) -> ov.Node:
    node.output(0).set_names({name})
    return ops.result(node, name=name)


def same(
    datatype: str, shape: list[int | ov.Dimension], layout: str = "", output: str = "y"
) -> ov.Model:
    """Input ``x``, and an output that equals it; strings, only handed on, keep their name."""
    x = parameter("x", datatype, shape)
    if layout:
        x.set_layout(ov.Layout(layout))
    if datatype == "BYTES":
        return ov.Model([ops.result(x)], [x])
    y = ops.reshape(x, ops.shape_of(x, "i64"), special_zero=False)
    return ov.Model([result(y, output)], [x])


def adding(number: float) -> ov.Model:
    """Input ``x`` FP32 [1,2], output ``y`` = x + number."""
    x = parameter("x", "FP32", [1, 2])
    return ov.Model([result(ops.add(x, ops.constant(np.float32(number))), "y")], [x])


def two() -> ov.Model:
    """Inputs ``second`` and ``first`` FP32 [1,2]; outputs ``total`` and ``difference``."""
    second, first = (parameter(name, "FP32", [1, 2]) for name in ("second", "first"))
    total, difference = ops.add(first, second), ops.subtract(first, second)
    return ov.Model([result(total, "total"), result(difference, "difference")], [second, first])


def logarithm() -> ov.Model:
    """Input ``x`` FP32 [1,2], output ``y``, its logarithm: NaN for what is negative."""
    x = parameter("x", "FP32", [1, 2])
    return ov.Model([result(ops.log(x), "y")], [x])


def wide(columns: int = 100_000) -> ov.Model:
    """Input ``x`` FP32 [1,1], output ``y`` FP32 [1,columns] of nothing but x."""
    x = parameter("x", "FP32", [1, 1])
    y = ops.tile(x, ops.constant(np.array([1, columns], np.int64)))
    return ov.Model([result(y, "y")], [x])


def slow(size: int = 700, steps: int = 12) -> ov.Model:
    """Input ``x`` FP32 [1,1], output ``y`` that by default takes some tens of milliseconds."""
    x = parameter("x", "FP32", [1, 1])
    weights = np.random.default_rng(1).standard_normal((size, size), np.float32) / size
    node = ops.broadcast(x, ops.constant(np.array([size, size], np.int64)))
    for _ in range(steps):
        node = ops.matmul(node, ops.constant(weights), False, False)
    y = ops.reduce_sum(node, ops.constant(np.array([0, 1], np.int64)), keep_dims=False)
    return ov.Model([result(y, "y")], [x])


def refusing() -> ov.Model:
    """Input ``x`` FP32 of any size, output ``y`` of shape [2,3]: OpenVINO refuses all but six."""
    x = parameter("x", "FP32", [ANY, ANY])
    y = ops.reshape(x, ops.constant(np.array([2, 3], np.int64)), special_zero=False)
    return ov.Model([result(y, "y")], [x])


def informed() -> ov.Model:
    """A model that says something of itself."""
    model = adding(1)
    model.set_rt_info("200", ["model_info", "resolution", "height"])
    model.set_rt_info(16, ["model_info", "precision"])
    return model


MODELS: dict[str, Callable[[], ov.Model]] = {
    **{
        f"same-{datatype}": functools.partial(same, datatype, [1, 3])
        for datatype in TYPES
        if datatype != "BYTES"
    },
    "same-BYTES": lambda: same("BYTES", [ANY]),
    "scalar": lambda: same("FP32", []),
    "flat": lambda: same("FP32", [4]),
    "dynamic": lambda: same("FP32", [ANY, ov.Dimension(1, 4)]),
    "two": two,
    "logarithm": logarithm,
    "wide": wide,
    "slow": slow,
    "refusing": refusing,
    "informed": informed,
    "text": lambda: same("UINT8", [ANY, ANY], output="y_string"),
    "text-fixed": lambda: same("UINT8", [2, 4]),
    **{
        f"image-{datatype}": functools.partial(same, datatype, [1, 4, 4, 3], "NHWC")
        for datatype in TYPES
        if datatype not in ("BYTES", "BF16", "BOOL")
    },
    "image-grey": lambda: same("FP32", [1, 4, 4, 1], "NHWC"),
    "image-nchw": lambda: same("FP32", [1, 3, 4, 4], "NCHW"),
    "image-nowhere": lambda: same("FP32", [1, 4, 4, 3]),
    "image-pair": lambda: same("FP32", [2, 4, 4, 3], "NHWC"),
    "image-any": lambda: same("FP32", [ANY, ANY, ANY, 3], "NHWC"),
    "image-range": lambda: same("FP32", [1, ov.Dimension(4, 6), ov.Dimension(4, 6), 3], "NHWC"),
}


def write(model: ov.Model, base: Path, version: int = 1) -> None:
    """Put a model into a repository; it appears there whole."""
    folder = base / str(version)
    hidden = base / f".{version}"
    hidden.mkdir(parents=True)
    ov.serialize(model, hidden / "model.xml")
    hidden.rename(folder)


def serialized(model: ov.Model) -> dict[str, bytes]:
    """The files of a model as OpenVINO IR."""
    with tempfile.TemporaryDirectory() as folder:
        ov.serialize(model, Path(folder) / "model.xml")
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def write_all(folder: Path) -> None:
    for name, make in MODELS.items():
        write(make(), folder / name)


BUNDLED = Path(samplegen_server.__file__).parent / "models"
