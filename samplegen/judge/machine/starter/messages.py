"""What the judge and the starter send each other: JSON behind its length."""

import json
import socket
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Mode = Literal["root", "user", "process"]
"""How a world is made: with namespaces as root, with a user namespace too, or without any."""

Exceeded = Literal["", "time", "memory", "processes", "output"]
"""The limit that ended a program."""

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True)
class Limits:
    """What one program may use."""

    memory: int = 2**30
    """Bytes of memory that all its processes hold together."""
    output: int = 2**20
    """Bytes that it may print to each of stdout and stderr."""
    file: int = 64 * 2**20
    """Bytes that it may write to one file."""
    disk: int = 64 * 2**20
    """Bytes of all its files in one folder, where the world has namespaces."""
    processes: int = 128
    """Processes at a time."""
    tasks: int = 2048
    """Threads at a time, where the kernel can limit them."""
    cpu: int = 120
    """Seconds of CPU of one process."""


@dataclass(frozen=True)
class Order:
    """Asks for a world."""

    mode: Mode
    uid: int
    gid: int
    groups: Sequence[int]
    """Whom the program runs as."""
    root: str
    """The folder that holds what is the program's own: `run`, `home` and the names of `shown`."""
    shown: dict[str, str]
    """Folders that are seen, read-only, under these names in `root`."""
    kept: Sequence[str]
    """Paths that stay visible although they lie where the program finds empty folders."""
    ports: Sequence[int]
    hosts: Sequence[str]
    """Names of this machine besides localhost."""
    limits: Limits


@dataclass(frozen=True)
class Command:
    """Asks a world to run its program."""

    argv: Sequence[str]
    env: dict[str, str]
    folder: str
    seconds: float


@dataclass(frozen=True)
class Leftover:
    """What a program left behind."""

    kind: str
    """`process`, `file`, `folder`, `link`, `socket`, `pipe` or `shared memory`."""
    name: str
    """A path, or the command line of a process."""
    change: Literal["new", "changed", "removed"] = "new"
    uncertain: bool = False
    """Whether it lies where others write, too, so that it may be theirs."""


@dataclass(frozen=True)
class Usage:
    """What a program used."""

    seconds: float
    cpu: float
    """Seconds of CPU of all its processes that were waited for."""
    memory: int
    """Bytes that its largest process held at most."""


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    status: int | None
    """Exit status, negative for the signal that ended it; None if a limit did."""
    exceeded: Exceeded
    stdout: str
    stderr: str
    left: tuple[Leftover, ...]
    called: tuple[str, ...]
    """What it called besides its ports: `address:port`, with `/udp`, or a name it looked up."""
    usage: Usage


def ended(fields: dict[str, Any]) -> Ended:
    """What `Ended` was before it was sent."""
    left = tuple(Leftover(**entry) for entry in fields.pop("left"))
    called = tuple(fields.pop("called"))
    return Ended(left=left, called=called, usage=Usage(**fields.pop("usage")), **fields)


def order(fields: dict[str, Any]) -> Order:
    """What `Order` was before it was sent."""
    return Order(limits=Limits(**fields.pop("limits")), **fields)


def send(
    control: socket.socket,
    message: Order | Command | Ended | dict[str, Any],
    fds: Sequence[int] = (),
) -> None:
    """Sends a message, and file descriptors with it.

    Raises:
        OSError: Nobody listens any more.
    """
    fields = message if isinstance(message, dict) else asdict(message)
    content = json.dumps(fields).encode()
    head = _LENGTH.pack(len(content))
    if fds:
        socket.send_fds(control, [head], list(fds))
    else:
        control.sendall(head)
    control.sendall(content)


def receive(control: socket.socket, fds: int = 0) -> tuple[dict[str, Any], list[int]]:
    """Receives a message, and `fds` file descriptors at most.

    Raises:
        EOFError: The other side has ended.
        OSError: It cannot be read.
    """
    head, received, _, _ = socket.recv_fds(control, _LENGTH.size, fds)
    head += _exactly(control, _LENGTH.size - len(head))
    content = _exactly(control, _LENGTH.unpack(head)[0])
    fields: dict[str, Any] = json.loads(content)
    return fields, received


def _exactly(control: socket.socket, size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        part = control.recv(size - len(content))
        if not part:
            raise EOFError("the other side has ended")
        content += part
    return bytes(content)
