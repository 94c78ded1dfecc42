"""An operation: what its file says, and what follows from that."""

import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, StrictInt, StrictStr

from samplegen.spec.tensors import Scalar, Tensor

OPERATION_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_REST = r"^(GET|POST|PUT|DELETE|PATCH|HEAD) /\S*$"
_FORBID = ConfigDict(extra="forbid")


def _listed(value: object) -> object:
    """Makes a list of one value, so that a wrong one is reported once."""
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, over either transport."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    rpc: Annotated[StrictStr, Field(pattern="^[A-Z][A-Za-z0-9]*$")]
    rest: Annotated[StrictStr, Field(pattern=_REST)] | None = None
    """Method and path, such as `GET /v2/models/{model}`; {model}, {version} and the names of the
    operation's `request` are filled in. None if the API has no REST."""

    @property
    def method(self) -> str:
        return (self.rest or "").partition(" ")[0]

    @property
    def path(self) -> str:
        return (self.rest or "").partition(" ")[2]


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """A line `label: value` that every sample of the operation prints."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    label: Annotated[StrictStr, Field(min_length=1)]
    value: Annotated[
        tuple[Scalar, ...],
        BeforeValidator(_listed, json_schema_input_type=Scalar | tuple[Scalar, ...]),
    ] = ()
    """One value, or the elements of a list. The type counts: 1 is a number, "1" is text."""
    pattern: StrictStr | None = None
    """A regular expression that the whole text matches, in place of a value that may differ."""
    tolerance: Annotated[float, Field(ge=0)] = 0.0
    """The largest allowed difference of a number, absolute."""
    answer: tuple[StrictStr, ...] = ()
    """Where the value stands in the server's answers: the RPC, then names of
    fields or of tensors, and `argmax`, `max` or `signature` (datatype and shape) if it is made of
    what is found there."""


@dataclass(frozen=True, kw_only=True)
class OperationFile:
    """What an operation's YAML file holds."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    title: Annotated[StrictStr, Field(min_length=1)]
    summary: Annotated[StrictStr, Field(min_length=1)]
    """One sentence."""
    description: StrictStr = ""
    """Markdown for the operation's page."""
    form: Annotated[StrictStr, Field(pattern=f"^{OPERATION_NAME.pattern}$")]
    """Names the template of each client: templates/<language>/<client>/<form>.<ext>.jinja."""
    order: StrictInt = 1000
    """Smaller comes first in lists and navigation; equal ones by name."""
    model: StrictStr | None = None
    calls: tuple[Call, ...]
    request: dict[StrictStr, JsonValue] = field(default_factory=dict, hash=False)
    """What is sent to an API whose operations take no tensors: the fields of the message."""
    inputs: tuple[Tensor, ...] = ()
    """What is sent."""
    outputs: tuple[Tensor, ...] = ()
    """What is read from the answer."""
    expect: tuple[Expectation, ...]
    """What must come back, in the order in which it is printed."""
    other: tuple[Expectation, ...] = ()
    """What comes back from the API's server that answers differently; if empty, what its
    answer holds."""


@dataclass(frozen=True, kw_only=True)
class Operation(OperationFile):
    """One thing a reader wants to do."""

    name: str
    """The file's name without its ending."""

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        return tuple(tensor.name for tensor in self.outputs)

    @cached_property
    def input_datatypes(self) -> tuple[str, ...]:
        return tuple(tensor.datatype for tensor in self.inputs)

    @cached_property
    def output_datatypes(self) -> tuple[str, ...]:
        return tuple(tensor.datatype for tensor in self.outputs)

    @cached_property
    def has_long_outputs(self) -> bool:
        """Whether samples print the shape and the first elements of outputs, and not all."""
        return any(tensor.is_long for tensor in self.outputs)

    @cached_property
    def has_cycles(self) -> bool:
        """Whether an input's data is made in code."""
        return any(tensor.cycle for tensor in self.inputs)

    @cached_property
    def special_numbers(self) -> bool:
        """Whether an input holds a number that some languages have no literal for."""
        tensors = (tensor for tensor in self.inputs if not tensor.cycle)
        numbers = (v for tensor in tensors for v in tensor.elements if isinstance(v, float))
        return any(not math.isfinite(v) or str(v) == "-0.0" for v in numbers)

    @property
    def files(self) -> tuple[str, ...]:
        """The files of the spec's `data` folder that a sample needs in its working folder."""
        return tuple(tensor.file for tensor in self.inputs if tensor.file)
