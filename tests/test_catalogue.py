"""The matrix, and the published samples, which are the goldens."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from samplegen.catalogue import Catalogue
from samplegen.errors import SamplegenError
from samplegen.files import INDEX, drift
from tests.conftest import ROOT

SAMPLES = ROOT / "site/samples"
CATALOGUE = Catalogue()
CELLS = {cell.name: cell for cell in CATALOGUE.cells}


@pytest.mark.parametrize("name", [n for n, cell in CELLS.items() if cell.omitted is None])
def test_the_published_sample_is_what_is_rendered(name: str) -> None:
    cell = CELLS[name]
    published = SAMPLES / cell.client.sample(cell.operation)
    assert CATALOGUE.render(cell).text == published.read_text(encoding="utf-8")


def test_the_samples_folder_holds_nothing_else() -> None:
    assert list(drift(CATALOGUE.files(), SAMPLES)) == []


def test_the_index_names_every_sample_and_its_digest() -> None:
    index = json.loads((SAMPLES / INDEX).read_text())
    assert {(entry["operation"], entry["client"]) for entry in index} == {
        cell.key for cell in CELLS.values() if cell.omitted is None
    }
    for entry in index:
        assert entry["sha256"] == sha256((SAMPLES / entry["path"]).read_bytes()).hexdigest()


def test_the_data_of_a_sample_lies_beside_it() -> None:
    files = CATALOGUE.files()
    assert files["data/digit-7.png"] == (ROOT / "spec/data/digit-7.png").read_bytes()


def test_every_operation_meets_every_client() -> None:
    assert len(CELLS) == len(CATALOGUE.spec.names) * len(CATALOGUE.clients.names)
    omitted = {name for name, cell in CELLS.items() if CATALOGUE.state(cell) == "omitted"}
    assert omitted == {"infer-binary × curl/rest"}  # jq rounds its integers
    assert {CATALOGUE.state(cell) for cell in CELLS.values()} == {"ready", "omitted"}


def test_omitted_cells_and_cells_without_a_template_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "curl/rest").mkdir(parents=True)
    client = (ROOT / "templates/curl/rest/client.yaml").read_text()
    omits = "omits:\n  health: curl is always well\n"
    (tmp_path / "curl/rest/client.yaml").write_text(client + omits)
    (tmp_path / "curl/extra").mkdir()
    (tmp_path / "curl/extra/client.yaml").write_text(client)
    catalogue = Catalogue(templates=[tmp_path])
    cells = {cell.name: cell for cell in catalogue.cells}
    assert catalogue.state(cells["health × curl/rest"]) == "omitted"
    assert cells["health × curl/rest"].omitted == "curl is always well"
    assert catalogue.state(cells["infer-array × curl/rest"]) == "ready"
    assert catalogue.state(cells["health × curl/extra"]) == "no template"
    with pytest.raises(SamplegenError) as caught:
        catalogue.files()
    wanted = [problem.path and problem.path.name for problem in caught.value.problems]
    assert wanted == [f"{cell.operation.form}.sh.jinja" for cell in cells.values()
                      if cell.client.name == "curl/extra" and cell.omitted is None]  # fmt: skip


def test_a_deviation_is_the_call_that_the_library_makes_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "curl/rest").mkdir(parents=True)
    client = (ROOT / "templates/curl/rest/client.yaml").read_text()
    deviates = (
        "deviates:\n"
        "  health: {calls: {ServerReady: ServerLive}, reason: its library is wrong}\n"
        "  infer: {calls: {ServerReady: ServerLive}, reason: it does not call that}\n"
        "  model-metadata: {stderr: [hm], reason: its library is talkative}\n"
    )
    (tmp_path / "curl/rest/client.yaml").write_text(client + deviates)
    cells = {cell.name: cell for cell in Catalogue(templates=[tmp_path]).cells}
    health, infer = cells["health × curl/rest"], cells["infer-array × curl/rest"]
    assert health.deviation is not None
    assert health.deviation.reason == "its library is wrong"
    assert [call.rpc for call in health.calls] == ["ServerLive", "ServerLive", "ModelReady"]
    assert infer.deviation is None
    assert infer.calls == infer.operation.calls
    metadata = cells["model-metadata × curl/rest"]
    assert metadata.deviation is not None
    assert metadata.calls == metadata.operation.calls


def test_a_line_stands_in_no_answer_that_a_deviating_client_does_not_get() -> None:
    deviating, other = CELLS["health × cpp/triton-http"], CELLS["health × cpp/triton-grpc"]
    expected = deviating.operation.expect
    assert other.told(expected) == [*expected]
    assert [line.answer[:1] for line in deviating.told(expected)] == [
        ("ServerLive",),
        (),
        ("ModelReady",),
    ]
    assert [line.value for line in deviating.told(expected)] == [line.value for line in expected]
