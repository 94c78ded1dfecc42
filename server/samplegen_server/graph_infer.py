"""A run of a graph: its model is asked, and what goes wrong told as MediaPipe would.

Follows OpenVINO Model Server's ``mediapipegraphexecutor.hpp`` and the two calculators.
"""

import dataclasses
import logging
from collections.abc import Sequence

from samplegen_server import errors, graph_file, validation
from samplegen_server.contract import InferRequest, InferResponse
from samplegen_server.graph_run import RESERVED, TIMESTAMP, PacketSet, Run
from samplegen_server.graphs import VERSION, Graph
from samplegen_server.repository import Repository, Served
from samplegen_server.tensors import OutputTensor

log = logging.getLogger(__name__)

INCOMPLETE = "expects all input packets at the same time for each call to Process()"


async def infer(repository: Repository, graph: Graph, request: InferRequest) -> InferResponse:
    """One run with one request.

    Raises:
        ServerError: The request does not fit the graph, or the run fails.
    """
    plan = graph.ready_plan
    check_side_packets(request)
    run = Run(plan.inputs)
    if run.push(request) < len(plan.inputs):
        raise errors.InvalidNumberOfInputs("Not all input packets created")
    packets = run.take(is_closed=True)
    if packets is None:
        raise errors.GraphFailed("Unknown error during mediapipe execution")
    outputs = await ask(repository, graph, packets)
    return answer(graph, packets, outputs, request.id)


async def ask(repository: Repository, graph: Graph, packets: PacketSet) -> list[OutputTensor]:
    """Ask the graph's model; give an output for each of the graph's output streams.

    Raises:
        ServerError: The model cannot be asked, or refuses; the run is at its end.
    """
    try:
        return await _ask(repository, graph.ready_plan, packets)
    except errors.ServerError as error:
        log_failure(graph, error)
        raise


def log_failure(graph: Graph, error: errors.ServerError) -> None:
    """Log why a run has failed; over gRPC, some of it reaches no client."""
    # What a client has sent may be in it, and must make no lines of its own.
    text = "".join(letter if letter.isprintable() else " " for letter in str(error))
    log.warning("graph %s: a run has failed: %s", graph.name, text)


async def _ask(
    repository: Repository, plan: graph_file.Plan, packets: PacketSet
) -> list[OutputTensor]:
    served = await _served(repository, plan)
    if len(packets.packets) < len(plan.inputs):
        raise _failed("Process", graph_file.INFERENCE, INCOMPLETE)
    inputs, raw = [], []
    for name, packet in packets.packets.items():
        inputs.append(dataclasses.replace(packet.tensor, name=plan.inputs[name]))
        if packet.raw is not None:
            raw.append(packet.raw)
    try:
        values = validation.values(served.model.inputs, inputs, raw)
        found = {output.name: output for output in await served.model.infer(values)}
    except errors.ServerError as error:
        raise _failed("Process", graph_file.INFERENCE, str(error)) from error
    return [_output(stream, found.get(name), name) for stream, name in plan.outputs.items()]


async def _served(repository: Repository, plan: graph_file.Plan) -> Served:
    """The model, once it is loaded."""
    try:
        served = repository.find(plan.servable_name, plan.servable_version)
        if not served.is_available:
            await served.settle()
        served.model  # noqa: B018  # raises what keeps it from answering
    except errors.ServerError as error:
        reason = f"{graph_file.SESSION} failed to load the model: {error}"
        text = _absl("Open", graph_file.SESSION, reason)
        raise errors.GraphPreconditionFailed(f"FAILED_PRECONDITION: {text}") from error
    return served


def check_side_packets(request: InferRequest) -> None:
    """What a request's parameters are to a graph; none that is supported looks at any.

    Raises:
        ServerError: OpenVINO Model Server would refuse them.
    """
    for name, value in request.parameters.items():
        if name == TIMESTAMP:
            continue
        if name == RESERVED:
            raise errors.GraphNotInitialized(
                f"Incoming input side packet: {name} is special reserved name and cannot be used"
            )
        if value is None:
            raise errors.NotImplementedByServer(
                "Handling parameters of other types than: bool, string, int64 is not supported"
            )


def answer(
    graph: Graph, packets: PacketSet, outputs: Sequence[OutputTensor], request_id: str = ""
) -> InferResponse:
    """A run's outputs as a response."""
    parameters = {TIMESTAMP: packets.timestamp}
    return InferResponse(graph.name, str(VERSION), request_id, outputs, parameters)


def _output(stream: str, output: OutputTensor | None, name: str) -> OutputTensor:
    if output is None:
        raise _failed(
            "Process", graph_file.INFERENCE, f"Could not find: {name} in inference output"
        )
    if output.datatype == "BYTES":
        raise _failed("Process", graph_file.INFERENCE, f"{name} holds strings, which no packet can")
    return OutputTensor(stream, output.datatype, output.shape, output.raw)


def _failed(step: str, calculator: str, reason: str) -> errors.GraphFailed:
    return errors.GraphFailed(f"INTERNAL: {_absl(step, calculator, reason)}")


def _absl(step: str, calculator: str, reason: str) -> str:
    """What MediaPipe says of a calculator that failed, with the reason, which is in its log."""
    return (
        "CalculatorGraph::Run() failed: \n"
        f'Calculator::{step}() for node "{calculator.lower()}" failed: {reason}'
    )
