"""The thread that serves all sessions of a run."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from samplegen.connection.model import Connection
from samplegen.judge.servers.proxy.exchanges import Answer, Exchange, Transport
from samplegen.judge.servers.proxy.repeating import repeated
from samplegen.judge.servers.proxy.sessions import Door, Plan, Session

_T = TypeVar("_T")
_BACKLOG = 128
_LOCAL = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
"""What `localhost` may mean."""


def listening(host: str, port: int, transport: Transport | None) -> Door:
    """A door on a port of this machine.

    Args:
        host: An IP address.
        port: 0: any that is free.
        transport: What the program uses it for; None: both.

    Raises:
        OSError: The port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return Door(listener, transport)


def local(port: int, transport: Transport) -> list[Door]:
    """Doors on all addresses that `localhost` may mean.

    Raises:
        OSError: The port is taken.
    """
    doors = []
    try:
        for _, host in _LOCAL:
            with contextlib.ExitStack() as optional:
                if host == "::1":
                    optional.enter_context(contextlib.suppress(OSError))  # a machine without IPv6
                doors.append(listening(host, port, transport))
    except OSError:
        for door in doors:
            door.socket.close()
        raise
    return doors


class Proxy:
    """Serves sessions, many at a time, in one thread."""

    def __init__(self) -> None:
        """Starts nothing yet."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._await(_cancelled())
        self._await(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextlib.contextmanager
    def session(
        self, upstream: Connection, doors: Sequence[Door], plan: Plan | None = None
    ) -> Iterator[Session]:
        """Serves one run of a program, until the block ends.

        Args:
            upstream: The real server.
            doors: What the program connects to; they are closed in the end.
            plan: What becomes of the answers; None: they pass as they are.

        Yields:
            What happens; all of it, once the block has ended.
        """
        session = Session(upstream, doors, plan or Plan())
        self._await(_opened(session))
        try:
            yield session
        finally:
            self._await(session.close())

    def repeated(
        self, server: Connection, exchanges: Sequence[Exchange], base_path: str, seconds: float
    ) -> list[Answer]:
        """Makes the requests of an earlier run again; see `repeating.repeated`."""
        return self._await(repeated(server, exchanges, base_path, seconds))

    def _await(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _opened(session: Session) -> None:
    session.open()


async def _cancelled() -> None:
    """Ends what sessions left that were broken off."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
