"""Health, metadata and state: what is no inference, over both transports."""

import grpc
import pytest
from tritonclient.grpc import service_pb2 as pb

from tests.server.asking import channel, stub
from tests.server.process import Server


def test_server_is_live_and_ready(server: Server) -> None:
    for path in ("/v2/health/live", "/v2/health/ready"):
        reply = server.rest("GET", path)
        assert (reply.status, reply.body) == (200, b"")
        assert reply.headers["content-length"] == "0"
    assert stub(server).ServerLive(pb.ServerLiveRequest(), timeout=5).live
    assert stub(server).ServerReady(pb.ServerReadyRequest(), timeout=5).ready


def test_server_metadata_has_name_and_version_only(server: Server) -> None:
    tree = server.rest("GET", "/v2").json()
    assert list(tree) == ["name", "version"]
    assert tree["name"] == "OpenVINO Model Server"
    assert tree["version"].count(".") == 3
    answer = stub(server).ServerMetadata(pb.ServerMetadataRequest(), timeout=5)
    assert (answer.name, answer.version) == (tree["name"], tree["version"])
    assert not answer.extensions


MODELS = {
    "dummy": ("FP32", [1, 10]),
    "digits": ("FP32", [1, 8, 8, 1]),
    "scalar": ("FP32", []),
    "dynamic": ("FP32", [-1, -1]),
    "image-range": ("FP32", [1, -1, -1, 3]),
    "same-BYTES": ("BYTES", [-1]),
    "same-BF16": ("INVALID", [1, 3]),
    "text": ("UINT8", [-1, -1]),
}


@pytest.mark.parametrize("model", MODELS)
def test_model_metadata(server: Server, model: str) -> None:
    datatype, shape = MODELS[model]
    tree = server.rest("GET", f"/v2/models/{model}").json()
    assert list(tree) == ["name", "versions", "platform", "inputs", "outputs"]
    assert (tree["name"], tree["versions"], tree["platform"]) == (model, ["1"], "OpenVINO")
    assert [list(tensor) for tensor in tree["inputs"]] == [["name", "datatype", "shape"]]
    assert (tree["inputs"][0]["datatype"], tree["inputs"][0]["shape"]) == (datatype, shape)
    answer = stub(server).ModelMetadata(pb.ModelMetadataRequest(name=model), timeout=5)
    assert (answer.name, answer.versions, answer.platform) == (model, ["1"], "OpenVINO")
    for found, named in ((answer.inputs, tree["inputs"]), (answer.outputs, tree["outputs"])):
        assert [
            {"name": one.name, "datatype": one.datatype, "shape": list(one.shape)} for one in found
        ] == named


def test_tensors_are_in_alphabetical_order(server: Server) -> None:
    tree = server.rest("GET", "/v2/models/two").json()
    assert [tensor["name"] for tensor in tree["inputs"]] == ["first", "second"]
    assert [tensor["name"] for tensor in tree["outputs"]] == ["difference", "total"]


def test_versions_are_the_available_ones_in_order(server: Server) -> None:
    for path in ("versions", "versions/versions/2"):
        assert server.rest("GET", f"/v2/models/{path}").json()["versions"] == ["1", "2", "3"]


def test_rest_shows_what_the_model_says_of_itself(server: Server) -> None:
    tree = server.rest("GET", "/v2/models/informed").json()
    assert tree["rt_info"] == {"model_info": {"precision": "16", "resolution": {"height": "200"}}}


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("dummy", 200, ""),
        ("dummy/versions/1", 200, ""),
        ("dummy/versions/001", 200, ""),
        ("d%75mmy", 200, ""),
        ("nope", 404, "Model with requested name is not found"),
        ("dummy/versions/2", 404, "Model with requested version is not found"),
        ("dummy/versions/0", 404, "Model with requested version is not found"),
        ("dummy/versions/" + "9" * 30, 404, "Model with requested version is not found"),
        ("dummy/versions/abc", 400, "Invalid request URL"),
        ("dummy/versions/-1", 400, "Invalid request URL"),
        ("broken", 404, "Model with requested version is not found"),
        ("broken/versions/1", 404, "Model with requested version is not loaded yet"),
        ("nothing", 404, "Model with requested version is not found"),
    ],
)
def test_model_ready_over_rest(server: Server, path: str, status: int, text: str) -> None:
    for suffix in ("/ready", ""):
        reply = server.rest("GET", f"/v2/models/{path}{suffix}")
        assert reply.status == status
        if text:
            assert reply.body == b'{"error":"%s"}' % text.encode()
        elif suffix:
            assert reply.body == b""


@pytest.mark.parametrize(
    ("name", "version", "outcome"),
    [
        ("dummy", "", True),
        ("dummy", "1", True),
        ("broken", "1", False),
        ("nope", "", "NOT_FOUND: Model with requested name is not found"),
        ("", "", "NOT_FOUND: Model with requested name is not found"),
        ("broken", "", "NOT_FOUND: Model with requested version is not found"),
        ("dummy", "2", "NOT_FOUND: Model with requested version is not found"),
        ("dummy", "0", "NOT_FOUND: Model with requested version is not found"),
        ("dummy", "-1", "NOT_FOUND: Model with requested version is not found"),
        ("dummy", "01", "INVALID_ARGUMENT: invalid model version format in request"),
        ("dummy", "abc", "INVALID_ARGUMENT: invalid model version format in request"),
        ("dummy", "9" * 19, "INVALID_ARGUMENT: invalid model version format in request"),
        ("dummy", "1\n", "INVALID_ARGUMENT: invalid model version format in request"),
        ("dummy", "١", "INVALID_ARGUMENT: invalid model version format in request"),
    ],
)
def test_model_ready_over_grpc(
    server: Server, name: str, version: str, outcome: bool | str
) -> None:
    request = pb.ModelReadyRequest(name=name, version=version)
    try:
        found: bool | str = stub(server).ModelReady(request, timeout=5).ready
    except grpc.RpcError as error:
        found = f"{error.code().name}: {error.details()}"
    assert found == outcome


OTHERS = [
    ("ModelConfig", pb.ModelConfigRequest(name="dummy")),
    ("ModelStatistics", pb.ModelStatisticsRequest()),
    ("RepositoryIndex", pb.RepositoryIndexRequest()),
    ("RepositoryModelLoad", pb.RepositoryModelLoadRequest(model_name="dummy")),
    ("RepositoryModelUnload", pb.RepositoryModelUnloadRequest(model_name="dummy")),
    ("SystemSharedMemoryStatus", pb.SystemSharedMemoryStatusRequest()),
    ("CudaSharedMemoryStatus", pb.CudaSharedMemoryStatusRequest()),
    ("TraceSetting", pb.TraceSettingRequest()),
    ("LogSettings", pb.LogSettingsRequest()),
]


@pytest.mark.parametrize(("rpc", "request_"), OTHERS, ids=[rpc for rpc, _ in OTHERS])
def test_other_rpcs_of_triton_are_unimplemented(server: Server, rpc: str, request_: object) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        getattr(stub(server), rpc)(request_, timeout=5)
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.UNIMPLEMENTED, "")


@pytest.mark.parametrize(
    "path",
    [
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ],
)
def test_there_is_neither_health_protocol_nor_reflection(server: Server, path: str) -> None:
    with channel(server) as one, pytest.raises(grpc.RpcError) as caught:
        one.unary_unary(path)(b"", timeout=5)
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.UNIMPLEMENTED, "")


def test_streaming_is_for_graphs_only(server: Server) -> None:
    stream = stub(server).ModelStreamInfer(
        iter([pb.ModelInferRequest(model_name="dummy")]), timeout=5
    )
    with pytest.raises(grpc.RpcError) as caught:
        list(stream)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    text = "Mediapipe graph definition with requested name is not found"
    assert caught.value.details() == text


def test_config_status_is_laid_out_as_in_openvino_model_server(server: Server) -> None:
    text = server.rest("GET", "/v1/config").body.decode()
    one = (
        '"dummy" : \n{\n "model_version_status": [\n  {\n   "version": "1",\n'
        '   "state": "AVAILABLE",\n   "status": {\n    "error_code": "OK",\n'
        '    "error_message": "OK"\n   }\n  }\n ]\n}'
    )
    assert one in text
    assert text.startswith("{\n") and text.endswith("\n}")


def test_config_status_tells_states_and_failures(server: Server) -> None:
    tree = server.rest("GET", "/v1/config").json()
    assert tree["nothing"] == {"model_version_status": []}
    failed = {"error_code": "UNKNOWN", "error_message": "UNKNOWN"}
    assert tree["broken"]["model_version_status"] == [
        {"version": "1", "state": "LOADING", "status": failed}
    ]
    versions = tree["versions"]["model_version_status"]
    assert [entry["version"] for entry in versions] == ["1", "2", "3"]


def test_reload_without_a_change_shows_the_status(server: Server) -> None:
    reply = server.rest("POST", "/v1/config/reload")
    assert reply.status == 200
    assert reply.body == server.rest("GET", "/v1/config").body
