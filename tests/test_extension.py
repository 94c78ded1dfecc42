"""A new operation is one YAML file, a new client one folder; neither needs a line of Python."""

import json
from pathlib import Path

import pytest

from tests.conftest import Run

pytestmark = pytest.mark.processes

OPERATION = """
title: Add One to Three Numbers
summary: Send other numbers to the same model.
form: infer
model: dummy
calls:
  - {rpc: ModelInfer, rest: "POST /v2/models/{model}/versions/{version}/infer"}
inputs:
  - {name: b, datatype: FP32, shape: [1, 10], data: [-1, 0.5, 1e3, 0, 0, 0, 0, 0, 0, 0]}
outputs:
  - {name: a, datatype: FP32, shape: [1, 10]}
expect:
  - label: a
    value: [0, 1.5, 1001, 1, 1, 1, 1, 1, 1, 1]
    tolerance: 1e-6
    answer: [ModelInfer, outputs, a, data]
"""

LANGUAGE = """
title: Toy
lexer: python
file: "{operation}.toy"
literals: python
run: ["{python}", "{file}"]
"""

CLIENT = """
title: The standard library over REST
tab: toy
transport: rest
install: "true"
omits:
  health: a toy has no health
  model-metadata: a toy knows no metadata
  classify-image: a toy sees nothing
  infer: a toy sends no tensors
  infer-raw: a toy sends no tensors
"""

TEMPLATE = """
import json
import signal
import sys
import urllib.request


def late(*_):
    raise RuntimeError("no answer in time")


signal.signal(signal.SIGALRM, late)
signal.alarm({{ deadline }})
try:
    with urllib.request.urlopen({{ url.ServerMetadata | quote }}) as answer:
        metadata = json.load(answer)
    if answer.status != 200:
        raise ValueError(f"HTTP status {answer.status}")
    name, version = metadata["name"], metadata["version"]
    if name is None or version is None:
        raise ValueError("the answer lacks a value")
    print("name:", name)
    print("version:", version)
except Exception as error:
    sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a spec of one operation and templates of one client."""
    files = {
        "spec/add-one.yaml": OPERATION,
        "templates/toy/language.yaml": LANGUAGE,
        "templates/toy/urllib/client.yaml": CLIENT,
        "templates/toy/urllib/server-metadata.toy.jinja": TEMPLATE.lstrip(),
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path


OWN = ("--spec", "spec", "--templates", "templates")


def test_they_are_listed(own: Path, samplegen: Run) -> None:
    cells = json.loads(samplegen("list", "--json", *OWN, cwd=own).stdout)
    states = {(cell["operation"], cell["client"]): cell["state"] for cell in cells}
    assert states["add-one", "python/tritonclient-grpc"] == "ready"
    assert states["add-one", "curl/rest"] == "ready"
    assert states["server-metadata", "toy/urllib"] == "ready"
    assert states["add-one", "toy/urllib"] == "omitted"
    assert len(cells) == 10 * 13


def test_they_are_rendered_judged_and_shown(own: Path, samplegen: Run) -> None:
    generated = samplegen("generate", *OWN, cwd=own)
    assert generated.returncode == 0, generated.stderr
    assert (own / "site/samples/toy/urllib/server-metadata.toy").is_file()
    assert (own / "site/samples/curl/rest/add-one.sh").is_file()

    clients = [f"--client={name}" for name in ("toy", "python")]
    asked = ("verify", "add-one", "server-metadata", "--json", *clients, *OWN)
    judged = samplegen(*asked, cwd=own, timeout=250)
    assert judged.returncode == 0, judged.stderr
    verdicts = {(v["operation"], v["client"]): v for v in json.loads(judged.stdout)}
    toy = verdicts["server-metadata", "toy/urllib"]
    assert toy["status"] == "passed"
    assert toy["gates"][-2:] == ["meaning", "faults"]
    assert toy["not_tried"].keys() == {"format", "lint"}, "the toy's language names no tools"
    assert toy["output"].startswith("name: OpenVINO Model Server\n")
    assert verdicts["add-one", "toy/urllib"]["reason"] == "a toy sends no tensors"
    for client in ("python/tritonclient-grpc", "python/tritonclient-http", "python/requests"):
        assert verdicts["add-one", client]["status"] == "passed", verdicts["add-one", client]
        assert "meaning" in verdicts["add-one", client]["gates"], "told by the recorded answer"
