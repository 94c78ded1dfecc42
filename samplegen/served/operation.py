"""The operation that calls one model: made of its metadata, kept in a file of a spec."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, get_args

import yaml

from samplegen.errors import SamplegenError, UsageError, nearest
from samplegen.served.metadata import ORDINARY, ModelConfiguration, ModelMetadata, TensorMetadata
from samplegen.spec.operation import Call, Expectation, Operation
from samplegen.spec.tensors import LONGEST, MOST, SHOWN, Datatype, Scalar, Tensor

_INVALID = {
    "INVALID": "; OpenVINO Model Server reports this for unsupported datatypes, such as BF16"
}
_PRECISION = {"FP16": 2e-3, "FP32": 1e-5, "FP64": 1e-5}
"""How far two programs may differ, of the largest number of an output; REST servers may read FP64
as FP32."""

Shapes = Mapping[str, tuple[int, ...]]
"""The shapes that are sent, by input; for those that the model leaves open."""

_CYCLE = 10
"""Inputs are the numbers below this one, again and again."""
_CALL = Call(rpc="ModelInfer", rest="POST /v2/models/{model}/versions/{version}/infer")
_INTEGER, _REAL = r"-?\d+", r"[-+]?([\d.]+([eE][-+]?\d+)?|[iI]nf(inity)?|[nN]a[nN])"
_TEXT = r'"([^"\\]|\\.)*"'
_ELEMENTS = {
    "BOOL": "[tT]rue|[fF]alse",
    "FP16": _REAL,
    "FP32": _REAL,
    "FP64": _REAL,
    "BYTES": _TEXT,
}
"""What an element looks like as text, by datatype; all others are whole numbers."""


def parse_shapes(texts: Iterable[str]) -> Shapes:
    """The shapes of `NAME=1,3,224,224`; of a scalar `NAME=`.

    Raises:
        UsageError: With each text that is not of that form.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    problems = []
    for text in texts:
        name, _, sizes = text.rpartition("=")
        if not name or not re.fullmatch(r"(\d{1,9}(,\d{1,9})*)?", sizes):
            problems.append(f"--shape: found {text!r}; expected NAME=1,3,224,224")
        elif name in shapes:
            problems.append(f"--shape: {name!r} is repeated; name each input once")
        else:
            shapes[name] = tuple(int(size) for size in sizes.split(",") if size)
    if problems:
        raise UsageError(*problems)
    return shapes


def make(
    metadata: ModelMetadata,
    name: str,
    version: str,
    shapes: Shapes,
    configuration: ModelConfiguration = ORDINARY,
    data: Mapping[str, tuple[Scalar, ...]] = MappingProxyType({}),
) -> Operation:
    """The operation that sends plausible values to a model, and prints what it returns.

    Args:
        metadata: Of the model.
        name: Of the model, as it is asked for.
        version: Digits, or empty for the server's default version.
        shapes: In place of the metadata's own.
        configuration: How the model wants to be called.
        data: The elements that are sent, by input; of the others, numbers that are made.

    Raises:
        UsageError: A shape does not fit the model.
        SamplegenError: No sample can call the model: it wants to be called otherwise, an input or
            output has a datatype that the protocol does not know, or is too large.
    """
    if configuration.uncallable is not None:
        raise SamplegenError(f"no sample can call {name!r}: {configuration.uncallable}")
    wrong = [*_wrong_shapes(metadata, shapes), *_wrong_batches(metadata, shapes, configuration)]
    if wrong:
        raise UsageError(*wrong)
    problems = [
        f"{kind} {tensor.name!r} has the datatype {tensor.datatype!r}, which no sample can carry; "
        f"expected one of {', '.join(get_args(Datatype))}{_INVALID.get(tensor.datatype, '')}"
        for kind, tensors in (("input", metadata.inputs), ("output", metadata.outputs))
        for tensor in tensors
        if tensor.datatype not in get_args(Datatype)
    ]
    sizes = {tensor.name: math.prod(_sent(tensor, shapes)) for tensor in metadata.inputs}
    problems += [
        f"input {name!r} has {size:,} elements; a sample sends at most {MOST:,}; "
        f"name a smaller shape: --shape {name}=…"
        for name, size in sizes.items()
        if size > MOST
    ]
    if problems:
        raise SamplegenError(*problems)
    inputs = tuple(
        _input(tensor, _sent(tensor, shapes), data.get(tensor.name)) for tensor in metadata.inputs
    )
    outputs = tuple(_output(tensor, metadata.platform) for tensor in metadata.outputs)
    words = re.findall("[a-z0-9]+", name.lower())
    return Operation(
        name="-".join(("infer", *words)),
        title=f"Request Prediction of {name}",
        summary=f"Send tensors to the model {name} and print those that it returns.",
        # Halves travel as raw bytes only, and then so must all.
        form="infer-raw" if any(tensor.datatype == "FP16" for tensor in inputs) else "infer",
        model=name,
        model_version=version,
        calls=(_CALL,),
        inputs=inputs,
        outputs=outputs,
        expect=tuple(_lines(outputs)),
    )


def answered(operation: Operation, output: str) -> Operation:
    """The operation that expects what one of its samples has printed.

    Args:
        operation: Made here.
        output: As it expects it.
    """
    expect = []
    start = 0
    for line, datatype in zip(operation.expect, _datatypes(operation), strict=True):
        text = output[start + len(line.label) + len(":") :].partition("\n")[0]
        start += len(line.label) + len(":") + len(text) + len("\n")
        expect.append(_reported(line, text.lstrip(), datatype))
    return replace(operation, expect=tuple(expect))


def _datatypes(operation: Operation) -> Iterator[str]:
    """What stands in each line of the output."""
    for tensor in operation.outputs:
        if operation.has_long_outputs:
            yield "INT64"  # its shape
        yield tensor.datatype


def _reported(line: Expectation, text: str, datatype: str) -> Expectation:
    if datatype == "BYTES":
        return Expectation(label=line.label, value=_texts(text))
    words = text.split()
    if datatype == "BOOL":
        return Expectation(
            label=line.label, value=tuple(word in ("true", "True") for word in words)
        )
    if datatype not in _PRECISION:
        return Expectation(label=line.label, value=tuple(int(word) for word in words))
    numbers = tuple(float(word) for word in words)
    largest = max((abs(number) for number in numbers if math.isfinite(number)), default=0.0)
    tolerance = float(f"{largest * _PRECISION[datatype]:.1g}")
    return Expectation(label=line.label, value=numbers, tolerance=tolerance)


def _texts(line: str) -> tuple[str, ...]:
    """The texts of a line that matches the pattern of texts."""
    return tuple(json.loads(found[0]) for found in re.finditer(_TEXT, line))


def as_yaml(operation: Operation) -> str:
    """The operation as a file of a spec."""
    tree: dict[str, Any] = {
        "title": operation.title,
        "summary": operation.summary,
        "form": operation.form,
        "model": operation.model,
        "model_version": operation.model_version or "",
        "calls": [{"rpc": call.rpc, "rest": call.rest} for call in operation.calls],
        "inputs": [_tree(tensor, "data", "cycle") for tensor in operation.inputs],
        "outputs": [_tree(tensor) for tensor in operation.outputs],
        "expect": [_expectation(line) for line in operation.expect],
    }
    text: str = yaml.safe_dump(
        tree, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )
    return f"# yaml-language-server: $schema=schema/operation.json\n{text}"


def _tree(tensor: Tensor, *optional: str) -> dict[str, Any]:
    tree = {"name": tensor.name, "datatype": tensor.datatype, "shape": [*tensor.shape]}
    for key in optional:
        value = getattr(tensor, key)
        if value is not None:
            tree[key] = [*value] if isinstance(value, tuple) else value
    return tree


def _expectation(line: Expectation) -> dict[str, Any]:
    if line.pattern is not None:
        return {"label": line.label, "pattern": line.pattern}
    value = line.values[0] if len(line.values) == 1 else [*line.values]
    tolerance = {"tolerance": line.tolerance} if line.tolerance else {}
    return {"label": line.label, "value": value, **tolerance}


def _known(tensor: TensorMetadata) -> Datatype:
    datatype: Datatype = tensor.datatype  # type: ignore[assignment]  # checked before
    return datatype


def _wrong_shapes(metadata: ModelMetadata, shapes: Shapes) -> Iterator[str]:
    tensors = {tensor.name: tensor for tensor in metadata.inputs}
    for name, shape in shapes.items():
        if name not in tensors:
            yield f"--shape: no input {name!r}; {nearest(name, tensors)}"
            continue
        open_shape = tensors[name].shape
        fits = len(shape) == len(open_shape) and all(
            size == given if size >= 0 else given > 0
            for size, given in zip(open_shape, shape, strict=True)
        )
        if not fits:
            yield (
                f"--shape: found {_shown(shape)} for {name!r}; expected one that fits "
                f"{_shown(open_shape)}, where -1 means any size above 0"
            )


def _wrong_batches(
    metadata: ModelMetadata, shapes: Shapes, configuration: ModelConfiguration
) -> Iterator[str]:
    """Of the inputs of a model with batches, those that are longer than a batch, or unequal."""
    most = configuration.max_batch_size
    if not most:
        return
    sizes = {tensor.name: _sent(tensor, shapes)[:1] for tensor in metadata.inputs}
    for name, (size,) in ((name, first) for name, first in sizes.items() if first):
        if size > most:
            yield f"--shape: found a batch of {size} for {name!r}; the model takes at most {most}"
    if len({*sizes.values()}) > 1:
        found = ", ".join(f"{name!r} {_shown(size)}" for name, size in sizes.items())
        yield f"--shape: found batches of different sizes: {found}; expected one size"


def _shown(shape: Sequence[int]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _sent(tensor: TensorMetadata, shapes: Shapes) -> tuple[int, ...]:
    return shapes.get(tensor.name) or tuple(1 if size < 0 else size for size in tensor.shape)


def _input(
    tensor: TensorMetadata, shape: tuple[int, ...], data: tuple[Scalar, ...] | None
) -> Tensor:
    datatype = _known(tensor)
    if data is not None:
        return Tensor(name=tensor.name, datatype=datatype, shape=shape, data=data)
    made = Tensor(
        name=tensor.name,
        datatype=datatype,
        shape=shape,
        cycle=2 if datatype == "BOOL" else _CYCLE,
    )
    if made.size > LONGEST:
        return made
    return Tensor(name=tensor.name, datatype=datatype, shape=shape, data=made.elements)


def _output(tensor: TensorMetadata, platform: str) -> Tensor:
    """What the model answers, which its metadata tells but for one thing.

    OpenVINO Model Server answers a matrix of bytes as strings, one for each row, if the name ends
    in ``_string`` (docs/custom_node_development.md, "outputs").
    """
    is_matrix = tensor.datatype == "UINT8" and len(tensor.shape) == 2
    if platform == "OpenVINO" and is_matrix and tensor.name.endswith("_string"):
        return Tensor(name=tensor.name, datatype="BYTES", shape=tensor.shape[:1])
    return Tensor(name=tensor.name, datatype=_known(tensor), shape=tensor.shape)


def _lines(outputs: Sequence[Tensor]) -> Iterator[Expectation]:
    """What an answer looks like, as far as the metadata says."""
    part = any(tensor.is_long for tensor in outputs)
    for tensor in outputs:
        element = f"({_ELEMENTS.get(tensor.datatype, _INTEGER)})"
        if not part:
            yield Expectation(label=tensor.name, pattern=_listed(element, tensor.size))
            continue
        sizes = [r"\d+" if size < 0 else str(size) for size in tensor.shape]
        yield Expectation(label=f"{tensor.name} shape", pattern=" ".join(sizes))
        number = min(SHOWN, tensor.size)
        yield Expectation(label=f"{tensor.name} first", pattern=_listed(element, number))


def _listed(element: str, number: int) -> str:
    """`number` elements; negative: some, up to as many as are shown."""
    if number < 0:
        return f"({element}( {element}){{0,{SHOWN - 1}}})?"
    if number == 0:
        return ""
    return element if number == 1 else f"{element}( {element}){{{number - 1}}}"
