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
import contextlib
import itertools
import json
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
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt
import openvino as ov
import samplegen_server
from openvino import opset13 as ops
from serving import models, processes
from serving.processes import INFER, Server
from tritonclient.grpc import service_pb2

BUNDLED = Path(samplegen_server.__file__).parent / "models"

STOP_SECONDS = 5.0
MEMORY_BAR = 20e6
ANSWER_SECONDS = 30.0
ACCEPTED_SECONDS = 0.5
"""A request sent this long before the server was told to stop has been taken by it."""

RELOAD_SECONDS = 0.25
VANISHING_CLIENTS = 4
WIDTH = 100_000

Array = npt.NDArray[np.float32]


class Lost(Exception):
    """The connection ended before the answer was complete."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, in words that both transports share."""

    code: str
    """The HTTP status, or the gRPC code."""
    version: str = ""
    values: Array | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A request over both transports, and what is wrong with a reply to it."""

    kind: str
    rest: bytes
    grpc: bytes
    problem: Callable[[Reply], str | None]


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


def http(method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def infer_path(model: str, version: str = "") -> str:
    return f"/v2/models/{model}" + (f"/versions/{version}" if version else "") + "/infer"


def message(
    model: str, name: str, array: Array, version: str = "", datatype: str = "FP32"
) -> bytes:
    request = service_pb2.ModelInferRequest(model_name=model, model_version=version)
    request.inputs.add(name=name, datatype=datatype, shape=array.shape)
    request.raw_input_contents.append(array.tobytes())
    return bytes(request.SerializeToString())


def tree(name: str, array: Array, **more: Any) -> dict[str, Any]:
    return {"name": name, "datatype": "FP32", "shape": array.shape, **more}


def json_body(name: str, array: Array) -> bytes:
    return json.dumps({"inputs": [tree(name, array, data=array.tolist())]}).encode()


def valid(
    kind: str, model: str, name: str, array: Array, problem: Callable[[Reply], str | None]
) -> Question:
    rest = http("POST", infer_path(model), json_body(name, array))
    return Question(kind, rest, message(model, name, array), problem)


def equals(expected: Array, *, may_be_absent: bool = False) -> Callable[[Reply], str | None]:
    """The reply has to hold these values."""

    def problem(reply: Reply) -> str | None:
        if may_be_absent and reply.code in ("404", "NOT_FOUND"):
            return None
        if reply.values is None:
            return f"answered {reply.code}"
        return None if np.array_equal(reply.values, expected.ravel()) else "wrong values"

    return problem


def adds_its_version(array: Array, *, may_be_absent: bool) -> Callable[[Reply], str | None]:
    """The reply has to hold `array` plus the number of the version that made it."""

    def problem(reply: Reply) -> str | None:
        number = int(reply.version) if reply.version else 0
        return equals(array + np.float32(number), may_be_absent=may_be_absent)(reply)

    return problem


def has_code(rest: str, grpc_code: str) -> Callable[[Reply], str | None]:
    def problem(reply: Reply) -> str | None:
        return None if reply.code in (rest, grpc_code) else f"answered {reply.code}"

    return problem


def vector(source: random.Random, size: int) -> Array:
    return np.array([[source.randrange(1000) for _ in range(size)]], np.float32)


class Questions:
    """Where clients get their questions from: a third is invalid.

    Args:
        slow_answer: What the slow model says.
    """

    def __init__(self, slow_answer: Array) -> None:
        self._slow_answer = slow_answer
        self._makers: Sequence[tuple[int, Callable[[random.Random], Question]]] = (
            (20, self._dummy),
            (20, self._moving),
            (10, self._old),
            (10, self._sometimes),
            (5, self._live),
            (3, self._slow),
            (2, self._wide),
            (4, lambda _: self._json),
            (4, lambda _: self._unknown),
            (4, lambda _: self._shape),
            (4, lambda _: self._image),
            (4, lambda _: self._method),
            (4, lambda _: self._size),
            (2, lambda _: self._large),
        )
        ten = np.zeros((1, 10), np.float32)
        good = message("dummy", "b", ten)
        self._json = Question(
            "malformed",
            http("POST", infer_path("dummy"), b'{"inputs": ['),
            good[:-3],
            has_code("412", "INTERNAL"),
        )
        self._unknown = valid("unknown", "no", "b", ten, has_code("404", "NOT_FOUND"))
        self._shape = valid("shape", "dummy", "b", ten[:, :9], has_code("400", "INVALID_ARGUMENT"))
        head = json.dumps(
            {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1]}]}
        ).encode()
        broken = b"\x89PNG\r\n\x1a\n broken"
        image = service_pb2.ModelInferRequest(model_name="digits")
        image.inputs.add(name="image", datatype="BYTES", shape=[1])
        image.raw_input_contents.append(struct.pack("<I", len(broken)) + broken)
        length = f"Inference-Header-Content-Length: {len(head)}"
        body = head + struct.pack("<I", len(broken)) + broken
        self._image = Question(
            "image",
            http("POST", infer_path("digits"), body, length),
            image.SerializeToString(),
            has_code("500", "UNKNOWN"),
        )
        self._method = Question(
            "method", http("PUT", infer_path("dummy")), b"", has_code("406", "NOT_FOUND")
        )
        size = message("dummy", "b", ten) + b"\x3a\x00"  # a second raw buffer, an empty one
        binary = json.dumps(
            {"inputs": [tree("b", ten, parameters={"binary_data_size": 41})]}
        ).encode()
        length = f"Inference-Header-Content-Length: {len(binary)}"
        self._size = Question(
            "size",
            http("POST", infer_path("dummy"), binary + bytes(40), length),
            size,
            has_code("400", "INVALID_ARGUMENT"),
        )
        self._large = Question(
            "too large",
            http("POST", infer_path("dummy"), bytes(MAX_MESSAGE + 1)),
            bytes(MAX_MESSAGE + 1),
            has_code("413", "RESOURCE_EXHAUSTED"),
        )

    def draw(self, source: random.Random) -> Question:
        weights, makers = zip(*self._makers, strict=True)
        maker: Callable[[random.Random], Question] = source.choices(makers, weights)[0]
        return maker(source)

    def _dummy(self, source: random.Random) -> Question:
        array = vector(source, 10)
        return valid("dummy", "dummy", "b", array, equals(array + 1))

    def _moving(self, source: random.Random) -> Question:
        """The newest version of a model, whichever that is: there always is one."""
        array = vector(source, 2)
        return valid("moving", "moving", "x", array, adds_its_version(array, may_be_absent=False))

    def _old(self, source: random.Random) -> Question:
        """The version that comes and goes."""
        array = vector(source, 2)
        return Question(
            "version",
            http("POST", infer_path("moving", "2"), json_body("x", array)),
            message("moving", "x", array, "2"),
            adds_its_version(array, may_be_absent=True),
        )

    def _sometimes(self, source: random.Random) -> Question:
        """A model that the configuration names only sometimes."""
        array = vector(source, 2)
        return valid("sometimes", "sometimes", "x", array, equals(array + 7, may_be_absent=True))

    def _slow(self, _: random.Random) -> Question:
        return valid("slow", "slow", "x", np.ones((1, 1), np.float32), equals(self._slow_answer))

    def _wide(self, source: random.Random) -> Question:
        return wide(source.randrange(10))

    def _live(self, source: random.Random) -> Question:
        array = vector(source, 10)
        return Question(
            "live", http("GET", "/v2/health/live"), message("dummy", "b", array), _is_alive
        )


def _is_alive(reply: Reply) -> str | None:
    return None if reply.code in ("200", "OK") else f"answered {reply.code}"


def wide(number: int) -> Question:
    """A small question with a large answer."""
    array = np.full((1, 1), number, np.float32)
    return valid("wide", "wide", "x", array, equals(np.repeat(array, WIDTH)))


MAX_MESSAGE = 1 << 20


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """One HTTP response.

    Raises:
        Lost: The connection ended before it did.
    """
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers["content-length"]))
    except (asyncio.IncompleteReadError, OSError) as error:
        raise Lost("the answer was cut off") from error
    return _rest_reply(head[0].split()[1], body)


def _rest_reply(code: str, body: bytes) -> Reply:
    if code != "200" or not body:
        return Reply(code)
    found = json.loads(body)
    values = np.array(found["outputs"][0]["data"], np.float32)
    return Reply(code, found["model_version"], values)


class RestClient:
    """A client over one connection that is kept alive."""

    def __init__(self, server: Server) -> None:
        self._port = server.rest_port
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, question: Question) -> Reply:
        if self._writer is None:
            self._reader, self._writer = await _connect(self._port)
        try:
            with contextlib.suppress(OSError):  # a refused body breaks the pipe; an answer waits
                self._writer.write(question.rest)
                await self._writer.drain()
            reply = await read_reply(self._reader)
        except Lost:
            self.close()
            raise
        if reply.code == "413":  # the server closes the connection then
            self.close()
        return reply

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    except OSError as error:
        raise Lost("no connection") from error


class GrpcClient:
    """A client over a channel of its own."""

    def __init__(self, server: Server) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{server.port}", options)
        self.call = self._channel.unary_unary(INFER)

    async def ask(self, question: Question) -> Reply:
        try:
            raw = await self.call(question.grpc)
        except grpc.aio.AioRpcError as error:
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                raise Lost(f"{error.code().name}: {error.details()}") from error
            return Reply(error.code().name)
        response = service_pb2.ModelInferResponse.FromString(raw)
        values = np.frombuffer(response.raw_output_contents[0], np.float32)
        return Reply("OK", response.model_version, values)

    async def close(self) -> None:
        await self._channel.close()


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
            if begun > tally.stopped_at - ACCEPTED_SECONDS:
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
            _, writer = await _connect(self._server.rest_port)
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
                reply = await _slow_reply(connection, self._server.rest_port, question)
            except OSError as error:
                if begun < self.tally.stopped_at - ACCEPTED_SECONDS:
                    self.tally.problems.append(f"slow reader: {error}")
                return
        self.tally.kinds["slow reader"] += 1
        problem = question.problem(reply)
        if problem is not None and begun < self.tally.stopped_at - ACCEPTED_SECONDS:
            self.tally.problems.append(f"slow reader: {problem}")


async def _slow_reply(connection: socket.socket, port: int, question: Question) -> Reply:
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, ("127.0.0.1", port))
    closing = question.rest.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    await loop.sock_sendall(connection, closing)
    found = b""
    while piece := await loop.sock_recv(connection, 1 << 14):
        found += piece
        await asyncio.sleep(0.02)
    head, _, body = found.partition(b"\r\n\r\n")
    if f"content-length: {len(body)}" not in head.decode().lower():
        raise OSError("the answer was cut off")
    return _rest_reply(head.split()[1].decode(), body)


class Repository:
    """The models, and how they change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.config = folder / "config.json"
        self._spare = folder / "spare"
        models.write(adding(1), folder / "moving", 1)
        models.write(adding(2), self._spare, 2)
        models.write(adding(7), folder / "sometimes")
        models.write(wide_model(), folder / "wide")
        models.write(slow_model(), folder / "slow")
        self._configure(with_sometimes=True)
        self._turns = itertools.cycle((self._add, self._leave, self._remove, self._join))

    def change(self) -> None:
        """The next of four changes, in turn."""
        next(self._turns)()

    def _add(self) -> None:
        (self._spare / "2").rename(self._folder / "moving" / "2")

    def _remove(self) -> None:
        (self._folder / "moving" / "2").rename(self._spare / "2")

    def _leave(self) -> None:
        self._configure(with_sometimes=False)

    def _join(self) -> None:
        self._configure(with_sometimes=True)

    def _configure(self, with_sometimes: bool) -> None:
        names = ["moving", "wide", "slow", *(["sometimes"] if with_sometimes else [])]
        served = {name: self._folder / name for name in names}
        bundled = {name: BUNDLED / name for name in ("dummy", "digits")}
        models.write_config(self.config, served | bundled)


def adding(number: int) -> ov.Model:
    x = models.parameter("x", ov.Type.f32, [1, 2])
    return ov.Model([models.result(ops.add(x, ops.constant(np.float32(number))), "y")], [x])


def wide_model() -> ov.Model:
    x = models.parameter("x", ov.Type.f32, [1, 1])
    y = ops.tile(x, ops.constant(np.array([1, WIDTH], np.int64)))
    return ov.Model([models.result(y, "y")], [x])


def slow_model() -> ov.Model:
    """A model that takes some milliseconds, so that it runs beside the event loop."""
    x = models.parameter("x", ov.Type.f32, [1, 1])
    weights = ops.constant(np.full((512, 512), 1 / 512, np.float32))
    node = ops.broadcast(x, ops.constant(np.array([512, 512], np.int64)))
    for _ in range(8):
        node = ops.matmul(node, weights, False, False)
    y = ops.reduce_sum(node, ops.constant(np.array([1], np.int64)), keep_dims=False)
    return ov.Model([models.result(y, "y")], [x])


def slow_answer(folder: Path) -> Array:
    compiled = ov.Core().compile_model(folder / "slow/1/model.xml", "CPU")
    return np.array(compiled(np.ones((1, 1), np.float32))[0], np.float32)


async def reload(server: Server, repository: Repository, tally: Tally) -> None:
    """Change the models and have the server look."""
    await asyncio.to_thread(repository.change)
    request = http("POST", "/v1/config/reload")
    begun = time.perf_counter()
    try:
        reader, writer = await _connect(server.rest_port)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            tally.problems.append(f"reload: {head[:40]!r}")
        writer.close()
    except (Lost, asyncio.IncompleteReadError, OSError) as error:
        if begun < tally.stopped_at - ACCEPTED_SECONDS:
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
