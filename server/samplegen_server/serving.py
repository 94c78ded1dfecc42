"""The server's life: bind, serve, load, stop."""

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
import uvloop

from samplegen_server import models, rest, rpc
from samplegen_server.addresses import StartError, at, bind
from samplegen_server.answers import Observer
from samplegen_server.cli import Options
from samplegen_server.graphs import Graphs
from samplegen_server.http_protocol import LimitedProtocol, drop_late
from samplegen_server.model_options import ConfigError
from samplegen_server.repository import Repository
from samplegen_server.service import PLATFORM, SERVER_NAME, Service
from samplegen_server.turns import Turns

if TYPE_CHECKING:
    from samplegen_server.metrics import Metrics

log = logging.getLogger(__name__)

End = Callable[[], Awaitable[None]]
"""Ends a transport: takes no more requests, and waits for those accepted."""

Transport = contextlib.AbstractAsyncContextManager[End]

GRACE_SECONDS = 4
"""How long requests may still run after the server was told to stop."""

LAST_SECONDS = 0.7
"""How long all the rest may take then."""


KEEP_ALIVE_SECONDS = 600
"""How long a REST connection may be idle; clients that keep one expect it to stay."""


class Unserved(Exception):
    """The one model or graph that was asked for cannot be served."""


def serve(options: Options) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    # At WARNING it tells of each request that is no HTTP, which is its sender's to hear of.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    try:
        uvloop.run(_serve(options))
    except StartError as error:
        log.error("%s", error)
        return 1
    except Unserved:  # the log says which model, and why
        log.info("ended: there is nothing else to serve")
        return 1
    return 0


async def _serve(options: Options) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    graphs = Graphs()
    repository = Repository(graphs.taking_theirs(options.read_models))
    service = Service(
        repository,
        options.server_version or models.runtime_version(),
        options.server_name or SERVER_NAME,
        options.platform or PLATFORM,
        graphs,
    )
    observers: list[Observer] = []
    routes = list(rest.ROUTES)
    turns = Turns()
    async with contextlib.AsyncExitStack() as stack:
        if options.record:
            observers.append(stack.enter_context(_recorder(options.record)))
        if options.metrics:
            metrics = _metrics(repository)
            observers.append(metrics)
            routes.append(rest.metrics_route(metrics.text))
        transports: list[Transport] = []
        if options.port:
            transports.append(_grpc(options, service, observers, turns))
        if options.rest_port:
            app = rest.App(service, options.max_message_bytes, routes, observers, turns)
            transports.append(_rest(options, app))
        ends = [await stack.enter_async_context(transport) for transport in transports]
        if options.parent_pid is not None:
            stack.enter_context(_ending_with(options.parent_pid, stop))
        loading = await stack.enter_async_context(
            _running(_keep_loaded(repository, graphs, options))
        )
        await _either(stop, loading)
        log.info("stopping")
        _leave_after(GRACE_SECONDS + LAST_SECONDS)
        await asyncio.gather(*(end() for end in ends))


def _leave_after(seconds: float) -> None:
    """End the process then, if it has not ended: OpenVINO's work in a thread cannot be stopped."""
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()


@contextlib.contextmanager
def _recorder(path: Path) -> Generator[Observer]:
    # Not imported by a server that does not record.
    from samplegen_server.recording import Recorder

    try:
        recorder = Recorder(path)
    except OSError as error:
        raise StartError(f"cannot record: {error}") from error
    try:
        yield recorder
    finally:
        recorder.close()


def _metrics(repository: Repository) -> "Metrics":
    # Not imported by a server without metrics.
    from samplegen_server.metrics import Metrics

    metrics = Metrics(repository)
    repository.observe = metrics.inference
    return metrics


@contextlib.asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncGenerator[asyncio.Task[None]]:
    """Something that goes on beside the rest, until the rest ends."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _either(stop: asyncio.Event, work: asyncio.Task[None]) -> None:
    """Wait for the event, or for the work to fail.

    Raises:
        Unserved: It did.
    """
    stopped = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait((stopped, work), return_when=asyncio.FIRST_COMPLETED)
        if work in done:
            work.result()
            await stopped
    finally:
        stopped.cancel()


@contextlib.contextmanager
def _ending_with(pid: int, stop: asyncio.Event) -> Generator[None]:
    """Stop once this process has ended, be it before.

    Raises:
        StartError: The kernel does not tell of it: Linux does since 5.3.
    """

    def end() -> None:
        log.info("process %d of --parent_pid has ended", pid)
        stop.set()

    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        end()
        yield
        return
    except OSError as error:
        raise StartError(f"--parent_pid: cannot wait for process {pid}: {error}") from error
    loop = asyncio.get_running_loop()

    def once() -> None:
        loop.remove_reader(process)
        end()

    loop.add_reader(process, once)
    try:
        yield
    finally:
        loop.remove_reader(process)
        os.close(process)


async def _keep_loaded(repository: Repository, graphs: Graphs, options: Options) -> None:
    """Load the models, and again whenever something has changed.

    Raises:
        Unserved: The one model that was asked for cannot be served.
    """
    is_whole = True
    try:
        await repository.load()
    except ConfigError as error:
        is_whole = False
        log.error("%s", error)
    if options.needs_all and (not is_whole or repository.failed or graphs.have_failed):
        raise Unserved
    log.info("ready: %s", ", ".join(_addresses(options)))
    if options.poll_seconds > 0:
        await repository.watch(options.poll_seconds)


def _addresses(options: Options) -> list[str]:
    listening = (
        ("gRPC", options.grpc_bind_addresses, options.port),
        ("REST", options.rest_bind_addresses, options.rest_port),
    )
    return [
        f"{name} on {' and '.join(at(address, port) for address in addresses)}"
        for name, addresses, port in listening
        if port
    ]


@contextlib.asynccontextmanager
async def _grpc(
    options: Options, service: Service, observers: Sequence[Observer], turns: Turns
) -> AsyncGenerator[End]:
    # grpc tells of a port in use in a log of its own; asking first gives one clear line.
    listeners = bind("gRPC", options.grpc_bind_addresses, options.port)
    hosts = [listener.getsockname()[0] for listener in listeners]
    for listener in listeners:
        listener.close()
    server = rpc.make_server(service, options.max_message_bytes, observers, turns)
    for host in hosts:
        try:
            server.add_insecure_port(at(host, options.port))
        except RuntimeError as error:  # somebody took it in between
            place = at(host, options.port)
            raise StartError(f"gRPC cannot listen on {place}: {error}") from error
    await server.start()

    async def end() -> None:
        await server.stop(GRACE_SECONDS)

    try:
        yield end
    finally:
        await end()


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers: the event loop has ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@contextlib.asynccontextmanager
async def _rest(options: Options, app: rest.App) -> AsyncGenerator[End]:
    listeners = bind("REST", options.rest_bind_addresses, options.rest_port)
    server = _Uvicorn(
        uvicorn.Config(
            app,
            http=LimitedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    serving = asyncio.create_task(server.serve(listeners))

    async def end() -> None:
        server.should_exit = True
        await serving

    try:
        async with _running(drop_late(server.server_state.connections)):
            yield end
    finally:
        await end()
