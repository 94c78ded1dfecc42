"""A load and fault run: ``python -m tests.server.load --seconds 60 --clients 64``.

Many clients ask rightly and wrongly over both transports, hang up half-way and read slowly, while a
model's versions come and go; at the end the server is told to stop under full load. Every answer is
checked. Prints its figures and ends with status 1 when something was wrong.
"""

import argparse
import asyncio
import contextlib
import json
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import grpc
import numpy as np
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

from tests.server import zoo
from tests.server.asking import Input, Question, infer_path, lengths, rest_body
from tests.server.process import Server, running

DIGIT = Path(__file__).parents[2] / "spec" / "data" / "digit-3.png"

KEPT = 2
"""How many versions stay in the folder of the model whose versions change."""

DICE = np.random.default_rng(5)

T = TypeVar("T")


@dataclass
class Run:
    """What a run has found so far."""

    server: Server
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    newest: int = 1
    """The newest version of the model whose versions change."""
    stopping: bool = False
    """Has the server been told to stop? From then on a refusal is right."""

    def check(self, is_right: bool, what: str) -> None:
        self.counts[what.partition(":")[0]] += 1
        if not is_right:
            self.wrong.append(what)


@dataclass(frozen=True)
class Asked:
    """A question with the code that has to come, and for a right one a check of the values."""

    question: Question
    http: int = 200
    code: str = "OK"
    check: Callable[[bytes], bool] = lambda raw: True

    def __str__(self) -> str:
        return f"a question to {self.question.model} that has to be {self.http}"


def vector(model: str, name: str, size: int, numbers: Callable[[], range]) -> Asked:
    """`size` random numbers for a model that adds one of `numbers` to each."""
    values = DICE.integers(0, 100, (1, size)).astype(np.float32)
    before = numbers()

    def is_right(raw: bytes) -> bool:
        difference = np.frombuffer(raw, np.float32).reshape(1, size) - values
        return bool((difference == difference[0, 0]).all()) and difference[0, 0] in range(
            before.start, numbers().stop
        )

    return Asked(
        Question(model, [Input(name, "FP32", [1, size], raw=values.tobytes())]), check=is_right
    )


def questions(run: Run) -> list[Asked]:
    """One of each kind."""
    broken = Input("image", "BYTES", [1], raw=lengths(b"\x89PNG\r\n\x1a\n" + b"?" * 30))
    image = Input("image", "BYTES", [1], raw=lengths(DIGIT.read_bytes()))
    short = Input("b", "FP32", [1, 10], raw=bytes(36))
    return [
        *[vector("dummy", "b", 10, lambda: range(1, 2)) for _ in range(4)],
        vector("m", "x", 2, lambda: range(1, run.newest + 2)),
        Asked(
            Question("digits", [image]),
            check=lambda raw: int(np.frombuffer(raw, np.float32).argmax()) == 3,
        ),
        Asked(Question("digits", [broken]), 500, "UNKNOWN"),
        Asked(Question("dummy", [short]), 400, "INVALID_ARGUMENT"),
        Asked(Question("dummy", []), 400, "INVALID_ARGUMENT"),
        Asked(Question("nobody", [short]), 404, "NOT_FOUND"),
    ]


def one_of(things: Sequence[T]) -> T:
    return things[int(DICE.integers(len(things)))]


async def grpc_client(run: Run) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{run.server.port}") as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        while not run.stopping:
            asked = one_of(questions(run))
            request = pb.ModelInferRequest(model_name=asked.question.model)
            for given in asked.question.inputs:
                request.inputs.add(name=given.name, datatype=given.datatype, shape=given.shape)
                request.raw_input_contents.append(given.raw or b"")
            try:
                response = await stub.ModelInfer(request, timeout=20)
            except grpc.aio.AioRpcError as error:
                # grpc cancels what it has received but not yet handed to the server.
                refused = run.stopping and error.code().name in ("UNAVAILABLE", "CANCELLED")
                is_right = error.code().name == asked.code or refused
                run.check(is_right, f"gRPC error: {error.code().name} for {asked}")
            else:
                is_right = asked.code == "OK" and asked.check(response.raw_output_contents[0])
                run.check(is_right, f"gRPC answer: to {asked}")


async def rest_client(run: Run) -> None:
    while not run.stopping:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", run.server.rest_port)
        except OSError as error:
            run.check(run.stopping, f"REST connection refused: {error}")
            continue
        with contextlib.closing(writer):
            try:
                for _ in range(20):
                    await rest_question(run, one_of(questions(run)), reader, writer)
            except (OSError, EOFError) as error:
                run.check(run.stopping, f"REST connection lost: {error!r}")


async def rest_question(
    run: Run, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    body, headers = rest_body(asked.question)
    path = infer_path(asked.question.model)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(head.encode() + b"\r\n" + body)
    found = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    status = int(found.split(b" ", 2)[1])
    length = re.search(rb"content-length: (\d+)", found)
    text = await reader.readexactly(int(length[1]) if length else 0)
    if status != 200 or asked.http != 200:
        run.check(status == asked.http, f"REST error: {status} for {asked}")
        return
    data = json.loads(text)["outputs"][0]["data"]
    raw = np.array(data, np.float32).tobytes()
    run.check(asked.check(raw), f"REST answer: to {asked}")


async def vanishing_client(run: Run) -> None:
    """Hangs up in its request, or before its answer."""
    while not run.stopping:
        with contextlib.suppress(OSError):
            port = one_of((run.server.port, run.server.rest_port))
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            head = b"POST /v2/models/dummy/infer HTTP/1.1\r\nContent-Length: 9\r\n\r\n{}"
            writer.write(head[: DICE.integers(len(head))])
            await asyncio.sleep(DICE.random() / 20)
            writer.transport.abort()
            run.counts["vanished"] += 1


async def slow_reader(run: Run) -> None:
    """Reads a large answer in small sips."""
    question = Question("wide", [Input("x", "FP32", [1, 1], raw=bytes(4))])
    body, headers = rest_body(question)
    size = headers["Inference-Header-Content-Length"]
    while not run.stopping:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", run.server.rest_port, limit=1 << 12
            )
            writer.write(
                b"POST /v2/models/wide/infer HTTP/1.1\r\nConnection: close\r\nContent-Length: "
                + f"{len(body)}\r\nInference-Header-Content-Length: {size}\r\n\r\n".encode()
                + body
            )
            while await reader.read(1 << 14) and not run.stopping:
                await asyncio.sleep(0.05)
            writer.close()
            run.counts["read slowly"] += 1


async def changing_versions(run: Run, base: Path) -> None:
    while not run.stopping:
        await asyncio.sleep(0.5)
        number = run.newest + 1
        await asyncio.to_thread(zoo.write, zoo.adding(number), base, number)
        run.newest = number
        if number > KEPT:
            shutil.rmtree(base / str(number - KEPT))
        run.counts["versions"] += 1


def memory(server: Server) -> float:
    """The server's memory, MB."""
    text = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
    match = re.search(r"^Pss:\s+(\d+) kB$", text, re.MULTILINE)
    return int(match[1]) / 1024 if match else 0.0


async def put_under_load(run: Run, base: Path, seconds: float, clients: int) -> bool:
    """Run all clients; tell whether the server stopped in time, and with its memory flat."""
    kinds: list[Callable[[Run], Awaitable[None]]] = [grpc_client, rest_client]
    tasks = [asyncio.ensure_future(kinds[number % 2](run)) for number in range(clients)]
    tasks += [asyncio.ensure_future(kind(run)) for kind in (vanishing_client, slow_reader)]
    tasks.append(asyncio.ensure_future(changing_versions(run, base)))
    await asyncio.sleep(seconds / 4)
    early = memory(run.server)
    await asyncio.sleep(seconds * 3 / 4)
    late = memory(run.server)
    run.stopping = True
    start = time.monotonic()
    status = await asyncio.to_thread(run.server.stop)
    took = time.monotonic() - start
    done, pending = await asyncio.wait(tasks, timeout=20)
    for task in pending:
        task.cancel()
    failures = [task.exception() for task in done if task.exception()]
    print(f"memory: {early:.0f} MB after a quarter of the time, {late:.0f} MB at the end")
    print(f"stop under load: {took:.2f} s, status {status}")
    print(f"clients that failed or hang: {failures}, {len(pending)}")
    return status == 0 and took < 5 and late < early * 1.1 + 20 and not failures and not pending


def main(argv: list[str]) -> int:
    """Run it; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=64)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        zoo.write(zoo.adding(1), folder / "m")
        zoo.write(zoo.wide(), folder / "wide")
        entries = {"m": folder / "m", "wide": folder / "wide"}
        entries |= {path.name: path for path in zoo.BUNDLED.iterdir()}
        models = [
            {"config": {"name": key, "base_path": str(path)}} for key, path in entries.items()
        ]
        config = folder / "config.json"
        config.write_text(json.dumps({"model_config_list": models}))
        poll = ("--file_system_poll_wait_seconds", "0.2")
        with running(folder / "log", ("--config_path", config, *poll)) as server:
            run = Run(server)
            is_fine = asyncio.run(
                put_under_load(run, folder / "m", options.seconds, options.clients)
            )
        log = (folder / "log").read_text()
    for what, count in sorted(run.counts.items()):
        print(f"{what}: {count}")
    for what in run.wrong[:10]:
        print(f"WRONG {what}")
    if "Traceback" in log:
        print(log[log.index("Traceback") :][:5000])
    return 0 if is_fine and not run.wrong and "Traceback" not in log else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
