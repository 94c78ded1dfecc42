"""Metrics: OpenVINO Model Server's names and labels, counted over both transports."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.server import zoo
from tests.server.asking import ASK, Input, Question
from tests.server.process import Server, running

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("counted") / "log"
    with running(log, ("--metrics_enable",)) as server:
        yield server


def read(server: Server) -> dict[str, float]:
    reply = server.rest("GET", "/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain")
    lines = [line for line in reply.body.decode().splitlines() if not line.startswith("#")]
    return {key: float(value) for key, _, value in (line.rpartition(" ") for line in lines)}


def name(metric: str, interface: str, method: str = "ModelInfer", version: str = "1") -> str:
    return (
        f'{metric}{{api="KServe",interface="{interface}",method="{method}",name="dummy",'
        f'version="{version}"}}'
    )


def test_every_model_has_its_metrics_from_the_start(counted: Server) -> None:
    found = read(counted)
    for interface in ASK:
        assert found[name("ovms_requests_fail", interface, "ModelMetadata")] == 0
        assert found[name("ovms_requests_success", interface, "ModelReady", "")] == 0
    assert found['ovms_streams{name="digits",version="1"}'] == 1
    assert found['ovms_current_requests{name="digits",version="1"}'] == 0


def test_requests_are_counted(counted: Server) -> None:
    before = read(counted)
    right = Question("dummy", [Input("b", "FP32", [1, 10], raw=bytes(40))])
    wrong = Question("dummy", [Input("b", "FP32", [1, 9], raw=bytes(36))])
    unknown = Question("nope", right.inputs)
    for ask in ASK.values():
        for question in (right, right, wrong, unknown):
            ask(counted, question)
    counted.rest("GET", "/v2/models/dummy")
    counted.rest("POST", "/v2/models/dummy/infer", b"{")
    after = read(counted)

    def grown(key: str) -> float:
        return after[key] - before[key]

    assert grown(name("ovms_requests_success", "gRPC")) == 2
    assert grown(name("ovms_requests_success", "REST")) == 2
    assert grown(name("ovms_requests_fail", "gRPC")) == 1
    assert grown(name("ovms_requests_fail", "REST")) == 2
    assert grown(name("ovms_requests_success", "REST", "ModelMetadata")) == 1
    assert grown('ovms_inference_time_us_count{name="dummy",version="1"}') == 4
    assert grown('ovms_wait_for_infer_req_time_us_count{name="dummy",version="1"}') == 4
    time = grown('ovms_request_time_us_sum{interface="gRPC",name="dummy",version="1"}')
    assert 10 < time < 5_000_000, "microseconds"


def test_version_zero_is_the_default_one(counted: Server) -> None:
    before = read(counted)
    for version, ask in itertools.product(("0", "01", "2"), ASK.values()):
        ask(counted, Question("dummy", [Input("b", "FP32", [1, 10], raw=bytes(40))], version))
    after = read(counted)
    for interface, count in (("gRPC", 1), ("REST", 2)):  # a path may have zeros before the number
        key = name("ovms_requests_success", interface)
        assert after[key] - before[key] == count
        key = name("ovms_requests_fail", interface)
        assert after[key] == before[key]


def test_text_has_no_names_of_prometheus_client(counted: Server) -> None:
    text = counted.rest("GET", "/metrics").body.decode()
    assert "# TYPE ovms_requests_success counter\n" in text
    assert not re.search(r"_total|_created", text)
    buckets = re.findall(r'time_us_bucket\{le="([0-9.]+)",name="dummy"', text)
    assert buckets[:4] == ["10.0", "18.0", "32.0", "58.0"]


AWKWARD = ("sum", "sum_total", "sum_created", "ovms_streams_total{", 'a "b"_total\\n', "_total")


def test_names_of_models_are_told_as_they_are(tmp_path: Path) -> None:
    zoo.write(zoo.adding(1), tmp_path / "model")
    config = tmp_path / "config.json"
    entries = [{"config": {"name": name, "base_path": "model"}} for name in AWKWARD]
    monitoring = {"metrics": {"enable": True}}
    config.write_text(json.dumps({"model_config_list": entries, "monitoring": monitoring}))
    question = Question("sum_total", [Input("x", "FP32", [1, 2], raw=bytes(8))])
    with running(tmp_path / "log", ("--config_path", config)) as server:
        assert ASK["REST"](server, question).outputs is not None
        text = server.rest("GET", "/metrics").body.decode()
    families = list(text_string_to_metric_families(text))
    samples = [sample for family in families for sample in family.samples]
    assert {sample.labels["name"] for sample in samples} == set(AWKWARD)
    assert not re.search(r"(?m)^(?:# \w+ )?\w+(?:_total|_created)\b", text)
    series = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in samples]
    assert len(series) == len(set(series))
    answered = {
        sample.labels["name"]: sample.value
        for sample in samples
        if sample.name == "ovms_requests_success_total"  # as the parser calls each counter
        and sample.labels["interface"] == "REST"
        and sample.labels["method"] == "ModelInfer"
    }
    assert answered == {name: float(name == "sum_total") for name in AWKWARD}


def test_no_metrics_unless_asked_for(tmp_path: Path) -> None:
    with running(tmp_path / "log") as server:
        assert server.rest("GET", "/metrics").status == 400
