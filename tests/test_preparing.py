"""What samples are built with is made once, whole, and again when anything in it changes."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import toy
from tests.conftest import Run, samplegen_command

pytestmark = pytest.mark.processes

# The tool counts its calls in the cache folder and fails when a file of the project says so.
LANGUAGE = """
title: Toy
lexer: python
file: "{operation}.py"
literals: python
environment: {TOY: "from {cache}"}
prepare:
  - ["{python}", tool.py, "{cache}", language]
lint:
  - ["{python}", "{prepared}/tool.py", "{cache}", lint]
build:
  - ["{python}", "{prepared}/tool.py", "{cache}", build, "{work}/built"]
run: ["{python}", "{file}", "{prepared}", "{work}"]
timeout: 20
"""

CLIENT = """
title: Toy
tab: toy
transport: rest
install: nothing
stubs: true
prepare:
  - ["{python}", tool.py, "{cache}", client]
"""

TOOL = """
import os, pathlib, sys, time

cache, step, *made = sys.argv[1:]
assert os.environ["TOY"] == f"from {cache}"
if pathlib.Path("slow").exists():
    time.sleep(1)
with open(f"{cache}/calls", "a") as calls:
    calls.write(f"{step}\\n")
if pathlib.Path("broken").exists():
    print("first\\nbroken:3: error: no such thing\\nlast", file=sys.stderr)
    sys.exit(1)
for name in made:
    pathlib.Path(name).touch()
if step == "client":
    assert pathlib.Path("toy.proto").is_file()
    pathlib.Path("made").touch()
"""

SAMPLE = (
    """
import pathlib, sys
prepared, work = map(pathlib.Path, sys.argv[1:])
assert (prepared / "made").is_file() and (work / "built").is_file()
"""
    + toy.GOOD
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The `project` folder of a toy client that has to be prepared."""
    toy.make(tmp_path, {"one": SAMPLE, "two": SAMPLE + "# two\n"})
    templates = tmp_path / "templates/toy"
    (templates / "language.yaml").write_text(LANGUAGE)
    (templates / "toy/client.yaml").write_text(CLIENT)
    folder = templates / "toy/project"
    folder.mkdir()
    (folder / "tool.py").write_text(TOOL)
    return folder


OWN = ("--spec", "spec", "--templates", "templates", "--client", "toy", "--json")
OPTIONS = (*OWN, "--cache", "cache")


def verify(samplegen: Run, folder: Path, *options: str) -> list[dict[str, Any]]:
    verdicts: list[dict[str, Any]] = json.loads(
        samplegen("verify", *OPTIONS, *options, cwd=folder).stdout
    )
    return verdicts


def calls(folder: Path) -> list[str]:
    path = folder / "cache/calls"
    return path.read_text().split() if path.exists() else []


def test_a_client_is_prepared_once_and_a_sample_built_once(
    project: Path, tmp_path: Path, samplegen: Run
) -> None:
    verdicts = verify(samplegen, tmp_path)
    assert [verdict["status"] for verdict in verdicts] == ["passed", "passed"]
    assert verdicts[0]["gates"] == ["lint", "build", "run", "wire", "output", "meaning", "faults"]
    assert sorted(calls(tmp_path)) == sorted(["language", "client", *["lint", "build"] * 2])
    again = verify(samplegen, tmp_path)
    assert [verdict["gates"] for verdict in again] == [verdict["gates"] for verdict in verdicts]
    assert len(calls(tmp_path)) == 6


@pytest.mark.parametrize(
    ("file", "more"),
    [("toy/toy/project/more", 6), ("toy/toy/one.py.jinja", 2), ("../spec/toy.proto", 6)],
)
def test_what_changes_is_made_again(
    file: str, more: int, project: Path, tmp_path: Path, samplegen: Run
) -> None:
    verify(samplegen, tmp_path)
    with (tmp_path / "templates" / file).open("a") as changed:
        changed.write("# changed\n")
    verify(samplegen, tmp_path)
    assert len(calls(tmp_path)) == 6 + more


def test_a_failure_to_prepare_is_one_reason_and_not_tried_for_each_sample(
    project: Path, tmp_path: Path, samplegen: Run
) -> None:
    (project / "broken").touch()
    verdicts = verify(samplegen, tmp_path, "--jobs", "2")
    assert {verdict["status"] for verdict in verdicts} == {"failed"}
    (reason,) = {verdict["reason"] for verdict in verdicts}
    assert reason.startswith("toy/toy cannot be prepared: ")
    assert reason.endswith("ended with status 1: broken:3: error: no such thing")
    assert calls(tmp_path) == ["language"]
    assert list((tmp_path / "cache/prepared").iterdir()) == []
    (project / "broken").unlink()
    assert {verdict["status"] for verdict in verify(samplegen, tmp_path)} == {"passed"}


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A running toy server, so that runs do not quarrel over its ports."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "server.py").write_text(toy.SERVER)
    server = subprocess.Popen([sys.executable, tmp_path / "server.py", str(port)])
    try:
        yield "--endpoint", f"localhost:{1 + port % 60000}:{port}"
    finally:
        server.kill()
        server.wait()


def test_two_runs_at_once_prepare_once(
    project: Path, endpoint: tuple[str, str], tmp_path: Path
) -> None:
    (project / "slow").touch()
    runs = [
        subprocess.Popen(
            samplegen_command("verify", "one", *OPTIONS, *endpoint),
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    printed = [run.communicate(timeout=100)[0] for run in runs]
    assert [json.loads(text)[0]["status"] for text in printed] == ["passed", "passed"]
    assert [call for call in calls(tmp_path) if call in ("language", "client")] == [
        "language",
        "client",
    ]


def test_folders_not_used_for_long_are_removed(
    project: Path, tmp_path: Path, samplegen: Run
) -> None:
    verify(samplegen, tmp_path, "one")
    kinds = ("built", "faults")
    old = {path for kind in kinds for path in (tmp_path / "cache" / kind).iterdir()}
    assert len(old) == 4, "a program, linted and built; and a proof"
    for path in old:
        os.utime(path, (0, 0))
    verify(samplegen, tmp_path, "two")
    assert not any(path.exists() for path in old)


def test_the_environment_names_the_cache(project: Path, tmp_path: Path, samplegen: Run) -> None:
    finished = samplegen("verify", *OWN, cwd=tmp_path, SAMPLEGEN_CACHE=str(tmp_path / "own"))
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "own/calls").is_file()
    finished = samplegen(
        "verify", *OWN, cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "xdg"), SAMPLEGEN_CACHE=""
    )
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "xdg/samplegen/calls").is_file()
