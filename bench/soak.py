"""Load and faults: many clients, valid and invalid requests, reloads, and clients that misbehave.

    python bench/soak.py [--seconds 60] [--clients 64] [--requests 1000000]

Half of the clients speak gRPC, half REST. Meanwhile models come and go, clients vanish in the
middle of a request, and one reads its answers slowly. At the end the server is told to stop while
the load goes on. Every answer is compared with the one it has to be. Exits with status 1 if one was
wrong or lost, if memory grew by more than 20 MB between a warm-up and the end, or if the server did
not stop cleanly within 5 seconds.
"""

import argparse
import asyncio
import collections
import random
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from serving import processes
from serving.processes import Server
from soaking.clients import GrpcClient, Lost, RestClient, connect, slow_reply
from soaking.models import Repository, slow_answer
from soaking.questions import MAX_MESSAGE, Question, Questions, http, wide

STOP_SECONDS = 5.0
MEMORY_BAR = 20e6
ANSWER_SECONDS = 30.0
ACCEPTED_SECONDS = 0.5
"""A request sent this long before the server was told to stop has been taken by it, unless answers
took longer: then it may still have waited for its turn."""

RELOAD_SECONDS = 0.25
VANISHING_CLIENTS = 4


@dataclass
class Tally:
    """What happened."""

    problems: list[str] = field(default_factory=list)
    kinds: collections.Counter[str] = field(default_factory=collections.Counter)
    codes: collections.Counter[str] = field(default_factory=collections.Counter)
    seconds: list[float] = field(default_factory=list)
    stopped_at: float = float("inf")
    """When the server was told to stop."""
    refused: int = 0
    """Requests that came too late for a server that was told to stop."""
    refused_early: int = 0
    """Those of them that were on their way when it was told."""

    def count(self) -> int:
        return sum(self.kinds.values())

    @property
    def taken_until(self) -> float:
        """What was sent before had been taken by the server when it was told to stop."""
        return self.stopped_at - max(ACCEPTED_SECONDS, max(self.seconds, default=0.0))


class Soak:
    """The load on one server.

    Args:
        server: It, ready.
        questions: What is asked.
        clients: How many ask.
        requests: How many requests are made at most.
    """

    def __init__(self, server: Server, questions: Questions, clients: int, requests: int) -> None:
        self._server = server
        self._questions = questions
        self._clients = clients
        self._requests = requests
        self._is_over = False
        self.tally = Tally()

    async def run(
        self, disturbances: Sequence[Callable[[], Awaitable[None]]], end: Awaitable[None]
    ) -> None:
        """Ask until `end` ends; what is under way then is still waited for."""
        self._is_over = False
        asking = [
            asyncio.create_task(self._client(number, number % 2 == 0))
            for number in range(self._clients)
        ]
        disturbing = [asyncio.create_task(self._repeat(one)) for one in disturbances]
        await end
        self._is_over = True
        await asyncio.gather(*asking, *disturbing)

    async def _repeat(self, disturbance: Callable[[], Awaitable[None]]) -> None:
        while not self._is_over:
            await disturbance()

    async def _client(self, number: int, is_rest: bool) -> None:
        source = random.Random(number)  # noqa: S311
        client = RestClient(self._server) if is_rest else GrpcClient(self._server)
        while not self._is_over and self.tally.count() < self._requests:
            question = self._questions.draw(source)
            if not await self._ask(client, question):
                break
        if isinstance(client, GrpcClient):
            await client.close()
        else:
            client.close()

    async def _ask(self, client: RestClient | GrpcClient, question: Question) -> bool:
        """Ask one question; say whether to go on."""
        tally = self.tally
        begun = time.perf_counter()
        tally.kinds[question.kind] += 1
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reply = await client.ask(question)
        except (Lost, TimeoutError) as error:
            if begun > tally.taken_until:
                tally.refused += 1
                tally.refused_early += begun < tally.stopped_at
                return False
            tally.problems.append(f"{question.kind}: no answer: {error or 'it took too long'}")
            return True
        tally.seconds.append(time.perf_counter() - begun)
        tally.codes[reply.code] += 1
        problem = question.problem(reply)
        if problem is not None:
            tally.problems.append(f"{question.kind}: {problem}")
        return True

    async def vanish_rest(self) -> None:
        """Hang up in the middle of a request, or before its answer."""
        source = random.Random()  # noqa: S311
        question = self._questions.draw(source).rest
        try:
            _, writer = await connect(self._server.rest_port)
        except Lost:  # it has stopped
            return
        connection = writer.get_extra_info("socket")
        # No farewell: the server learns of it by a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.write(question[: source.randint(1, len(question))])
        await asyncio.sleep(source.random() * 0.02)
        writer.close()

    async def vanish_grpc(self) -> None:
        """Cancel a call under way, and leave with the connection."""
        source = random.Random()  # noqa: S311
        client = GrpcClient(self._server)
        call = client.call(self._questions.draw(source).grpc)
        await asyncio.sleep(source.random() * 0.02)
        call.cancel()
        await client.close()

    async def read_slowly(self) -> None:
        """Read a large answer in small pieces; it has to be right all the same."""
        question = wide(3)
        begun = time.perf_counter()
        with socket.socket() as connection:
            connection.setblocking(False)
            # So that the answer waits at the server, not here.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
            try:
                reply = await slow_reply(connection, self._server.rest_port, question)
            except OSError as error:
                if begun < self.tally.taken_until:
                    self.tally.problems.append(f"slow reader: {error}")
                return
        self.tally.kinds["slow reader"] += 1
        problem = question.problem(reply)
        if problem is not None and begun < self.tally.taken_until:
            self.tally.problems.append(f"slow reader: {problem}")


async def reload(server: Server, repository: Repository, tally: Tally) -> None:
    """Change the models and have the server look."""
    await asyncio.to_thread(repository.change)
    request = http("POST", "/v1/config/reload")
    begun = time.perf_counter()
    try:
        reader, writer = await connect(server.rest_port)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            tally.problems.append(f"reload: {head[:40]!r}")
        writer.close()
    except (Lost, asyncio.IncompleteReadError, OSError) as error:
        if begun < tally.taken_until:
            tally.problems.append(f"reload: {error}")
    tally.kinds["reload"] += 1
    await asyncio.sleep(RELOAD_SECONDS)


async def tell_to_stop(server: Server, tally: Tally) -> float:
    """Let the load come up, then tell the server to stop; return how long that took."""
    await asyncio.sleep(2)
    tally.stopped_at = time.perf_counter()
    server.process.send_signal(signal.SIGTERM)
    try:
        await asyncio.to_thread(server.process.wait, STOP_SECONDS * 2)
    except subprocess.TimeoutExpired:
        tally.problems.append("the server did not stop")
    return time.perf_counter() - tally.stopped_at


def memory(server: Server) -> int:
    return processes.pss_bytes(processes.tree(server.pid))


async def soak(
    server: Server, repository: Repository, questions: Questions, flags: argparse.Namespace
) -> list[str]:
    """Warm up, load, stop; return what went wrong."""
    one = Soak(server, questions, flags.clients, flags.requests)
    tally = one.tally
    disturbances: list[Callable[[], Awaitable[None]]] = [
        lambda: reload(server, repository, tally),
        one.read_slowly,
        *[one.vanish_rest, one.vanish_grpc] * (VANISHING_CLIENTS // 2),
    ]
    await one.run(disturbances, asyncio.sleep(max(3.0, flags.seconds / 6)))
    await asyncio.sleep(1)
    before, asked = memory(server), tally.count()
    begun = time.perf_counter()
    await one.run(disturbances, asyncio.sleep(flags.seconds))
    rate = (tally.count() - asked) / (time.perf_counter() - begun)
    await asyncio.sleep(1)
    growth = memory(server) - before
    print(f"memory {before / 1e6:.0f} MB after the warm-up, {growth / 1e6:+.1f} MB at the end")
    if growth > MEMORY_BAR:
        tally.problems.append(f"memory grew by {growth / 1e6:.1f} MB")
    took = 0.0

    async def end() -> None:
        nonlocal took
        took = await tell_to_stop(server, tally)

    await one.run(disturbances, end())
    print(
        f"stopped in {took:.2f} s with status {server.process.returncode}; "
        f"{tally.refused} requests came too late, {tally.refused_early} of them on their way then"
    )
    if took > STOP_SECONDS or server.process.returncode != 0:
        tally.problems.append(f"no clean stop: {took:.1f} s, status {server.process.returncode}")
    if "Traceback" in server.log.read_text():
        tally.problems.append("a traceback in the server's log")
    print_tally(tally, rate)
    return tally.problems


def print_tally(tally: Tally, rate: float) -> None:
    print(f"{tally.count():,} requests, {rate:,.0f} per second: {dict(tally.kinds)}")
    print(f"answers: {dict(tally.codes)}")
    if len(tally.seconds) > 1:
        parts = statistics.quantiles(tally.seconds, n=100)
        print(
            f"seconds: median {statistics.median(tally.seconds):.3f}, 99 % {parts[98]:.3f}, "
            f"longest {max(tally.seconds):.3f}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--requests", type=int, default=1_000_000, help="at most")
    flags = parser.parse_args()
    processes.stop_servers_when_terminated()
    folder = Path(tempfile.mkdtemp())
    try:
        repository = Repository(folder)
        questions = Questions(slow_answer(folder))
        arguments = ("--config_path", repository.config, "--max_message_bytes", MAX_MESSAGE)
        with processes.running_ours(folder / "log", *arguments) as server:
            problems = asyncio.run(soak(server, repository, questions, flags))
            log = server.log.read_text()
    finally:
        shutil.rmtree(folder)
    for text, count in collections.Counter(problems).most_common(20):
        print(f"{count} × {text}", file=sys.stderr)
    if "Traceback" in log:
        print(log[log.index("Traceback") :][:3000], file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
