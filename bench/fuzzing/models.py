"""The models that are asked."""

from collections.abc import Sequence
from dataclasses import dataclass

import openvino as ov
from openvino import opset13 as ops
from serving import models

from fuzzing.wire import DTYPES

ANY = range(2**63)
TYPES = {
    "BOOL": ov.Type.boolean,
    "UINT8": ov.Type.u8,
    "UINT64": ov.Type.u64,
    "INT8": ov.Type.i8,
    "INT32": ov.Type.i32,
    "INT64": ov.Type.i64,
    "FP16": ov.Type.f16,
    "FP32": ov.Type.f32,
    "FP64": ov.Type.f64,
    "BYTES": ov.Type.string,
}


@dataclass(frozen=True, slots=True)
class Spec:
    """A model as its clients know it: all inputs are of one kind, and the output follows."""

    inputs: Sequence[str]
    datatype: str
    sizes: Sequence[range]
    """For each dimension, what it may be."""
    output: str = "y"
    is_image: bool = False

    @property
    def is_text(self) -> bool:
        """A matrix of bytes also takes strings."""
        return self.datatype == "UINT8" and len(self.sizes) == 2


SPECS = {
    **{
        f"echo-{datatype}": Spec(["x"], datatype, [range(1, 2), range(3, 4)])
        for datatype in DTYPES
        if datatype != "UINT8"
    },
    "sum": Spec(["first", "second"], "FP32", [range(1, 2), range(2, 3)]),
    "dynamic": Spec(["x"], "FP32", [ANY, range(1, 5)]),
    "scalar": Spec(["x"], "FP32", []),
    "strings": Spec(["x"], "BYTES", [ANY], output="x"),
    "text": Spec(["x"], "UINT8", [ANY, ANY]),
    "image": Spec(
        ["x"], "FP32", [range(1, 2), range(4, 5), range(4, 5), range(3, 4)], is_image=True
    ),
}
"""The models that are asked."""


def make(spec: Spec) -> ov.Model:
    sizes = [ov.Dimension(one.start, -1 if one is ANY else one.stop - 1) for one in spec.sizes]
    given_inputs = [models.parameter(name, TYPES[spec.datatype], sizes) for name in spec.inputs]
    if spec.is_image:
        given_inputs[0].set_layout(ov.Layout("NHWC"))
    if spec.datatype == "BYTES":
        return ov.Model([ops.result(given_inputs[0])], given_inputs)
    if len(given_inputs) > 1:
        return ov.Model([models.result(ops.add(*given_inputs), spec.output)], given_inputs)
    (x,) = given_inputs
    y = ops.reshape(x, ops.shape_of(x, "i64"), special_zero=False)
    return ov.Model([models.result(y, spec.output)], [x])
