"""``GET /metrics``: OpenVINO Model Server's default metrics, as Prometheus text."""

import math
import re

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from samplegen_server.answers import Answer
from samplegen_server.contract import parse_version
from samplegen_server.errors import ServerError
from samplegen_server.repository import Repository

BUCKETS = tuple(math.floor(10 * 1.8**power) for power in range(33))
"""Microseconds; OpenVINO Model Server's buckets."""

METHODS = {"ModelInfer": True, "ModelMetadata": True, "ModelReady": False}
"""The operations that are counted, and whether they are counted by version."""

INTERFACES = ("gRPC", "REST")

LINES_OF_LIBRARY = re.compile(rb"(?m)^((?:# \w+ )?\w+)_total\b|^(?:# \w+ )?\w+_created\b.*\n")
"""What prometheus_client adds, and OpenVINO Model Server does not: the end of a counter's name, and
lines that tell when each metric was made. Labels, which are further on in a line, are users' own.
"""


class Metrics:
    """Counts what is answered.

    Args:
        repository: The models; every one has its metrics from the start, at zero.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._registry = CollectorRegistry()
        version = ("name", "version")
        method = ("api", "interface", "method", *version)
        self._success = Counter(
            "ovms_requests_success",
            "Number of successful requests to a model or a DAG.",
            method,
            registry=self._registry,
        )
        self._fail = Counter(
            "ovms_requests_fail",
            "Number of failed requests to a model or a DAG.",
            method,
            registry=self._registry,
        )
        self._request_time = Histogram(
            "ovms_request_time_us",
            "Processing time of requests to a model or a DAG.",
            ("interface", *version),
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._inference_time = Histogram(
            "ovms_inference_time_us",
            "Inference execution time in the OpenVINO backend.",
            version,
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._wait_time = Histogram(
            "ovms_wait_for_infer_req_time_us",
            "Request waiting time in the scheduling queue.",
            version,
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._streams = Gauge(
            "ovms_streams",
            "Number of OpenVINO execution streams.",
            version,
            registry=self._registry,
        )
        self._current = Gauge(
            "ovms_current_requests",
            "Number of inference requests currently in process.",
            version,
            registry=self._registry,
        )

    def __call__(self, answer: Answer) -> None:
        """Count one answer; one about an unknown model is nobody's."""
        if answer.rpc not in METHODS:
            return
        try:
            wanted = parse_version(answer.model_version)
            if answer.rpc == "ModelInfer":
                wanted = wanted or None  # here 0, too, means the default
            served = self._repository.find(answer.model_name, wanted)
        except ServerError:
            return
        version = str(served.version) if METHODS[answer.rpc] else ""
        counter = self._success if answer.error is None else self._fail
        counter.labels("KServe", answer.interface, answer.rpc, served.name, version).inc()
        if answer.rpc == "ModelInfer" and answer.error is None:
            self._request_time.labels(answer.interface, served.name, version).observe(
                answer.seconds * 1e6
            )

    def inference(self, name: str, version: int, waited: float, took: float) -> None:
        """Count one inference: seconds waited for an infer request, and seconds it took."""
        self._wait_time.labels(name, version).observe(waited * 1e6)
        self._inference_time.labels(name, version).observe(took * 1e6)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        for name, versions in self._repository.models().items():
            for number, served in versions.items():
                if served.is_available:
                    self._touch(name, str(number))
                    self._streams.labels(name, number).set(served.model.streams)
                    self._current.labels(name, number).set(served.model.current)
        return LINES_OF_LIBRARY.sub(rb"\1", generate_latest(self._registry))

    def _touch(self, name: str, version: str) -> None:
        for interface in INTERFACES:
            for method, by_version in METHODS.items():
                for counter in (self._success, self._fail):
                    counter.labels("KServe", interface, method, name, version if by_version else "")
            self._request_time.labels(interface, name, version)
        self._wait_time.labels(name, version)
        self._inference_time.labels(name, version)
