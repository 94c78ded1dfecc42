"""Statuses, refusals, and what samples do to a server: a REST API with a state, in all cells."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from samplegen.catalogue import Catalogue
from tests.conftest import ROOT, missing

pytestmark = pytest.mark.processes
SECONDS = 900
NOTES = ROOT / "tests" / "notes"
CATALOGUE = Catalogue([NOTES])
Verdicts = dict[tuple[str, str], dict[str, Any]]


def judged(spec: Path, folder: Path, *arguments: str) -> Verdicts:
    command = [sys.executable, "-m", "samplegen", "verify", "--json", "--spec", str(spec)]
    ended = subprocess.run(
        [*command, *arguments], cwd=folder, capture_output=True, text=True, timeout=SECONDS
    )
    assert ended.stdout, ended.stderr
    return {(found["operation"], found["client"]): found for found in json.loads(ended.stdout)}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    folder = tmp_path_factory.mktemp("notes")
    for name, content in CATALOGUE.files().items():
        path = folder / "samples" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return judged(NOTES, folder, "--samples", "samples")


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("cell", CATALOGUE.cells, ids=lambda cell: cell.name)
def test_a_sample_passes_every_gate(cell: Any, verdicts: Verdicts) -> None:
    verdict = verdicts[cell.key]
    if verdict["status"] == "skipped":
        missing(verdict["reason"])
    said = [finding["message"] for finding in verdict["findings"]]
    assert (verdict["status"], said, verdict["not_tried"]) == ("passed", [], {})


GONE = "run: ended with status 1: ValueError: HTTP status"
GET = "- {call: getNote, request: {name: milk}, "
WRONG = [
    ("add", "\nsteps", f"\n  {GET}expect: {{}}}}\nsteps", "setup: getNote: HTTP status 404, exp"),
    ("add", 'expect: {text: "Buy', 'expect: {text: "Get', "run: check: getNote: text is"),
    ("add", "setup:\n  - {call: removeNote, request: {name: milk}}",
     "setup:\n  - {call: addNote, request: {name: milk, text: x}}", f"{GONE} 409"),
    ("add", "teardown:\n  - {call: remove", "teardown:\n  - {refused: 404, call: remove",
     "teardown: removeNote: HTTP status 204, expected 404"),
    ("add", GET, f"{GET}refused: 404}}\n  {GET}",
     "run: check: getNote: HTTP status 200, expected 404"),
    ("remove", "expect: {size: 3}", "expect: {size: 4}", "setup: addNote: size is 3, expected 4"),
    ("remove", "{name: bread}\n    refused", "{name: health}\n    refused", f"{GONE} 200"),
    ("add-twice", "refused: 409", "refused: 400", f"{GONE} 409"),
    ("add-twice", "    refused: 409\n", "", f"{GONE} 409"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "said"), WRONG)
def test_what_is_not_as_it_should_be_is_a_clear_verdict(
    name: str, old: str, new: str, said: str, tmp_path: Path
) -> None:
    spec = tmp_path / "spec"
    shutil.copytree(NOTES, spec, ignore=shutil.ignore_patterns("__pycache__"))
    path = spec / f"{name}.yaml"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    (verdict,) = judged(spec, tmp_path, name, "--client", "python/requests").values()
    assert (verdict["status"], "Traceback" in verdict["log"]) == ("failed", False)
    assert verdict["reason"].startswith(said), verdict["reason"]


def test_what_a_refusal_says_is_recorded(tmp_path: Path) -> None:
    spec = tmp_path / "spec"
    shutil.copytree(NOTES, spec, ignore=shutil.ignore_patterns("__pycache__"))
    path = spec / "remove.yaml"
    text = path.read_text()
    path.write_text(
        text.replace(", value: there is no note 'bread'", "").replace(", value: 4041", "")
    )
    command = [sys.executable, "-m", "samplegen", "record", "--spec", str(spec)]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=100)
    recorded = yaml.safe_load(path.read_text())
    assert recorded == yaml.safe_load(text)
