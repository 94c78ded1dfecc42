"""A short fuzz of the server: seeds that once found something, and one that is new each time."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.server.process import environment

pytestmark = pytest.mark.processes

FUZZ = Path(__file__).parents[2] / "bench" / "fuzz.py"


@pytest.mark.parametrize("seed", [1, 1795722141, None])
def test_nothing_is_found(seed: int | None, tmp_path: Path) -> None:
    """A finding is printed with the seed and the request, which `bench/fuzz.py` can repeat."""
    finding = tmp_path / "finding.json"
    chosen = time.time_ns() % 2**32 if seed is None else seed
    flags = ["--rounds", "1", "--examples", "25", "--seed", str(chosen), "--out", str(finding)]
    done = subprocess.run(
        [sys.executable, str(FUZZ), *flags],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
    )
    request = finding.read_text() if finding.exists() else ""
    assert done.returncode == 0, f"{done.stdout}\n{request}"
    assert f"seed {chosen}; " in done.stdout
