"""What the samples print when something goes wrong, for the tables of the errors page.

`python -m tests.site.client_errors` runs them again and writes these tables. A program runs as it
is published, on its documented addresses, in a world of its own; behind these addresses is whatever
goes wrong.
"""

import contextlib
import re
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from samplegen.catalogue import Catalogue
from samplegen.connection.model import Connection, Tls
from samplegen.judge.machine import isolation, processes
from samplegen.judge.machine.requirements import Versions
from samplegen.judge.machine.workshop import Workshop
from samplegen.judge.machine.worlds import Starter, World
from samplegen.render.clients import Client
from samplegen.selection import cell, default_cache
from tests import ingress
from tests.ingress import Ingress
from tests.server import zoo
from tests.server.process import Server, running

PAGE = Path(__file__).parents[2] / "site/errors.md"
OPERATION = "infer-array"
SECONDS = 60
_SECTION = re.compile(r"^### (?P<title>.*?)\n(?P<body>.*?)(?=^##|\Z)", re.M | re.S)
_ROW = re.compile(r"^\| `(?P<client>[\w-]+/[\w-]+)` \| (?P<message>.*) \|$", re.M)
_VARYING = re.compile(
    r"""\bipv[46]:\S+?:\d+ | \[::1\]:\d+ | (?:\b\d{1,3}(?:\.\d{1,3}){3} | \blocalhost\b)(?:[:/]\d+)*
    | (?:https?://\S*)?/v2/models/[\w/]+ | host='[^']*',\ port=\d+ | no-such-host\.invalid(?::\d+)?
    | <html>.* | nginx/[\d.]+ | _ssl\.c:\d+ | (?<=OpenSSL/)[\d.]+ | BadStatusLine\(.*
    | (?<=malformed\ HTTP\ response\ ).* | (?<=receiving\ ).*?(?=,\ parser\ state)
    | Name\ resolution\ delay.* | \d+(?=\ (?:ms|milliseconds)\b) | (?<=after\ )[\d.]+n?s
    | \b\d{7,}(?=\ vs\.) | (?<=\d:\ )\d{7,} | (?<=ARES_SUCCESS).*""",
    re.VERBOSE | re.DOTALL,
)
"""What differs from run to run, and from reader to reader."""
LONGEST = 260
"""Characters of a message on the page."""
GAP = "…"
SOURCE = " †"
"""Marks a message that was read in the source of a library, not printed."""

Port = int | None
"""Where a connection is passed on to; none: it is accepted, and never answered."""


@dataclass(frozen=True)
class Stand:
    """What stands behind the documented ports."""

    grpc: Port
    rest: Port
    listens: bool = True


@dataclass(frozen=True)
class Servers:
    """Real servers, each with something that a program does not expect."""

    right: Server
    other_model: Server
    other_shape: Server
    other_datatype: Server
    large: Server
    """Its answer takes more than 4 MiB."""
    front: Ingress
    """Before the first, with TLS."""


@dataclass(frozen=True)
class Situation:
    """What goes wrong, under its heading on the page."""

    title: str
    stand: Callable[[Servers], Stand]
    change: Callable[[Connection], Connection] = lambda documented: documented
    """How the program differs from the published one."""
    clients: Sequence[str] = ()
    """Those that it can happen to; none named, all."""
    resolves: bool = False
    """Whether it is run with the names that the machine knows, too, not only in a world without."""


def _behind(server: Server) -> Stand:
    return Stand(server.port, server.rest_port)


def _tls(documented: Connection) -> Connection:
    return replace(documented, tls=Tls())


SITUATIONS = (
    Situation("Nothing listens at this address", lambda s: Stand(None, None, listens=False)),
    Situation(
        "The gRPC and REST ports are swapped", lambda s: Stand(s.right.rest_port, s.right.port)
    ),
    Situation("The deadline has passed", lambda s: Stand(None, None)),
    Situation("The model is unknown", lambda s: _behind(s.other_model)),
    Situation("The input has another shape", lambda s: _behind(s.other_shape)),
    Situation("The input has another datatype", lambda s: _behind(s.other_datatype)),
    Situation(
        "The host name is unknown",
        lambda s: _behind(s.right),
        lambda documented: replace(documented, host="no-such-host.invalid"),
        resolves=True,
    ),
    Situation("The server does not use TLS", lambda s: _behind(s.right), _tls),
    Situation("The server uses TLS, the program does not", lambda s: Stand(*2 * (s.front.tls,))),
    Situation("The certificate is not trusted", lambda s: Stand(*2 * (s.front.tls,)), _tls),
    Situation(
        "The answer is too large",
        lambda s: _behind(s.large),
        clients=("cpp/grpc", "java/grpc", "go/grpc"),  # Triton's libraries set no limit
    ),
)


def shown() -> dict[tuple[str, str], str]:
    """The messages of the page, by title and client."""
    page = PAGE.read_text(encoding="utf-8")
    return {
        (section["title"], row["client"]): row["message"]
        for section in _SECTION.finditer(page)
        for row in _ROW.finditer(section["body"])
    }


def expected(client: Client, situation: Situation) -> bool:
    """Whether the page must have a row for it."""
    return not situation.clients or client.name in situation.clients


def alternatives(message: str) -> list[list[str]]:
    """What a program may print by the page: for each way, the literal parts, in their order."""
    ways = re.split(r"(?<=`) or (?=`)", message.removesuffix(SOURCE))
    texts = [way.strip("`").replace(r"\|", "|") for way in ways]
    return [[part.strip() for part in text.split(GAP) if part.strip()] for text in texts]


def is_as_shown(line: str, message: str) -> bool:
    """Whether a program printed what the page shows."""
    return any(
        re.search(".*".join(map(re.escape, parts)), line, re.DOTALL)
        for parts in alternatives(message)
    )


def cut(line: str) -> str:
    """A line as the page shows it."""
    text = GAP.join(part.strip() for part in _VARYING.split(line.strip()))
    text = re.sub(rf"\s*(?:{GAP}\s*)+", f" {GAP} ", text).lstrip(f"{GAP} :").rstrip()
    text = text.replace("`", "'")
    if len(text) > LONGEST:
        text = f"{text[:LONGEST].rpartition(' ')[0]} {GAP}"
    text = text.replace("|", r"\|")
    return f"`{text}`"


class Programs:
    """The programs, built where the judge builds them."""

    def __init__(self, starter: Starter) -> None:
        self.catalogue = Catalogue()
        self._starter = starter
        self._versions = Versions()
        self._cache = default_cache()
        self._workshop = Workshop(
            self._cache, self.catalogue.building, self._versions, processes.Processes()
        )

    def lacking(self, client: Client) -> str:
        """What of its tools is not here, and how to get it; empty: nothing."""
        missing = [r for r in client.requirements if self._versions.of(r) is None]
        return f"{missing[0].name} is missing; type: {missing[0].install}" if missing else ""

    def printed(self, client: Client, situation: Situation, servers: Servers) -> list[str]:
        """What a program prints to stderr, in each way it is run; it must end with status 1."""
        documented = self.catalogue.spec.api.connection
        connection = situation.change(documented)
        sample = cell(self.catalogue, OPERATION, client.name)
        name = Path(client.sample(sample.operation)).name
        folder = self._workshop.written(
            client, name, self.catalogue.render(sample, connection).text
        )
        language = client.language
        for commands in (language.format, language.lint, language.build):
            if commands:
                folder = self._workshop.step(client, name, folder, commands)
        folders, values = self._workshop.ingredients(client, folder)
        stand = situation.stand(servers)
        ports = [*documented.ports.values()] if stand.listens else []
        with (
            self._starter.world(ports, shown=folders, kept=[self._cache]) as world,
            _relayed(world, documented, stand),
        ):
            argv = _argv(client, name, {key: world.root / key for key in folders}, values)
            ended = world.run(argv, processes.environment(world.home), SECONDS)
        assert ended.status == 1, f"{client.name}, {situation.title}: {ended}"
        if not situation.resolves:
            return [ended.stderr]
        with tempfile.TemporaryDirectory() as name_of_place:
            place = Path(name_of_place)
            home = place / "home"
            home.mkdir()
            for key, path in folders.items():
                (place / key).symlink_to(path)
            argv = _argv(client, name, {key: place / key for key in folders}, values)
            env = processes.environment(home, {})
            outside = processes.Processes().run(argv, home, env, SECONDS)
        assert outside.status == 1, f"{client.name}, {situation.title}: {outside}"
        return [ended.stderr, outside.stderr]


def _argv(
    client: Client, name: str, folders: Mapping[str, Path], values: Mapping[str, str]
) -> list[str]:
    """The command that runs a program whose folders are there."""
    known = {**values, **folders, "file": folders["work"] / name}
    return [argument.format_map(known) for argument in client.language.run]


@contextlib.contextmanager
def _relayed(world: World, documented: Connection, stand: Stand) -> Iterator[None]:
    """Answers at the documented ports meanwhile."""
    ports = {documented.grpc_port: stand.grpc, documented.rest_port: stand.rest}
    open_ones: list[socket.socket] = []
    for port, listeners in world.listeners.items():
        for listener in listeners:
            threading.Thread(
                target=_accept, args=(listener, ports[port], open_ones), daemon=True
            ).start()
    try:
        yield
    finally:
        for one in open_ones:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def _accept(listener: socket.socket, port: Port, open_ones: list[socket.socket]) -> None:
    with contextlib.suppress(OSError):  # the world has ended
        while True:
            client = listener.accept()[0]
            open_ones.append(client)
            if port is None:
                continue
            server = socket.create_connection(("127.0.0.1", port))
            open_ones.append(server)
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def programs() -> Iterator[Programs]:
    """Programs that have the documented ports for themselves.

    Raises:
        SamplegenError: This machine cannot give them.
    """
    with isolation.opened("namespaces") as (starter, _):
        yield Programs(starter)


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """All of them, running."""
    # Of the same name and kind as the one that the programs call, but for one thing each.
    models = {
        "other_model": ("another", _adding_one("FP32", 10)),
        "other_shape": ("dummy", _adding_one("FP32", 5)),
        "other_datatype": ("dummy", _adding_one("INT32", 10)),
        "large": ("dummy", _adding_one("FP32", 10, times=200_000)),
    }
    with contextlib.ExitStack() as stack:
        right = stack.enter_context(running(folder / "log"))
        started = {}
        for name, (model, content) in models.items():
            path = folder / name / model
            zoo.write(content, path)
            arguments = ("--model_name", model, "--model_path", path)
            started[name] = stack.enter_context(running(folder / f"{name}.log", arguments))
        (folder / "front").mkdir()
        front = stack.enter_context(ingress.started(right, folder / "front"))
        yield Servers(right, **started, front=front)


def _adding_one(datatype: str, size: int, times: int = 1) -> ov.Model:
    """Input `b`, output `a`, as the model `dummy` has them, of another kind."""
    b = zoo.parameter("b", datatype, [1, size])
    more = ops.add(b, ops.constant(np.array(1), zoo.TYPES[datatype]))
    return ov.Model([zoo.result(ops.tile(more, ops.constant(np.array([1, times]))), "a")], [b])


def main(names: Sequence[str]) -> None:
    """Writes the rows of the tables anew; a client that cannot run here keeps its own.

    Args:
        names: Of the clients; none named, all.
    """
    kept = shown()
    found: dict[tuple[str, str], str] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        programs() as here,
        servers(Path(folder)) as there,
        ThreadPoolExecutor(2) as builders,
    ):

        def run(client: Client) -> None:
            for situation in SITUATIONS:
                if expected(client, situation):
                    lines = here.printed(client, situation, there)
                    ways = dict.fromkeys(map(cut, lines))
                    found[situation.title, client.name] = " or ".join(ways)
                    print(situation.title, client.name, *lines, sep="\t", end="", file=sys.stderr)

        clients = [
            client
            for client in here.catalogue.clients.all()
            if not here.lacking(client) and (not names or client.name in names)
        ]
        list(builders.map(run, clients))
        PAGE.write_text(_renewed(here.catalogue, {**kept, **found}), encoding="utf-8")


def _renewed(catalogue: Catalogue, messages: Mapping[tuple[str, str], str]) -> str:
    """The page with these messages in its tables."""

    def section(match: re.Match[str]) -> str:
        title = match["title"]
        rows = "".join(
            f"| `{client.name}` | {messages[title, client.name]} |\n"
            for client in catalogue.clients.all()
            if (title, client.name) in messages
        )
        table = r"(?<=\|---\|---\|\n)(?:\|.*\n)*"
        return re.sub(table, lambda _: rows, match[0], count=1)

    return _SECTION.sub(section, PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(sys.argv[1:])
