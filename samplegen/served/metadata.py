"""What a server says of a model, believed only as far as a program can be made of it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, StrictInt, StrictStr, ValidationError

from samplegen.errors import SamplegenError
from samplegen.yamlfile import adapter

_LONGEST_VALUE = 60
"""Characters of a wrong value that a message repeats."""
_MOST_TENSORS, _MOST_DIMENSIONS = 1000, 32
_MOST_MISTAKES = 10
"""As many as one would read."""


@dataclass(frozen=True, kw_only=True)
class TensorMetadata:
    """An input or output, in the protocol's words; inference_rest.md, "Model Metadata"."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=1000)]
    datatype: StrictStr
    shape: tuple[Annotated[StrictInt, Field(ge=-1)], ...]
    """Outermost dimension first; -1 stands for any size."""


@dataclass(frozen=True, kw_only=True)
class ModelMetadata:
    """The model that a server has."""

    name: StrictStr
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]
    versions: tuple[StrictStr, ...] = ()
    platform: StrictStr = ""


def read(tree: Any, source: str) -> ModelMetadata:
    """The metadata of a model.

    Args:
        tree: What the server answered, as JSON means it.
        source: Who says so, for messages.

    Raises:
        SamplegenError: It is not what the protocol asks for; with all mistakes.
    """
    what = f"the metadata that {source} answers cannot be used"
    try:
        metadata: ModelMetadata = adapter(ModelMetadata).validate_python(tree)
    except ValidationError as error:
        mistakes = [_mistake(details) for details in error.errors()[:_MOST_MISTAKES]]
        raise SamplegenError(*(f"{what}: {mistake}" for mistake in mistakes)) from None
    mistakes = [*_unusable("inputs", metadata.inputs), *_unusable("outputs", metadata.outputs)]
    if mistakes:
        raise SamplegenError(*(f"{what}: {mistake}" for mistake in mistakes))
    return metadata


def _mistake(details: Any) -> str:
    place = ".".join(str(part) for part in details["loc"])
    if details["type"] == "missing":
        return f"{place} is missing"
    found = repr(details["input"])
    found = found if len(found) <= _LONGEST_VALUE else f"{found[:_LONGEST_VALUE]}…"
    if place == "":
        return f"found {found}; expected a JSON object"
    expected = details["msg"].replace("Input should be", "expected", 1)
    return f"{place}: found {found}; {expected}"


def _unusable(kind: str, tensors: Sequence[TensorMetadata]) -> Iterator[str]:
    if not 0 < len(tensors) <= _MOST_TENSORS:
        yield f"{kind}: found {len(tensors)} tensors; expected 1 to {_MOST_TENSORS}"
    for tensor in tensors:
        if len(tensor.shape) > _MOST_DIMENSIONS:
            yield f"{kind}: {tensor.name!r} has more than {_MOST_DIMENSIONS} dimensions"
    for name, times in Counter(tensor.name for tensor in tensors).items():
        if times > 1:
            yield f"{kind}: the name {name!r} appears {times} times"
