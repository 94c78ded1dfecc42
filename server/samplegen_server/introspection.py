"""What a model says of itself: OpenVINO's inputs and outputs in the protocol's words."""

import re
from collections.abc import Sequence
from typing import Any

from samplegen_server.tensors import Dimension, TensorInfo

DATATYPES = {
    "boolean": "BOOL",
    "u8": "UINT8",
    "u16": "UINT16",
    "u32": "UINT32",
    "u64": "UINT64",
    "i8": "INT8",
    "i16": "INT16",
    "i32": "INT32",
    "i64": "INT64",
    "f16": "FP16",
    "f32": "FP32",
    "f64": "FP64",
    "string": "BYTES",
}
"""OpenVINO element type to protocol datatype."""

UNNAMED = {"bf16": "BF16", "i4": "I4", "u4": "U4", "u1": "U1"}
"""OpenVINO element type without a protocol datatype to what messages call it."""


class LoadError(Exception):
    """A model cannot be loaded; the text is one line that says why."""


def describe(ports: Sequence[Any], names: Sequence[str]) -> dict[str, TensorInfo]:
    """What OpenVINO says of a model's inputs or outputs, in alphabetical order.

    Args:
        ports: The inputs or outputs.
        names: What clients call them, in the same order.
    """
    infos = (_info(port, name) for port, name in zip(ports, names, strict=True))
    return {info.name: info for info in sorted(infos, key=lambda info: info.name)}


def batch_index(port: Any) -> int | None:
    """Where an input's batch dimension stands, if it has one."""
    return _info(port, port.any_name).batch_index


def _info(port: Any, name: str) -> TensorInfo:
    sizes = port.partial_shape
    if sizes.rank.is_dynamic:
        raise LoadError(f"{name}: a tensor without a number of dimensions is not served")
    layout = port.node.layout
    element = port.element_type.get_type_name()
    return TensorInfo(
        name=name,
        datatype=DATATYPES.get(element, "INVALID"),
        dimensions=tuple(Dimension(size.min_length, size.max_length) for size in sizes),
        layout="N..." if layout.empty else re.sub(r"[\[\],]", "", str(layout)),
        element=UNNAMED.get(element, "UNDEFINED"),
    )


def model_info(model: Any) -> dict[str, Any] | None:
    """The ``model_info`` that an IR may carry, every leaf as text."""

    def texts(value: Any) -> Any:
        value = getattr(value, "value", value)  # OpenVINO wraps what it read from a file
        if isinstance(value, dict):
            return {key: texts(inner) for key, inner in value.items()}
        return str(value)

    if not model.has_rt_info(["model_info"]):
        return None
    info = texts(model.get_rt_info(["model_info"]).astype(dict))
    return info if isinstance(info, dict) else None
