"""Steps: an operation as data, in place of a form that templates know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, StrictInt, StrictStr

from samplegen.spec.tensors import Scalar

_FORBID = ConfigDict(extra="forbid")
NAME = r"^[a-z][a-z0-9_]*$"
Code = Literal[
    "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
    "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
]  # fmt: skip
"""The statuses of gRPC that are errors."""


@dataclass(frozen=True, kw_only=True)
class FieldLabel:
    """A label that is a value of the answer."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    path: StrictStr


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A line `label: value` that every sample of the operation prints; with `each`, several."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    label: Annotated[StrictStr, Field(min_length=1)] | FieldLabel
    path: StrictStr
    """Where the value stands in the answer, or in each item: names of fields with dots between
    them; of a list an index follows, such as `kvs[0].value`."""
    each: StrictStr | None = None
    """Where a list stands in the answer: there is a line for each of its items."""
    value: Scalar | None = None
    """What is printed."""
    lines: Mapping[StrictStr, Scalar] = field(default_factory=dict, hash=False)
    """With `each`, what is printed: label to value, in order."""
    pattern: StrictStr | None = None
    """A regular expression that the whole value matches, in place of one that may differ."""
    tolerance: Annotated[float, Field(ge=0)] = 0.0
    """The largest allowed difference of a number, absolute."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """How the server must refuse a call."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    status: Annotated[StrictInt, Field(ge=400, le=599)] | None = None
    """Of HTTP."""
    code: Code | None = None
    """Of gRPC."""


def _refusal(value: object) -> object:
    """Makes a mapping of a status or a code alone."""
    if isinstance(value, int) and not isinstance(value, bool):
        return {"status": value}
    return {"code": value} if isinstance(value, str) else value


Refused = Annotated[
    Refusal, BeforeValidator(_refusal, json_schema_input_type=Refusal | StrictInt | Code)
]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A call, and what becomes of its answer."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    call: Annotated[StrictStr, Field(min_length=1)]
    """A method of the contract, such as `KV.Put`; without one, method and path of REST, such as
    `GET /api/v1/label/{name}/values`."""
    request: JsonValue = field(default=None, hash=False)
    """The fields of the message, checked against the contract; without one, a body as JSON."""
    path: Mapping[StrictStr, Scalar] = field(default_factory=dict, hash=False)
    """Without a contract, what is filled into the path."""
    query: Mapping[StrictStr, Scalar | tuple[Scalar, ...]] = field(default_factory=dict, hash=False)
    """Without a contract, what follows the path, by name."""
    save: Mapping[Annotated[StrictStr, Field(pattern=NAME)], StrictStr] = field(
        default_factory=dict, hash=False
    )
    """Variables that hold values of the answer for later requests, where `{from: NAME}` stands for
    one: name to the path of the value."""
    print: tuple[Printed, ...] = ()
    """The lines that every sample prints of the answer. If it is an error: of its JSON; over gRPC,
    the one line shows the message of the status, whatever its path."""
    refused: Refused | None = None
    """How the server must refuse the call: a status of HTTP such as `400`, a code of gRPC such as
    `NOT_FOUND`, or both as `{status: 404, code: NOT_FOUND}`."""


@dataclass(frozen=True, kw_only=True)
class OwnCall:
    """A call that the judge makes itself, before or after each run of a sample."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    call: Annotated[StrictStr, Field(min_length=1)]
    request: JsonValue = field(default=None, hash=False)
    path: Mapping[StrictStr, Scalar] = field(default_factory=dict, hash=False)
    query: Mapping[StrictStr, Scalar | tuple[Scalar, ...]] = field(default_factory=dict, hash=False)
    save: Mapping[Annotated[StrictStr, Field(pattern=NAME)], StrictStr] = field(
        default_factory=dict, hash=False
    )
    """Values for the calls of the judge that follow; samples do not know them."""
    refused: Refused | None = None
    expect: Mapping[StrictStr, Scalar] = field(default_factory=dict, hash=False)
    """What the answer must hold: path to value."""
