"""Runs programs: each in a world of its own, with the proxy between it and the real server.

A program then runs on the addresses that its readers see, also several at a time. Where the machine
has no such worlds, programs run one at a time, on free ports if the documented ones are taken.
"""

import contextlib
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from samplegen.connection.model import Connection, with_values
from samplegen.connection.secrets import secrets
from samplegen.errors import SamplegenError
from samplegen.judge.machine import isolation, ports, processes
from samplegen.judge.machine.isolation import Isolation
from samplegen.judge.machine.slots import Slot
from samplegen.judge.machine.starter.messages import Ended
from samplegen.judge.machine.worlds import Starter, World
from samplegen.judge.servers.proxy.certificates import Authority
from samplegen.judge.servers.proxy.documents import Undecodable
from samplegen.judge.servers.proxy.exchanges import Answer, Exchange, Link, Transport
from samplegen.judge.servers.proxy.protobuf import Contract
from samplegen.judge.servers.proxy.proxy import Proxy
from samplegen.judge.servers.proxy.sessions import Door, Plan
from samplegen.judge.servers.started import Target
from samplegen.render.clients import Command
from samplegen.spec.operation import Call
from samplegen.spec.reading import Spec

START_SECONDS = 10
"""How long a program may take besides its calls: a virtual machine takes some, if all is busy."""
_MOST_WORLDS = 48
"""Programs that may wait for a server at a time; each holds some memory."""


@dataclass(frozen=True)
class Program:
    """A sample that can be run."""

    command: Command
    folders: Mapping[str, Path]
    """By the name that is filled into the command, such as `prepared`."""
    file: str
    """The name of the program's file in the folder `work`."""
    values: Mapping[str, str]
    """What else is filled into the command."""
    files: Sequence[Path]
    """What lies in its working folder."""
    calls: Sequence[Call]
    """Those of its operation."""


@dataclass(frozen=True)
class Run:
    """How a program ran, and what passed between it and the server. Times: `time.monotonic`."""

    ended: Ended
    at: float
    """When it had ended."""
    exchanges: Sequence[Exchange]
    links: Sequence[Link]
    problems: Sequence[str]
    """What went wrong in the proxy."""
    unable: str
    """Why this machine could not make the fault; empty if it could."""
    waiting_since: float | None
    """When the program began to wait in vain for the server."""
    unmet: Sequence[str] = ()
    """What the run should have done to the server, and did not."""

    @property
    def met(self) -> Exchange | None:
        """The first request that met the fault."""
        return next((exchange for exchange in self.exchanges if exchange.faulty), None)


@dataclass
class Runner:
    """Runs programs against a real server, through the proxy."""

    isolation: Isolation
    connection: Connection
    """The one that programs are rendered for; the documented one, but for its options."""
    contract: Contract | None
    """None if the API has none, or it cannot be compiled here."""
    no_contract: str
    """Why there is none."""
    _starter: Starter
    _proxy: Proxy
    _authority: Authority | None
    _kept: Sequence[Path]
    _worlds: threading.Semaphore
    _environment: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        program: Program,
        upstream: Connection,
        seconds: float,
        slot: Slot,
        plan: Plan | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Run:
        """Runs a program once.

        Args:
            program: Built for `connection`.
            upstream: The real server.
            seconds: How long it may take.
            slot: Lent to others once the program waits for a server in vain.
            plan: What the proxy does to answers; None: nothing.
            env: Variables that replace those of every program.

        Raises:
            OSError: It cannot be started.
            SamplegenError: There can be no world for it.
        """
        lending = _Lending(slot)
        plan = replace(
            plan or Plan(),
            base_path=self.connection.base_path,
            calls=program.calls,
            contract=self.contract,
            authority=self._authority,
            client=self.connection.tls,
            waiting=lending.begin,
        )
        with slot.lent():
            self._worlds.acquire()
        try:
            with self._world(program) as world:
                doors = self._doors(world)
                environment = {**self._variables(world.home), **(env or {})}
                arguments = _arguments(program, world)
                try:
                    with self._proxy.session(upstream, doors, plan) as session:
                        ended = world.run(arguments, environment, seconds)
                        at = time.monotonic()
                finally:
                    lending.end()
        finally:
            self._worlds.release()
        return Run(
            ended=ended,
            at=at,
            exchanges=session.exchanges,
            links=session.links,
            problems=session.problems,
            unable=session.unable,
            waiting_since=session.waiting_since,
        )

    def repeated(
        self, exchanges: Sequence[Exchange], server: Connection, seconds: float
    ) -> list[Answer] | None:
        """What a server answers to the requests of a run; None if it cannot be known.

        Args:
            exchanges: The requests.
            server: Asked without the program.
            seconds: How long all of them may take.
        """
        if not all(exchange.whole for exchange in exchanges):
            return None
        try:
            return self._proxy.repeated(server, exchanges, self.connection.base_path, seconds)
        except OSError:
            return None  # whoever runs the program there sees why

    def close(self) -> None:
        """Ends all programs, and starts no more."""
        self._starter.close()

    def _world(self, program: Program) -> contextlib.AbstractContextManager[World]:
        host = self.connection.host.strip("[]")
        return self._starter.world(
            ports=[*dict.fromkeys(self.connection.ports.values())],  # an ingress may have but one
            files=program.files,
            shown=program.folders,
            kept=self._kept,
            hosts=[] if _is_local(host) else [host],
        )

    def _doors(self, world: World) -> list[Door]:
        transports: dict[int, Transport | None] = {}
        if self.connection.grpc_port is not None:
            transports[self.connection.grpc_port] = "grpc"
        if (port := self.connection.rest_port) is not None:
            transports[port] = None if port in transports else "rest"
        return [
            Door(listener, transports[port])
            for port, listeners in world.listeners.items()
            for listener in listeners
        ]

    def _variables(self, home: Path) -> dict[str, str]:
        return processes.environment(home, self._environment)


class _Lending:
    """Lends a slot while a program waits in vain."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._stack = contextlib.ExitStack()

    def begin(self) -> None:
        """Lends it; called from the proxy's thread, at most once."""
        self._stack.enter_context(self._slot.lent())

    def end(self) -> None:
        """Waits until it is back."""
        self._stack.close()


@contextlib.contextmanager
def opened(spec: Spec, target: Target, kept: Sequence[Path] = ()) -> Iterator[Runner]:
    """A runner for the samples of a spec.

    Args:
        spec: Says what is documented.
        target: The real server, whose connection options the programs have, too.
        kept: Folders that programs see even if they lie where each has folders of its own.

    Raises:
        SamplegenError: There can be no worlds at all.
    """
    documented = spec.api.connection
    with contextlib.ExitStack() as stack:
        starter, level = stack.enter_context(isolation.opened())
        connection = with_values(target.connection, host=documented.host, **documented.ports)
        if level.level == "process":
            wanted = [*dict.fromkeys(documented.ports.values())]  # both may share one
            local: dict[str, Any]
            claimed = stack.enter_context(ports.claimed(wanted))
            found = dict(zip(wanted, claimed, strict=True))
            local = {name: found[number] for name, number in documented.ports.items()}
            if not _is_local(documented.host):  # no other name can be given to this machine
                local["host"] = "localhost"
            connection = with_values(connection, **local)
        authority = None
        shown = [*kept]
        if connection.tls is not None:
            names = [connection.host, *([connection.authority] if connection.authority else [])]
            authority = Authority(names)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            pem = folder / "ca.pem"
            pem.write_bytes(authority.pem)
            connection = replace(connection, tls=replace(connection.tls, cacert=str(pem)))
            named = (pem, connection.tls.cert, connection.tls.key) if connection.tls else ()
            shown += [Path(path).absolute() for path in named if path]
        contract, reason = _contract(spec)
        yield Runner(
            isolation=level,
            connection=connection,
            contract=contract,
            no_contract=reason,
            _starter=starter,
            _proxy=stack.enter_context(Proxy()),
            _authority=authority,
            _kept=shown,
            _worlds=threading.Semaphore(1 if level.level == "process" else _MOST_WORLDS),
            _environment=secrets(target.connection),
        )


def _is_local(host: str) -> bool:
    return host.strip("[]") in ("localhost", "127.0.0.1", "::1")


def _contract(spec: Spec) -> tuple[Contract | None, str]:
    """The contract, or why there is none."""
    if not spec.api.proto:
        return None, "the API names no contract"
    try:
        return Contract(spec.contract.descriptors), ""
    except (SamplegenError, Undecodable) as error:
        return None, str(error)


def _arguments(program: Program, world: World) -> list[str]:
    """The command with the folders as the program sees them."""
    folders = {name: str(world.root / name) for name in program.folders}
    values = {**program.values, **folders, "file": f"{folders['work']}/{program.file}"}
    return [argument.format_map(values) for argument in program.command]
