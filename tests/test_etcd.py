"""The example of etcd: an API whose server knows nothing of samplegen, judged by every gate."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from samplegen.catalogue import Catalogue
from samplegen.gates import GATES
from tests.conftest import ROOT, missing

pytestmark = pytest.mark.processes
SPEC = ROOT / "examples" / "etcd" / "spec"


def judged(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """The verdicts of `samplegen verify`, run in `folder`."""
    if not shutil.which("etcd"):
        missing("etcd is missing; type: sudo apt install etcd-server")
    command = [sys.executable, "-m", "samplegen", "verify", "--json", "--spec", str(SPEC)]
    ended = subprocess.run(
        [*command, *arguments], cwd=folder, capture_output=True, text=True, timeout=600
    )
    assert ended.stdout, ended.stderr
    verdicts: list[dict[str, Any]] = json.loads(ended.stdout)
    return verdicts


def test_a_sample_passes_every_gate(tmp_path: Path) -> None:
    samples = str(ROOT / "examples" / "etcd" / "docs" / "samples")
    (verdict,) = judged(tmp_path, "lease", "--client", "curl/rest", "--samples", samples)
    assert (verdict["status"], verdict["findings"], verdict["not_tried"]) == ("passed", [], {})
    assert verdict["gates"] == [gate for gate in GATES if gate != "build"]


@pytest.mark.parametrize(
    ("operation", "right", "wrong", "gate"),
    [
        ("put-key", "'Hello, etcd! \"Ö\"'", '"Gööd bye!"', "wire"),
        ("put-key", 'print("count:", field(answer2, "count"))', 'print("count: 1")', "meaning"),
        ("transact", "Compare.EQUAL", "Compare.GREATER", "run"),
        ("transact", "                    target=etcd_pb2.Compare.VALUE,\n", "", "run"),
        ("lease", "        stub.LeaseRevoke(request, timeout=5)\n", "", "wire"),
        (
            "lease",
            "        stub.Put(request, timeout=5)\n",
            "        try:\n"
            "            stub.Put(request, timeout=5)\n"
            "        except grpc.RpcError as error:\n"
            "            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:\n"
            "                raise\n",
            "faults",
        ),
        ("lease", "lease=lease,", "lease=lease + 1,", "run"),
        ("lease", "TTL=60", "TTL=600", "wire"),
        ("watch", "start_revision=revision,", "start_revision=revision - 1,", "wire"),
        (
            "watch",
            "            if answer3.events:\n",
            "            if answer3.created:\n",
            "output",
        ),
        (
            "watch",
            "str(answer3.created).lower()",
            '"false" if answer3.events else "true"',
            "meaning",
        ),
        ("watch", 'raise RuntimeError("the stream ended too early")', "pass", "faults"),
        ("watch", "timeout=5)\n        for", "timeout=9)\n        for", "wire"),
        ("lease", "stub.LeaseRevoke(request, timeout=5)", "stub.LeaseRevoke(request)", "wire"),
    ],
)
def test_what_is_planted_in_a_sample_is_found(
    operation: str, right: str, wrong: str, gate: str, tmp_path: Path
) -> None:
    catalogue = Catalogue([SPEC])
    (cell,) = (c for c in catalogue.cells if c.key == (operation, "python/grpcio"))
    program = catalogue.render(cell).text
    assert right in program
    planted = program.replace(right, wrong)
    template = tmp_path / "templates" / "python" / "grpcio" / "steps.py.jinja"
    template.parent.mkdir(parents=True)
    template.write_text(planted, encoding="utf-8")
    arguments = ["--client", "python/grpcio", "--templates", "templates"]
    (verdict,) = judged(tmp_path, operation, *arguments)
    found = [finding["message"] for finding in verdict["findings"]]
    assert (verdict["status"], verdict["gate"]) == ("failed", gate), found
