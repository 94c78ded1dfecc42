"""Commands that take many files are started once for all; each program gets its own result."""

import errno
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from samplegen.catalogue import Catalogue
from samplegen.judge.machine.commands import CommandFailed
from samplegen.judge.machine.processes import Processes
from samplegen.judge.machine.requirements import Versions
from samplegen.judge.machine.workshop import Workshop
from samplegen.render.clients import Client
from samplegen.selection import default_cache
from tests.conftest import missing

pytestmark = pytest.mark.processes  # tools of clients

CATALOGUE = Catalogue()
TOOL = """
import pathlib, sys, time

calls, *files = map(pathlib.Path, sys.argv[1:])
with calls.open("a") as lines:
    lines.write(f"{len(files)}\\n")
failed = False
for file in files:
    text = file.read_text()
    if "hang" in text:
        time.sleep(60)
    if "silent" in text:
        failed = True
    if "bad" in text:
        print(f"{file}:7: error: it is bad", file=sys.stderr)
        failed = True
    file.with_name("seen").write_text(text)
sys.exit(failed)
"""
GOOD = {f"{name}.toy": f"the text of {name}" for name in "abcdefghij"}


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """A toy client whose linter counts its starts."""
    tool = tmp_path / "tool.py"
    tool.write_text(TOOL)
    lint = (("{python}", str(tool), str(tmp_path / "calls"), "{files}"),)
    base = CATALOGUE.clients.client("curl/rest")
    return replace(base, language=replace(base.language, requires=(), lint=lint, timeout=20))


def made(cache: Path, client: Client, programs: dict[str, str]) -> tuple[Workshop, Client]:
    running = Processes()
    workshop = Workshop(cache, CATALOGUE.building, Versions(running), running)
    workshop.expect(client, lambda: programs)
    return workshop, client


def linted(
    made: tuple[Workshop, Client], programs: dict[str, str]
) -> dict[str, Path | CommandFailed]:
    """What the linter says of each program, several at a time."""
    workshop, client = made

    def lint(item: tuple[str, str]) -> Path | CommandFailed:
        name, text = item
        try:
            folder = workshop.written(client, name, text)
            return workshop.step(client, name, folder, client.language.lint)
        except CommandFailed as failure:
            return failure

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(programs, pool.map(lint, programs.items()), strict=True))


def calls(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "calls").read_text().split()]


def test_good_programs_take_one_start(client: Client, tmp_path: Path) -> None:
    found = linted(made(tmp_path / "cache", client, GOOD), GOOD)
    assert calls(tmp_path) == [10]
    for name, folder in found.items():
        assert isinstance(folder, Path)
        assert (folder / name).read_text() == (folder / "seen").read_text() == GOOD[name]
    assert linted(made(tmp_path / "cache", client, GOOD), GOOD) == found, "it is kept"
    assert calls(tmp_path) == [10]


@pytest.mark.parametrize("victim", ["a.toy", "e.toy", "j.toy"])
def test_a_finding_in_one_of_ten_is_that_programs(
    victim: str, client: Client, tmp_path: Path
) -> None:
    programs = GOOD | {victim: "bad"}
    found = linted(made(tmp_path / "cache", client, programs), programs)
    assert [name for name, result in found.items() if isinstance(result, CommandFailed)] == [victim]
    assert f"{victim}:7: error: it is bad" in str(found[victim])
    assert sorted(calls(tmp_path)) == [1, 9, 10]


def test_programs_that_a_tool_does_not_name_are_sought(client: Client, tmp_path: Path) -> None:
    programs = GOOD | {"c.toy": "silent", "h.toy": "silent"}
    found = linted(made(tmp_path / "cache", client, programs), programs)
    failed = [name for name, result in found.items() if isinstance(result, CommandFailed)]
    assert failed == ["c.toy", "h.toy"]


def test_a_tool_that_hangs_at_one_program_takes_no_other_with_it(
    client: Client, tmp_path: Path
) -> None:
    client = replace(client, language=replace(client.language, timeout=5))
    programs = GOOD | {"e.toy": "hang"}
    found = linted(made(tmp_path / "cache", client, programs), programs)
    failed = [name for name, result in found.items() if isinstance(result, CommandFailed)]
    assert failed == ["e.toy"]
    assert "it was not done after" in str(found["e.toy"])


def test_a_disk_that_is_full_for_many_is_tried_for_each(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copytree = shutil.copytree

    def full(source: Path, target: Path) -> None:
        if target.name == "2":
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        copytree(source, target)

    monkeypatch.setattr(shutil, "copytree", full)
    found = linted(made(tmp_path / "cache", client, GOOD), GOOD)
    assert all(isinstance(result, Path) for result in found.values())
    assert calls(tmp_path) == [1] * 10


EMPTY_LINES = "\n\n\n\n"


@pytest.mark.timeout(900)  # a client may have to be prepared, and downloads a lot
@pytest.mark.parametrize(
    ("name", "gate", "wrong"),
    [
        ("curl/rest", "format", EMPTY_LINES),
        ("curl/rest", "lint", "echo $1\n"),
        ("python/requests", "format", EMPTY_LINES),
        ("python/requests", "lint", "import os\n"),
        ("cpp/libcurl", "format", EMPTY_LINES),
        ("go/http", "format", EMPTY_LINES),
        ("go/http", "lint", '\nfunc unused() int { return "text" }\n'),
        ("go/http", "build", '\nfunc unused() int { return "text" }\n'),
        ("java/http", "format", EMPTY_LINES),
        ("java/http", "lint", "\nclass Unused { int number = new java.util.ArrayList(); }\n"),
        ("java/http", "build", '\nclass Unused { int number = "text"; }\n'),
    ],
)
def test_the_tools_of_a_language_find_what_is_wrong_in_one_of_several(
    name: str, gate: str, wrong: str
) -> None:
    client = CATALOGUE.clients.client(name)
    for needed in client.requirements:
        if Versions().of(needed) is None:
            missing(f"{needed.name} is missing; type: {needed.install}")
    programs = {
        Path(client.sample(cell.operation)).name: CATALOGUE.render(cell).text
        for cell in CATALOGUE.cells
        if cell.client == client
    }
    victim = next(name for name in programs if name.startswith("infer-array"))
    programs[victim] += wrong
    running = Processes()
    workshop = Workshop(default_cache(), CATALOGUE.building, Versions(running), running)
    workshop.expect(client, lambda: programs)
    results: dict[str, Path | CommandFailed] = {}
    for file, text in programs.items():
        try:
            folder = workshop.written(client, file, text)
            results[file] = workshop.step(client, file, folder, getattr(client.language, gate))
        except CommandFailed as failure:
            results[file] = failure
    failed = {file: r for file, r in results.items() if isinstance(r, CommandFailed)}
    assert [*failed] == [victim]
    outcome = failed[victim].outcome
    assert outcome is not None
    assert outcome.status
    said = outcome.stdout + outcome.stderr
    assert not any(file in said for file in programs if file != victim)
