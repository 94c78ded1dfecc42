"""Folders of generated files: written, and compared with what they should hold."""

import json
import os
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samplegen.catalogue import Catalogue
from samplegen.errors import SamplegenError
from samplegen.files import INDEX, Contents, Drift, drift, write, write_file
from tests.conftest import ROOT, Run

CATALOGUE = Catalogue()


# Contents


@given(st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.binary(max_size=9)))))
def test_contents_hold_what_was_added_last(added: list[tuple[str, list[bytes]]]) -> None:
    contents, expected = Contents(), {}
    for path, pieces in added:
        contents.add(path, pieces)
        expected[path] = b"".join(pieces)
    assert dict(contents) == expected
    assert [path in contents for path in "abcd"] == [path in expected for path in "abcd"]
    assert len(contents) == len(expected)


def test_contents_can_be_read_while_one_is_added() -> None:
    contents = Contents()
    contents.add("a", [b"1", b"2"])
    contents.add("twice", (contents["a"] for _ in range(2)))
    assert dict(contents) == {"a": b"12", "twice": b"1212"}


FULL = """
import resource
from samplegen.errors import SamplegenError
from samplegen.files import Contents
contents = Contents()
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    contents.add("a", [b"n" * 100_000])
except SamplegenError as error:
    print(error)
"""


@pytest.mark.processes
def test_no_space_for_contents_is_one_message(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", FULL],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (finished.stdout, finished.stderr) == (
        f"{tmp_path}: cannot be written: File too large\n",
        "",
    )
    assert list(tmp_path.iterdir()) == []


# Drift


FILES = {"a/one.txt": b"1\n2\n", "two.bin": b"\xff", INDEX: b"[]"}


def test_a_folder_just_written_has_no_drift(tmp_path: Path) -> None:
    changed = write(FILES, tmp_path / "samples")
    assert changed == list(FILES)
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
    assert write(FILES, tmp_path) == ["a/one.txt", "a/gone.txt"]
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
from samplegen.files import write_file
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_file(Path(sys.argv[1]), b"n" * 100_000)
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.processes
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
from samplegen.files import write_file
while True:
    for letter in (b"a", b"b"):
        write_file(Path(sys.argv[1]), letter * 3_000_000)
"""


@pytest.mark.processes
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


# Parts of a folder


@pytest.mark.processes
def test_one_sample_is_written_and_all_others_stay(samplegen: Run, tmp_path: Path) -> None:
    one = ("generate", "health", "--output", tmp_path / "new")
    assert samplegen(*one, "--client", "curl").returncode == 0
    kept = (tmp_path / "new/curl/rest/health.sh").stat()
    assert samplegen(*one, "--client", "go/grpc").returncode == 0
    assert (tmp_path / "new/curl/rest/health.sh").stat() == kept
    entries = json.loads((tmp_path / "new" / INDEX).read_bytes())
    assert [entry["path"] for entry in entries] == ["curl/rest/health.sh", "go/grpc/health.go"]
    for entry in entries:
        content = (tmp_path / "new" / entry["path"]).read_bytes()
        assert entry["sha256"] == sha256(content).hexdigest()
        assert content == (ROOT / "site/samples" / entry["path"]).read_bytes()
    assert samplegen(*one, "--client", "go/grpc", "--check").returncode == 0
    (tmp_path / "new/go/grpc/health.go").write_bytes(b"")
    assert samplegen(*one, "--client", "go/grpc", "--check").returncode == 1
    assert samplegen(*one, "--client", "curl", "--check").returncode == 0


@pytest.mark.processes
def test_a_sample_is_written_although_other_operations_have_mistakes(
    samplegen: Run, tmp_path: Path
) -> None:
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec/broken.yaml").write_text("titel: x\n", encoding="utf-8")
    words = ("--spec", tmp_path / "spec", "--output", tmp_path / "new")
    assert samplegen("generate", "health", "--client", "curl", *words).returncode == 0
    done = samplegen("generate", "--client", "curl", *words)
    assert (done.returncode, "unknown key 'titel'" in done.stderr) == (1, True)


@pytest.mark.processes
def test_names_that_are_none_are_all_reported(samplegen: Run, tmp_path: Path) -> None:
    done = samplegen("generate", "helth", "--client", "curl", "--output", tmp_path / "new")
    assert (done.returncode, "did you mean 'health'?" in done.stderr) == (2, True)


@pytest.mark.processes
def test_a_sample_goes_into_no_folder_of_somebody_else(samplegen: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = samplegen("generate", "health", "--client", "curl", "--output", tmp_path)
    assert done.returncode == 1
    assert "holds files that samplegen did not write, such as mine.txt" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.processes
def test_an_index_that_is_damaged_is_one_message(samplegen: Run, tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text("[{", encoding="utf-8")
    done = samplegen("generate", "health", "--client", "curl", "--output", tmp_path)
    assert (done.returncode, done.stderr.count("cannot be read as an index")) == (1, 1)
