"""Steps with values of every kind, judged in every client that knows steps."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from samplegen.catalogue import Catalogue
from tests.conftest import ROOT

pytestmark = pytest.mark.processes

SPEC = ROOT / "tests" / "echo"
CELLS = [cell.key for cell in Catalogue([SPEC]).cells]
SECONDS = 600


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Mapping[str, Any]]:
    folder = tmp_path_factory.mktemp("echo")
    samples = folder / "samples"
    command = [sys.executable, "-m", "samplegen"]
    given = ["--spec", str(SPEC)]
    subprocess.run(
        [*command, "generate", *given, "--output", str(samples)], check=True, timeout=60, cwd=folder
    )
    ended = subprocess.run(
        [*command, "verify", *given, "--samples", str(samples), "--json"],
        cwd=folder, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    assert ended.stdout, ended.stderr
    return {(found["operation"], found["client"]): found for found in json.loads(ended.stdout)}


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("key", CELLS, ids=" × ".join)
def test_a_sample_passes_every_gate(
    key: tuple[str, str], verdicts: dict[tuple[str, str], Mapping[str, Any]]
) -> None:
    verdict = verdicts[key]
    said = [finding["message"] for finding in verdict["findings"]]
    assert (verdict["status"], said, verdict["not_tried"]) == ("passed", [], {})
