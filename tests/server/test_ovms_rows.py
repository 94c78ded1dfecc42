"""The server against the facts of OpenVINO Model Server's own tests, over both transports."""

import json
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samplegen_server import config, model_options, rest_request, rest_response
from samplegen_server.contract import InferResponse
from samplegen_server.errors import ServerError
from samplegen_server.model_options import ConfigError
from samplegen_server.tensors import Dimension, OutputTensor, TensorInfo
from tritonclient.grpc import service_pb2 as pb

from samplegen.conformance import rows as conformance
from tests.server import rows, zoo
from tests.server.asking import ASK, Input, Output, Question, lengths, stub
from tests.server.process import Reply, Server, running
from tests.server.streams import TIMESTAMP, Talk

PAGE = Path(__file__).parents[2] / "site" / "server.md"
Row = dict[str, Any]


def each(kind: str) -> pytest.MarkDecorator:
    found = rows.of_kind(kind)
    return pytest.mark.parametrize("row", found, ids=map(rows.name, found))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("rows")
    with running(folder / "log", ("--config_path", rows.write_models(folder))) as one:
        yield one


def test_table() -> None:
    """Every row has its place, and none is there twice; differences are on the page."""
    told = re.search(r"more than (\d+) requests, answers and\s+options", PAGE.read_text())
    assert told, "the page says how many there are"
    assert len(rows.ROWS) > int(told[1]) >= 300
    assert all(("ours" in row) is ("differs" in row) for row in rows.ROWS)
    assert len({(row["kind"], rows.name(row)) for row in rows.ROWS}) == len(rows.ROWS)
    assert all(row["source"].startswith("src/test/") for row in rows.ROWS)
    page = PAGE.read_text()
    for text in rows.DIFFERENCES.values():
        assert f"| {text} |" in page, text
    used = {row["differs"] for row in rows.ROWS if "differs" in row}
    assert used == set(rows.DIFFERENCES)


def error_text(reply: Reply) -> str:
    tree = reply.json()
    assert list(tree) == ["error"]
    text: str = tree["error"]
    return text


def check_rest(status: str, code: int, text: str) -> None:
    """Is an answer that is no success the one that a status stands for?"""
    if status == "!OK":
        assert code >= 400
        return
    expected = rows.STATUSES[status]
    assert (code, text[: len(expected["text"])]) == (expected["http"], expected["text"])


# --- REST as it travels --------------------------------------------------------------------------


@each("rest")
def test_rest(server: Server, row: Row) -> None:
    text = row["body"].encode() if "body" in row else b""
    if "json" in row:
        text = json.dumps(row["json"]).encode()
    tail = bytes.fromhex(row.get("binary", ""))
    headers = dict(row.get("headers", {}))
    if tail:
        headers["inference-header-content-length"] = str(len(text))
    body = text + tail if row["method"] == "POST" else None
    reply = server.rest(row["method"], row["path"], body, headers)
    if row["status"] != "OK":
        check_rest(row["status"], reply.status, error_text(reply))
        return
    assert reply.status == 200, reply.body
    if "answer" not in row and "data" not in row:
        return
    size = row.get("json_bytes", len(reply.body))
    if "json_bytes" in row:
        assert reply.headers["inference-header-content-length"] == str(size)
        assert reply.body[size:] == bytes.fromhex(row["tail"])
    tree = json.loads(reply.body[:size])
    for key, value in row.get("answer", {}).items():
        assert tree[key] == value
    if "data" in row:
        assert tree["outputs"][0]["data"] == row["data"]
    if "shape" in row:
        assert tree["outputs"][0]["shape"] == row["shape"]


@each("parse")
def test_rest_body_is_read(row: Row) -> None:
    body = row["body"].encode()
    size = len(body) + {"json-1": -1, "json+1": 1}.get(row.get("header", ""), 0)
    whole = body + bytes.fromhex(row.get("tail", ""))
    try:
        request = rest_request.parse("m", "", whole, size).request
    except ServerError as error:
        assert row["status"] != "OK", error
        check_rest(row["status"], error.http, str(error))
        if "text" in row:
            check_text(row, str(error))
        return
    assert row["status"] == "OK"
    for index, expected in enumerate(row["inputs"]):
        tensor = request.inputs[index]
        assert (tensor.name, tensor.datatype) == (expected["name"], expected["datatype"])
        assert list(tensor.shape) == expected["shape"]
        if "raw" in expected:
            assert bytes(request.raw[index]) == bytes.fromhex(expected["raw"])
        elif expected["values"] is not None:
            assert _plain(tensor.contents) == _plain(expected["values"])
        else:
            assert tensor.contents is None
    assert request.id == row.get("request_id", "")
    for key, value in row.get("parameters", {}).items():
        assert request.parameters[key] == value


def check_text(row: Row, text: str) -> None:
    """Is it OpenVINO Model Server's, or where ours differs, ours?"""
    assert text == row.get("ours", row["text"])
    assert (text == row["text"]) is ("differs" not in row)


def _plain(values: Any) -> list[Any]:
    """Elements one can compare: floats as 32 bits hold them."""
    return [
        float(np.float32(value))
        if isinstance(value, float | np.floating)
        else value.decode()
        if isinstance(value, bytes)
        else value
        for value in values
    ]


@each("write")
def test_rest_body_is_written(row: Row) -> None:
    outputs = [
        OutputTensor(one["name"], one["datatype"], tuple(one["shape"]), bytes.fromhex(one["raw"]))
        for one in row["outputs"]
    ]
    response = InferResponse("model", row["version"], "id", outputs)
    try:
        body, size = rest_response.infer(response, row["binary"])
    except ServerError as error:
        check_rest(row["status"], error.http, str(error))
        return
    assert row["status"] == "OK"
    assert body == row["text"].encode() + bytes.fromhex(row["tail"])
    assert size == (len(row["text"]) if row["binary"] else None)


# --- Inference, the same over both transports ----------------------------------------------------


def _input(given: Mapping[str, Any], transport: str) -> Input:
    called, datatype, shape = given["name"], given["datatype"], given["shape"]
    elements = [text.encode() for text in given.get("strings", [])]
    elements += [conformance.image(which) for which in given.get("images", [])]
    has_elements = "strings" in given or "images" in given
    raw: bytes | None = None
    values: list[Any] | None = None
    if "hex" in given:
        raw = bytes.fromhex(given["hex"])
    elif has_elements:
        # No image fits into a string of JSON.
        if given.get("how") == "raw" or ("images" in given and transport == "REST"):
            raw = lengths(*elements)
        else:
            values = elements
    if "raw" in given:
        raw = bytes(given["raw"])
    if "values" in given:
        zero = {"F": 0.0, "B": False}.get(datatype[0], 0)
        values = [zero] * given["values"]
    return Input(called, datatype, shape, raw, values)


RUNS = [
    (row, transport)
    for row in rows.of_kind("infer")
    for transport in row.get("transports", ("gRPC", "REST"))
]


@pytest.mark.parametrize(
    ("row", "transport"), RUNS, ids=[f"{transport} {rows.name(row)}" for row, transport in RUNS]
)
def test_infer(server: Server, row: Row, transport: str) -> None:
    inputs = [_input(given, transport) for given in row["inputs"]]
    said = ASK[transport](server, Question(row["model"], inputs))
    if row["status"] != "OK":
        expected = rows.STATUSES[row["status"]]
        code = str(expected["http"]) if transport == "REST" else expected["grpc"]
        text = "Unknown error" if code == "UNKNOWN" else expected["text"]
        assert (said.code, said.text[: len(text)]) == (code, text)
        return
    assert said.code == "OK", said.text
    assert said.outputs is not None
    (output, *_) = said.outputs.values()
    if "shape" in row:
        assert output.shape == row["shape"]
    if "data" in row:
        assert _values(output) == row["data"]
    if "output" in row:
        assert output.datatype == row["output"]


def _values(output: Output) -> list[Any]:
    if output.datatype != "BYTES":
        dtype = output.datatype.replace("FP", "float").lower()
        found: list[Any] = np.frombuffer(output.raw, dtype).tolist()
        return found
    elements = []
    raw = output.raw
    while raw:
        (size,) = struct.unpack_from("<I", raw)
        elements.append(raw[4 : 4 + size].decode())
        raw = raw[4 + size :]
    return elements


@each("metadata")
def test_metadata(server: Server, row: Row) -> None:
    tree = server.rest("GET", f"/v2/models/{row['model']}").json()
    answer = stub(server).ModelMetadata(pb.ModelMetadataRequest(name=row["model"]), timeout=10)
    for key in ("inputs", "outputs"):
        assert tree[key] == row[key]
        over_grpc = [
            {"name": one.name, "datatype": one.datatype, "shape": list(one.shape)}
            for one in getattr(answer, key)
        ]
        assert over_grpc == row[key]


# --- Graphs --------------------------------------------------------------------------------------


def _stream_request(given: Mapping[str, Any], graph: str) -> pb.ModelInferRequest:
    message = pb.ModelInferRequest(
        model_name=given.get("graph", graph), model_version=given.get("version", "")
    )
    for called, value in given["inputs"].items():
        message.inputs.add(name=called, datatype="FP32", shape=[1])
        raw = b"" if value is None else struct.pack("<f", value)
        message.raw_input_contents.append(raw)
    for key, value in given.get("parameters", {}).items():
        message.parameters[key].int64_param = value
    stamp = given.get("timestamp")
    if isinstance(stamp, str):
        message.parameters[TIMESTAMP].string_param = stamp
    elif stamp is not None:
        message.parameters[TIMESTAMP].int64_param = stamp
    return message


@each("stream")
def test_stream(server: Server, row: Row) -> None:
    talk = Talk(server)
    graph = row["requests"][0].get("graph", "my_graph")
    last = -(2**63)
    for index, given in enumerate(row["requests"]):
        talk.send(_stream_request(given, graph))
        if index >= len(row["answers"]):
            continue
        expected = row["answers"][index]
        found = talk.read()
        if "error" in expected:
            assert found == (expected["error"],)
            continue
        called, values, stamp = found
        assert values == [pytest.approx(expected[called])]
        assert stamp == expected.get("timestamp", stamp)
        assert stamp > last
        last = stamp
    end = talk.end()
    if row["end"] == "OK":
        assert end == "OK"
        return
    status = rows.STATUSES[row["end"]]
    assert end.startswith(f"{status['grpc']}: {status['text']}")


# --- Options and config files --------------------------------------------------------------------


@each("option")
def test_option(row: Row) -> None:
    refusal = None
    found = None
    try:
        found = _option(model_options.READERS[row["option"]][1](row["value"], row["option"]))
    except ConfigError as error:
        refusal = str(error)
    if "differs" in row:
        assert row["ours"] == {"value": found, "refusal": refusal}
        assert refusal or found != row["expect"], "then it is no difference"
    else:
        assert found == row["expect"], refusal


def _option(value: Any) -> Any:
    if isinstance(value, Dimension):
        return [value.low, value.high]
    if isinstance(value, model_options.Layout):
        return [value.tensor, value.model]
    if isinstance(value, tuple):
        return [_option(one) for one in value]
    if isinstance(value, dict):
        return {key: _option(one) for key, one in value.items()}
    return value


@each("policy")
def test_version_policy(row: Row) -> None:
    policy = model_options.VersionPolicy()
    if row["value"] is not None:
        policy = model_options.READERS["model_version_policy"][1](row["value"], "policy")
    assert policy.choose(set(row["versions"])) == set(row["chosen"])


@each("config")
def test_config_file(row: Row, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    text = row["config"]
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    try:
        is_fine = not any(model.problem for model in config.read_file(path))
    except ConfigError:
        is_fine = False
    assert is_fine is (row["status"] == "OK")


@each("match")
def test_dimension(row: Row) -> None:
    low = 0 if row["low"] == -1 else row["low"]
    assert Dimension(low, row["high"]).accepts(row["value"]) is row["accepts"]


@each("dimensions")
def test_shape_in_messages(row: Row) -> None:
    sizes = tuple(
        Dimension(*size) if isinstance(size, list) else Dimension(max(size, 0), size)
        for size in row["shape"]
    )
    assert TensorInfo("x", "FP32", sizes, "...").describe() == row["text"]


@each("batch")
def test_batch_position(row: Row) -> None:
    info = TensorInfo("x", "FP32", (Dimension(1, 1),) * 8, row["layout"])
    assert info.batch_index == row["index"]


@pytest.mark.processes
@each("reload")
def test_reload(row: Row, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    dummy = {"name": "dummy", "base_path": str(zoo.BUNDLED / "dummy")}
    path.write_text(json.dumps({"model_config_list": [{"config": dummy}]}))
    arguments = ("--config_path", path, "--file_system_poll_wait_seconds", 0)
    with running(tmp_path / "log", arguments) as server:
        if row["change"] == "remove":
            path.unlink()
        elif row["change"] is not None:
            path.write_text(json.dumps(row["change"]))
        reply = server.rest("POST", "/v1/config/reload")
    assert reply.status == row.get("ours_http", row["http"])
    check_text(row, reply.body.decode())
