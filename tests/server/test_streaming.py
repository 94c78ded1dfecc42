"""ModelStreamInfer, and what else there is of graphs, on a real server."""

import json
import queue
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import grpc
import numpy as np
import pytest
import tritonclient.grpc
from tritonclient.grpc import service_pb2 as pb

from tests.server import graphs, zoo
from tests.server.asking import ASK, Input, Question, channel, stub
from tests.server.process import Server, running
from tests.server.streams import TIMESTAMP, Talk

MIN, MAX = -(2**63) + 3, 2**63 - 4

GRAPHS = {
    "adding": graphs.text("plus-one", {"in": "x"}, {"out": "y"}),
    "pair": graphs.text(
        "two", {"q": "second", "p": "first"}, {"d": "difference", "t": "total"}, version=""
    ),
    "slowly": graphs.text("slow", {"in": "x"}, {"out": "y"}),
    "orphan": graphs.text("nobody", {"in": "x"}, {"out": "y"}),
    "faulty": graphs.text("plus-one", {"in": "x"}, {"out": "z"}),
    "strings": graphs.text("same-BYTES", {"in": "x"}, {"out": "x"}),
    "other": 'node { calculator: "PythonExecutorCalculator" }',
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("graphs")
    models = {
        "plus-one": zoo.adding(1),
        "two": zoo.two(),
        "slow": zoo.slow(),
        "same-BYTES": zoo.same("BYTES", [zoo.ANY]),
    }
    for name, model in models.items():
        zoo.write(model, folder / "models" / name, 1)
    for name, text in GRAPHS.items():
        graphs.write(folder / name, text)
    config = {
        "model_config_list": [
            {"config": {"name": name, "base_path": f"models/{name}"}} for name in models
        ],
        "mediapipe_config_list": [{"name": name} for name in GRAPHS]
        + [{"name": "nowhere", "graph_path": "missing.pbtxt"}],
    }
    (folder / "config.json").write_text(json.dumps(config))
    arguments = ("--config_path", folder / "config.json", "--record", folder / "record")
    with running(folder / "log", arguments) as one:
        yield one


def request(
    model: str,
    values: Mapping[str, Sequence[float]],
    timestamp: Any = None,
    version: str = "",
    **fields: Any,
) -> pb.ModelInferRequest:
    message = pb.ModelInferRequest(model_name=model, model_version=version, **fields)
    for name, numbers in values.items():
        message.inputs.add(name=name, datatype="FP32", shape=[1, len(numbers)])
        message.raw_input_contents.append(np.array(numbers, np.float32).tobytes())
    if isinstance(timestamp, int):
        message.parameters[TIMESTAMP].int64_param = timestamp
    elif timestamp is not None:
        message.parameters[TIMESTAMP].string_param = timestamp
    return message


def test_requests_are_answered_one_by_one_and_together(server: Server) -> None:
    talk = Talk(server)
    talk.send(request("adding", {"in": [1, 2]}, 3))
    assert talk.read() == ("out", [2, 3], 3)
    talk.send(request("adding", {"in": [5, 5]}, 12, "1"))
    talk.send(request("adding", {"in": [7, 7]}, 99, "0"))
    assert talk.read() == ("out", [6, 6], 12)
    assert talk.read() == ("out", [8, 8], 99)
    assert talk.end() == "OK"


def test_timestamps_are_given_to_those_that_have_none(server: Server) -> None:
    talk = Talk(server)
    before = time.time_ns() // 1000
    for _ in range(20):
        talk.send(request("adding", {"in": [0, 0]}))
    stamps = [talk.read()[2] for _ in range(20)]
    assert stamps == sorted(set(stamps))
    assert before <= stamps[0] <= stamps[-1] <= time.time_ns() // 1000 + 20
    assert talk.end() == "OK"


@pytest.mark.parametrize("timestamp", [MIN, 0, MAX])
def test_timestamp_in_range(server: Server, timestamp: int) -> None:
    talk = Talk(server)
    talk.send(request("adding", {"in": [1, 1]}, timestamp))
    assert talk.read() == ("out", [2, 2], timestamp)
    assert talk.end() == "OK"


FIRST = "; partial deserialization of first request"
FURTHER = "; partial deserialization of subsequent requests"


@pytest.mark.parametrize(
    ("timestamp", "name"),
    [
        (-(2**63), "Unset"),
        (-(2**63) + 1, "Unstarted"),
        (-(2**63) + 2, "PreStream"),
        (2**63 - 3, "PostStream"),
        (2**63 - 2, "OneOverPostStream"),
        (2**63 - 1, "Done"),
    ],
)
def test_timestamp_not_in_range(server: Server, timestamp: int, name: str) -> None:
    talk = Talk(server)
    talk.send(request("adding", {"in": [1, 1]}, timestamp))
    assert talk.read() == (f"Malformed packet timestamp - Timestamp::{name}(){FIRST}",)
    talk.send(request("adding", {"in": [1, 1]}, 0))
    assert talk.read() == ("out", [2, 2], 0)
    assert talk.end() == "OK"


def test_timestamp_of_another_type(server: Server) -> None:
    talk = Talk(server)
    talk.send(request("adding", {"in": [1, 1]}, "not an int"))
    assert talk.read() == (
        "Malformed packet timestamp - Invalid timestamp format in request parameter "
        f"{TIMESTAMP}. Should be int64{FIRST}",
    )
    assert talk.end() == "OK"


def test_refused_requests_do_not_end_the_stream(server: Server) -> None:
    talk = Talk(server)
    empty = request("adding", {"in": [1]})
    empty.raw_input_contents[0] = b""
    size = (
        "Invalid content size of tensor proto - Expected: 4 bytes; Actual: 0 bytes; input name: in"
    )
    talk.send(empty)
    assert talk.read() == (size + FIRST,)
    talk.send(empty)
    assert talk.read() == (size + FURTHER,)
    talk.send(request("adding", {"NONEXISTING": [1]}))
    assert talk.read() == (f"Unexpected input - NONEXISTING is unexpected{FURTHER}",)
    talk.send(request("pair", {"in": [1, 1]}))
    assert talk.read() == (
        "Subsequent request with incorrect servable name; validate subsequent requests",
    )
    talk.send(request("adding", {"in": [1, 1]}, version="2"))
    assert talk.read() == (
        "Subsequent request with incorrect servable version; validate subsequent requests",
    )
    negative = request("adding", {"in": [1]})
    negative.inputs[0].shape[1] = -1
    talk.send(negative)
    assert talk.read() == (
        "Invalid input shape - Negative dimension size is not acceptable: (1,-1); input name: in"
        + FURTHER,
    )
    mixed = request("adding", {"in": [1, 1]})
    mixed.inputs[0].contents.fp32_contents.append(1)
    talk.send(mixed)
    assert talk.read()[0].startswith("Passing buffers both in ModelInferRequest")
    huge = request("adding", {"in": [1]})
    huge.inputs[0].shape[:] = [2**40, 2**40]
    talk.send(huge)
    assert talk.read() == (
        "Invalid content size of tensor proto - Provided shape and datatype declare too large "
        f"buffer.{FURTHER}",
    )
    talk.send(request("adding", {"in": [1, 1]}, 5))
    assert talk.read() == ("out", [2, 2], 5)
    assert talk.end() == "OK"


def test_contents_instead_of_raw_data(server: Server) -> None:
    talk = Talk(server)
    message = pb.ModelInferRequest(model_name="adding")
    tensor = message.inputs.add(name="in", datatype="FP32", shape=[1, 2])
    tensor.contents.fp32_contents.extend([1, 2])
    message.parameters[TIMESTAMP].int64_param = 1
    talk.send(message)
    assert talk.read() == ("out", [2, 3], 1)
    tensor.contents.fp32_contents.append(3)
    talk.send(message)
    assert talk.read() == (
        "Invalid number of values in tensor proto container - Expected: 8 values; "
        f"Actual: 12 values; input name: in{FURTHER}",
    )
    assert talk.end() == "OK"


def test_strings_are_no_packets(server: Server) -> None:
    talk = Talk(server)
    message = pb.ModelInferRequest(model_name="strings")
    message.inputs.add(name="in", datatype="BYTES", shape=[1])
    message.raw_input_contents.append(b"\1\0\0\0x")
    talk.send(message)
    assert talk.read() == (
        "Invalid content size of tensor proto - Expected: 32 bytes; Actual: 5 bytes; "
        f"input name: in{FIRST}",
    )
    assert talk.end() == "OK"


def test_inputs_of_one_timestamp_may_come_apart(server: Server) -> None:
    talk = Talk(server)
    talk.send(request("pair", {"p": [5, 5]}, 3))
    talk.send(request("pair", {"q": [2, 2]}, 3))
    assert [talk.read(), talk.read()] == [("d", [3, 3], 3), ("t", [7, 7], 3)]
    talk.send(request("pair", {"q": [1, 1], "p": [1, 1]}, 4))
    assert [talk.read(), talk.read()] == [("d", [0, 0], 4), ("t", [2, 2], 4)]
    # Two requests of one stream, before the other's two.
    for name, stamp in (("p", 5), ("p", 6), ("q", 5), ("q", 6)):
        talk.send(request("pair", {name: [stamp, stamp]}, stamp))
    assert [talk.read()[2] for _ in range(4)] == [5, 5, 6, 6]
    assert talk.end() == "OK"


PROCESS = (
    "INVALID_ARGUMENT: Mediapipe execution failed. MP status - INTERNAL: "
    'CalculatorGraph::Run() failed: \nCalculator::Process() for node "openvinoinferencecalculator" '
    "failed: "
)


def test_input_that_never_gets_its_partner_ends_the_stream(server: Server) -> None:
    talk = Talk(server)
    talk.send(request("pair", {"p": [5, 5]}, 3))
    assert (
        talk.end()
        == f"{PROCESS}expects all input packets at the same time for each call to Process()"
    )
    talk = Talk(server)
    talk.send(request("pair", {"p": [5, 5]}, 3))
    talk.send(request("pair", {"q": [5, 5]}, 4))  # there will be no q of 3 any more
    with pytest.raises(grpc.RpcError) as caught:
        talk.read()
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_timestamp_that_goes_back_ends_the_stream(server: Server) -> None:
    talk = Talk(server)
    talk.send(request("adding", {"in": [1, 1]}, 3))
    talk.send(request("adding", {"in": [2, 2]}, 2))
    assert talk.read() == ("out", [2, 2], 3)
    assert talk.end() == (
        "INVALID_ARGUMENT: Mediapipe execution failed. MP status - INVALID_ARGUMENT: Packet "
        'timestamp mismatch on a calculator receiving from stream "in". Current minimum expected '
        "timestamp is 4 but received 2."
    )


def test_what_the_model_refuses_ends_the_stream(server: Server) -> None:
    talk = Talk(server)
    talk.send(request("adding", {"in": [1, 1]}, 1))
    talk.send(request("adding", {"in": [1, 1, 1]}, 2))
    assert talk.read() == ("out", [2, 2], 1)
    # At once, not only when the client sends again.
    with pytest.raises(grpc.RpcError) as caught:
        talk.read()
    assert f"{caught.value.code().name}: {caught.value.details()}" == (
        f"{PROCESS}Invalid input shape - Expected: (1,2); Actual: (1,3); input name: x"
    )


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("nope", "NOT_FOUND: Mediapipe graph definition with requested name is not found"),
        ("plus-one", "NOT_FOUND: Mediapipe graph definition with requested name is not found"),
        ("", "NOT_FOUND: Mediapipe graph definition with requested name is not found"),
        ("other", "UNAVAILABLE: Mediapipe is not loaded yet"),
        ("nowhere", "UNAVAILABLE: Mediapipe is not loaded yet"),
        ("orphan", "UNKNOWN: Unknown error"),
        ("faulty", f"{PROCESS}Could not find: z in inference output"),
    ],
)
def test_graph_that_cannot_answer(server: Server, name: str, ending: str) -> None:
    talk = Talk(server)
    talk.send(request(name, {"in": [1, 1]}))
    assert talk.end() == ending


def test_stream_without_a_request(server: Server) -> None:
    assert Talk(server).end() == "UNKNOWN: Unknown error"


def test_message_that_is_none(server: Server) -> None:
    with channel(server) as one:
        path = "/inference.GRPCInferenceService/ModelStreamInfer"
        call = one.stream_stream(path)(iter([b"\xff\xff"]), timeout=5)
        with pytest.raises(grpc.RpcError) as caught:
            list(call)
    assert caught.value.code() == grpc.StatusCode.INTERNAL


def test_parameters_of_the_first_request(server: Server) -> None:
    for kind, value in (("string_param", "x"), ("int64_param", 7), ("bool_param", True)):
        message = request("adding", {"in": [1, 1]}, 1)
        setattr(message.parameters["side"], kind, value)
        talk = Talk(server)
        talk.send(message)
        assert talk.read() == ("out", [2, 2], 1)
        assert talk.end() == "OK"
    message = request("adding", {"in": [1, 1]})
    message.parameters["py"].int64_param = 1
    talk = Talk(server)
    talk.send(message)
    assert talk.end() == (
        "FAILED_PRECONDITION: Failed to initialize mediapipe graph - Incoming input side packet: "
        "py is special reserved name and cannot be used"
    )
    message = request("adding", {"in": [1, 1]})
    message.parameters["side"].double_param = 1.5
    talk = Talk(server)
    talk.send(message)
    assert talk.end() == "UNKNOWN: Unknown error"


def test_several_in_flight_and_half_closed(server: Server) -> None:
    messages = [request("slowly", {"in": [1]}, stamp) for stamp in range(8)]
    responses = list(stub(server).ModelStreamInfer(iter(messages), timeout=20))
    stamps = [one.infer_response.parameters[TIMESTAMP].int64_param for one in responses]
    assert stamps == list(range(8))


def test_cancelled_stream_leaves_the_server_well(server: Server) -> None:
    for _ in range(3):
        talk = Talk(server)
        for stamp in range(50):
            talk.send(request("slowly", {"in": [1]}, stamp))
        assert talk.read()[2] == 0
        talk.call.cancel()
    talk = Talk(server)
    talk.send(request("adding", {"in": [1, 1]}, 1))
    assert talk.read() == ("out", [2, 2], 1)
    assert talk.end() == "OK"
    assert "Traceback" not in server.log.read_text()


def test_tritonclient_streams(server: Server) -> None:
    found: queue.Queue[Any] = queue.Queue()
    given = tritonclient.grpc.InferInput("in", [1, 2], "FP32")
    given.set_data_from_numpy(np.array([[1, 2]], np.float32))
    with tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        client.start_stream(lambda result, error: found.put(error or result))
        for stamp in (1, 2):
            client.async_stream_infer("adding", [given], parameters={TIMESTAMP: stamp})
        results = [found.get(timeout=10) for _ in range(2)]
        client.stop_stream()
    assert [result.as_numpy("out").tolist() for result in results] == [[[2, 3]]] * 2
    stamps = [result.get_response().parameters[TIMESTAMP].int64_param for result in results]
    assert stamps == [1, 2]


# --- What is not streamed ------------------------------------------------------------------------


def test_inference_by_a_graph_over_both_transports(server: Server) -> None:
    raw = np.array([1, 2], np.float32).tobytes()
    for transport, ask in ASK.items():
        said = ask(server, Question("adding", [Input("in", "FP32", [1, 2], raw=raw)], "3", "seven"))
        assert (said.code, said.version, said.id) == ("OK", "1", "seven"), transport
        assert said.outputs is not None
        assert np.frombuffer(said.outputs["out"].raw, np.float32).tolist() == [2, 3]


def test_timestamp_of_one_inference(server: Server) -> None:
    answer = stub(server).ModelInfer(request("adding", {"in": [1, 1]}, 77), timeout=5)
    assert answer.parameters[TIMESTAMP].int64_param == 77
    tree = {
        "inputs": [{"name": "in", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}],
        "parameters": {TIMESTAMP: 77},
    }
    reply = server.rest("POST", "/v2/models/adding/infer", json.dumps(tree).encode())
    text = (
        '    "model_version": "1",\n    "parameters": {\n        "OVMS_MP_TIMESTAMP": 77\n    },\n'
    )
    assert text in reply.body.decode()


EXECUTION = "Mediapipe execution failed. MP status - "


@pytest.mark.parametrize(
    ("model", "inputs", "http", "code", "text"),
    [
        ("pair", {"p": [1, 1]}, 400, "INVALID_ARGUMENT", "Invalid number of inputs - Not all"),
        ("adding", {}, 400, "INVALID_ARGUMENT", "Invalid number of inputs - Not all"),
        ("adding", {"x": [1, 1]}, 400, "INVALID_ARGUMENT", "Unexpected input - x is unexpected"),
        ("adding", {"in": [1]}, 400, "INVALID_ARGUMENT", EXECUTION + "INTERNAL: CalculatorGraph"),
        (
            "orphan",
            {"in": [1, 1]},
            412,
            "UNKNOWN",
            "Mediapipe graph precondition failed - FAILED_PRECONDITION: CalculatorGraph::Run()",
        ),
        ("other", {"in": [1, 1]}, 500, "UNAVAILABLE", "Mediapipe is not loaded yet"),
    ],
)
def test_refused_inference(
    server: Server, model: str, inputs: dict[str, list[float]], http: int, code: str, text: str
) -> None:
    asked = [
        Input(name, "FP32", [1, len(values)], values=[float(value) for value in values])
        for name, values in inputs.items()
    ]
    said = ASK["gRPC"](server, Question(model, asked))
    assert said.code == code
    assert said.text.startswith("Unknown error" if code == "UNKNOWN" else text)
    if inputs:  # without any, REST does not get that far
        said = ASK["REST"](server, Question(model, asked))
        assert (said.code, said.text[: len(text)]) == (str(http), text)


def test_metadata_has_names_and_nothing_else(server: Server) -> None:
    for version in ("", "1", "9"):
        answer = stub(server).ModelMetadata(
            pb.ModelMetadataRequest(name="pair", version=version), timeout=5
        )
        assert (answer.name, answer.versions, answer.platform) == ("pair", ["1"], "OpenVINO")
        inputs = [(one.name, one.datatype, list(one.shape)) for one in answer.inputs]
        assert inputs == [("p", "INVALID", []), ("q", "INVALID", [])]
        assert [one.name for one in answer.outputs] == ["d", "t"]
    tree = server.rest("GET", "/v2/models/pair").json()
    assert tree["outputs"][0] == {"name": "d", "datatype": "INVALID", "shape": []}


def test_readiness(server: Server) -> None:
    for name, ready in (("adding", True), ("orphan", True), ("other", False), ("nowhere", False)):
        for version in ("", "9"):
            asked = pb.ModelReadyRequest(name=name, version=version)
            assert stub(server).ModelReady(asked, timeout=5).ready is ready
        reply = server.rest("GET", f"/v2/models/{name}/ready")
        assert reply.status == (200 if ready else 404)
    with pytest.raises(grpc.RpcError) as caught:
        stub(server).ModelMetadata(pb.ModelMetadataRequest(name="other"), timeout=5)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


def test_status_and_log(server: Server) -> None:
    tree = server.rest("GET", "/v1/config").json()
    (entry,) = tree["adding"]["model_version_status"]
    assert (entry["version"], entry["state"]) == ("1", "AVAILABLE")
    (entry,) = tree["other"]["model_version_status"]
    assert entry["state"] == "LOADING"
    assert entry["status"]["error_code"] == "FAILED_PRECONDITION"
    log = server.log.read_text()
    assert "PythonExecutorCalculator is not supported" in log
    assert log.count("graph other is not served: ") == 1, "told once, not at every look"
    assert "missing.pbtxt" in log


def test_streams_are_recorded(server: Server) -> None:
    record = server.log.with_name("record")
    before = len(record.read_text().splitlines())
    talk = Talk(server)
    talk.send(request("adding", {"in": [1, 1]}, 1))
    talk.send(request("adding", {"no": [1, 1]}, 2))
    assert talk.read() == ("out", [2, 2], 1)
    talk.read()
    assert talk.end() == "OK"
    lines = [json.loads(line) for line in record.read_text().splitlines()[before:]]
    assert {line["rpc"] for line in lines} == {"ModelStreamInfer"}
    assert sorted(str(line["error"]) for line in lines) == ["None", "UnexpectedInput"]
    (fine,) = (line for line in lines if not line["error"])
    assert fine["model"] == "adding"
    assert fine["answer"]["outputs"][0]["data"] == [2, 2]


def test_stream_that_fails_is_recorded_and_in_the_log(server: Server) -> None:
    record = server.log.with_name("record")
    before, logged = len(record.read_text().splitlines()), len(server.log.read_text())
    for name, inputs in (("adding", {"in": [1, 1, 1]}), ("orphan", {"in": [1, 1]})):
        talk = Talk(server)
        talk.send(request(name, inputs, 1))
        assert talk.end() != "OK"
    talk = Talk(server)
    talk.send(request("adding", {"in": [1, 1]}, 2))
    talk.send(request("adding", {"in": [1, 1]}, 1))
    assert talk.read() == ("out", [2, 2], 2)
    assert talk.end() != "OK"
    lines = [json.loads(line) for line in record.read_text().splitlines()[before:]]
    told = [(line["rpc"], line["model"], line["error"]) for line in lines]
    assert told[:2] == [
        ("ModelStreamInfer", "adding", "GraphFailed"),
        ("ModelStreamInfer", "orphan", "GraphPreconditionFailed"),
    ]
    assert sorted(told[2:], key=str) == [
        ("ModelStreamInfer", "adding", "GraphFailed"),
        ("ModelStreamInfer", "adding", None),
    ]
    log = server.log.read_text()[logged:]
    assert "graph adding: a run has failed: Mediapipe execution failed. MP status" in log
    assert "Actual: (1,3); input name: x" in log
    assert "graph orphan: a run has failed: Mediapipe graph precondition failed" in log
    assert "Packet timestamp mismatch" in log
    assert log.count("\n") == 3, "each has one line"


def test_what_clients_send_makes_no_lines_of_its_own(server: Server) -> None:
    message = request("adding", {"in": [1, 1]}, 1)
    message.inputs[0].datatype = "FP32\n[2026][ERROR] forged\x1b[2J"
    message.raw_input_contents[0] = b""
    talk = Talk(server)
    talk.send(message)
    assert "Actual: FP32" in talk.end()
    log = server.log.read_text()
    assert "\n[2026][ERROR] forged" not in log
    assert "\x1b" not in log
