"""The example of Prometheus: an API without a contract, in all its cells, by every gate."""

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from samplegen.catalogue import Catalogue
from samplegen.gates import GATES
from tests.conftest import ROOT, missing

pytestmark = pytest.mark.processes
SECONDS = 600
PROMETHEUS = ROOT / "examples" / "prometheus"
CATALOGUE = Catalogue([PROMETHEUS / "spec"])
Verdicts = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def verdicts() -> Verdicts:
    if not shutil.which("prometheus"):
        missing("prometheus is missing; type: sudo apt install prometheus")
    command = [sys.executable, "-m", "samplegen", "verify", "--json"]
    ended = subprocess.run(
        command, cwd=PROMETHEUS, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ended.stdout, ended.stderr
    return {(found["operation"], found["client"]): found for found in json.loads(ended.stdout)}


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("cell", CATALOGUE.cells, ids=lambda cell: cell.name)
def test_a_sample_passes_every_gate(cell: Any, verdicts: Verdicts) -> None:
    verdict = verdicts[cell.key]
    if verdict["status"] == "skipped":
        missing(verdict["reason"])
    said = [finding["message"] for finding in verdict["findings"]]
    assert (verdict["status"], said, verdict["not_tried"]) == ("passed", [], {})
    assert {"wire", "meaning"} <= {*verdict["gates"]} <= {*GATES}
    assert verdict["versions"]["server"].startswith("Prometheus 2")


def test_its_samples_are_fresh() -> None:
    for name, content in CATALOGUE.files().items():
        assert (PROMETHEUS / "docs" / "samples" / name).read_bytes() == content


def test_it_has_no_template() -> None:
    assert not [*PROMETHEUS.rglob("*.jinja")]
