"""The JSON that commands and the site give to machines. Its fields are public.

`samplegen schema` writes a JSON Schema of each. What `verify` and `merge` give is in
`samplegen.judge.results.verdicts`, the index of the samples in `samplegen.samples`.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from samplegen.catalogue import State
from samplegen.gates import Gate
from samplegen.judge.results.verdicts import Verdict
from samplegen.render.view import Rendered
from samplegen.served.metadata import ModelMetadata

SampleState = Literal["verified", "failed", "stale", "unverified"]


@dataclass(frozen=True)
class ConnectionValue:
    """Where a value of the connection stands in a program, in characters."""

    name: str
    """`host`, `grpc_port`, `rest_port`, `model` or `model_version`."""
    start: int
    """The index of its first character; the program's first has 0."""
    end: int
    """The index behind its last character."""


@dataclass(frozen=True)
class CallLines:
    """Lines of a program that call the server, in characters."""

    start: int
    """The index of their first character; the program's first has 0."""
    end: int
    """The index behind their last character."""


@dataclass(frozen=True)
class ListedCell:
    """`samplegen list --json`: a cell of the matrix."""

    operation: str
    """The name of its file in the spec, without `.yaml`."""
    title: str
    """Of the operation."""
    client: str
    """`<language>/<client>`."""
    form: str
    """Names the template."""
    state: State
    """`ready`: there is a template; `omitted`: the client does not support this operation."""
    reason: str
    """Why the client has no sample of the operation, or one that does not do all it should."""
    path: str
    """Of the sample, below the samples folder."""


@dataclass(frozen=True)
class ShownProgram:
    """`samplegen show --json`, and `samplegen model --client --json`: one program."""

    text: str
    """The whole program."""
    spans: tuple[ConnectionValue, ...]
    """In the order of the text."""
    calls: tuple[CallLines, ...]
    """Where the server is called, in the order of the text; none, if the template marks none."""


@dataclass(frozen=True)
class Need:
    """`samplegen doctor --json`: what samples need."""

    name: str
    """Of a program or a library, for people."""
    version: str | None
    """Null if it is missing; empty if it is there and tells none."""
    install: str
    """The command that brings it."""
    gates: tuple[Gate, ...]
    """Those that need it; none: all of them."""
    clients: tuple[str, ...]
    """Those that need it, as `<language>/<client>`."""


@dataclass(frozen=True)
class ClientState:
    """Whether a client can call a model."""

    client: str
    """`<language>/<client>`."""
    state: State
    """`ready`: it can; `omitted`: it cannot carry the model's tensors."""
    reason: str
    """Why it cannot."""
    path: str
    """Of the program, below the folder of `--output`."""


@dataclass(frozen=True)
class ServedModel:
    """`samplegen model --json`: a model of a running server."""

    server: str
    """Its own name and version."""
    model: ModelMetadata
    """As the server describes it."""
    clients: tuple[ClientState, ...]
    """All, or those that `--client` names."""


@dataclass(frozen=True)
class PublishedSample:
    """`samples.json` of the site: a sample, and what was proved of it."""

    operation: str
    """Its name."""
    title: str
    """Of the operation."""
    client: str
    """`<language>/<client>`."""
    client_title: str
    """As a reader calls it."""
    language: str
    """As a reader calls it."""
    transport: str
    """`grpc` or `rest`."""
    install: str
    """The command that installs the client's library."""
    page: str
    """The address of the page that shows it."""
    file: str
    """The address of the program."""
    data: tuple[str, ...]
    """The addresses of the files that it opens in its working folder."""
    sha256: str
    """Of the program."""
    project: str
    """The address of a ZIP file with the program, what it is built with and a README; empty: there
    is none."""
    project_sha256: str
    """Of that file; empty: there is none."""
    state: SampleState
    """`verified` and `failed`: what the judge said of these bytes; `stale`: it judged others;
    `unverified`: it judged none."""
    verdict: Verdict | None
    """Null if it was not judged."""
    values: tuple[ConnectionValue, ...]
    """In the order of the program."""
    calls: tuple[CallLines, ...]
    """Where it calls the server, in its order; none, if the template marks none."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A fault that was planted in a copy of a sample."""

    name: str
    """Of the fault; with `client`, one of its kind."""
    fault: str
    """What the copy does wrong."""
    client: str
    """`<language>/<client>`."""
    operation: str
    """Its name."""
    kind: str = ""
    """What kind of fault it is: a key of `kinds`."""
    expected_gate: Gate
    """The gate that must find it."""
    caught_by: Gate | None
    """The gate that found it, if that is the expected one; null: it survived."""
    reason: str = ""
    """What the judge said."""


@dataclass(frozen=True, kw_only=True)
class LanguageScore:
    """How many of the faults in a language's samples the judge caught."""

    name: str
    """The folder of its templates."""
    title: str
    """As a reader calls it."""
    planted: int
    """Faults; 0 if they were not judged."""
    caught: int
    """Those of them that their expected gates found."""
    by_gate: dict[Gate, int] = field(default_factory=dict)
    """How many of those caught each gate found; gates that found none are left out."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of what its samples were built with."""
    skipped: str = ""
    """Why some or all were not judged."""
    mutants: tuple[Mutant, ...] = ()
    """Those judged."""

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        return tuple(mutant for mutant in self.mutants if mutant.caught_by is None)


@dataclass(frozen=True, kw_only=True)
class MutationScores:
    """`build/mutants.json`: one run of the mutation suite (`make mutants`)."""

    judged_at: str
    """ISO 8601, UTC."""
    samplegen: str = ""
    """Its version."""
    server: str
    """The name and version of the server that the samples talked to."""
    machine: str = ""
    """System, processor and number of cores."""
    seconds: float = 0.0
    """Of the whole run."""
    kinds: dict[str, str] = field(default_factory=dict)
    """The kinds of faults: a letter, and what such faults have in common."""
    gates: tuple[Gate, ...] = ()
    """All that there are, in the order in which they are taken."""
    languages: tuple[LanguageScore, ...]
    """Those of which faults were planted."""
    present: int = 0
    """Faults that there are; a run may have judged some of them only."""


def shown_program(rendered: Rendered) -> ShownProgram:
    return ShownProgram(rendered.text, connection_values(rendered), call_lines(rendered))


def connection_values(rendered: Rendered) -> tuple[ConnectionValue, ...]:
    """Where they stand in a program."""
    return tuple(ConnectionValue(span.name, span.start, span.end) for span in rendered.spans)


def call_lines(rendered: Rendered) -> tuple[CallLines, ...]:
    """Where a program calls the server."""
    return tuple(CallLines(start, end) for start, end in rendered.calls)


def to_json(output: Any, indent: int | None = None) -> bytes:
    """One of these, or a list of them, as JSON: in UTF-8, whatever the machine's locale says."""
    tree = [asdict(one) for one in output] if isinstance(output, list) else asdict(output)
    return json.dumps(tree, indent=indent, ensure_ascii=False).encode(errors="backslashreplace")
