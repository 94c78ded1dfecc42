"""The matrix, the published samples, which are the goldens, and how they are written."""

import json
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import cast

import pytest

from samplegen.errors import SamplegenError
from samplegen.samples import INDEX, Catalogue, Drift, drift, write, write_file
from tests.conftest import ROOT

SAMPLES = ROOT / "site/samples"
CATALOGUE = Catalogue()
CELLS = {cell.name: cell for cell in CATALOGUE.cells}


@pytest.mark.parametrize("name", CELLS)
def test_the_published_sample_is_what_is_rendered(name: str) -> None:
    cell = CELLS[name]
    published = SAMPLES / cell.client.sample(cell.operation)
    assert CATALOGUE.render(cell).text == published.read_text(encoding="utf-8")


def test_the_samples_folder_holds_nothing_else() -> None:
    assert list(drift(CATALOGUE.files(), SAMPLES)) == []


def test_the_index_names_every_sample_and_its_digest() -> None:
    index = json.loads((SAMPLES / INDEX).read_text())
    assert {(entry["operation"], entry["client"]) for entry in index} == {
        cell.key for cell in CELLS.values()
    }
    for entry in index:
        assert entry["sha256"] == sha256((SAMPLES / entry["path"]).read_bytes()).hexdigest()


def test_the_data_of_a_sample_lies_beside_it() -> None:
    files = CATALOGUE.files()
    assert files["data/digit-7.png"] == (ROOT / "spec/data/digit-7.png").read_bytes()


def test_every_operation_meets_every_client() -> None:
    assert len(CELLS) == len(CATALOGUE.spec.names) * len(CATALOGUE.clients.names)
    assert {CATALOGUE.state(cell) for cell in CELLS.values()} == {"ready"}


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
                      if cell.client.name == "curl/extra"]  # fmt: skip


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


# Drift


FILES = {"a/one.txt": b"1\n2\n", "two.bin": b"\xff", INDEX: b"[]"}


def test_a_folder_just_written_has_no_drift(tmp_path: Path) -> None:
    changed = write(FILES, tmp_path / "samples")
    assert sorted(changed) == sorted(tmp_path / "samples" / name for name in FILES)
    assert list(drift(FILES, tmp_path / "samples")) == []
    assert write(FILES, tmp_path / "samples") == [], "what is fresh is left alone"


def test_each_kind_of_drift_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("samples")
    write({**FILES, "four.txt": b"", "five.txt": b""}, folder)
    (folder / "a/one.txt").write_bytes(b"1\n3\n")
    (folder / "two.bin").write_bytes(b"\xfe")
    (folder / "four.txt").unlink()
    (folder / "five.txt").unlink()
    (folder / "five.txt").mkdir()
    (folder / ".hidden").touch()
    wanted = {**FILES, "four.txt": b"", "five.txt": b""}
    assert list(drift(wanted, folder)) == [
        Drift(
            Path("samples/a/one.txt"),
            "stale",
            "--- samples/a/one.txt (kept)\n+++ samples/a/one.txt (rendered)\n"
            "@@ -1,2 +1,2 @@\n 1\n-3\n+2",
            line=2,
        ),
        Drift(Path("samples/two.bin"), "stale", "binary files differ", line=1),
        Drift(Path("samples/four.txt"), "missing"),
        Drift(Path("samples/five.txt"), "missing"),
        Drift(Path("samples/.hidden"), "unknown"),
    ]


@pytest.mark.parametrize("path", sorted(CATALOGUE.files()))
def test_one_changed_byte_of_any_file_is_drift(path: str, tmp_path: Path) -> None:
    files = CATALOGUE.files()
    write(files, tmp_path)
    content = bytearray(files[path])
    content[len(content) // 2] ^= 1
    (tmp_path / path).write_bytes(content)
    assert [(found.path, found.kind) for found in drift(files, tmp_path)] == [
        (tmp_path / path, "stale")
    ]


def test_a_folder_that_is_not_there_lacks_every_file(tmp_path: Path) -> None:
    assert {found.kind for found in drift(FILES, tmp_path / "none")} == {"missing"}


# Writing


def test_writing_mends_drift_and_removes_what_no_sample_accounts_for(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    (tmp_path / "a/one.txt").write_bytes(b"1\n3\n")
    (tmp_path / "a/gone.txt").touch()
    assert write(FILES, tmp_path) == [tmp_path / "a/one.txt", tmp_path / "a/gone.txt"]
    assert list(drift(FILES, tmp_path)) == []


def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/thesis.txt").write_text("my only copy")
    with pytest.raises(SamplegenError) as caught:
        write(FILES, tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} holds files that samplegen did not write, such as thesis.txt; "
        "name an empty or a new folder"
    )
    assert [path.name for path in tmp_path.rglob("*")] == ["sub", "thesis.txt"]


def test_a_place_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder/a/one.txt").mkdir(parents=True)
    for folder, cause in (("file", "Not a directory"), ("folder", "Is a directory")):
        with pytest.raises(SamplegenError) as caught:
            write(FILES, tmp_path / folder)
        (problem,) = caught.value.problems
        found = str(problem)
        assert found == f"{tmp_path / folder / 'a/one.txt'}: cannot be written: {cause}"
    assert not any(path.name.startswith(".") for path in tmp_path.rglob("*"))


def test_a_new_file_has_the_rights_that_any_new_file_has(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_file(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_an_exception_while_writing_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(TypeError):
        write_file(path, cast(bytes, "not bytes"))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


FULL_DISK = """
import resource, sys
from pathlib import Path
from samplegen.samples import write_file
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_file(Path(sys.argv[1]), b"n" * 100_000)
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_full_disk_is_one_message_and_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    finished = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=30
    )
    expected = f"SamplegenError {path}: cannot be written: File too large\n"
    assert (finished.stdout, finished.stderr) == (expected, "")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


WRITER = """
import sys
from pathlib import Path
from samplegen.samples import write_file
while True:
    for letter in (b"a", b"b"):
        write_file(Path(sys.argv[1]), letter * 3_000_000)
"""


def test_a_writer_that_is_killed_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    wholes = {sha256(letter * 3_000_000).digest() for letter in (b"a", b"b")}
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)]) as writer:
        try:
            end = time.monotonic() + 30
            while not path.exists():
                assert time.monotonic() < end
                time.sleep(0.01)
            for _ in range(40):
                assert sha256(path.read_bytes()).digest() in wholes, "a reader sees no part"
        finally:
            writer.send_signal(signal.SIGKILL)
    assert sha256(path.read_bytes()).digest() in wholes
