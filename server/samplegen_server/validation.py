"""A request's inputs against a model's: what OpenVINO Model Server checks, in its order."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from samplegen_server import errors, images
from samplegen_server.tensors import (
    DTYPES,
    Array,
    Buffer,
    InputTensor,
    TensorInfo,
    array_of,
    content_size,
    describe_shape,
    unpack_bytes,
)

MAX_ELEMENTS = 2**60
"""Times 8 bytes, what fits into 63 bits."""

MAX_STRING_BYTES = 1 << 30
"""The largest matrix that strings may be padded to."""

MAX_PADDED_BYTES = 1 << 26
"""The same for strings that the model takes as such."""


Value = Array | Callable[[], Array]
"""What a model's input is fed with; elements of a native string input are bytes objects.

BYTES, which may be a million strings or an image to decode, are left to be called for: that takes
too long for the event loop.
"""


def values(
    infos: Mapping[str, TensorInfo], inputs: Sequence[InputTensor], raw: Sequence[Buffer]
) -> dict[str, Value]:
    """What to feed each of a model's inputs with.

    Args:
        infos: The model's inputs by name, in alphabetical order.
        inputs: The request's inputs.
        raw: The data of `inputs`, one buffer an input, or nothing when it is in their contents.

    Raises:
        InvalidRequest: They do not agree.
    """
    if len(inputs) != len(infos):
        raise errors.InvalidNumberOfInputs(f"Expected: {len(infos)}; Actual: {len(inputs)}")
    check_structure(inputs, raw)
    found: dict[str, Value] = {}
    for name, info in infos.items():
        for index, tensor in enumerate(inputs):
            if tensor.name == name:
                found[name] = _value(info, tensor, raw[index] if raw else None)
                break
        else:
            raise errors.InvalidMissingInput(f"Required input: {name}")
    return found


def check_structure(inputs: Sequence[InputTensor], raw: Sequence[Buffer]) -> None:
    """Is all data in the raw buffers, or all in the inputs' contents?

    Raises:
        InvalidMessageStructure: It is not.
    """
    if not raw:
        return
    if len(raw) != len(inputs):
        raise errors.InvalidMessageStructure(
            f"Size of raw_input_contents: {len(raw)} is different than number of inputs: "
            f"{len(inputs)}"
        )
    for tensor in inputs:
        if tensor.contents is not None:
            raise errors.InvalidMessageStructure(
                "Passing buffers both in InferInputTensor contents and in raw_input_contents is "
                "not allowed. Detected buffer in InferInputTensor contents for input: "
                + tensor.name
            )


def _value(info: TensorInfo, tensor: InputTensor, raw: Buffer | None) -> Value:
    if min(tensor.shape, default=0) < 0:
        raise errors.InvalidShape(
            "Negative or zero dimension size is not acceptable: "
            f"{describe_shape(tensor.shape)}; input name: {info.name}"
        )
    if tensor.datatype == "BYTES":
        return functools.partial(_bytes_value, info, tensor, raw)
    if tensor.datatype != info.datatype:
        raise errors.InvalidPrecision(
            f"Expected: {info.precision}; Actual: {tensor.datatype}; input name: {info.name}"
        )
    _check_shape(info, tensor)
    if raw is None:
        contents = () if tensor.contents is None else tensor.contents
        _check_count(info, tensor, len(contents))
        return array_of(contents, tensor.datatype, tensor.shape)
    expected = content_size(tensor.datatype, tensor.shape)
    if len(raw) != expected:
        raise errors.InvalidContentSize(
            f"Expected: {expected} bytes; Actual: {len(raw)} bytes; input name: {info.name}"
        )
    return np.frombuffer(raw, DTYPES[tensor.datatype]).reshape(tensor.shape)


def _check_shape(info: TensorInfo, tensor: InputTensor) -> None:
    sizes = tensor.shape
    if sizes == info.shape:  # nothing varies, and it is what most requests have
        return
    if len(sizes) != len(info.dimensions):
        raise errors.InvalidNumberOfDimensions(
            f"Expected: {info.describe()}; Actual: {describe_shape(sizes)}; input name: {info.name}"
        )
    batch = info.batch_index
    if batch is not None and not info.dimensions[batch].accepts(sizes[batch]):
        raise errors.InvalidBatchSize(
            f"Expected: {info.dimensions[batch]}; Actual: {sizes[batch]}; input name: {info.name}"
        )
    for dimension, size in zip(info.dimensions, sizes, strict=True):
        if not dimension.accepts(size):
            raise errors.InvalidShape(
                f"Expected: {info.describe()}; Actual: {describe_shape(sizes)}; "
                f"input name: {info.name}"
            )
    if math.prod(filter(None, sizes)) > MAX_ELEMENTS:  # a 0 among them hides the others
        raise errors.InvalidContentSize(f"Shape dimensions overflow; input name: {info.name}")


def _check_count(info: TensorInfo, tensor: InputTensor, actual: int) -> None:
    expected = math.prod(tensor.shape)
    if actual != expected:
        raise errors.InvalidValueCount(
            f"Expected: {expected} values; Actual: {actual} values; input name: {info.name}"
        )


def _bytes_value(info: TensorInfo, tensor: InputTensor, raw: Buffer | None) -> Array:
    """BYTES are strings, encoded images, or nothing this model can use."""
    elements = list(tensor.contents or ()) if raw is None else unpack_bytes(raw)
    if info.datatype == "BYTES":
        _check_shape(info, tensor)
        _check_count(info, tensor, len(elements))
        _check_strings(elements)
        array = np.empty(len(elements), object)
        array[:] = elements
        return array.reshape(tensor.shape)
    if info.holds_strings:
        _check_batch(info, tensor, len(elements))
        return _padded(info, elements)
    if len(info.dimensions) == 4:
        _check_batch(info, tensor, len(elements))
        if raw is None and not all(elements):
            raise errors.BytesContentsEmpty
        return images.decode(elements, info)
    raise errors.NotImplementedByServer


def _check_strings(elements: Sequence[bytes]) -> None:
    if any(element.endswith(b"\0") for element in elements):
        raise errors.UnsupportedStrings("A string ends in a zero")
    if len(elements) * max(map(len, elements), default=0) > MAX_PADDED_BYTES:
        raise errors.UnsupportedStrings(
            f"Padded to the longest, they take more than {MAX_PADDED_BYTES} bytes"
        )


def _check_batch(info: TensorInfo, tensor: InputTensor, count: int) -> None:
    """BYTES for a model that does not know strings have one dimension, the batch."""
    if len(tensor.shape) != 1:
        raise errors.InvalidNumberOfDimensions(
            "Expected number of input shape dimensions: 1; "
            f"Actual: {len(tensor.shape)}; input name: {info.name}"
        )
    batch = info.batch_index
    if batch is None:
        raise errors.InvalidBatchSize(f"Batch not present in input name: {info.name}")
    if tensor.shape[0] != count:
        raise errors.InvalidBatchSize
    if not info.dimensions[batch].accepts(count):
        raise errors.InvalidBatchSize(
            f"Expected: {info.dimensions[batch]}; Actual: {count}; input name: {info.name}"
        )
    if count == 0:
        raise errors.InvalidBatchSize


def _padded(info: TensorInfo, elements: Sequence[bytes]) -> Array:
    """Strings as a UINT8 matrix [N, longest + 1], padded with zeros."""
    width = max(map(len, elements)) + 1
    if len(elements) * width > MAX_STRING_BYTES:
        raise errors.InvalidStringMaxSizeExceeded
    rows, columns = info.dimensions
    if not columns.accepts(width):
        raise errors.InvalidShape(
            f"Expected batch size: {rows}; got: {len(elements)}; Expected max null terminated "
            f"string length: {columns}; got: {width}; input name: {info.name}"
        )
    padded = b"".join(element.ljust(width, b"\0") for element in elements)
    return np.frombuffer(padded, np.uint8).reshape(len(elements), width)
