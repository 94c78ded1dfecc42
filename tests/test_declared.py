"""A language that samplegen knows nothing of: its literals are declared in its language.yaml.

JavaScript is the proof, with the client that CONTRIBUTING.md makes from nothing.
"""

import atexit
import json
import math
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from samplegen import cli
from samplegen.catalogue import Catalogue
from samplegen.errors import SamplegenError
from samplegen.render.layout.marks import plain
from samplegen.render.literals import DeclaredLiterals, LiteralError
from samplegen.render.view import view
from samplegen.spec.tensors import Tensor
from samplegen.yamlfile import load
from tests import walkthrough
from tests.conftest import missing
from tests.test_literals import HOSTILE

pytestmark = pytest.mark.processes

TEMPLATES = Path(tempfile.mkdtemp(prefix="samplegen-"))
atexit.register(shutil.rmtree, TEMPLATES)
walkthrough.write(TEMPLATES)
CATALOGUE = Catalogue((), (TEMPLATES,))
CLIENT = CATALOGUE.clients.client("javascript/fetch")
NODE = shutil.which("node")


@pytest.fixture
def node() -> None:
    if NODE is None:
        missing("node is missing; sudo apt install nodejs")


STUB = """
import { writeFileSync } from "node:fs";

async function send(url, { body }) {
  writeFileSync("sent.json", JSON.stringify([url, JSON.parse(body)]));
  return body.replace('"inputs"', '"outputs"');
}

async function main"""


def sent(program: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """The address and the body that a program sends; the answer holds its inputs."""
    head, _, rest = program.partition("\nasync function send")
    body = rest.partition("\nasync function main")[2]
    (folder / "program.mjs").write_text(f"{head}{STUB}{body}")
    command = [str(NODE), "program.mjs"]
    finished = subprocess.run(command, cwd=folder, capture_output=True, timeout=30, check=False)
    assert not finished.stderr, finished.stderr.decode()[:2000]
    url, request = json.loads((folder / "sent.json").read_bytes())
    return url, request


@pytest.mark.usefixtures("node")
@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.sampled_from(HOSTILE) | st.text(max_size=20), min_size=1, max_size=20),
    st.lists(st.integers(-(2**53) + 1, 2**53 - 1), min_size=1, max_size=20),
    st.text(max_size=60),
)
@example(HOSTILE, [2**53 - 1, -(2**53) + 1], "*/ // \n</script> ")
@example(["a" * 70_000], [0], "x")
def test_values_come_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], numbers: list[int], summary: str
) -> None:
    original = CATALOGUE.spec.operation("infer-array")
    inputs = (
        Tensor(name=texts[0], datatype="BYTES", shape=(len(texts),), data=tuple(texts)),
        Tensor(name="n", datatype="INT64", shape=(1, len(numbers)), data=tuple(numbers)),
        Tensor(name="b", datatype="BOOL", shape=(2,), data=(True, False)),
        Tensor(name="f", datatype="FP64", shape=(4,), data=(1, -0.5, 1e300, 5e-324)),
    )
    outputs = tuple(replace(tensor, data=None) for tensor in inputs if tensor.name)
    operation = replace(original, summary=summary or "x", inputs=inputs, outputs=outputs)
    seen = view(CATALOGUE.spec.api, operation)
    program = CATALOGUE.renderer.render(CLIENT, seen).text
    url, request = sent(program, tmp_path_factory.mktemp("javascript"))
    assert url == "http://localhost:8000/v2/models/dummy/versions/1/infer"
    for tensor, made in zip(inputs, request["inputs"], strict=True):
        assert made["name"] == tensor.name
        assert made["shape"] == list(tensor.shape)
        assert made["data"] == list(tensor.elements)


def test_numbers_are_written_as_declared() -> None:
    literals = CLIENT.language.kind
    assert plain(literals.values([math.inf, -math.inf, math.nan])) == "[Infinity, -Infinity, NaN]"
    assert plain(literals.values([2**53, -(2**60)])) == "[9007199254740992n, -1152921504606846976n]"
    assert literals.boolean(True) == "true"
    with pytest.raises(LiteralError, match="has no literal for bytes"):
        literals.bytes(b"x")


def test_a_long_list_is_broken_as_declared() -> None:
    layout = CLIENT.language.kind.layout
    numbers = CLIENT.language.kind.values(list(range(1000, 1016)))
    broken = layout.lay_out(f"  const x = {numbers};")
    assert broken.startswith("  const x = [\n    1000,\n    1001,\n")
    assert broken.endswith("\n    1015\n  ];")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{quote: '\"', escapes: {}, unit: '\\x{:02x}'}", "escapes: '\"' is missing"),
        ("{escapes: {'\"': '\\\"'}, unit: '\\x{:02x}'}", r"escapes: '\\\\' is missing"),
        ("{escapes: {'\"': '\\\"', '\\': '\\\\'}, unit: '\\x{:q}'}", "unit: found"),
        ("{escapes: {'\"': '\\\"', '\\': '\\\\'}, unit: '\\x'}", "unit: found"),
        ("{quote: '', escapes: {}, unit: 'x'}", "quote"),
        ("{escapes: {}, unit: 'x', units: utf-7}", "units"),
    ],
)
def test_what_would_let_a_text_leave_its_literal_is_refused(
    text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "literals.yaml"
    path.write_text(f"text: {text}\n")
    with pytest.raises(SamplegenError, match=message):
        load(path, DeclaredLiterals)


@pytest.mark.usefixtures("node")
def test_the_page_makes_a_client_from_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    walkthrough.write(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    shown, template, verified = walkthrough.commands()
    assert cli.run(shown) == 0
    assert capsys.readouterr().out.startswith("// Send a tensor of numbers")
    assert cli.run(template) == 0
    assert "async function main() {\n{% block call %}" in capsys.readouterr().out
    assert cli.run([*verified, "--cache", str(tmp_path / "cache")]) == 0, capsys.readouterr().err
