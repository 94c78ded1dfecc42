"""The protobuf messages in the repo are those of the wire contract."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STUB = Path("samplegen_server/proto/inference_pb2.py")

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
    assert (tmp_path / STUB).read_bytes() == (ROOT / "server" / STUB).read_bytes()
