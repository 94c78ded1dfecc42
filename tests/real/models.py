"""The models that each of the other servers serves; it needs NumPy alone, for their environments.

Each answers as it does on every server, so that a difference is one of the servers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Arrays = dict[str, Any]
"""Name to array."""
Tensors = Mapping[str, tuple[str, tuple[int, ...]]]
"""Name to datatype and shape."""

NUMPY = {
    "BOOL": np.bool_,
    "FP16": np.float16, "FP32": np.float32, "FP64": np.float64,
    "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64,
    "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
}  # fmt: skip


@dataclass(frozen=True)
class Model:
    """What a server is to serve."""

    inputs: Tensors
    outputs: Tensors
    answer: Callable[[Arrays], Arrays]
    """The outputs for the inputs."""
    shapes: tuple[str, ...] = ()
    """What `samplegen model --shape` is given."""
    versions: tuple[int, ...] = (1,)
    triton: str = ""
    """Further lines of Triton's `config.pbtxt`."""
    only_triton: str = ""
    """Why no other server has such a model."""
    unserved: Mapping[str, str] = field(default_factory=dict)
    """Server to why it cannot serve the model."""

    def why_not(self, server: str) -> str:
        """Why a server does not serve it; empty if it does."""
        return self.unserved.get(server, "" if server == "triton" else self.only_triton)


def texts(*elements: bytes) -> Any:
    array = np.empty(len(elements), dtype=object)
    array[:] = elements
    return array


def _as_bytes(array: Any) -> list[bytes]:
    return [text.encode() if isinstance(text, str) else text for text in array.flatten()]


def _named(names: Mapping[str, str]) -> Model:
    """Input names to output names, each twice its input."""
    return Model(
        dict.fromkeys(names, ("FP32", (1, 2))),
        dict.fromkeys(names.values(), ("FP32", (1, 2))),
        lambda x: {names[name]: array * np.float32(2) for name, array in x.items()},
    )


def _numbers(*datatypes: str) -> Model:
    """One more than each input; of BOOL its opposite, of BYTES itself."""

    def answer(x: Arrays) -> Arrays:
        result = {}
        for datatype in datatypes:
            array = x[f"in_{datatype}"]
            if datatype == "BYTES":
                result["out_BYTES"] = texts(*_as_bytes(array)).reshape(array.shape)
            elif datatype == "BOOL":
                result["out_BOOL"] = ~array
            else:
                result[f"out_{datatype}"] = (array + 1).astype(NUMPY[datatype])
        return result

    return Model(
        {f"in_{datatype}": (datatype, (1, 3)) for datatype in datatypes},
        {f"out_{datatype}": (datatype, (1, 3)) for datatype in datatypes},
        answer,
    )


def _plus(shape: tuple[int, ...], *shapes: str, **more: Any) -> Model:
    """One more than its input."""
    return Model(
        {"x": ("FP32", shape)},
        {"y": ("FP32", shape)},
        lambda x: {"y": np.asarray(x["x"] + np.float32(1))},
        shapes,
        **more,
    )


def _constant(outputs: Mapping[str, tuple[str, tuple[int, ...], Any]]) -> Model:
    """The same whatever it is sent."""
    return Model(
        {"x": ("FP32", (1,))},
        {name: (datatype, shape) for name, (datatype, shape, _) in outputs.items()},
        lambda x: {name: array for name, (_, _, array) in outputs.items()},
    )


def _fails(x: Arrays) -> Arrays:
    raise ValueError("the model does not like this")


def _upper(x: Arrays) -> Arrays:
    elements = _as_bytes(x["text"])
    lengths = np.array([len(text) for text in elements], np.int32)
    return {"upper": texts(*(text.upper() for text in elements)), "length": lengths}


def _mixed(x: Arrays) -> Arrays:
    long = np.float32(len(_as_bytes(x["text"])))
    total = x["half"].astype(np.float32) + x["whole"].astype(np.float32)
    return {"total": (total + x["flag"].astype(np.float32) + long).astype(np.float32)}


def _image(x: Arrays) -> Arrays:
    """Probabilities as the bundled model gives of the image that the samples send."""
    rest = np.float32((1 - 0.9445) / 9)
    probabilities = np.full((1, 10), rest, np.float32)
    probabilities[0, 7] = 0.9445
    return {"probabilities": probabilities}


_STUB = "its Python backend does not start under this name"
_LONG = ("INT64", (-1, 40))
_WORDS = ("class", "data", "return", "client", "inputs", "request")

MODELS: dict[str, Model] = {
    # Those of the packaged operations.
    "dummy": Model(
        {"b": ("FP32", (1, 10))},
        {"a": ("FP32", (1, 10))},
        lambda x: {"a": x["b"] + np.float32(1)},
    ),
    "digits": Model({"image": ("BYTES", (1,))}, {"probabilities": ("FP32", (1, 10))}, _image),
    "texts": Model(
        {"text": ("BYTES", (-1,))}, {"upper": ("BYTES", (-1,)), "length": ("INT32", (-1,))}, _upper
    ),
    "simple": Model(
        {"INPUT0": ("INT32", (1, 16)), "INPUT1": ("INT32", (1, 16))},
        {"OUTPUT0": ("INT32", (1, 16)), "OUTPUT1": ("INT32", (1, 16))},
        lambda x: {"OUTPUT0": x["INPUT0"] + x["INPUT1"], "OUTPUT1": x["INPUT0"] - x["INPUT1"]},
    ),
    "numbers": Model(
        {
            "exact": ("FP64", (2,)),
            "flags": ("BOOL", (2,)),
            "signed": ("INT64", (2,)),
            "unsigned": ("UINT64", (2,)),
        },
        {
            "exact": ("FP64", (2,)),
            "opposite": ("BOOL", (2,)),
            "signed": ("INT64", (2,)),
            "unsigned": ("UINT64", (2,)),
        },
        lambda x: {
            "exact": x["exact"],
            "opposite": ~x["flags"],
            "signed": x["signed"],
            "unsigned": x["unsigned"],
        },
    ),
    "halves": Model(
        {"x": ("FP16", (1, 4))},
        {"doubled": ("FP32", (1, 4))},
        lambda x: {"doubled": x["x"].astype(np.float32) * np.float32(2)},
    ),
    # Those of readers.
    "ints": _numbers("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"),
    "floats": _numbers("FP32", "FP64", "BOOL", "BYTES"),
    "half-out": Model(
        {"x": ("FP32", (1, 3))},
        {"y": ("FP16", (1, 3))},
        lambda x: {"y": (x["x"] / 2).astype(np.float16)},
    ),
    "half-mixed": Model(
        {
            "half": ("FP16", (2,)),
            "whole": ("INT32", (2,)),
            "text": ("BYTES", (2,)),
            "flag": ("BOOL", (2,)),
        },
        {"total": ("FP32", (2,))},
        _mixed,
    ),
    "open": _plus((-1, -1), "x=2,3"),
    "scalar": _plus((), unserved={"triton": "its configuration takes no scalars"}),
    "long": Model(
        {"x": ("FP32", (1, 40))},
        {"y": ("FP32", (1, 40)), "name": ("BYTES", (1,))},
        lambda x: {"y": x["x"] * np.float32(2), "name": texts("Grüße, Welt".encode())},
    ),
    "long-open": Model({"x": _LONG}, {"y": _LONG}, lambda x: {"y": x["x"] + 2**53 + 1}),
    "found-nothing": _constant(
        {
            "boxes": ("FP32", (-1, 4), np.zeros((0, 4), np.float32)),
            "labels": ("BYTES", (-1,), texts()),
        }
    ),
    "large": _constant(
        {
            "signed": ("INT64", (2,), np.array([2**53 + 1, -(2**63)], np.int64)),
            "unsigned": ("UINT64", (1,), np.array([2**64 - 1], np.uint64)),
        }
    ),
    "special": _constant(
        {
            "y": ("FP32", (4,), np.array([-0.0, 1e-45, 3.4028235e38, 0.1], np.float32)),
            "z": ("FP64", (2,), np.array([0.1, 1.7976931348623157e308])),
        }
    ),
    "nonfinite": _constant({"y": ("FP32", (3,), np.array([np.nan, np.inf, -np.inf], np.float32))}),
    "lines": _constant(
        {"reply": ("BYTES", (2,), texts(b"first\nsecond\r\n", 'tab\t "quoted" \\ €'.encode()))}
    ),
    "bytes": _constant({"reply": ("BYTES", (1,), texts(b"\xff\xd8\x00\xfe"))}),
    "odd-names": _named({"input:0": "output:0", "in put": "out put", "ä/ö": "ß"}),
    "keywords": _named({word: f"{word}_out" for word in _WORDS}),
    "swapped": Model(
        {"x": ("FP32", (1, 2))},
        {"first": ("FP32", (1, 2)), "second": ("INT32", (1,))},
        lambda x: {"second": np.array([7], np.int32), "first": x["x"]},
    ),
    "rows": Model(
        {"x": ("FP32", (2, 3))},
        {"sum": ("FP32", (2,)), "flags": ("BOOL", (2, 3))},
        lambda x: {"sum": x["x"].sum(axis=1), "flags": x["x"] > 2},
    ),
    "my-model.v2": _plus((1, 2)),
    "modèle": _plus((1, 2), unserved={"triton": _STUB}),
    "with space": _plus((1, 2), unserved={"triton": _STUB}),
    "50%+a": _plus((1, 2)),
    "team/model": _plus((1, 2), unserved={"triton": "a name is that of a folder"}),
    "fails": Model({"x": ("FP32", (1,))}, {"y": ("FP32", (1,))}, _fails),
    "brain": Model(
        {"x": ("BF16", (1, 3))},
        {"y": ("BF16", (1, 3))},
        _fails,
        unserved={"mlserver": "it does not know BF16"},
    ),
    "batched": _plus((-1, 4), "x=3,4", triton="max_batch_size: 8", only_triton="no batches"),
    "versions": _plus(
        (1, 2),
        versions=(1, 3),
        triton="version_policy: { all: {} }",
        only_triton="one version of a model",
    ),
    "sequence": _plus(
        (1, 2),
        triton="max_batch_size: 0 sequence_batching: { max_sequence_idle_microseconds: 5000000 }",
        only_triton="no sequences",
    ),
    "decoupled": _plus(
        (1, 2),
        triton="model_transaction_policy: { decoupled: true }",
        only_triton="no decoupled models",
    ),
}
"""Name to model."""


def served(server: str) -> dict[str, Model]:
    """The models that a server serves."""
    return {name: model for name, model in MODELS.items() if not model.why_not(server)}
