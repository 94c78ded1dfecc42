"""`api.yaml`: what all operations share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field, StrictInt, StrictStr

from samplegen.connection.model import Connection
from samplegen.gates import Gate

_FORBID = ConfigDict(extra="forbid")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _path_alone(value: object) -> object:
    """Makes a mapping of a path alone."""
    return {"path": value} if isinstance(value, str) else value


Path = Annotated[StrictStr, Field(pattern="^/")]
Variable = Annotated[StrictStr, Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$")]
FileName = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What tells that a server can serve: an answer over REST, or a command."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    path: Path | None = None
    status: Annotated[StrictInt, Field(ge=100, le=599)] = 200
    """With which the path answers."""
    body: StrictStr | None = None
    """A regular expression that is found in the answer."""
    command: tuple[StrictStr, ...] = ()
    """In place of a path: arguments of a command that ends with status 0. Filled in are {python},
    {spec} and the ports."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """What tells the version of a server: an answer over REST, or what a command prints."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    path: Path | None = None
    command: tuple[StrictStr, ...] = ()
    """In place of a path: arguments, in which the same is filled in as in those of `ready`."""
    pattern: StrictStr
    """A regular expression that is found there; its first group is the version, or all of it."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """How the judge and `samplegen serve` start a server of this API."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    title: StrictStr
    name: StrictStr | None = None
    """The name that it states at `metadata`; on servers of other names, an expectation holds as its
    `elsewhere` says."""
    command: tuple[StrictStr, ...]
    """Arguments. Filled in are {python}, {grpc_port}, {rest_port}, {port:NAME} for any further port
    that is free, {spec}, the folder of `api.yaml`, and {work}, a folder for this run alone, which
    is removed after it."""
    env: Mapping[Variable, StrictStr] = field(default_factory=dict, hash=False)
    """Variables of its environment, in which the same is filled in."""
    files: Mapping[FileName, StrictStr] = field(default_factory=dict, hash=False)
    """Files of {work}, such as a configuration that names ports: name to text, in which the same is
    filled in. The folder is empty but for these."""
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
    ready: (
        Annotated[Ready, BeforeValidator(_path_alone, json_schema_input_type=Path | Ready)] | None
    ) = None
    """When the server can serve: a path that then answers 200, or how else one can tell; None: as
    soon as it takes connections."""
    metadata: Path | None = None
    """A path that answers JSON with the server's name and version."""
    version: Version | None = None
    """Where else its version stands, if there is no such path."""


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
    name: StrictStr = ""
    """Of the API or protocol, as people search for it, such as `KServe v2`; empty: the title."""
    proto: Annotated[
        tuple[StrictStr, ...],
        BeforeValidator(_listed, json_schema_input_type=StrictStr | tuple[StrictStr, ...]),
    ] = ()
    """The gRPC contract: the files with its services, one or several. Each lies beside `api.yaml`,
    or in a folder of `include`, where it goes by the name that imports have for it."""
    include: tuple[StrictStr, ...] = ()
    """Folders beside `api.yaml`, or below, that hold what the contract imports."""
    openapi: StrictStr | None = None
    """The contract of REST in place of `proto`: OpenAPI 2.0, 3.0 or 3.1, a file below the folder of
    `api.yaml`, such as `contract/openapi.yaml`."""
    clients: tuple[StrictStr, ...] = ()
    """Those that speak this API, such as `python/requests`; empty: all but those that have
    no form but steps."""
    connection: Connection
    deadline: Annotated[StrictInt, Field(ge=1, le=3600)]
    """Seconds after which every call of a sample gives up."""
    server: Server
    faults: tuple[AnswerFault, ...] = ()
    waive: dict[Gate, Annotated[StrictStr, Field(min_length=1)]] = field(default_factory=dict)
    """Gates that need not be tried where samples are required, and why."""
    rest: Rest = field(default_factory=Rest)

    @property
    def short(self) -> str:
        """What pages call the API."""
        return self.name or self.title
