"""The protobuf messages in the repo are those of the wire contract, and of graph files."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
STUBS = [Path("samplegen_server/proto", name) for name in ("inference_pb2.py", "graph_pb2.py")]

PROGRAM = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
import make_stubs
make_stubs.make_stubs(pathlib.Path(sys.argv[2]))
"""


def test_making_the_stubs_anew_gives_the_same_bytes(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", PROGRAM, ROOT / "server", tmp_path], check=True, timeout=60
    )
    for stub in STUBS:
        assert (tmp_path / stub).read_bytes() == (ROOT / "server" / stub).read_bytes()
