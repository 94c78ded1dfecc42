"""One model in each format that OpenVINO reads, written by hand: y = max(x, 0) of FP32 [1,4]."""

import base64
from collections.abc import Callable
from pathlib import Path

import openvino as ov
from openvino import opset13 as ops

from tests.server import zoo


def field(number: int, value: int | str | bytes) -> bytes:
    """A field of a protobuf message: a number, a text, or bytes such as an inner message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    parts = []
    while value >= 1 << 7:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def ir() -> dict[str, bytes]:
    x = zoo.parameter("x", "FP32", [1, 4])
    return zoo.serialized(ov.Model([zoo.result(ops.relu(x), "y")], [x]))


def onnx() -> bytes:
    """A ModelProto of onnx.proto."""
    dims = b"".join(field(1, field(1, size)) for size in (1, 4))
    kind = field(2, field(1, field(1, 1) + field(2, dims)))  # 1 is FLOAT
    node = field(1, "x") + field(2, "y") + field(4, "Relu")
    ends = field(11, field(1, "x") + kind) + field(12, field(1, "y") + kind)
    graph = field(1, node) + field(2, "relu") + ends
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def graph_def() -> bytes:
    """A GraphDef of tensorflow/core/framework/graph.proto."""
    dims = b"".join(field(2, field(1, size)) for size in (1, 4))
    kind = field(6, 1)  # DT_FLOAT

    def node(name: str, op: str, inputs: str, **attributes: bytes) -> bytes:
        message = field(1, name) + field(2, op) + (field(3, inputs) if inputs else b"")
        for key, value in attributes.items():
            message += field(5, field(1, key) + field(2, value))
        return field(1, message)

    return (
        node("x", "Placeholder", "", dtype=kind, shape=field(7, dims))
        + node("y", "Relu", "x", T=kind)
        + field(4, field(1, 1395))
    )


def saved_model() -> bytes:
    """A SavedModel of tensorflow/core/protobuf/saved_model.proto."""
    dims = b"".join(field(2, field(1, size)) for size in (1, 4))

    def end(number: int, name: str) -> bytes:
        info = field(1, f"{name}:0") + field(2, 1) + field(3, dims)
        return field(number, field(1, name) + field(2, info))

    signature = end(1, "x") + end(2, "y") + field(3, "tensorflow/serving/predict")
    signatures = field(5, field(1, "serving_default") + field(2, signature))
    meta = field(1, field(4, "serve")) + field(2, graph_def()) + signatures
    return field(1, 1) + field(2, meta)


def paddle() -> bytes:
    """A ProgramDesc of paddle/fluid/framework/framework.proto."""

    def variable(name: str, kind: int, inner: bytes = b"") -> bytes:
        return field(3, field(1, name) + field(2, field(1, kind) + inner) + field(3, 0))

    def tensor(name: str) -> bytes:
        dims = field(1, 5) + field(2, 1) + field(2, 4)  # 5 is FP32
        return variable(name, 7, field(3, field(1, dims)))

    def op(kind: str, source: str, target: str, attributes: bytes = b"") -> bytes:
        ends = field(1, field(1, "X") + field(2, source)) + field(
            2, field(1, "Out") + field(2, target)
        )
        return field(4, ends + field(3, kind) + attributes)

    column = field(4, field(1, "col") + field(2, 0) + field(3, 0))
    variables = variable("feed", 9) + variable("fetch", 10) + tensor("x") + tensor("y")
    steps = (
        op("feed", "feed", "x", column) + op("relu", "x", "y") + op("fetch", "y", "fetch", column)
    )
    return field(1, field(1, 0) + field(2, 0) + variables + steps) + field(4, field(1, 0))


TFLITE = base64.b64decode(
    """
    CAAAAFRGTDO2////GAEAABAAAAA0AAAAEAAAAAMAAAAAAAAAAAAAAAEAAAAQAAAADAAMAAsAAAAAAAQADAAAABMA
    AAAAAAATAQAAABQAAAAAAA4AGAAUABAADAAIAAQADgAAABQAAAAcAAAASAAAAEwAAABQAAAABAAAAG1haW4AAAAA
    AQAAABAAAAAAAAoADAAAAAgABAAKAAAACAAAAAwAAAABAAAAAQAAAAEAAAAAAAAAAQAAAAEAAAABAAAAAAAAAAIA
    AAA4AAAABAAAANz///8YAAAAAAAAAAQAAAACAAAAAQAAAAQAAAABAAAAeQAAAAwAEAAMAAsAAAAEAAwAAAAYAAAA
    AAAAAAQAAAACAAAAAQAAAAQAAAABAAAAeAAAAAEAAAAIAAAABAAEAAQAAAA=
    """
)
"""A Model of tensorflow/lite/schema/schema.fbs: one operator, of code 19 (RELU)."""


FORMATS: dict[str, Callable[[], dict[str, bytes]]] = {
    "OpenVINO IR": ir,
    "ONNX": lambda: {"model.onnx": onnx()},
    "PaddlePaddle": lambda: {"model.pdmodel": paddle(), "model.pdiparams": b""},
    "TensorFlow": lambda: {"frozen.pb": graph_def()},
    "TensorFlow SavedModel": lambda: {"saved_model.pb": saved_model()},
    "TensorFlow Lite": lambda: {"model.tflite": TFLITE},
}
"""What the log calls a format, to the files of a model."""


def write(folder: Path, *names: str) -> None:
    """Put the files of a model in each of the formats into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        for file, content in FORMATS[name]().items():
            (folder / file).write_bytes(content)
