"""Load: what is sent, by whom, and how fast it was answered."""

import json
import statistics
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt
from tritonclient.grpc import service_pb2, service_pb2_grpc

from serving import processes
from serving.processes import INFER, Server

HERE = Path(__file__).parent

LOAD_SECONDS = 120.0
"""The longest that one measurement may take."""

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A model with one FP32 input and one output, and a question with its answer."""

    name: str
    file: Path
    input_name: str
    output_name: str
    question: Array
    answer: Array
    options: Mapping[str, str]
    """How the bundled server compiles it."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to go on: for so many seconds, or until so many requests are answered."""

    seconds: float = 0
    count: int = 0

    @property
    def h2load(self) -> list[str]:
        if self.seconds:
            return ["-D", f"{self.seconds * 1000:.0f}ms"]
        return ["-n", str(self.count)]


@dataclass(frozen=True, slots=True)
class Measured:
    """One target under one load for some seconds."""

    rate: float
    """Requests per second."""
    cpu: float
    """Seconds of the server's processor time for one request."""
    latency: float
    """Median, seconds."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as h2load sends it."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    options: Sequence[str]
    """h2load's."""


def grpc_message(model: Model) -> service_pb2.ModelInferRequest:
    message = service_pb2.ModelInferRequest(model_name=model.name)
    message.inputs.add(name=model.input_name, datatype="FP32", shape=model.question.shape)
    message.raw_input_contents.append(model.question.tobytes())
    return message


def grpc_answer(model: Model) -> bytes:
    """The message of the right answer."""
    message = service_pb2.ModelInferResponse(model_name=model.name, model_version="1")
    message.outputs.add(name=model.output_name, datatype="FP32", shape=model.answer.shape)
    message.raw_output_contents.append(model.answer.tobytes())
    return bytes(message.SerializeToString())


def grpc_request(model: Model) -> Request:
    message = grpc_message(model).SerializeToString()
    frame = struct.pack(">BI", 0, len(message)) + message
    return Request(INFER, {"content-type": "application/grpc", "te": "trailers"}, frame, ())


def json_request(model: Model) -> Request:
    # As short as a number of 32 bits can be written.
    data = [float(str(value)) for value in model.question.flat]
    body = json.dumps(_tree(model, {"data": data})).encode()
    headers = {"content-type": "application/json"}
    return Request(f"/v2/models/{model.name}/infer", headers, body, ["--h1"])


def binary_request(model: Model) -> Request:
    raw = model.question.tobytes()
    tree = _tree(model, {"parameters": {"binary_data_size": len(raw)}})
    tree["outputs"] = [{"name": model.output_name, "parameters": {"binary_data": True}}]
    head = json.dumps(tree).encode()
    headers = {
        "content-type": "application/octet-stream",
        "inference-header-content-length": str(len(head)),
    }
    return Request(f"/v2/models/{model.name}/infer", headers, head + raw, ["--h1"])


def _tree(model: Model, rest: Mapping[str, Any]) -> dict[str, Any]:
    shape = list(model.question.shape)
    return {"inputs": [{"name": model.input_name, "datatype": "FP32", "shape": shape, **rest}]}


REQUESTS: Mapping[str, Callable[[Model], Request]] = {
    "gRPC": grpc_request,
    "REST JSON": json_request,
    "REST binary": binary_request,
}


def check(server: Server, transport: str, model: Model) -> None:
    """Ask once, and compare the answer.

    Raises:
        RuntimeError: It is wrong: whoever answers wrongly is not worth measuring.
    """
    ask = _ask_grpc if transport == "gRPC" else _ask_rest
    found = ask(server, transport, model)
    if not np.allclose(found, model.answer.ravel(), rtol=1e-2, atol=1e-3):
        raise RuntimeError(f"{transport} {model.name}: a wrong answer")


def _ask_grpc(server: Server, _: str, model: Model) -> Array:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        response = stub.ModelInfer(grpc_message(model), timeout=60)
    if response.raw_output_contents:
        return np.frombuffer(response.raw_output_contents[0], np.float32)
    return np.array(response.outputs[0].contents.fp32_contents, np.float32)


def _ask_rest(server: Server, transport: str, model: Model) -> Array:
    request = REQUESTS[transport](model)
    connection = HTTPConnection("127.0.0.1", server.rest_port, timeout=60)
    connection.request("POST", request.path, request.body, dict(request.headers))
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != 200:
        raise RuntimeError(f"{transport} {model.name}: {response.status} {body[:200]!r}")
    size = int(response.headers.get("inference-header-content-length", len(body)))
    if size < len(body):
        return np.frombuffer(body[size:], np.float32)
    return np.array(json.loads(body)["outputs"][0]["data"], np.float32)


def h2load(server: Server, transport: str, model: Model, clients: int, effort: Effort) -> Measured:
    """Load by h2load, one request in flight for each client."""
    request = REQUESTS[transport](model)
    port = server.port if transport == "gRPC" else server.rest_port
    with tempfile.TemporaryDirectory() as folder:
        body, log = Path(folder, "body"), Path(folder, "log")
        body.write_bytes(request.body)
        command = ["h2load", *effort.h2load, "-c", str(clients), "-m", "1", "-t", "1"]
        command += [f"--data={body}", f"--log-file={log}", *request.options]
        for name, value in request.headers.items():
            command += ["-H", f"{name}: {value}"]
        command.append(f"http://127.0.0.1:{port}{request.path}")
        cpu = _cpu_of(server, lambda: _run(command))
        rows = [list(map(int, line.split("\t")[:3])) for line in log.read_text().splitlines()]
    if not rows or any(status != 200 for _, status, _ in rows):
        raise RuntimeError(f"{transport} {model.name}: not every request was answered")
    took = max(start + lasted for start, _, lasted in rows) - min(start for start, _, _ in rows)
    median = statistics.median(lasted for _, _, lasted in rows)
    return Measured(len(rows) / took * 1e6, cpu / len(rows), median / 1e6)


def tritonclient(server: Server, transport: str, model: Model, seconds: float) -> Measured:
    """Load by one tritonclient in a process of its own."""
    port = server.port if transport == "gRPC" else server.rest_port
    command = [sys.executable, str(HERE / "triton_load.py"), transport, str(port), model.name]
    command += [model.input_name, ",".join(map(str, model.question.shape)), str(seconds)]
    printed: list[bytes] = []

    def run() -> None:
        printed.append(_run(command))

    cpu = _cpu_of(server, run)
    count, latency = json.loads(printed[0])
    return Measured(count / seconds, cpu / count, latency)


def in_process(model: Model, clients: int, effort: Effort) -> Measured:
    """OpenVINO without a server, in a process of its own."""
    command = [sys.executable, str(HERE / "in_process.py"), str(model.file)]
    command += [json.dumps(dict(model.options)), str(clients)]
    command += [str(effort.seconds), str(effort.count)]
    return Measured(*json.loads(_run(command)))


def _run(command: Sequence[str]) -> bytes:
    """What the command prints."""
    return subprocess.run(command, check=True, capture_output=True, timeout=LOAD_SECONDS).stdout


def _cpu_of(server: Server, load: Callable[[], object]) -> float:
    """Processor seconds that the server spends while `load` runs."""
    pids = processes.tree(server.pid)
    before = processes.cpu_seconds(pids)
    load()
    return processes.cpu_seconds(pids) - before
