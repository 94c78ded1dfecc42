"""An operation: what its file says, and what follows from that."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, StrictInt, StrictStr

from samplegen.contract.model import Contract, Method
from samplegen.contract.paths import Way, is_choice
from samplegen.contract.values import Value
from samplegen.spec.steps import OwnCall, Refusal, Step
from samplegen.spec.tensors import Scalar, Tensor, flat

STEPS = "steps"
"""The form of operations that have steps."""
OPERATION_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_REST = r"^(GET|POST|PUT|DELETE|PATCH|HEAD) /\S*$"
_FORBID = ConfigDict(extra="forbid")


def _listed(value: object) -> object:
    """Makes a list of one value, so that a wrong one is reported once."""
    return flat(value) if isinstance(value, list) else [value]


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
    value: (
        Annotated[
            tuple[Scalar, ...],
            BeforeValidator(
                _listed,
                json_schema_input_type=Scalar | tuple[Scalar | tuple[Any, ...], ...],
            ),
        ]
        | None
    ) = None
    """One value, or the elements of a list, which may be empty. The type counts: 1 is a number, "1"
    is text. The elements of a BYTES output are printed in quotes, as JSON writes them."""
    pattern: StrictStr | None = None
    """A regular expression that the whole text matches, in place of a value that may differ; a text
    in quotes may match without them."""
    elsewhere: StrictStr | None = None
    """A regular expression that holds on every server of the API, where the value holds only on the
    one that the API names."""
    tolerance: Annotated[float, Field(ge=0)] = 0.0
    """The largest allowed difference of a number, absolute."""
    answer: tuple[StrictStr, ...] = ()
    """Where the value stands in the server's answers: the RPC, then names of
    fields or of tensors, and `argmax`, `max` or `signature` (datatype and shape) if it is made of
    what is found there."""
    labelled: tuple[StrictStr, ...] = ()
    """Where the label stands, if it is a value of an answer itself."""

    @property
    def anywhere(self) -> "Expectation":
        """The line as it holds on every server of the API."""
        if self.elsewhere is None:
            return self
        return replace(self, value=None, pattern=self.elsewhere, elsewhere=None)

    @property
    def values(self) -> tuple[Scalar, ...]:
        """The elements of the value; none if there is a pattern."""
        return self.value or ()


@dataclass(frozen=True)
class Line:
    """What is printed of an answer: a line, or one for each item of a list."""

    each: Way
    """Where the list stands; empty: there is none."""
    label: str | Way
    path: Way
    may_be_zero: bool
    """Whether the value may be zero or empty, which an answer may leave out."""

    @property
    def is_choice(self) -> bool:
        """Whether the value is one of a few, zero included, if it is not set by its contract."""
        return is_choice(self.path)


@dataclass(frozen=True)
class LinkedStep:
    """A step with what the contract says of it."""

    contract: Contract = field(repr=False, hash=False, compare=False)
    call: Call
    method: Method | None
    """None: there is no contract."""
    request: tuple[Value, ...]
    body: JsonValue = field(default=None, hash=False)
    """Without a contract, the JSON that is sent; None: nothing."""
    path: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What is filled into the path of REST."""
    query: tuple[tuple[str, Any], ...] = ()
    saves: tuple[tuple[str, Way], ...] = ()
    lines: tuple[Line, ...] = ()
    expect: tuple[Expectation, ...] = ()
    refused: Refusal | None = None
    """How the call must be refused; None: it must succeed."""
    statuses: tuple[int, ...] = (200,)
    """Those of HTTP with which the server may answer."""
    has_answer: bool = True
    """Whether the body of an answer over REST is JSON that programs read."""

    @property
    def of_message(self) -> tuple[Line, ...]:
        """The lines that are printed of a message over gRPC, which a refusal does not have."""
        return () if self.refused else self.lines

    @property
    def said(self) -> tuple[Value, ...]:
        """What the body of a request over REST holds."""
        asked = {*self.path, *(name for name, _ in self.query)}
        return tuple(v for v in self.request if not {v.field.name, v.field.json_name} & asked)

    def may_be_empty(self, transport: str) -> bool:
        """Whether an answer without any field is as good as others."""
        grpc = transport == "grpc"
        if not grpc and not self.has_answer:
            return True
        return not self.saves and all(
            line.may_be_zero or (grpc and (line.is_choice or bool(line.each)))
            for line in self.lines
        )


@dataclass(frozen=True)
class Around:
    """The calls that the judge makes itself around each run of a sample; lines are expected."""

    setup: tuple[LinkedStep, ...] = ()
    check: tuple[LinkedStep, ...] = ()
    teardown: tuple[LinkedStep, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.setup or self.check or self.teardown)


@dataclass(frozen=True, kw_only=True)
class OperationFile:
    """What an operation's YAML file holds."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    title: Annotated[StrictStr, Field(min_length=1)]
    summary: Annotated[StrictStr, Field(min_length=1)]
    """One sentence."""
    description: StrictStr = ""
    """Markdown for the operation's page."""
    form: Annotated[StrictStr, Field(pattern=f"^{OPERATION_NAME.pattern}$")] = STEPS
    """Names the template of each client: templates/<language>/<client>/<form>.<ext>.jinja. That of
    `steps` renders any operation that has them."""
    order: StrictInt = 1000
    """Smaller comes first in lists and navigation; equal ones by name."""
    model: StrictStr | None = None
    model_version: Annotated[StrictStr, Field(pattern="^[0-9]*$")] | None = None
    """Digits; empty asks for the server's default version. None leaves that of the connection."""
    steps: tuple[Step, ...] = ()
    """What is called, one after another; in place of `calls`, `request` and `expect`."""
    setup: tuple[OwnCall, ...] = ()
    """What the judge calls itself before each run of a sample."""
    check: tuple[OwnCall, ...] = ()
    """What it calls after each run that succeeds, to see what that did to the server."""
    teardown: tuple[OwnCall, ...] = ()
    """What it calls after each run, whatever came of it."""
    calls: tuple[Call, ...] = ()
    request: dict[StrictStr, JsonValue] = field(default_factory=dict, hash=False)
    """What is sent to an API whose operations take no tensors: the fields of the message."""
    inputs: tuple[Tensor, ...] = ()
    """What is sent."""
    outputs: tuple[Tensor, ...] = ()
    """What is read from the answer."""
    expect: tuple[Expectation, ...] = ()
    """What must come back, in the order in which it is printed."""
    other: tuple[Expectation, ...] = ()
    """What comes back from the API's server that answers differently; if empty, what its
    answer holds."""


@dataclass(frozen=True, kw_only=True)
class Operation(OperationFile):
    """One thing a reader wants to do."""

    name: str
    """The file's name without its ending."""
    linked: tuple[LinkedStep, ...] = ()
    """The steps, with what the contract says of them."""
    around: Around = Around()
    """What the judge calls itself, with what the contract says of it."""

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
    def elsewhere(self) -> "Operation":
        """The operation with what holds on every server of the API, of any version of its model."""
        return replace(self, expect=tuple(line.anywhere for line in self.expect), other=())

    @cached_property
    def quoted(self) -> frozenset[str]:
        """The labels of the lines whose elements are texts in quotes: those of BYTES outputs."""
        names = [tensor.name for tensor in self.outputs if tensor.datatype == "BYTES"]
        return frozenset((*names, *(f"{name} first" for name in names)))

    @property
    def files(self) -> tuple[str, ...]:
        """The files of the spec's `data` folder that a sample needs in its working folder."""
        return tuple(tensor.file for tensor in self.inputs if tensor.file)
