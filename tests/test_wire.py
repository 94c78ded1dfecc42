"""The judge knows what a sample sent, whatever it printed."""

import json
from pathlib import Path

import pytest

from samplegen.judge.gates.wire import canonical, differences
from samplegen.samples import Catalogue, Cell
from tests.conftest import ROOT, Run

GRPC = "python/tritonclient-grpc"
INFER = "infer.py.jinja"
SEND = "        result = client.infer("

FAULTS = {
    "sent twice": (
        SEND,
        '        client.infer("dummy", inputs, model_version="1", client_timeout=5)\n' + SEND,
        "wire: unexpected request: ModelInfer",
    ),
    "no deadline": (
        "            client_timeout={{ deadline }},\n",
        "",
        "wire: request 1: deadline is false, expected true",
    ),
    "other version": (
        "{{ model_version | quote }}",
        '""',
        'wire: request 1: version is "", expected "1"',
    ),
    "other values, printed as expected": (
        "        infer_input.set_data_from_numpy(data)",
        "        infer_input.set_data_from_numpy(data[:, ::-1].copy())",
        "wire: request 1: inputs is ",
    ),
    "nothing sent, the right lines printed": (
        SEND,
        '        print("a:", *range(1, 11))\n        sys.exit()\n' + SEND,
        "wire: request missing: ModelInfer",
    ),
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue()


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_seen_on_the_wire(fault: str, tmp_path: Path, samplegen: Run) -> None:
    old, new, reason = FAULTS[fault]
    template = (ROOT / "templates" / GRPC / INFER).read_text()
    assert old in template
    changed = tmp_path / "templates" / GRPC / INFER
    changed.parent.mkdir(parents=True)
    changed.write_text(template.replace(old, new, 1))
    options = ("--templates", "templates", "--client", GRPC, "--json")
    finished = samplegen("verify", "infer-array", *options, cwd=tmp_path)
    (verdict,) = json.loads(finished.stdout)
    assert finished.returncode == 1
    assert verdict["reason"].startswith(reason), verdict["reason"]


DEVIATES = {("health", "cpp/triton-http"): ["ServerLive", "ServerLive", "ModelReady"]}
"""The cells whose library calls something else, and what."""


def test_all_clients_of_an_operation_send_the_same_but_for_deadlines_and_deviations(
    catalogue: Catalogue,
) -> None:
    for operation in catalogue.spec.operations():
        sent = []
        for client in catalogue.clients.all():
            cell = Cell(operation, client)
            requests = canonical(catalogue.spec, cell, catalogue.spec.api.connection)
            if cell.key in DEVIATES:
                assert [request["rpc"] for request in requests] == DEVIATES[cell.key]
                continue
            expected = True if client.transport == "grpc" else None
            assert [request.pop("deadline") for request in requests] == [expected] * len(requests)
            sent.append(requests)
        assert all(requests == sent[0] for requests in sent)


def test_order_and_number_of_requests_count(catalogue: Catalogue) -> None:
    cell = Cell(catalogue.spec.operation("health"), catalogue.clients.client(GRPC))
    expected = canonical(catalogue.spec, cell, catalogue.spec.api.connection)
    assert differences(expected, expected) == []
    assert differences(expected[:2], expected) == ["request missing: ModelReady"]
    assert differences([*expected, expected[0]], expected) == ["unexpected request: ServerLive"]
    assert differences([expected[1], expected[0], expected[2]], expected) == [
        'request 1: rpc is "ServerReady", expected "ServerLive"',
        'request 2: rpc is "ServerLive", expected "ServerReady"',
    ]


def test_a_refused_request_is_a_difference(catalogue: Catalogue) -> None:
    cell = Cell(catalogue.spec.operation("server-metadata"), catalogue.clients.client(GRPC))
    (expected,) = canonical(catalogue.spec, cell, catalogue.spec.api.connection)
    sent = {**expected, "error": "InvalidPrecision"}
    assert differences([sent], [expected]) == [
        'request 1: error is "InvalidPrecision", expected null'
    ]
