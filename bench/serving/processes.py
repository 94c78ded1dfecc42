"""Server processes: started, watched through /proc, and stopped."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import samplegen_server

TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 60.0

INFER = "/inference.GRPCInferenceService/ModelInfer"
"""The path of the RPC."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int
    rest_port: int
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid


def stop_servers_when_terminated() -> None:
    """Turn SIGTERM into an exception, so that no server outlives the one who started it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody uses."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def ours(port: int, rest_port: int, *arguments: object) -> list[str]:
    """The command that starts the bundled server."""
    ports = ["--port", str(port), "--rest_port", str(rest_port)]
    return [sys.executable, "-m", "samplegen_server", *ports, *map(str, arguments)]


def environment() -> Mapping[str, str]:
    """Where a subprocess finds the bundled server, installed or not."""
    home = Path(samplegen_server.__file__).parents[1]
    return {**os.environ, "PYTHONPATH": str(home)}


def start(command: Sequence[str], port: int, rest_port: int, log: Path) -> Server:
    """Start a server in a session of its own, so that stopping it reaches its children."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=environment(), stdout=out, stderr=out, start_new_session=True
        )
    return Server(process, port, rest_port, log)


@contextlib.contextmanager
def running(command: Sequence[str], port: int, rest_port: int, log: Path) -> Generator[Server]:
    """A server, stopped at the end."""
    server = start(command, port, rest_port, log)
    try:
        yield server
    finally:
        stop(server)


@contextlib.contextmanager
def running_ours(log: Path, *arguments: object) -> Generator[Server]:
    """The bundled server on free ports, ready; stopped at the end."""
    port, rest_port = free_ports(2)
    with running(ours(port, rest_port, *arguments), port, rest_port, log) as server:
        wait_ready(server, "/v2/health/ready")
        yield server


def stop(server: Server) -> None:
    """End the server and whatever it started, by force if it does not go by itself."""
    if server.process.poll() is None:
        server.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.process.wait()


def wait_ready(server: Server, path: str) -> float:
    """Wait until GET `path` answers 200; return when it did, in `time.perf_counter` seconds."""
    deadline = time.perf_counter() + START_SECONDS
    while time.perf_counter() < deadline and server.process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if get_status(server, path) == 200:
                return time.perf_counter()
        time.sleep(0.01)
    raise RuntimeError(f"the server did not get ready:\n{server.log.read_text()[-2000:]}")


def get_status(server: Server, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=5)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(entry.name)] = int(_stat(int(entry.name))[1])
    found = [pid]
    for one in found:  # grows while it is walked
        found += [child for child, parent in parents.items() if parent == one]
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of these processes and of their children that have ended."""
    return sum(sum(map(int, _stat(pid)[11:15])) for pid in pids) / TICKS


def pss_bytes(pids: Sequence[int]) -> int:
    """Memory of these processes; what they share with others is counted in part."""
    return sum(_field(pid, "smaps_rollup", "Pss") for pid in pids)


def peak_bytes(pid: int) -> int:
    """The most that a process has had resident since `reset_peak`."""
    return _field(pid, "status", "VmHWM")


def reset_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on: the second may hold spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _field(pid: int, file: str, name: str) -> int:
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    raise RuntimeError(f"/proc/{pid}/{file} has no {name}")
