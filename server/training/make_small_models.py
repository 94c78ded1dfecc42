"""Make the small models that show one thing each, and one of the same name that answers otherwise.

The second is for judging samples: what a program prints has to follow the server. It has one output
more, which comes first in the alphabet, and sizes that the first has fixed. Run
``python server/training/make_small_models.py``; it writes the same bytes on every run.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset15 as ops

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 2048
"""Rows and columns of what the slow model multiplies."""
STEPS = 6
"""How often it does: with 17 billion operations each, that takes a second or two."""


SOME = ov.Dimension(1, -1)
"""Any size but 0: OpenVINO passes over an operation on no strings, and answers what it did last."""


def parameter(name: str, kind: ov.Type, *sizes: int | ov.Dimension) -> ov.Node:
    node = ops.parameter(ov.PartialShape(list(sizes)), kind, name=name)
    node.output(0).set_names({name})
    return node


def model(name: str, inputs: Sequence[ov.Node], outputs: Mapping[str, ov.Output]) -> ov.Model:
    """A model whose outputs have these names.

    Args:
        name: Its own name.
        inputs: What `parameter` made.
        outputs: What it answers; of one that is an input, the name stays the input's.
    """
    results = []
    for key, port in outputs.items():
        if port.get_node() not in inputs:
            port.set_names({key})
        results.append(ops.result(port, name=key))
    return ov.Model(results, list(inputs), name)


def number(value: float, kind: type[np.generic]) -> ov.Node:
    return ops.constant(np.array(value, kind))


def simple() -> ov.Model:
    """``INPUT0`` and ``INPUT1`` INT32 [1,16]; ``OUTPUT0`` their sum, ``OUTPUT1`` difference.

    So are the inputs, the outputs and the name of the model that Triton's examples call.
    """
    first, second = (parameter(name, ov.Type.i32, 1, 16) for name in ("INPUT0", "INPUT1"))
    total, difference = ops.add(first, second), ops.subtract(first, second)
    outputs = {"OUTPUT0": total.output(0), "OUTPUT1": difference.output(0)}
    return model("simple", (first, second), outputs)


def other_simple() -> ov.Model:
    """``OUTPUT0`` = 2 INPUT0 + INPUT1, ``OUTPUT1`` = INPUT0 - 2 INPUT1, ``LENGTHS`` INT64 [2]."""
    first, second = (parameter(name, ov.Type.i32, -1, 16) for name in ("INPUT0", "INPUT1"))
    two = number(2, np.int32)
    outputs = {
        "LENGTHS": ops.shape_of(first).output(0),
        "OUTPUT0": ops.add(ops.multiply(first, two), second).output(0),
        "OUTPUT1": ops.subtract(first, ops.multiply(second, two)).output(0),
    }
    return model("simple", (first, second), outputs)


def letters(symbols: ov.Output, low: str, high: str) -> ov.Node:
    """Which of these bytes are letters from `low` to `high`."""
    return ops.logical_and(
        ops.greater_equal(symbols, number(ord(low), np.uint8)),
        ops.less_equal(symbols, number(ord(high), np.uint8)),
    )


def texts(*sizes: ov.Dimension) -> ov.Model:
    """``text`` BYTES; ``upper`` BYTES, with A to Z for a to z, and ``length`` INT32, in bytes."""
    text = parameter("text", ov.Type.string, *sizes)
    begins, ends, symbols = ops.string_tensor_unpack(text).outputs()
    lowered = letters(symbols, "a", "z")
    raised = ops.select(lowered, ops.subtract(symbols, number(32, np.uint8)), symbols)
    outputs = {
        "length": ops.subtract(ends, begins).output(0),
        "upper": ops.string_tensor_pack(begins, ends, raised).output(0),
    }
    return model("texts", (text,), outputs)


def other_texts(*sizes: ov.Dimension) -> ov.Model:
    """``upper`` has each letter moved by 13 places, ``length`` is one more; ``Sizes`` INT64."""
    text = parameter("text", ov.Type.string, *sizes)
    begins, ends, symbols = ops.string_tensor_unpack(text).outputs()
    thirteen = number(13, np.uint8)
    moved = symbols
    for low, middle, high in (("a", "n", "z"), ("A", "N", "Z")):
        ahead = letters(symbols, low, chr(ord(middle) - 1))
        behind = letters(symbols, middle, high)
        moved = ops.select(ahead, ops.add(symbols, thirteen), moved)
        moved = ops.select(behind, ops.subtract(symbols, thirteen), moved)
    outputs = {
        "Sizes": ops.shape_of(begins).output(0),
        "length": ops.add(ops.subtract(ends, begins), number(1, np.int32)).output(0),
        "upper": ops.string_tensor_pack(begins, ends, moved).output(0),
    }
    return model("texts", (text,), outputs)


def halves(kind: ov.Type) -> ov.Model:
    """``x`` FP16 [1,4]; ``doubled`` = 2 x, of another precision if asked for.

    OpenVINO Model Server sends no FP16 over REST, so there is one of each.
    """
    x = parameter("x", ov.Type.f16, 1, 4)
    doubled = ops.multiply(x, number(2, np.float16))
    return model("halves", (x,), {"doubled": _as(doubled, kind).output(0)})


def other_halves(kind: ov.Type) -> ov.Model:
    """``doubled`` = 3 x + 1; ``Sizes`` INT64 [2]."""
    x = parameter("x", ov.Type.f16, -1, 4)
    tripled = ops.add(ops.multiply(x, number(3, np.float16)), number(1, np.float16))
    outputs = {"Sizes": ops.shape_of(x).output(0), "doubled": _as(tripled, kind).output(0)}
    return model("halves", (x,), outputs)


def _as(node: ov.Node, kind: ov.Type) -> ov.Node:
    return node if kind == ov.Type.f16 else ops.convert(node, kind)


NUMBERS = {
    "exact": ov.Type.f64,
    "flags": ov.Type.boolean,
    "signed": ov.Type.i64,
    "unsigned": ov.Type.u64,
}
"""The inputs of ``numbers``, all [2]."""

OTHER_NUMBERS = {
    "exact": np.array([0.375, -1024.5]),
    "flags": np.array([False, False]),
    "opposite": np.array([True, False]),
    "signed": np.array([-(2**31) + 3, 2**30 + 3], np.int64),
    "unsigned": np.array([2**30 + 5, 5], np.uint64),
}
"""What the other ``numbers`` always answers: 32 bits, as OpenVINO reckons with no more."""


def numbers() -> ov.Model:
    """``exact`` FP64, ``flags`` BOOL, ``signed`` INT64 and ``unsigned`` UINT64 [2] come back.

    ``opposite`` BOOL [2] is what ``flags`` is not. OpenVINO reckons with fewer bits than the others
    have, so a model that did more with them would lose some.
    """
    inputs = {name: parameter(name, kind, 2) for name, kind in NUMBERS.items()}
    outputs = {name: node.output(0) for name, node in inputs.items()}
    outputs["opposite"] = ops.logical_not(inputs["flags"]).output(0)
    return model("numbers", list(inputs.values()), outputs)


def other_numbers() -> ov.Model:
    """`OTHER_NUMBERS`, and ``Sizes`` INT64 [1].

    Its outputs that bear the name of an input get it from `OTHER_MAPPING`: in OpenVINO, what has
    the same name is the same.
    """
    inputs = {name: parameter(name, kind, 2) for name, kind in NUMBERS.items()}
    outputs = {_other(name): ops.constant(array).output(0) for name, array in OTHER_NUMBERS.items()}
    outputs["Sizes"] = ops.shape_of(inputs["flags"]).output(0)
    return model("numbers", list(inputs.values()), outputs)


def _other(name: str) -> str:
    return f"other {name}"


OTHER_MAPPING = {"outputs": {_other(name): name for name in OTHER_NUMBERS}}


def increment(step: float) -> ov.Model:
    """``b`` FP32 [1,10]; ``a`` = b + step."""
    b = parameter("b", ov.Type.f32, 1, 10)
    return model("increment", (b,), {"a": ops.add(b, number(step, np.float32)).output(0)})


def linear(name: str, factor: float, *sizes: int) -> ov.Model:
    """``b`` FP32; ``a`` = factor * b - 1, ``Sizes`` INT64."""
    b = parameter("b", ov.Type.f32, *sizes)
    product = ops.multiply(b, number(factor, np.float32))
    a = ops.subtract(product, number(1, np.float32))
    return model(name, (b,), {"Sizes": ops.shape_of(b).output(0), "a": a.output(0)})


def wide() -> ov.Model:
    """``b`` FP32 [1,-1]; ``a`` = b + 1, as large as one likes."""
    b = parameter("b", ov.Type.f32, 1, -1)
    return model("wide", (b,), {"a": ops.add(b, number(1, np.float32)).output(0)})


def slow(addend: float) -> ov.Model:
    """``b`` FP32 [-1]; ``a`` FP32 [] = the mean of b, and `addend`, after a second or two."""
    b = parameter("b", ov.Type.f32, -1)
    mean = ops.reduce_mean(b, ops.constant(np.array([0], np.int64)), keep_dims=False)
    square = ops.constant(np.array([WIDTH, WIDTH], np.int64))
    node = ops.broadcast(mean, square)
    # Of the input, too, or it would be reckoned out when the model is made, and kept in its file.
    same = ops.divide(mean, ops.maximum(ops.absolute(mean), number(1e-30, np.float32)))
    weights = ops.broadcast(ops.divide(ops.absolute(same), number(WIDTH, np.float32)), square)
    for _ in range(STEPS):
        node = ops.matmul(node, weights, False, False)
    axes = ops.constant(np.array([0, 1], np.int64))
    a = ops.add(ops.reduce_mean(node, axes, keep_dims=False), number(addend, np.float32))
    return model("slow", (b,), {"a": a.output(0)})


def write(made: Mapping[Path, ov.Model]) -> None:
    for folder, one in made.items():
        folder.mkdir(parents=True, exist_ok=True)
        ov.serialize(one, folder / "model.xml")


def make(models: Path, other: Path, tests: Path) -> None:
    """Write the models, and the mapping that one of them needs.

    Args:
        models: Where the bundled models go.
        other: Where models of the same names go that answer differently.
        tests: Where the models go that no server has unless it is told to, and below ``other`` in
            it those that answer differently.
    """
    write(
        {
            models / "simple/1": simple(),
            models / "texts/1": texts(SOME),
            models / "table/1": texts(SOME, SOME),
            models / "halves/1": halves(ov.Type.f32),
            models / "halves-fp16/1": halves(ov.Type.f16),
            models / "numbers/1": numbers(),
            models / "increment/1": increment(1),
            models / "increment/2": increment(2),
            other / "simple/1": other_simple(),
            other / "texts/1": other_texts(SOME),
            other / "table/1": other_texts(SOME, SOME),
            other / "halves/1": other_halves(ov.Type.f32),
            other / "halves-fp16/1": other_halves(ov.Type.f16),
            other / "numbers/1": other_numbers(),
            other / "increment/1": linear("increment", 3, -1, 10),
            other / "increment/2": linear("increment", 5, -1, 10),
            tests / "slow/1": slow(0),
            tests / "wide/1": wide(),
            tests / "dummy/1": increment(1),
            tests / "dummy/2": increment(2),
            tests / "other/slow/1": slow(1),
            tests / "other/wide/1": linear("wide", 3, 1, -1),
            tests / "other/dummy/1": linear("dummy", 3, -1, 10),
            tests / "other/dummy/2": linear("dummy", 5, -1, 10),
        }
    )
    mapping = json.dumps(OTHER_MAPPING, indent=2) + "\n"
    (other / "numbers/1/mapping_config.json").write_text(mapping)


if __name__ == "__main__":
    make(ROOT / "server/samplegen_server/models", ROOT / "spec/other", ROOT / "tests/models")
