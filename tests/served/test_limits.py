"""Which clients can call the models of which server."""

from dataclasses import replace

import pytest

from samplegen.catalogue import Catalogue
from samplegen.render.view import view
from samplegen.served import limits, metadata
from samplegen.served.metadata import ServerMetadata
from samplegen.spec.tensors import Datatype

CATALOGUE = Catalogue()
TRITON = ServerMetadata(name="triton", version="2.51.0", extensions=("binary_tensor_data",))
MLSERVER = metadata.read_server({"name": "mlserver", "version": "1.7.1", "extensions": []})
KSERVE = metadata.read_server(
    {"name": "kserve", "version": "0.21.0", "extensions": ["model_repository_extension"]}
)
OVMS = metadata.read_server({"name": "OpenVINO Model Server", "version": "2026.3"})


@pytest.mark.parametrize(
    ("server", "expected"),
    [(TRITON, True), (MLSERVER, False), (KSERVE, True), (OVMS, True), (metadata.UNKNOWN, True)],
)
def test_which_servers_take_bytes_behind_json(server: ServerMetadata, expected: bool) -> None:
    assert limits.speaks_binary(server) is expected


def omitted(server: ServerMetadata, operation: str, output: Datatype = "FP32") -> dict[str, str]:
    """Why clients cannot, by client."""
    asked = CATALOGUE.spec.operation(operation)
    outputs = tuple(replace(tensor, datatype=output) for tensor in asked.outputs)
    fitted = (limits.fitted(client, server) for client in CATALOGUE.clients.all())
    found = {c.name: c.omitted(replace(asked, outputs=outputs)) for c in fitted}
    return {name: reason for name, reason in found.items() if reason is not None}


def test_clients_that_can_send_json_where_a_server_takes_nothing_else() -> None:
    assert set(omitted(MLSERVER, "infer-array")) == {"cpp/triton-http"}
    raw = omitted(MLSERVER, "infer-fp16")
    assert set(raw) == {c.name for c in CATALOGUE.clients.all() if c.transport == "rest"} - {
        "python/tritonclient-http"
    }
    assert all("mlserver takes tensors as JSON only" in reason for reason in raw.values())
    for server in (TRITON, KSERVE, OVMS):
        assert omitted(server, "infer-array") == omitted(server, "infer-fp16") == {}


def test_a_reason_names_no_server_that_was_not_asked() -> None:
    here, there = (omitted(server, "infer-fp16", "FP16") for server in (OVMS, TRITON))
    assert set(here) - set(there) == {"python/tritonclient-http", "cpp/triton-http"}
    assert all("OpenVINO Model Server" in here[name] for name in set(here) - set(there))
    assert not any("OpenVINO" in reason for reason in there.values())


@pytest.mark.parametrize(("binary", "count"), [(True, 0), (False, 2)])
def test_tritonclient_sends_json_and_asks_for_it(binary: bool, count: int) -> None:
    own = replace(CATALOGUE.spec.api.connection, binary=binary)
    client = CATALOGUE.clients.client("python/tritonclient-http")
    seen = view(CATALOGUE.spec.api, CATALOGUE.spec.operation("infer-array"), own)
    assert CATALOGUE.renderer.render(client, seen).text.count("binary_data=False") == count
