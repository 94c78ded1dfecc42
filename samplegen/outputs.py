"""The JSON that commands and the site give to machines. Its fields are public.

`samplegen schema` writes a JSON Schema of each. What `verify` and `merge` give is in
`samplegen.judge.verdicts`, the index of the samples in `samplegen.samples`.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from samplegen.clients import Gate
from samplegen.judge.verdicts import Verdict
from samplegen.render import Rendered
from samplegen.samples import State
from samplegen.served.metadata import ModelMetadata

SampleState = Literal["verified", "failed", "stale", "unverified"]


@dataclass(frozen=True)
class ConnectionValue:
    """Where a value of the connection stands in a program, in characters."""

    name: str
    """`host`, `grpc_port`, `rest_port`, `model` or `model_version`."""
    start: int
    end: int
    """Exclusive."""


@dataclass(frozen=True)
class ListedCell:
    """`samplegen list --json`: a cell of the matrix."""

    operation: str
    title: str
    """Of the operation."""
    client: str
    """`<language>/<client>`."""
    form: str
    """Names the template."""
    state: State
    reason: str
    """Why the client has no sample of the operation, or one that does not do all it should."""
    path: str
    """Of the sample, below the samples folder."""


@dataclass(frozen=True)
class ShownProgram:
    """`samplegen show --json`, and `samplegen model --client --json`: one program."""

    text: str
    spans: tuple[ConnectionValue, ...]
    """In the order of the text."""


@dataclass(frozen=True)
class Need:
    """`samplegen doctor --json`: what samples need."""

    name: str
    version: str | None
    """None if it is missing; empty if it is there and tells none."""
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
    clients: tuple[ClientState, ...]


@dataclass(frozen=True)
class PublishedSample:
    """`samples.json` of the site: a sample, and what was proved of it."""

    operation: str
    title: str
    """Of the operation."""
    client: str
    """`<language>/<client>`."""
    client_title: str
    language: str
    """As a reader calls it."""
    transport: str
    """`grpc` or `rest`."""
    install: str
    """The command that installs the client's library."""
    file: str
    """The address of the program."""
    data: tuple[str, ...]
    """The addresses of the files that it opens in its working folder."""
    sha256: str
    """Of the program."""
    state: SampleState
    """Stale if other bytes were judged; unverified if none were."""
    verdict: Verdict | None
    """None if it was not judged."""
    values: tuple[ConnectionValue, ...]
    """In the order of the program."""


def shown_program(rendered: Rendered) -> ShownProgram:
    return ShownProgram(rendered.text, connection_values(rendered))


def connection_values(rendered: Rendered) -> tuple[ConnectionValue, ...]:
    """Where they stand in a program."""
    return tuple(ConnectionValue(span.name, span.start, span.end) for span in rendered.spans)


def to_json(output: Any, indent: int | None = None) -> str:
    """One of these, or a list of them, as JSON."""
    tree = [asdict(one) for one in output] if isinstance(output, list) else asdict(output)
    return json.dumps(tree, indent=indent, ensure_ascii=False)
