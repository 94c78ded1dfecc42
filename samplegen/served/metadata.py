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
_MOST_MISTAKES = 10
"""As many as one would read."""


@dataclass(frozen=True, kw_only=True)
class TensorMetadata:
    """An input or output, in the protocol's words; inference_rest.md, "Model Metadata"."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=1000)]
    datatype: StrictStr
    shape: Annotated[tuple[Annotated[StrictInt, Field(ge=-1)], ...], Field(max_length=32)]
    """Outermost dimension first; -1 stands for any size."""


@dataclass(frozen=True, kw_only=True)
class ModelMetadata:
    """The model that a server has."""

    name: StrictStr
    inputs: Annotated[tuple[TensorMetadata, ...], Field(min_length=1, max_length=1000)]
    outputs: Annotated[tuple[TensorMetadata, ...], Field(min_length=1, max_length=1000)]
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
    mistakes = [*_repeated("inputs", metadata.inputs), *_repeated("outputs", metadata.outputs)]
    for tensor in (*metadata.inputs, *metadata.outputs):
        try:
            tensor.name.encode()
        except UnicodeEncodeError:
            mistakes.append(f"the name {tensor.name!a} is half a surrogate pair, no text")
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


def _repeated(kind: str, tensors: Sequence[TensorMetadata]) -> Iterator[str]:
    for name, times in Counter(tensor.name for tensor in tensors).items():
        if times > 1:
            yield f"{kind}: the name {name!r} stands there {times} times"
