"""The load and fault run, in short; ``python bench/soak.py`` runs it for a minute."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

SOAK = Path(__file__).parents[2] / "bench" / "soak.py"


def test_short_run() -> None:
    done = subprocess.run(
        [sys.executable, SOAK, "--seconds", "4", "--clients", "16"],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "stopped in" in done.stdout
