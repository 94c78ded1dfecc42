"""What assistants get of a catalogue over the Model Context Protocol: tools and resources."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import anyio.to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError

from samplegen.catalogue import Catalogue, Cell
from samplegen.commands.looking_up import look_up, wants_tls
from samplegen.connection.given import connection
from samplegen.errors import SamplegenError
from samplegen.faults import Fault, explaining
from samplegen.judge.results import verdicts
from samplegen.render.view import Rendered
from samplegen.selection import cell, matching_clients
from samplegen.served import address

VERDICTS = "samplegen://verdicts"
_UNSECURED = ("tls", "cacert", "cert", "key", "base_path")
_INSTRUCTIONS = (
    "Programs that call a model server, in several languages. Ask list_operations what there is, "
    "get_sample for a program, sample_for_model for one that calls a model of a running server. "
    "Give programs to people as they are: each was built and run if its state is `verified`."
)
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class ListedOperation:
    """An operation, and who can call it."""

    name: str
    title: str
    summary: str
    clients: list[str]
    """Those that have a sample, as `<language>/<client>`."""
    omitted: dict[str, str]
    """Those that have none, and why."""


@dataclass(frozen=True)
class Sample:
    """A program, and how to get it to run."""

    program: str
    """The whole program."""
    call: str
    """Its lines that call the server; empty if the template marks none."""
    file: str
    """What to call it."""
    install: str
    """The command that installs the client's library."""
    state: str
    """`verified`: exactly this text was built, run and judged; `failed`: it was, and is wrong;
    `not run`: it was not, as with values of one's own."""
    note: str
    """What it does otherwise than its operation asks."""


@dataclass(frozen=True)
class Explanation:
    """An error that a message may be."""

    text: str
    """How the server's message begins."""
    rest: int | None
    """The HTTP status."""
    grpc: str | None
    """The gRPC code."""
    cause: str
    fix: str


class Assistant:
    """Answers assistants; each answer is whole before the next is begun."""

    def __init__(self, catalogue: Catalogue, faults: Sequence[Fault], verdicts_file: Path) -> None:
        """Reads the spec, all clients and, to see whether it can be read, the file of verdicts.

        Raises:
            SamplegenError: With every mistake in them.
        """
        self._catalogue = catalogue
        self._cells = catalogue.cells
        self._faults = faults
        self._verdicts_file = verdicts_file
        verdicts.read(verdicts_file)

    def server(self) -> MCPServer[Any]:
        """The server with its tools and resources."""
        made: MCPServer[Any] = MCPServer(
            "samplegen",
            instructions=_INSTRUCTIONS,
            version=version("samplegen"),
            log_level="WARNING",
        )
        for tool in (
            self.list_operations,
            self.get_sample,
            self.sample_for_model,
            self.explain_error,
        ):
            made.add_tool(_answering(tool))
        json = "application/json"
        made.resource(VERDICTS, mime_type=json)(self.all_verdicts)
        made.resource(f"{VERDICTS}/{{operation}}", mime_type=json)(self.verdicts_of)
        return made

    async def list_operations(self) -> list[ListedOperation]:
        """Lists the operations of the API, and the clients that have a sample of each."""
        listed: dict[str, ListedOperation] = {}
        for one in self._cells:
            of = one.operation
            entry = listed.setdefault(
                of.name, ListedOperation(of.name, of.title, of.summary, [], {})
            )
            if one.omitted is None:
                entry.clients.append(one.client.name)
            else:
                entry.omitted[one.client.name] = one.omitted
        return [*listed.values()]

    async def get_sample(
        self,
        operation: str,
        client: str,
        host: str | None = None,
        grpc_port: int | None = None,
        rest_port: int | None = None,
        model: str | None = None,
        model_version: str | None = None,
        tls: bool = False,
        bearer_token_env: str | None = None,
    ) -> Sample:
        """Gets the program of an operation for a client, such as `go/grpc`, and a connection.

        What is not given is as documented. `model_version` may be empty for the server's default.
        A token is never given: `bearer_token_env` names the environment variable that holds it.
        """
        chosen = cell(self._catalogue, operation, client)
        made = connection(
            self._catalogue.spec.api.connection,
            host=host,
            grpc_port=grpc_port,
            rest_port=rest_port,
            model=model,
            model_version=model_version,
            tls=tls or None,
            bearer_token_env=bearer_token_env,
        )
        return self._sample(self._catalogue, chosen, lambda: self._catalogue.render(chosen, made))

    async def sample_for_model(
        self,
        address_of_server: str,
        model: str,
        client: str,
        model_version: str = "",
        shapes: dict[str, list[int]] | None = None,
    ) -> Sample:
        """Makes a program that calls a model of a running KServe v2 server, which is asked for it.

        `address_of_server` is such as http://localhost:8000 or grpc://localhost:9000. `shapes` has
        the sizes of inputs whose shapes the model leaves open.
        """
        where = address.parse(address_of_server)
        security: dict[str, Any] = dict.fromkeys(_UNSECURED)
        security["tls"] = wants_tls(where, security)
        security["base_path"] = ""
        chosen = matching_clients(self._catalogue, [client], "client")
        if len(chosen) > 1:
            raise SamplegenError(f"client: found {client!r}; expected one of {sorted(chosen)}")
        ask = partial(
            look_up,
            self._catalogue,
            where,
            model,
            model_version,
            {name: tuple(shape) for name, shape in (shapes or {}).items()},
            chosen,
            {"grpc_port": None, "rest_port": None},
            security,
        )
        task = await anyio.to_thread.run_sync(ask)
        (found,) = task.cells
        return self._sample(task.catalogue, found, lambda: task.catalogue.render(found))

    async def explain_error(self, message: str) -> list[Explanation]:
        """Explains an error message of the server: its cause, and how to fix it.

        Returns:
            What it may be, the likeliest first; nothing if it is not known.
        """
        return [
            Explanation(fault.text, fault.rest, fault.grpc, fault.cause, fault.mend)
            for fault in explaining(self._faults, message)
        ]

    async def all_verdicts(self) -> str:
        """What the judge said of each sample when it was last run."""
        return verdicts.as_json(verdicts.read(self._verdicts_file)).decode()

    async def verdicts_of(self, operation: str) -> str:
        """What the judge said of the samples of one operation when they were last run."""
        if operation not in self._catalogue.spec.names:
            raise ResourceNotFoundError(f"no operation {operation!r}")
        kept = verdicts.read(self._verdicts_file)
        return verdicts.as_json(v for v in kept if v.operation == operation).decode()

    def _sample(self, of: Catalogue, one: Cell, render: Callable[[], Rendered]) -> Sample:
        if one.omitted is not None:
            raise SamplegenError(f"{one.name}: {one.omitted}")
        rendered = render()
        digest = hashlib.sha256(rendered.text.encode()).hexdigest()
        kept = verdicts.read(self._verdicts_file)
        status = next((v.status for v in kept if v.cell == one.key and v.sha256 == digest), "")
        return Sample(
            program=rendered.text,
            call=rendered.call,
            file=one.client.sample(one.operation).rpartition("/")[2],
            install=one.client.install.strip(),
            state={"passed": "verified", "failed": "failed"}.get(status, "not run"),
            note=one.deviation.reason if one.deviation else "",
        )


def _answering(
    tool: Callable[_Given, Awaitable[_Result]],
) -> Callable[_Given, Awaitable[_Result]]:
    """The tool, whose errors are answers that say what is wrong."""

    @wraps(tool)
    async def answered(*given: _Given.args, **named: _Given.kwargs) -> _Result:
        try:
            return await tool(*given, **named)
        except SamplegenError as error:
            raise ToolError("\n".join(str(problem) for problem in error.problems)) from error

    return answered
