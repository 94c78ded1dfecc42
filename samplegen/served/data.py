"""What a reader sends: files of the reader's own, in place of numbers that are made."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from samplegen.errors import UsageError, nearest
from samplegen.served import images
from samplegen.served.metadata import TensorMetadata
from samplegen.spec.tensors import (
    MOST_BYTES,
    MOST_LITERAL,
    Scalar,
    fits,
    flat,
    longest_literal,
    nested_shape,
)


@dataclass(frozen=True)
class Data:
    """The elements of an input, row by row, and their shape."""

    elements: tuple[Scalar, ...]
    shape: tuple[int, ...]


def read(
    texts: Iterable[str], inputs: Sequence[TensorMetadata], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, Data]:
    """The data of `INPUT=FILE`, by input.

    Args:
        texts: What the reader gave.
        inputs: Those of the model.
        shapes: Those that the reader wants, by input.

    Raises:
        UsageError: With each that names no input, cannot be read or does not fit.
    """
    found: dict[str, Data] = {}
    problems = []
    for text in texts:
        try:
            tensor, file = _parts(text, inputs)
            if tensor.name in found:
                raise ValueError(f"{tensor.name!r} is repeated; name each input once")
            found[tensor.name] = _data(tensor, file, shapes.get(tensor.name, tensor.shape))
        except ValueError as error:
            problems.append(f"--data: {error}")
    number = sum(len(data.elements) for data in found.values())
    if number > MOST_LITERAL:
        message = f"found {number:,} elements; a program holds at most {MOST_LITERAL:,}"
        problems.append(f"--data: {message}; leave it out, and a loop fills the input")
    if problems:
        raise UsageError(*problems)
    return found


def _parts(text: str, inputs: Sequence[TensorMetadata]) -> tuple[TensorMetadata, Path]:
    """The input and the file; both may have `=` in their names."""
    fitting = [tensor for tensor in inputs if text.startswith(f"{tensor.name}=")]
    if not fitting:
        name, equals, _ = text.partition("=")
        if not equals:
            raise ValueError(f"found {text!r}; expected INPUT=FILE")
        raise ValueError(f"no input {name!r}; {nearest(name, [t.name for t in inputs])}")
    tensor = max(fitting, key=lambda tensor: len(tensor.name))
    return tensor, Path(text[len(tensor.name) + 1 :])


def _data(tensor: TensorMetadata, file: Path, wanted: tuple[int, ...]) -> Data:
    read_file = _READERS.get(file.suffix.lower())
    if read_file is None:
        raise ValueError(f"found {str(file)!r}; expected a file of {', '.join(_READERS)}")
    if read_file is images.read and tensor.datatype == "BYTES":
        message = f"{tensor.name!r} takes BYTES, and an encoded image is no text"
        raise ValueError(f"{file}: {message}; the operation infer-image shows how it is sent")
    try:
        elements, shape = read_file(file, wanted)
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file}: {error}") from error
    return Data(
        tuple(_element(file, tensor, element) for element in elements),
        _fitting(file, tensor, len(elements), shape, wanted),
    )


def _element(file: Path, tensor: TensorMetadata, value: Any) -> Scalar:
    """An element with the type of its datatype."""
    if tensor.datatype.startswith("FP") and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not fits(tensor.datatype, value):
        message = f"found {value!r}; expected elements of the datatype {tensor.datatype}"
        raise ValueError(f"{file}: {message}, as {tensor.name!r} has")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{file}: found {value!r}, for which JSON has no number")
    if longest_literal(value) > MOST_BYTES:
        message = f"found a text of {longest_literal(value):,} bytes"
        raise ValueError(f"{file}: {message}; expected at most {MOST_BYTES:,}")
    element: Scalar = value
    return element


def _fitting(
    file: Path, tensor: TensorMetadata, number: int, shape: tuple[int, ...], wanted: tuple[int, ...]
) -> tuple[int, ...]:
    """The shape that is sent: that of the file, or one that the input takes of as many elements."""
    if len(shape) == len(wanted) and all(
        size in (-1, given) for size, given in zip(wanted, shape, strict=True)
    ):
        return shape
    known = math.prod(size for size in wanted if size >= 0)
    rows, rest = divmod(number, known) if known else (0, number)
    if len(shape) <= 1 and not rest and wanted.count(-1) == (rows != 1 or -1 in wanted):
        return tuple(rows if size < 0 else size for size in wanted)
    message = f"found the shape {[*shape]}; {tensor.name!r} takes {[*wanted]}"
    raise ValueError(f"{file}: {message}, where -1 means any size")


# Files


def _npy(file: Path, wanted: tuple[int, ...]) -> tuple[Sequence[Any], tuple[int, ...]]:
    """An array of NumPy; its texts are UTF-8."""
    try:
        numpy = import_module("numpy")
    except ModuleNotFoundError as missing:
        message = "NumPy is not installed, which reads it; type: pip install 'samplegen[verify]'"
        raise ValueError(message) from missing
    array = numpy.load(file, allow_pickle=False)
    if not isinstance(array, numpy.ndarray):
        raise ValueError("not one array")
    elements = array.flatten().tolist()
    texts = (value.decode() if isinstance(value, bytes) else value for value in elements)
    return [*texts], array.shape


def _json(file: Path, wanted: tuple[int, ...]) -> tuple[Sequence[Any], tuple[int, ...]]:
    """A list, or lists in lists; a value alone is a scalar."""
    tree = json.loads(file.read_bytes())
    if not isinstance(tree, list):
        return [tree], ()
    elements: list[Any] = flat(tree)  # type: ignore[assignment]  # of a list it makes a list
    return elements, nested_shape(tree)


def _txt(file: Path, wanted: tuple[int, ...]) -> tuple[Sequence[Any], tuple[int, ...]]:
    """An element a line; all of it is one, if the input takes one."""
    text = file.read_bytes().decode()
    if math.prod(wanted) == 1:
        return [text], wanted
    lines = text.removesuffix("\n").split("\n") if text else []
    return [line.removesuffix("\r") for line in lines], (len(lines),)


_READERS = {
    ".npy": _npy,
    ".json": _json,
    ".txt": _txt,
    **dict.fromkeys(images.SUFFIXES, images.read),
}
"""What reads a file, by the end of its name."""
