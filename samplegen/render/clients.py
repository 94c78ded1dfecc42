"""Languages and clients: how each says an operation, and what it needs to run."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from samplegen.errors import SamplegenError, UsageError, gather, nearest
from samplegen.gates import Gate
from samplegen.render.literals import LITERALS, DeclaredLiterals, Literals
from samplegen.resources import Layers
from samplegen.spec.operation import STEPS, Operation
from samplegen.spec.tensors import Tensor
from samplegen.yamlfile import Mistakes, load

_FORBID = ConfigDict(extra="forbid")

FILES = "{files}"
"""The argument in whose place a command takes the files of any number of samples."""
_PLACES = re.compile(r"\{\{|\}\}|\{(python|file|work|cache|prepared|project)\}")


def _argument(text: str) -> str:
    """Refuses what cannot be filled in."""
    if re.search("[{}]", _PLACES.sub("", text)):
        message = "expected {python}, {file}, {work}, {cache} or {prepared}"
        raise ValueError(f"found {text!r}; {message}; write {{{{ and }}}} for braces")
    return text


def _or_files(text: str) -> str:
    return text if text == FILES else _argument(text)


def _command(arguments: tuple[str, ...]) -> tuple[str, ...]:
    if not arguments:
        raise ValueError("found an empty list; expected a program and its arguments")
    return arguments


def _line(text: str) -> str:
    """Refuses what cannot be filled in."""
    if re.search("[{}]", re.sub(r"\{\{|\}\}|\{operation\}", "", text)):
        raise ValueError(f"found {text!r}; expected {{operation}}; write {{{{ and }}}} for braces")
    return text


def _version(text: str) -> str:
    """A version, as numbers with dots between them."""
    if not re.fullmatch(r"\d+(\.\d+)*", text, re.ASCII):
        raise ValueError(f"found {text!r}; expected a version, such as 1.24")
    return text


def _pattern(text: str) -> str:
    """Refuses what is no regular expression."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"found {text!r}, which is no regular expression: {error}") from error
    return text


Line = Annotated[StrictStr, AfterValidator(_line)]
"""Text with {operation} filled in."""
Pattern = Annotated[StrictStr, AfterValidator(_pattern)]
"""A regular expression of Python's, sought line by line."""
Argument = Annotated[StrictStr, AfterValidator(_argument)]
Command = Annotated[tuple[Argument, ...], AfterValidator(_command)]
"""Arguments, never a shell line. Filled in are {python}, {cache} (the cache folder), {prepared}
(the folder that `prepare` made) and, for the commands that see a sample, {file} and {work} (the
folder for what is built from it)."""
Step = Annotated[
    tuple[Annotated[StrictStr, AfterValidator(_or_files)], ...], AfterValidator(_command)
]
"""A command that may have the argument {files} in the place of {file} and {work}. It is then run
once for the files of several samples, each in a folder of its own; succeeds if it would for each of
them; and should name those for which it would not."""


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """A program or library that must be on the machine."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    name: StrictStr
    check: Command
    """Succeeds if it is there, and prints its version. Filled in are {python} and, of a client,
    {project} (its folder of this name)."""
    install: StrictStr
    """What brings it on Debian or Ubuntu."""
    least: Annotated[StrictStr, AfterValidator(_version)] = ""
    """The lowest version that will do, such as 1.24; empty: any will."""
    gates: tuple[Gate, ...] = ()
    """The only gates that need it; none named: without it a sample cannot run at all."""
    in_project: StrictBool = False
    """Whether an exported project brings it: its reader need not install it."""

    @property
    def full_name(self) -> str:
        """Its name, and the version that it must have."""
        return f"{self.name} {self.least} or newer" if self.least else self.name


@dataclass(frozen=True, kw_only=True)
class Project:
    """What `samplegen export` puts around a sample, to make a whole project of it.

    It consists of the client's `project` files besides. Filled in is {operation}, the name.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    source: Line
    """The path of the sample in the project."""
    build: Line = ""
    """Shell lines that build it, as its reader types them."""
    run: Line
    """The shell line that runs it."""
    ignore: tuple[StrictStr, ...] = ()
    """What `.gitignore` holds: all that the commands make."""


@dataclass(frozen=True, kw_only=True)
class Language:
    """`language.yaml`: what all clients of a language share."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    title: StrictStr
    aliases: tuple[StrictStr, ...] = ()
    """Other names by which a search or a link may call it, such as `golang`."""
    lexer: StrictStr
    """The name of the Pygments lexer that colours it."""
    file: Annotated[StrictStr, Field(pattern=r"^[^/]*\{operation\}[^/]*\.[a-z0-9]+$")]
    """The name of a sample's file."""
    literals: StrictStr | DeclaredLiterals
    """The kind of literal that it writes: the name of one that samplegen knows, or its rules."""
    datatypes: dict[StrictStr, StrictStr] = field(default_factory=dict)
    """Protocol datatype to the language's element type."""
    tables: dict[StrictStr, dict[StrictStr, StrictStr]] = field(default_factory=dict)
    """Further tables by protocol datatype; a template uses each as the filter of its name."""
    requires: tuple[Requirement, ...] = ()
    environment: dict[StrictStr, Argument] = field(default_factory=dict)
    """Variables for all commands but `run`; filled in as those are."""
    prepare: tuple[Command, ...] = ()
    """Commands that run once for each client, before any of its samples is built, in a folder that
    holds the client's `project` files and, if it makes stubs of it, the gRPC contract."""
    format: tuple[Step, ...] = ()
    """Commands that succeed if the file is formatted."""
    lint: tuple[Step, ...] = ()
    closes: dict[Pattern, Pattern] = field(default_factory=dict)
    """What a program opens, to what closes it and must be there as well, a pattern each: nothing
    shows while a program runs that it leaves that to its end. `lint` looks for it."""
    never: tuple[Pattern, ...] = ()
    """Patterns of what no program may hold, such as what turns the check of certificates off, which
    does nothing until a reader turns TLS on. `lint` looks for it."""
    build: tuple[Step, ...] = ()
    run: Command
    """Runs in a folder beside the folders `work` and `prepared`."""
    timeout: Annotated[StrictInt, Field(ge=1)] = 30
    """Seconds that any of the commands may take, but those of `prepare`. `run` has no more than the
    deadline of a call and what a program takes to start."""
    project: Project | None = None
    """What `samplegen export` makes of a sample; without it, none can be exported."""

    @cached_property
    def kind(self) -> Literals:
        """How it writes values."""
        if isinstance(self.literals, DeclaredLiterals):
            return self.literals.literals
        return LITERALS[self.literals]

    @property
    def suffix(self) -> str:
        """The ending of the files and, before `.jinja`, of the templates: `.py`."""
        return f".{self.file.rpartition('.')[2]}"


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """What a client's library does otherwise than an operation asks."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    calls: dict[StrictStr, StrictStr] = field(default_factory=dict)
    """RPC to the one that the library calls in its place; it applies to operations with both."""
    stderr: tuple[StrictStr, ...] = ()
    """Lines that the library itself may print to stderr when a call fails."""
    reason: Annotated[StrictStr, Field(min_length=1)]
    """One sentence for readers."""

    @property
    def rpcs(self) -> frozenset[str]:
        """All that it names."""
        return frozenset((*self.calls, *self.calls.values()))


@dataclass(frozen=True, kw_only=True)
class ClientFile:
    """What `client.yaml` holds."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    title: StrictStr
    tab: StrictStr
    """The label of its tab."""
    transport: Literal["grpc", "rest"]
    order: StrictInt = 1000
    """Smaller comes first; equal ones by name."""
    install: StrictStr
    """Shell line that a reader types to install the package."""
    install_note: StrictStr = ""
    """Markdown: what else to know about it. {operation} stands for the name of the operation."""
    about: StrictStr = ""
    """Markdown for the client's page: what it is, in a sentence or two."""
    choose: StrictStr = ""
    """Markdown: when to choose it, as the end of the sentence "Choose it when"."""
    platforms: dict[StrictStr, StrictStr] = field(default_factory=dict)
    """Other systems, and the shell line that installs the package there. Nobody runs these."""
    requires: tuple[Requirement, ...] = ()
    stubs: StrictBool = False
    """Whether stubs are made of the gRPC contract, which then lies beside the `project` files."""
    prepare: tuple[Command, ...] = ()
    """Run after those of the language."""
    lint: tuple[Step, ...] | None = None
    """In place of those of the language; likewise `build`, `run` and `project`."""
    build: tuple[Step, ...] | None = None
    run: Command | None = None
    project: Project | None = None
    omits: dict[StrictStr, StrictStr] = field(default_factory=dict)
    """Forms, or single operations, that the client does not support, and why."""
    no_streams: StrictStr = ""
    """Why the client takes no steps that stream; empty: it does."""
    no_sent_streams: StrictStr = ""
    """The same of steps that send a stream and get one answer."""
    deviates: dict[StrictStr, Deviation] = field(default_factory=dict)
    """Forms that differ from their operation because of a bug in its library. The judge expects
    exactly that, and pages show the reason."""
    unread: dict[StrictStr, StrictStr] = field(default_factory=dict)
    """Datatypes of outputs that the client cannot receive, and why."""
    unread_here: dict[StrictStr, StrictStr] = field(default_factory=dict)
    """Those that it cannot receive from the documented server, though from others, and why."""
    needs_binary: tuple[StrictStr, ...] = ()
    """Forms whose programs send tensors over REST as bytes, which not every server takes."""
    rounds: dict[StrictStr, StrictStr] = field(default_factory=dict)
    """Datatypes whose numbers it may round beyond 2^53, and why; it refuses such answers."""
    raw_contents: StrictBool = False
    """Whether its library reads tensors from `raw_output_contents` only, where OpenVINO Model
    Server and Triton put them; the judge then sends no typed contents."""


@dataclass(frozen=True, kw_only=True)
class Client(ClientFile):
    """How a language talks to the server: a library and a transport."""

    name: str
    """`<language>/<client>`, the path of its folder."""
    language: Language
    """The language, with the commands that the client puts in place of its own."""

    def template(self, operation: Operation) -> str:
        """The path of the operation's template below `templates/`."""
        return f"{self.name}/{operation.form}{self.language.suffix}.jinja"

    def sample(self, operation: Operation) -> str:
        """The path of the operation's sample below `samples/`."""
        return f"{self.name}/{self.language.file.format(operation=operation.name)}"

    def omitted(self, operation: Operation) -> str | None:
        """Why the client does not support an operation, if so."""
        reasons_unread = self.unread | self.unread_here
        unread = (
            f"{tensor.name!r}: {reasons_unread[tensor.datatype]}"
            for tensor in operation.outputs
            if tensor.datatype in reasons_unread
        )
        rounded = (
            f"{tensor.name!r}: {self.rounds[tensor.datatype]}"
            for tensor in operation.outputs
            if tensor.datatype in self.rounds and _is_rounded(operation, tensor)
        )
        joins = any(step.sends_stream and not step.gets_stream for step in operation.linked)
        streams = (self.no_streams if operation.streams else "") or (
            self.no_sent_streams if joins else ""
        )
        omits = self.omits.get(operation.name, self.omits.get(operation.form))
        reasons = (omits, streams, *unread, *rounded)
        return next(filter(None, reasons), None)

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """What the language and the client need."""
        return (*self.language.requires, *self.requires)


def _is_rounded(operation: Operation, tensor: Tensor) -> bool:
    """Whether an output is expected to hold an integer that FP64 cannot."""
    labels = (tensor.name, f"{tensor.name} first")
    lines = (line for line in operation.expect if line.label in labels)
    return any(isinstance(v, int) and abs(v) > 2**53 for line in lines for v in line.values)


_OWN = ("lint", "build", "run", "project")
"""What a client may put in place of the language's."""


class Clients:
    """The template folders, read as far as asked for."""

    def __init__(self, layers: Layers, wanted: Callable[[], Sequence[str]] = tuple) -> None:
        """Reads nothing yet.

        Args:
            layers: The folders.
            wanted: Names the clients that count; none named: all.
        """
        self.layers = layers
        self._wanted = wanted
        self._languages: dict[str, Language] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The clients, by name."""
        return tuple(name.removesuffix("/client.yaml") for name in self._files)

    @cached_property
    def _files(self) -> dict[str, Path]:
        """The clients' files, by their path."""
        found = self.layers.glob("*/*/client.yaml")
        wanted = [f"{name}/client.yaml" for name in self._wanted()]
        wanted = wanted or [path for path in found if not self._has_only_steps(path)]
        missing = [path for path in wanted if path not in found]
        if missing:
            raise SamplegenError(*(f"templates/{path} is missing; add it" for path in missing))
        return {path: found[path] for path in sorted(wanted)}

    def _has_only_steps(self, path: str) -> bool:
        """Whether a client has no form but steps: it counts only where an API names it."""
        found = self.layers.glob(f"{path.removesuffix('client.yaml')}*.jinja")
        names = {Path(name).name.partition(".")[0] for name in found}
        return {name for name in names if not name.startswith("_")} == {STEPS}

    def client(self, name: str) -> Client:
        """The client of this name.

        Raises:
            UsageError: No such client.
            SamplegenError: Its file, or that of its language, has mistakes.
        """
        path = self._files.get(f"{name}/client.yaml")
        if path is None:
            raise UsageError(f"no client {name!r}; {nearest(name, self.names)}")
        steps: list[Callable[[], Any]] = [
            partial(self.language, name.partition("/")[0]),
            partial(load, path, ClientFile),
        ]
        language, file = gather(steps)
        values = {f.name: getattr(file, f.name) for f in fields(file)}
        own = {key: values[key] for key in _OWN if values[key] is not None}
        folder = self.layers.find(f"{name}/project") or path.parent
        project = str(folder.absolute())
        values["requires"] = tuple(
            replace(r, check=tuple(part.replace("{project}", project) for part in r.check))
            for r in file.requires
        )
        return Client(name=name, language=replace(language, **own) if own else language, **values)

    def project(self, client: Client) -> dict[str, Path]:
        """The files of the client's `project` folder: what its samples are built with."""
        folder = f"{client.name}/project/"
        found = self.layers.glob(f"{folder}**/*")
        return {name.removeprefix(folder): path for name, path in found.items() if path.is_file()}

    def tools(self, client: Client) -> dict[str, Path]:
        """The files of the folders `tools` of the client and its language, for their commands."""
        folders = (f"{client.name.partition('/')[0]}/tools", f"{client.name}/tools")
        found = [path for folder in folders for path in self.layers.glob(f"{folder}/*").values()]
        return {f"tools/{path.name}": path for path in found if path.is_file()}

    def language(self, name: str) -> Language:
        """The language of this name.

        Raises:
            SamplegenError: Its file is missing or has mistakes.
        """
        if name not in self._languages:
            path = self.layers.find(f"{name}/language.yaml")
            if path is None:
                raise SamplegenError(f"templates/{name}/language.yaml is missing; add it")
            self._languages[name] = load(path, Language, _check_language)
        return self._languages[name]

    def all(self) -> tuple[Client, ...]:
        """All clients in their order.

        Raises:
            SamplegenError: With every problem of every file.
        """
        clients = gather(partial(self.client, name) for name in self.names)
        return tuple(sorted(clients, key=lambda client: (client.order, client.name)))


def _check_language(language: Language) -> Mistakes:
    if isinstance(language.literals, str) and language.literals not in LITERALS:
        yield ("literals",), f"found {language.literals!r}; {nearest(language.literals, LITERALS)}"
    if re.search("[{}]", language.file.replace("{operation}", "")):
        yield ("file",), f"found {language.file!r}; expected no braces but {{operation}}"
