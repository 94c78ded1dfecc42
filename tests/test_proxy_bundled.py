"""The judge's proxy before the bundled server, with the clients that samples use."""

import contextlib
import http.client
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http

from samplegen.connection.model import Connection
from samplegen.judge.servers.proxy.decoding import Decoder
from samplegen.judge.servers.proxy.edits import Change
from samplegen.judge.servers.proxy.exchanges import Exchange
from samplegen.judge.servers.proxy.proxy import Proxy
from samplegen.judge.servers.proxy.routes import variables
from samplegen.spec.operation import Call
from tests.proxying import Before, before, kserve
from tests.server.process import running

pytestmark = pytest.mark.processes

CALLS = (
    Call(rpc="ServerReady", rest="GET /v2/health/ready"),
    Call(rpc="ModelMetadata", rest="GET /v2/models/{model}/versions/{version}"),
    Call(rpc="ModelInfer", rest="POST /v2/models/{model}/versions/{version}/infer"),
)
RAW: dict[str, Any] = {"calls": CALLS, "contract": kserve(), "other_contents": False}
"""tritonclient reads raw contents only."""
SENT = np.arange(10, dtype=np.float32).reshape(1, 10) / 3


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    with running(tmp_path_factory.mktemp("real") / "log") as server:
        yield Connection(host="127.0.0.1", grpc_port=server.port, rest_port=server.rest_port)


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with Proxy() as made:
        yield made


def over_grpc(port: int) -> Any:
    with tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{port}") as client:
        tensor = tritonclient.grpc.InferInput("b", SENT.shape, "FP32")
        tensor.set_data_from_numpy(SENT)
        return client.infer("dummy", [tensor], model_version="1", client_timeout=10).as_numpy("a")


def over_http(port: int, *, binary: bool) -> Any:
    with tritonclient.http.InferenceServerClient(f"127.0.0.1:{port}") as client:
        tensor = tritonclient.http.InferInput("b", SENT.shape, "FP32")
        tensor.set_data_from_numpy(SENT, binary_data=binary)
        wanted = [tritonclient.http.InferRequestedOutput("a", binary_data=binary)]
        return client.infer("dummy", [tensor], model_version="1", outputs=wanted).as_numpy("a")


def everywhere(at: Before) -> list[Any]:
    """The same inference in each way that its tensors can travel."""
    return [
        over_grpc(at.grpc_port),
        over_http(at.rest_port, binary=True),
        over_http(at.rest_port, binary=False),
    ]


def decoded(exchange: Exchange) -> tuple[dict[str, Any], dict[str, Any]]:
    """Request and answer."""
    decoder = Decoder(kserve())
    assert exchange.given is not None
    return decoder.request(exchange).tree, decoder.answer(exchange, exchange.given).tree


def test_the_same_is_recorded_however_it_travels(proxy: Proxy, real: Connection) -> None:
    with before(proxy, real, calls=CALLS) as at:
        assert [found.tolist() for found in everywhere(at)] == [(SENT + 1).tolist()] * 3
    assert [exchange.call for exchange in at.session.exchanges] == ["ModelInfer"] * 3
    for exchange in at.session.exchanges:
        asked, answered = decoded(exchange)
        (tensor,), (output,) = asked["inputs"], answered["outputs"]
        assert (tensor["name"], tensor["datatype"], tensor["shape"]) == ("b", "FP32", [1, 10])
        assert np.array_equal(np.array(tensor["data"], np.float32), SENT[0])
        assert np.array_equal(np.array(output["data"], np.float32), SENT[0] + 1)
        assert answered["model_name"] == "dummy"
        assert exchange.problem == ""
    rpc, *rest = at.session.exchanges
    assert rpc.deadline == pytest.approx(10, abs=0.5)
    for exchange in rest:
        assert variables(CALLS[2], exchange) == {"model": "dummy", "version": "1"}
        assert exchange.deadline is None
    assert at.session.problems == []


@pytest.mark.parametrize("layout", [None, 1, 2])
@pytest.mark.parametrize("decoys", [False, True])
def test_changed_answers_are_what_clients_get(
    layout: int | None, decoys: bool, proxy: Proxy, real: Connection
) -> None:
    change = Change(seed=3, places={"ModelInfer": [("outputs", "a", "data")]}, decoys=decoys)
    with before(proxy, real, **RAW, change=change, layout=layout) as at:
        found = everywhere(at)
    for got, exchange in zip(found, at.session.exchanges, strict=True):
        _, answered = decoded(exchange)
        outputs = {output["name"]: output["data"] for output in answered["outputs"]}
        assert np.array_equal(got[0], np.array(outputs["a"], np.float32))
        assert not np.isin(got, SENT + 1).any()
        assert ("a_last_raw" in outputs) == decoys
        assert len(exchange.changes) == 10 + 2 * decoys
        assert exchange.problem == ""


def test_layouts_mean_the_same_to_clients(proxy: Proxy, real: Connection) -> None:
    for layout in range(5):
        with before(proxy, real, **RAW, layout=layout) as at:
            for got in everywhere(at):
                assert np.array_equal(got, SENT + 1)
            with tritonclient.http.InferenceServerClient(f"127.0.0.1:{at.rest_port}") as client:
                assert client.get_model_metadata("dummy", "1")["name"] == "dummy"
                assert client.is_server_ready()
        assert at.session.problems == []
        given = at.session.exchanges[2].given
        assert given is not None
        assert given != at.session.exchanges[2].answer


def test_metadata_changes(proxy: Proxy, real: Connection) -> None:
    places = {"ModelMetadata": [("platform",), ("inputs", "b", "signature")]}
    change = Change(seed=1, places=places)
    found = []
    with before(proxy, real, calls=CALLS, contract=kserve(), change=change) as at:
        with tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{at.grpc_port}") as rpc:
            found.append(rpc.get_model_metadata("dummy", "1", as_json=True))
        with tritonclient.http.InferenceServerClient(f"127.0.0.1:{at.rest_port}") as rest:
            found.append(rest.get_model_metadata("dummy", "1"))
    for metadata in found:
        assert metadata["name"] == "dummy"
        assert metadata["platform"] != "OpenVINO"
        assert metadata["inputs"][0]["datatype"] != "FP32"
        assert metadata["outputs"][0]["datatype"] == "FP32"


def _work(ask: Callable[[], object]) -> float:
    """Seconds of CPU that a request takes this process, client and proxy together."""
    ask()
    start = time.process_time()
    for _ in range(100):
        ask()
    return (time.process_time() - start) / 100


def test_a_request_takes_less_than_5_ms_longer(proxy: Proxy, real: Connection) -> None:
    """By CPU, since others may keep the machine busy; nothing else is waited for."""
    assert real.rest_port is not None
    assert real.grpc_port is not None
    with before(proxy, real, calls=CALLS) as at, contextlib.ExitStack() as stack:
        work = {}
        for name, rest_port, grpc_port in (
            ("direct", real.rest_port, real.grpc_port),
            ("proxy", at.rest_port, at.grpc_port),
        ):
            rest = stack.enter_context(
                contextlib.closing(http.client.HTTPConnection("127.0.0.1", rest_port, timeout=10))
            )
            rpc = stack.enter_context(
                tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{grpc_port}")
            )

            def ready(rest: Any = rest) -> None:
                rest.request("GET", "/v2/models/dummy")
                rest.getresponse().read()

            work[name] = _work(ready), _work(rpc.is_server_ready)
    for kind in (0, 1):
        assert work["proxy"][kind] - work["direct"][kind] < 0.005


def test_a_large_tensor_passes(proxy: Proxy, real: Connection) -> None:
    """Its answer is an error, after 16 MB have passed: the model takes ten numbers."""
    large = np.zeros((1, 4_000_000), np.float32)
    tensor = tritonclient.http.InferInput("b", large.shape, "FP32")
    tensor.set_data_from_numpy(large)
    with (
        before(proxy, real, calls=CALLS) as at,
        tritonclient.http.InferenceServerClient(f"127.0.0.1:{at.rest_port}") as client,
        pytest.raises(tritonclient.http.InferenceServerException),
    ):
        client.infer("dummy", [tensor], model_version="1")
    assert len(at.session.exchanges[0].body) > large.nbytes
