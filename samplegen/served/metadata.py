"""What a server says of a model, believed only as far as a program can be made of it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field, StrictInt, StrictStr, ValidationError

from samplegen.errors import SamplegenError, UsageError
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
    inputs: tuple[TensorMetadata, ...] = ()
    outputs: tuple[TensorMetadata, ...] = ()
    versions: tuple[StrictStr, ...] = ()
    platform: StrictStr = ""


@dataclass(frozen=True, kw_only=True)
class ModelConfiguration:
    """How a model wants to be called, as Triton tells; extension_model_configuration.md."""

    max_batch_size: StrictInt = 0
    """The largest first dimension; 0: nothing is said of it."""
    has_sequences: bool = False
    """Whether each request must name the sequence that it belongs to."""
    is_decoupled: bool = False
    """Whether a request may have any number of answers, over a stream."""

    @property
    def uncallable(self) -> str | None:
        """Why no sample can call the model, if so."""
        if self.has_sequences:
            return "it takes sequences of requests, and no sample sends a correlation ID"
        if self.is_decoupled:
            return "it is decoupled: it answers over a stream, and no sample opens one"
        return None


ORDINARY = ModelConfiguration()
"""That of a model whose server tells none."""


@dataclass(frozen=True)
class Given:
    """Tensors that the reader names, where a server does not, or does wrongly."""

    inputs: tuple[TensorMetadata, ...] = ()
    outputs: tuple[TensorMetadata, ...] = ()

    def added(self, metadata: ModelMetadata) -> ModelMetadata:
        """The metadata with these tensors in place of those of the same names, or behind all."""
        return replace(
            metadata,
            inputs=_added(metadata.inputs, self.inputs),
            outputs=_added(metadata.outputs, self.outputs),
        )


def _added(
    known: Sequence[TensorMetadata], given: Sequence[TensorMetadata]
) -> tuple[TensorMetadata, ...]:
    left = {tensor.name: tensor for tensor in given}
    replaced = [left.pop(tensor.name, tensor) for tensor in known]
    return (*replaced, *left.values())


def parse_tensors(option: str, texts: Iterable[str]) -> tuple[TensorMetadata, ...]:
    """The tensors of `NAME:DATATYPE:SHAPE`, such as `x:FP32:1,4`; -1 stands for any size.

    Raises:
        UsageError: With each text that is not of that form.
    """
    tensors = []
    problems = []
    for text in texts:
        name, datatype, sizes = ["", "", *text.rsplit(":", 2)][-3:]
        if not name or not datatype or not re.fullmatch(r"(-1|\d{1,9})?(,(-1|\d{1,9}))*", sizes):
            problems.append(
                f"{option}: found {text!r}; expected NAME:DATATYPE:SHAPE, as x:FP32:1,4"
            )
            continue
        shape = tuple(int(size) for size in sizes.split(",") if size)
        tensors.append(TensorMetadata(name=name, datatype=datatype, shape=shape))
    if problems:
        raise UsageError(*problems)
    return tuple(tensors)


@dataclass(frozen=True, kw_only=True)
class ServerMetadata:
    """What a server says of itself; inference_rest.md, "Server Metadata"."""

    name: StrictStr
    version: StrictStr = ""
    extensions: tuple[StrictStr, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


UNKNOWN = ServerMetadata(name="unknown")
"""A server that says nothing of itself."""


def read_server(tree: Any) -> ServerMetadata:
    """The metadata of a server; `UNKNOWN` if it is not what the protocol asks for."""
    try:
        metadata: ServerMetadata = adapter(ServerMetadata).validate_python(_without_nulls(tree))
    except ValidationError:
        return UNKNOWN
    return metadata


def read_configuration(tree: Any) -> ModelConfiguration:
    """The configuration of a model; of a server that tells none, that of an ordinary model."""
    if not isinstance(tree, dict):
        return ORDINARY
    size = tree.get("max_batch_size")
    policy = tree.get("model_transaction_policy")
    return ModelConfiguration(
        max_batch_size=size if isinstance(size, int) and size > 0 else 0,
        has_sequences=tree.get("sequence_batching") is not None,
        is_decoupled=isinstance(policy, dict) and policy.get("decoupled") is True,
    )


def read(tree: Any, source: str, given: Given | None = None) -> ModelMetadata:
    """The metadata of a model.

    Args:
        tree: What the server answered, as JSON means it. Null counts as absent.
        source: Who says so, for messages.
        given: Tensors that the reader names, in place of or besides those of the server.

    Raises:
        SamplegenError: It is not what the protocol asks for; with all mistakes.
    """
    what = f"the metadata that {source} answers cannot be used"
    try:
        metadata: ModelMetadata = adapter(ModelMetadata).validate_python(_without_nulls(tree))
    except ValidationError as error:
        mistakes = [_mistake(details) for details in error.errors()[:_MOST_MISTAKES]]
        raise SamplegenError(*(f"{what}: {mistake}" for mistake in mistakes)) from None
    if given is not None:
        metadata = given.added(metadata)
    missing = [
        f"{kind} is missing; {_name_them(kind)}"
        for kind in ("inputs", "outputs")
        if tree.get(kind) is None and not getattr(metadata, kind)
    ]
    if missing:
        raise SamplegenError(*(f"{what}: {mistake}" for mistake in missing))
    mistakes = [*_unusable("inputs", metadata.inputs), *_unusable("outputs", metadata.outputs)]
    if mistakes:
        raise SamplegenError(*(f"{what}: {mistake}" for mistake in mistakes))
    return metadata


def _name_them(kind: str) -> str:
    return f"name them: --{kind.removesuffix('s')}-tensor NAME:DATATYPE:SHAPE"


def _without_nulls(tree: Any) -> Any:
    """The tree, of whose objects no field is null: servers write null for what is not given."""
    if isinstance(tree, dict):
        return {key: _without_nulls(value) for key, value in tree.items() if value is not None}
    return [_without_nulls(value) for value in tree] if isinstance(tree, list) else tree


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
        message = f"{kind}: found {len(tensors)} tensors; expected 1 to {_MOST_TENSORS}"
        yield message if tensors else f"{message}; {_name_them(kind)}"
    for tensor in tensors:
        if len(tensor.shape) > _MOST_DIMENSIONS:
            yield f"{kind}: {tensor.name!r} has more than {_MOST_DIMENSIONS} dimensions"
    for name, times in Counter(tensor.name for tensor in tensors).items():
        if times > 1:
            yield f"{kind}: the name {name!r} appears {times} times"
