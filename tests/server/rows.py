"""What OpenVINO Model Server's own tests ask and expect, and the models that they ask.

``ovms.json`` of ``samplegen.conformance`` holds the requests of its unit tests and their answers,
``ovms_rows.json`` what is about the server itself, each row with the place of the test;
``statuses`` are the codes and texts of its three tables. A row that ``differs`` names the
difference by what ``site/server.md`` says of it.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from samplegen.conformance import rows as conformance
from tests.server import graphs, zoo

_OWN: dict[str, Any] = json.loads(Path(__file__).with_name("ovms_rows.json").read_text())
_SENT: dict[str, Any] = conformance.data()
ROWS: list[dict[str, Any]] = [*_SENT["rows"], *_OWN["rows"]]
STATUSES: dict[str, dict[str, Any]] = _SENT["statuses"]
DIFFERENCES: dict[str, str] = _OWN["differences"]
MODELS: dict[str, dict[str, Any]] = _SENT["models"]

GRAPHS = {
    "my_graph": graphs.text("plus-one", {"in": "x"}, {"out": "y"}),
    "pair": graphs.text("total", {"in": "in1", "in2": "in2"}, {"sum": "sum"}),
}


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [row for row in ROWS if row["kind"] == kind]


def name(row: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (row["test"], row.get("note", ""))))


def write_models(folder: Path) -> Path:
    """Write every model and graph; return a config file that names them."""
    entries = []
    for key, model in MODELS.items():
        if model.get("dummy"):
            path = zoo.BUNDLED / "dummy"
            entries.append({"name": key, "base_path": str(path), "shape": model["shape"]})
            continue
        # Some names would be no folders, or folders of others.
        path = folder / f"model-{len(entries)}"
        zoo.write(_build(model), path, 1)
        entries.append({"name": key, "base_path": str(path)})
    for key, built in (("plus-one", _plus_one()), ("total", _sum("FP32", [1], "sum"))):
        zoo.write(built, folder / key, 1)
        entries.append({"name": key, "base_path": str(folder / key)})
    entries.append({"name": "dummy", "base_path": str(zoo.BUNDLED / "dummy")})
    for key, text in GRAPHS.items():
        graphs.write(folder / key, text)
    config = folder / "config.json"
    tree = {
        "model_config_list": [{"config": entry} for entry in entries],
        "mediapipe_config_list": [{"name": key} for key in GRAPHS],
    }
    config.write_text(json.dumps(tree))
    return config


def _build(model: Mapping[str, Any]) -> ov.Model:
    if "sum" in model:
        return _sum(model["sum"], [1, 10], "out")
    if "tensors" in model:
        return _of_tensors(*model["tensors"])
    names = model.get("outputs") or [f"{one[0]}_out" for one in model["inputs"]]
    inputs = [_parameter(*one) for one in model["inputs"]]
    outputs = []
    for node, given, called in zip(inputs, model["inputs"], names, strict=True):
        if given[1] == "BYTES":
            outputs.append(ops.result(node))
        else:
            same = ops.reshape(node, ops.shape_of(node, "i64"), special_zero=False)
            outputs.append(zoo.result(same, called))
    return ov.Model(outputs, inputs)


def _parameter(called: str, datatype: str, shape: Sequence[Any], layout: str = "...") -> ov.Node:
    node = zoo.parameter(called, datatype, _shape(shape))
    if layout not in ("...", "N..."):
        node.set_layout(ov.Layout(layout))
    return node


def _shape(shape: Sequence[Any]) -> list[int | ov.Dimension]:
    return [ov.Dimension(*size) if isinstance(size, list) else ov.Dimension(size) for size in shape]


def _plus_one() -> ov.Model:
    x = zoo.parameter("x", "FP32", [1])
    return ov.Model([zoo.result(ops.add(x, ops.constant(np.float32(1))), "y")], [x])


def _sum(datatype: str, shape: list[int | ov.Dimension], output: str) -> ov.Model:
    inputs = [zoo.parameter(called, datatype, shape) for called in ("in1", "in2")]
    together = ops.logical_or if datatype == "BOOL" else ops.add
    return ov.Model([zoo.result(together(*inputs), output)], inputs)


def _of_tensors(inputs: Sequence[Any], outputs: Sequence[Any]) -> ov.Model:
    """A model of which only the metadata is asked."""
    nodes = [_parameter(*one) for one in inputs]
    results = []
    for called, datatype, shape in outputs:
        if all(isinstance(size, int) and size >= 0 for size in shape):
            node = ops.constant(np.zeros(shape, np.float32))
        elif len(shape) == 2:
            node = ops.reduce_sum(nodes[0], ops.constant(np.array([2, 3])), keep_dims=False)
        else:
            node = ops.transpose(nodes[1], ops.constant(np.array([0, 2, 3, 1])))
        results.append(zoo.result(ops.convert(node, zoo.TYPES[datatype]), called))
    return ov.Model(results, nodes)
