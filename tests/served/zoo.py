"""Models of every kind of input, made on the spot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from tests.server.zoo import ANY, TYPES, parameter, result, write

NUMBERS = tuple(name for name in TYPES if name not in ("BF16", "BOOL", "BYTES", "FP16"))
HOSTILE = (
    "it's",
    'a "quoted" name',
    "back\\slash\\",
    "$(touch pwned) `id` ${HOME}",
    "line\nbreak",
    "</script> & %s {} {{ x }}",
    "emoji 😀 日本語",
    "-rf",
)
LONG = "model/encoder/layer_11/attention/output/dense/MatMul_and_BiasAdd_and_Gelu:0"


def plus_one(node: ov.Node, datatype: str) -> ov.Node:
    """One more; of BOOL, its negation; of a text, itself."""
    if datatype == "BYTES":
        return node
    if datatype == "BOOL":
        return ops.logical_not(node)
    return ops.add(node, ops.constant(np.array(1), TYPES[datatype]))


def each(datatypes: tuple[str, ...], shape: list[int], halves_as: str = "FP16") -> ov.Model:
    """An input and an output for each datatype; FP16 comes back as `halves_as`."""
    inputs, results = [], []
    for datatype in datatypes:
        x = parameter(f"in_{datatype}", datatype, shape)
        inputs.append(x)
        if datatype == "BYTES":
            results.append(ops.result(x))
            continue
        y = plus_one(x, datatype)
        if datatype == "FP16":
            y = ops.convert(y, halves_as.lower().replace("fp", "f"))
        results.append(result(y, f"out_{datatype}"))
    return ov.Model(results, inputs)


def named(names: tuple[str, ...]) -> ov.Model:
    """An input of each name, and an output of the name and what its index is."""
    inputs = [parameter(name, "FP32", [1, 2]) for name in names]
    outputs = [
        result(ops.add(x, ops.constant(np.float32(index))), f"{name} {index}")
        for index, (name, x) in enumerate(zip(names, inputs, strict=True))
    ]
    return ov.Model(outputs, inputs)


def mixed() -> ov.Model:
    """Three inputs of different datatypes and shapes, and two outputs made of all of them."""
    a, b = parameter("a", "FP32", [2, 2]), parameter("b", "INT32", [2])
    c = parameter("c", "BOOL", [])
    total = ops.add(a, ops.convert(b, "f32"))
    chosen = ops.select(c, a, total)
    return ov.Model([result(total, "total"), result(chosen, "chosen")], [a, b, c])


def image() -> ov.Model:
    """An image, channels first, and a number for each of a thousand classes."""
    x = parameter("image", "FP32", [1, 3, 224, 224])
    mean = ops.reduce_mean(x, ops.constant(np.array([2, 3])), keep_dims=False)
    weights = np.linspace(-1, 1, 3000, dtype=np.float32).reshape(3, 1000)
    scores = ops.matmul(mean, ops.constant(weights), False, False)
    return ov.Model([result(scores, "scores")], [x])


def dynamic() -> ov.Model:
    """Any number of rows of any length."""
    x = parameter("x", "FP32", [ANY, ANY])
    return ov.Model([result(ops.multiply(x, ops.constant(np.float32(2))), "twice")], [x])


def alone(datatype: str, shape: list[int | ov.Dimension]) -> ov.Model:
    x = parameter("x", datatype, shape)
    if datatype == "BYTES":
        return ov.Model([ops.result(x)], [x])
    return ov.Model([result(plus_one(x, datatype), "y")], [x])


def rows(*sizes: int | ov.Dimension) -> ov.Model:
    """Two matrices of bytes; one is answered as strings, as its name asks for."""
    x = parameter("x", "UINT8", [*sizes])
    more = plus_one(x, "UINT8")
    return ov.Model([result(plus_one(more, "UINT8"), "y"), result(more, "y_string")], [x])


ALL = ("BOOL", *NUMBERS, "BYTES")


def nothing() -> ov.Model:
    """The places of the inputs above 100, of which there are none."""
    x = parameter("x", "FP32", [1, 6])
    found = ops.non_zero(ops.greater(x, ops.constant(np.float32(100))), "i64")
    return ov.Model([result(found, "found")], [x])


MODELS: dict[str, Callable[[], ov.Model]] = {
    "numbers": lambda: each(ALL, [1, 3]),
    "large": lambda: each(ALL, [3, 100]),
    "halves-in": lambda: each((*ALL, "FP16"), [1, 3], "FP32"),
    "halves-large": lambda: each((*ALL, "FP16"), [3, 100], "FP32"),
    "halves": lambda: alone("FP16", [1, 3]),
    "scalar": lambda: alone("FP32", []),
    "texts": lambda: alone("BYTES", [ANY]),
    "mixed": mixed,
    "image": image,
    "dynamic": dynamic,
    "hostile": lambda: named(HOSTILE),
    "long": lambda: named((LONG,)),
    "rows": lambda: rows(ANY, ANY),
    "rows-fixed": lambda: rows(2, 3),
    "nothing": nothing,
    "brain": lambda: alone("BF16", [1, 3]),
}


def write_all(folder: Path) -> None:
    for name, make in MODELS.items():
        write(make(), folder / name)
