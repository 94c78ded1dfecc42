"""The doctor says what is there, what is missing, and what brings it."""

import json
import re
from pathlib import Path

import pytest

from tests import toy
from tests.conftest import Run

CLIENT = """
title: Toy
tab: toy
transport: rest
install: nothing
requires:
  - {name: a compiler, check: ["{python}", -c, "print('toycc (toy) 3.1.4')"], install: make a toy}
  - {name: a silent one, check: ["{python}", -c, ""], install: make a toy}
  - {name: a broken one, check: ["{python}", -c, "raise SystemExit(1)"], install: mend it}
  - {name: an old one, check: ["{python}", -c, "print('1.9.2')"], install: get it, least: "1.10"}
  - {name: a new one, check: ["{python}", -c, "print('v1.10')"], install: get it, least: "1.10"}
  - {name: one of an unknown age, check: ["{python}", -c, ""], install: get it, least: "1.10"}
  - {name: a file, check: ["{python}", "{project}/check.py"], install: write it}
"""


@pytest.fixture
def options(tmp_path: Path) -> tuple[str, ...]:
    """A toy client with things that are there and things that are not."""
    toy.make(tmp_path, {"good": toy.GOOD})
    client = tmp_path / "templates/toy/toy"
    (client / "client.yaml").write_text(CLIENT)
    (client / "project").mkdir()
    (client / "project/check.py").write_text("print('version 2.0')\n")
    return ("--spec", "spec", "--templates", "templates")


def test_versions_and_what_is_missing(
    options: tuple[str, ...], tmp_path: Path, samplegen: Run
) -> None:
    finished = samplegen("doctor", "--json", *options, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    rows = [row for row in json.loads(finished.stdout) if row["clients"] == ["toy/toy"]]
    assert {row["name"]: row["version"] for row in rows} == {
        "toy-formatter": None,
        "a compiler": "3.1.4",
        "a silent one": "",
        "a broken one": None,
        "an old one": None,
        "a new one": "1.10",
        "one of an unknown age": "",
        "a file": "2.0",
    }
    assert rows[0] == {
        "name": "toy-formatter",
        "version": None,
        "install": "make a toy",
        "gates": ["format"],
        "clients": ["toy/toy"],
    }


def test_the_table_names_the_command_that_brings_it(
    options: tuple[str, ...], tmp_path: Path, samplegen: Run
) -> None:
    finished = samplegen("doctor", *options, cwd=tmp_path)
    lines = {line[3:].split("  ")[0]: line for line in finished.stdout.splitlines()}
    assert finished.returncode == 0
    assert lines["a compiler"].startswith("✓  a compiler")
    assert "3.1.4" in lines["a compiler"]
    assert lines["a broken one"].startswith("✗")
    assert "missing; type: mend it" in lines["a broken one"]


def test_what_is_required_and_missing_fails(
    options: tuple[str, ...], tmp_path: Path, samplegen: Run
) -> None:
    finished = samplegen("doctor", "--require", "toy", *options, cwd=tmp_path)
    assert finished.returncode == 1
    assert "a broken one is required, yet missing" in finished.stderr
    assert "an old one 1.10 or newer is required, yet missing" in finished.stderr
    finished = samplegen("doctor", "--require", "python/requests", *options, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    finished = samplegen("doctor", "--require", "fortran", *options, cwd=tmp_path)
    assert finished.returncode == 2
    assert "--require: no client 'fortran'" in finished.stderr


def test_the_packaged_clients_say_what_they_need(samplegen: Run) -> None:
    rows = json.loads(samplegen("doctor", "--json").stdout)
    needed: dict[str, list[str]] = {client: [] for row in rows for client in row["clients"]}
    for row in rows:
        for client in row["clients"]:
            needed[client].append(row["name"])
    assert len(needed) == 12
    assert "Go" in needed["go/http"]
    assert "protoc" in needed["go/grpc"]
    assert all(row["install"] for row in rows if row["name"] != "isolation")


def test_how_far_programs_are_kept_apart(
    options: tuple[str, ...], tmp_path: Path, samplegen: Run
) -> None:
    *_, row = json.loads(samplegen("doctor", "--json", *options, cwd=tmp_path).stdout)
    assert row["name"] == "isolation"
    assert "toy/toy" in row["clients"]
    assert row["version"] in ("namespaces", "sudo", "process")
    assert bool(row["install"]) == (row["version"] != "namespaces")
    lines = samplegen("doctor", *options, cwd=tmp_path).stdout.splitlines()
    assert sum(line.startswith("isolation: ") for line in lines) == 1
    assert any(row["install"] in line for line in lines if "for a better one" in line) == bool(
        row["install"]
    )


def test_in_brief_it_counts_the_samples_that_cannot_run(
    options: tuple[str, ...], tmp_path: Path, samplegen: Run
) -> None:
    (tmp_path / "bin").mkdir()
    path = str(tmp_path / "bin")
    toys = samplegen("doctor", "--brief", *options, cwd=tmp_path, PATH=path)
    assert toys.stdout.endswith(
        "; a broken one (1 sample): mend it; an old one 1.10 or newer (1 sample): get it\n"
    )
    assert "toy-formatter" not in toys.stdout, "samples run without it"
    (packaged,) = samplegen("doctor", "--brief", PATH=path).stdout.splitlines()
    assert "JDK 17 or newer and Maven (18 samples), Go 1.24 or newer and protoc (18" in packaged
    assert re.search(r": sudo apt install g\+\+ cmake make .* maven golang-go curl jq", packaged)
