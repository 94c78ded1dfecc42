"""What operations of one structure share, and holes for the texts and numbers that they do not."""

import json
from collections.abc import Hashable
from operator import attrgetter, getitem
from typing import Any

from samplegen.render.tracing import Hole, Skeleton, Trace
from samplegen.render.view import View
from samplegen.spec.operation import Operation
from samplegen.spec.tensors import Tensor

_OF_OPERATION = frozenset(
    {"form", "calls", "input_datatypes", "output_datatypes", "has_long_outputs", "has_cycles",
     "special_numbers", "files", "streams", "has_single_calls"}
)  # fmt: skip
_TEXTS = ("name", "title", "summary", "description")
_OF_TENSOR = frozenset(
    {"datatype", "shape", "size", "is_long", "cycle", "cycles", "first_cycle", "file", "source"}
)
"""What follows from the structure of an operation, as `structure` tells it."""


def structure(view: View) -> Hashable:
    """What is equal for views of one structure: all but what has holes."""
    operation = view.operation
    return (
        operation.form,
        operation.calls,
        operation.linked,
        operation.special_numbers,
        operation.model is None,
        operation.model_version,
        tuple(
            (t.datatype, t.shape, t.cycle, t.file, t.data is None)
            for t in (*operation.inputs, *operation.outputs)
        ),
        len(operation.inputs),
        tuple((n, _is_hole(v) or json.dumps(v)) for n, v in operation.request.items()),
        view.connection,
        view.deadline,
    )


def outline(view: View, trace: Trace) -> dict[str, Any]:
    """What a template sees of all views of this one's structure."""
    urls = _leaf(trace, "url")
    return {
        **view.common,
        "operation": _operation(view.operation, trace),
        "steps": view.steps,
        "model": _leaf(trace, "model"),
        "model_in_path": _leaf(trace, "model_in_path"),
        "model_version": view.model_version,
        "url": {rpc: trace.call(getitem, urls, rpc) for rpc in view.url},
    }


def _operation(operation: Operation, trace: Trace) -> Skeleton:
    inputs = _tensors(trace, "inputs", operation.inputs)
    outputs = _tensors(trace, "outputs", operation.outputs)
    request = _leaf(trace, "operation.request")
    holes = {
        **{name: _leaf(trace, f"operation.{name}") for name in _TEXTS},
        "model": operation.model and _leaf(trace, "operation.model"),
        "inputs": inputs,
        "outputs": outputs,
        "output_names": tuple(output.name for output in outputs),
        "request": {
            name: trace.call(getitem, request, name) if _is_hole(value) else value
            for name, value in operation.request.items()
        },
    }
    return Skeleton(operation, _OF_OPERATION, holes)


def _tensors(trace: Trace, kind: str, tensors: tuple[Tensor, ...]) -> tuple[Skeleton, ...]:
    every = _leaf(trace, f"operation.{kind}")
    return tuple(
        _tensor(trace, trace.call(getitem, every, number), tensor)
        for number, tensor in enumerate(tensors)
    )


def _tensor(trace: Trace, hole: Hole, tensor: Tensor) -> Skeleton:
    holes = {
        name: trace.call(getattr, hole, name)
        for name in ("name", "data", "elements", "raw_size")
        if getattr(tensor, name) is not None
    }
    return Skeleton(tensor, _OF_TENSOR, {"data": None, **holes})


def _is_hole(value: object) -> bool:
    """Whether a field of a request is one; of others, such as null, templates ask what they are."""
    return isinstance(value, str | int | float | list) and not isinstance(value, bool)


def _leaf(trace: Trace, path: str) -> Hole:
    return trace.leaf(path, attrgetter(path))
