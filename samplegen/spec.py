"""The spec: what an API can do, one operation a file. Knows nothing of templates.

Words are those of the KServe v2 protocol: datatype, shape, model version.
"""

import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
)

from samplegen.connection import Connection
from samplegen.errors import Problem, SamplegenError, UsageError, gather, nearest
from samplegen.gates import Gate
from samplegen.packing import raw
from samplegen.resources import Layers, shown
from samplegen.yamlfile import Location, load

Datatype = Literal[
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
    "FP16", "FP32", "FP64", "BYTES",
]  # fmt: skip
"""The protocol's tensor datatypes; inference_rest.md, "Tensor Data Types"."""

_PLAIN = frozenset({"INT32", "INT64", "FP32", "FP64"})
LONGEST = 32
"""The elements of a tensor that samples hold as a literal, and print one and all."""
MOST = 2**26
"""The elements of the longest input: a quarter of a gigabyte as FP32."""
SHOWN = 8
"""How many elements samples print of a longer one, behind its shape."""

Mistakes = Iterator[tuple[Location, str]]
"""Where a mistake stands below the checked value, and what to do about it."""

OPERATION_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_REST = r"^(GET|POST|PUT|DELETE|PATCH|HEAD) /\S*$"
_FORBID = ConfigDict(extra="forbid")


def _plain(value: object) -> object:
    """Refuses what is no scalar, in one message instead of one for each type of the union."""
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"found {value!r}; expected true or false, a number, or text")
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        digits = len(str(abs(value)))
        raise ValueError(f"found a number of {digits} digits; expected one that FP64 can hold")
    return value


Scalar = Annotated[StrictBool | StrictInt | StrictFloat | StrictStr, BeforeValidator(_plain)]


def _listed(value: object) -> object:
    """Makes a list of one value, so that a wrong one is reported once."""
    return value if isinstance(value, list) else [value]


Port = Annotated[StrictInt, Field(ge=1, le=65535)]


@dataclass(frozen=True, kw_only=True)
class Server:
    """How the judge and `samplegen serve` start a server of this API."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    title: StrictStr
    command: tuple[StrictStr, ...]
    """Arguments. Filled in are {python}, {grpc_port}, {rest_port} and {spec}, the folder of
    `api.yaml`."""
    record: tuple[StrictStr, ...] = ()
    """More arguments; with them it appends each request it answered to {record}, as JSON lines. An
    extra: the judge's own proxy records what passes."""
    other: tuple[StrictStr, ...] = ()
    """More arguments; with them its models and metadata answer differently. {spec} is the folder of
    this file. An extra: the judge's proxy changes answers, too."""
    module: StrictStr | None = None
    """A Python module the command needs."""
    install: StrictStr
    """What to type when it is not there."""
    ready: Annotated[StrictStr, Field(pattern="^/")] | None = None
    """A path that answers 200 once the server can serve; None: as soon as it takes connections."""
    metadata: Annotated[StrictStr, Field(pattern="^/")] | None = None
    """A path that answers JSON with the server's name and version."""


@dataclass(frozen=True, kw_only=True)
class AnswerFault:
    """A wrong answer that only servers of this API can give: what is replaced, or that it is no."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    name: Annotated[StrictStr, Field(min_length=1)]
    rpcs: Annotated[tuple[StrictStr, ...], Field(min_length=1)]
    """The calls whose answers are wrong."""
    replace: dict[StrictStr, StrictStr] = field(default_factory=dict)
    """Texts of the answer and what stands in their place, of the same length."""
    status: Annotated[StrictInt, Field(ge=100, le=599)] | None = None
    """The answer says no: over REST with this status, over gRPC with a message of no field set."""


@dataclass(frozen=True, kw_only=True)
class RestField:
    """Where REST has a field of the contract, if not in the JSON under its own name."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    place: StrictStr = "nowhere"
    """In words, as Markdown."""
    name: StrictStr | None = None
    """The property of the JSON that stands in its place."""
    schema: dict[StrictStr, Any] = field(default_factory=dict)
    """The JSON Schema of that property."""


@dataclass(frozen=True, kw_only=True)
class Rest:
    """How REST differs from JSON that has the messages of the contract under their own names."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    version: StrictStr = "1"
    """Of the routes."""
    optional: tuple[StrictStr, ...] = ()
    """Fields that may be left out, by `Message.field`."""
    no_body: tuple[StrictStr, ...] = ()
    """Calls whose answer is its status."""
    bytes_behind: tuple[StrictStr, ...] = ()
    """Messages behind whose JSON the data of tensors may follow as bytes."""
    types: dict[StrictStr, dict[StrictStr, Any]] = field(default_factory=dict)
    """Message to the JSON Schema of what stands in its place."""
    fields: dict[StrictStr, RestField] = field(default_factory=dict)
    """By `Message.field`."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """`api.yaml`: what all operations share."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    title: StrictStr
    summary: StrictStr
    proto: StrictStr | None = None
    """The gRPC contract, a file beside `api.yaml`."""
    clients: tuple[StrictStr, ...] = ()
    """Those that speak this API, such as `python/requests`; empty: all that there are."""
    connection: Connection
    deadline: Annotated[StrictInt, Field(ge=1, le=3600)]
    """Seconds after which every call of a sample gives up."""
    server: Server
    faults: tuple[AnswerFault, ...] = ()
    waive: dict[Gate, Annotated[StrictStr, Field(min_length=1)]] = field(default_factory=dict)
    """Gates that need not be tried where samples are required, and why."""
    rest: Rest = field(default_factory=Rest)


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
class Tensor:
    """An input or output of a model."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    name: StrictStr
    datatype: Datatype
    shape: tuple[Annotated[StrictInt, Field(ge=-1)], ...]
    """Outermost dimension first. -1 stands, in an output, for any size."""
    data: tuple[Scalar, ...] | None = None
    """Flat, row-major. For an input, exactly one of `data`, `cycle` and `file` is given."""
    cycle: Annotated[StrictInt, Field(ge=1)] | None = None
    """Data made in code, for it is long: the numbers below this one, again and again; as BOOL,
    false and true in turn; as BYTES, the numbers as text."""
    file: StrictStr | None = None
    """A file of the spec's `data` folder, sent as the one BYTES element; a sample opens it under
    this name in its working folder."""

    @cached_property
    def elements(self) -> tuple[Scalar, ...]:
        """The data with the type of its datatype: a whole number of an FP32 tensor is 1.0."""
        if self.cycle:
            return self._cycled()
        data = self.data or ()
        return tuple(float(v) for v in data) if self.datatype.startswith("FP") else data

    @cached_property
    def first_cycle(self) -> tuple[Scalar, ...]:
        """The elements that `cycle` repeats."""
        numbers = range(self.cycle or 0)
        if self.datatype == "BOOL":
            return (False, True)
        if self.datatype == "BYTES":
            return tuple(map(str, numbers))
        return tuple(map(float, numbers)) if self.datatype.startswith("FP") else tuple(numbers)

    @cached_property
    def cycles(self) -> int:
        """How many cycles are enough for all elements."""
        return -(-self.size // len(self.first_cycle))

    def _cycled(self) -> tuple[Scalar, ...]:
        cycle = self.first_cycle
        return (cycle * self.cycles)[: self.size]

    @cached_property
    def size(self) -> int:
        """The number of elements; negative if a dimension has any size."""
        return -1 if -1 in self.shape else math.prod(self.shape)

    @property
    def raw_size(self) -> int:
        """The bytes of the elements, as they travel in binary."""
        if not self.cycle:
            return len(raw(self.datatype, self.elements))
        whole, rest = divmod(self.size, len(self.first_cycle))
        sizes = (
            len(raw(self.datatype, elements))
            for elements in (self.first_cycle, self.first_cycle[:rest])
        )
        return next(sizes) * whole + next(sizes)

    @cached_property
    def source(self) -> str:
        """Where the elements of an input come from: `data`, `cycle` or `file`."""
        return next(name for name in ("file", "cycle", "data") if getattr(self, name) is not None)

    @cached_property
    def is_long(self) -> bool:
        """Whether it has, or may have, more elements than samples print."""
        return not 0 <= self.size <= LONGEST


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
    """Where the value stands in what the server records of its answers: the RPC, then names of
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
    """What comes back from the API's server that answers differently; if empty, what that recorded
    of its answer holds."""


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
    def source(self) -> str:
        """`cycle` if an input's data is made in code, else `data`."""
        return "cycle" if any(tensor.cycle for tensor in self.inputs) else "data"

    @cached_property
    def reading(self) -> str:
        """`plain` if outputs are short ones of numbers as wide as programs compute with."""
        plain = self.extent == "whole" and _PLAIN.issuperset(self.output_datatypes)
        return "plain" if plain else "general"

    @cached_property
    def extent(self) -> str:
        """What a sample prints: the `whole` of each output, or of each `part` if one is long."""
        return "part" if any(tensor.is_long for tensor in self.outputs) else "whole"

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


class Spec:
    """The spec folders, read as far as asked for."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers

    @cached_property
    def api(self) -> Api:
        path = self.layers.find("api.yaml")
        if path is None:
            raise SamplegenError(f"{self.layers.folders[0]}: api.yaml is missing; add it")
        api = load(path, Api, self._check_api)
        folder = str(path.absolute().parent).replace("{", "{{").replace("}", "}}")
        command = tuple(argument.replace("{spec}", folder) for argument in api.server.command)
        return replace(api, server=replace(api.server, command=command))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The operations, by name."""
        return tuple(name.removesuffix(".yaml") for name in self._files)

    @cached_property
    def _files(self) -> dict[str, Path]:
        """The operations' files, by file name."""
        files = self.layers.glob("*.yaml")
        files.pop("api.yaml", None)
        return files

    def operation(self, name: str) -> Operation:
        """The operation of this name; the other files are not read.

        Raises:
            UsageError: No such operation.
            SamplegenError: Its file has mistakes.
        """
        path = self._files.get(f"{name}.yaml")
        if path is None:
            raise UsageError(f"no operation {name!r}; {nearest(name, self.names)}")
        if not OPERATION_NAME.fullmatch(name):
            message = f"found the name {name!r}; expected lower-case words joined by '-'; rename it"
            raise SamplegenError(Problem(message, shown(path)))
        file = load(path, OperationFile, self._check_operation)
        return Operation(name=name, **{f.name: getattr(file, f.name) for f in fields(file)})

    def operations(self) -> tuple[Operation, ...]:
        """All operations in their order.

        Raises:
            SamplegenError: With every problem of every file.
        """
        operations = gather(partial(self.operation, name) for name in self.names)
        return tuple(sorted(operations, key=lambda operation: (operation.order, operation.name)))

    @property
    def proto(self) -> Path:
        """The path of the gRPC contract.

        Raises:
            SamplegenError: There is none.
        """
        if self.api.proto is None:
            message = "'proto' is missing, yet a client makes stubs of the gRPC contract; add it"
            raise SamplegenError(f"api.yaml: {message}")
        return self._existing(self.api.proto)

    @property
    def folder(self) -> Path:
        """The folder of `api.yaml`."""
        return self._existing("api.yaml").absolute().parent

    def data(self, file: str) -> Path:
        """The path of a file of the `data` folder."""
        return self._existing(f"data/{file}")

    def _existing(self, file: str) -> Path:
        path = self.layers.find(file)
        if path is None or not path.is_file():
            raise SamplegenError(f"{file}: no such file in the spec")
        return path

    def _check_api(self, api: Api) -> Mistakes:
        path = self.layers.find(api.proto) if api.proto is not None else None
        if api.proto is not None and (path is None or not path.is_file()):
            yield ("proto",), f"found {api.proto!r}; expected a file beside api.yaml"

        for name, known in (
            ("command", {"python", "spec", *api.connection.ports}),
            ("record", {"record"}),
            ("other", {"spec"}),
        ):
            for index, argument in enumerate(getattr(api.server, name)):
                for place in set(re.findall(r"{(.*?)}", argument)) - known:
                    expected = ", ".join(f"{{{word}}}" for word in sorted(known))
                    yield ("server", name, index), f"found {{{place}}}; expected one of {expected}"
        for name in ("ready", "metadata"):
            if getattr(api.server, name) is not None and api.connection.rest_port is None:
                message = "expected 'rest_port' in the connection, too: it is asked over REST"
                yield ("server", name), message
        if not api.server.command:
            yield ("server", "command"), "found an empty list; expected a program and its arguments"
        for index, fault in enumerate(api.faults):
            if bool(fault.replace) == (fault.status is not None):
                yield ("faults", index), "expected exactly one of 'replace' and 'status'"
            for old, new in fault.replace.items():
                if not 0 < len(old.encode()) == len(new.encode()):
                    yield (
                        ("faults", index, "replace"),
                        f"found {new!r} for {old!r}; expected as many bytes",
                    )

    def _check_operation(self, operation: OperationFile) -> Mistakes:
        for name in ("calls", "expect"):
            if not getattr(operation, name):
                yield (name,), f"{name}: found an empty list; expected at least one item"
        known = ["{model}", "{version}", *(f"{{{name}}}" for name in operation.request)]
        for index, call in enumerate(operation.calls):
            for place in re.findall(r"{[^{}]*}?|}", call.path):
                if place not in known:
                    message = f"found {place}; expected {' or '.join(known)}"
                    yield ("calls", index, "rest"), message
        if operation.model is None and any("{model}" in call.path for call in operation.calls):
            yield (), "'model' is missing, yet a call has {model} in its path; add it"
        for index, tensor in enumerate(operation.inputs):
            for location, message in self._check_input(tensor):
                yield ("inputs", index, *location), message
        for name in ("expect", "other"):
            for index, expectation in enumerate(getattr(operation, name)):
                for location, message in self._check_expectation(operation, expectation):
                    yield (name, index, *location), message

    def _check_expectation(self, operation: OperationFile, expectation: Expectation) -> Mistakes:
        if bool(expectation.value) == (expectation.pattern is not None):
            yield (), "expected exactly one of 'value' and 'pattern'"
        if expectation.pattern is not None:
            try:
                re.compile(expectation.pattern)
            except (re.error, OverflowError, RecursionError) as error:
                yield ("pattern",), f"not a regular expression: {error}"
        rpcs = [call.rpc for call in operation.calls]
        if expectation.answer and expectation.answer[0] not in rpcs:
            yield (
                ("answer",),
                f"found {expectation.answer[0]!r}; {nearest(expectation.answer[0], rpcs)}",
            )

    def _check_input(self, tensor: Tensor) -> Mistakes:
        if [tensor.data, tensor.cycle, tensor.file].count(None) != 2:
            yield (), f"input {tensor.name!r}: expected exactly one of 'data', 'cycle' and 'file'"
            return
        if -1 in tensor.shape:
            yield ("shape",), f"found {list(tensor.shape)}; expected the sizes that are sent"
            return
        if tensor.cycle is not None:
            if tensor.datatype == "BOOL" and tensor.cycle != 2:
                yield ("cycle",), f"found {tensor.cycle}; expected 2 for BOOL: false and true"
            elif not all(_fits(tensor.datatype, value) for value in tensor.first_cycle[-1:]):
                message = f"found {tensor.cycle}; expected numbers that {tensor.datatype} can hold"
                yield ("cycle",), message
            if tensor.size > MOST:
                yield ("shape",), f"found {tensor.size:,} elements; expected at most {MOST:,}"
            return
        if tensor.file is not None:
            if (tensor.datatype, tensor.shape) != ("BYTES", (1,)):
                yield ("file",), "a file is sent as one element; expected datatype BYTES, shape [1]"
            path = self.layers.find(f"data/{tensor.file}")
            if "/" in tensor.file or path is None or not path.is_file():
                yield ("file",), f"found {tensor.file!r}; expected a file of the spec's data folder"
            return
        data = tensor.data or ()
        size = math.prod(tensor.shape)
        if len(data) != size:
            yield (
                ("data",),
                f"found {len(data)} values; expected {size} for shape {list(tensor.shape)}",
            )
        for index, value in enumerate(data):
            if not _fits(tensor.datatype, value):
                yield (
                    ("data", index),
                    f"found {value!r}; expected a value of datatype {tensor.datatype}",
                )


_LARGEST = {"FP16": 65504.0, "FP32": (2 - 2**-23) * 2.0**127, "FP64": sys.float_info.max}
"""The largest finite number of each floating-point datatype."""


def _fits(datatype: str, value: Any) -> bool:
    """Whether a tensor of `datatype` can hold `value`."""
    if datatype == "BOOL":
        return isinstance(value, bool)
    if datatype == "BYTES":
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if datatype in _LARGEST:
        return not _LARGEST[datatype] < abs(value) < math.inf
    bits = int(datatype.lstrip("UINT"))
    low, high = (0, 2**bits) if datatype.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    return isinstance(value, int) and low <= value < high
