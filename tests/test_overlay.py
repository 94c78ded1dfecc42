"""Overlays: applied by a public tool, they make an OpenAPI file with samples that is valid."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from tests.conftest import ROOT, Run, need

pytestmark = pytest.mark.processes

SHOP = ROOT / "examples" / "shop" / "shop.yaml"


@pytest.fixture
def project(samplegen: Run, tmp_path: Path) -> Path:
    """A project of two calls of the shop, one of which has a sample already."""
    contract = yaml.safe_load(SHOP.read_text(encoding="utf-8"))
    contract["paths"]["/health"]["get"]["x-codeSamples"] = [{"lang": "Old", "source": "old"}]
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(contract), encoding="utf-8")
    calls = ("--call", "health", "--call", "getItem")
    done = samplegen("init", "shop", "--openapi", "shop.yaml", *calls, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name, value in (("health", "true"), ("get-item", "milk")):
        path = tmp_path / f"shop/spec/{name}.yaml"
        lines = path.read_text(encoding="utf-8").splitlines()
        first = next(number for number, line in enumerate(lines) if "- {label" in line)
        lines[first:] = [lines[first].replace("}", f", value: {value}}}")]
        path.write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "shop"


def applied(project: Path, overlay: Path) -> Any:
    need("oas-patch")
    made = project / "made.yaml"
    for words in (["validate", overlay], ["overlay", project / "spec/contract/shop.yaml", overlay]):
        command = ["oas-patch", *map(str, words)]
        if words[0] == "overlay":
            command += ["--output", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
    return yaml.safe_load(made.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["samples.yaml", "samples.json"])
def test_an_overlay_adds_the_samples_of_each_route(
    samplegen: Run, project: Path, name: str
) -> None:
    assert samplegen("overlay", "-o", name, cwd=project).returncode == 0
    assert samplegen("generate", cwd=project).returncode == 0
    made = applied(project, project / name)
    validate(made)
    for path, operation in (("/health", "health"), ("/items/{id}", "get-item")):
        samples = made["paths"][path]["get"]["x-codeSamples"]
        assert [(s["lang"], s["label"]) for s in samples] == [
            ("Python", "requests"),
            ("C++", "libcurl and nlohmann-json"),
            ("Java", "java.net.http and Jackson"),
            ("Go", "net/http (standard library)"),
            ("Shell", "curl + jq"),
        ]
        clients = {"python/requests": "py", "cpp/libcurl": "cc", "java/http": "java",
                   "go/http": "go", "curl/rest": "sh"}  # fmt: skip
        files = [f"{client}/{operation}.{suffix}" for client, suffix in clients.items()]
        texts = [(project / "docs/samples" / file).read_text(encoding="utf-8") for file in files]
        assert [sample["source"] for sample in samples] == texts
    assert "x-codeSamples" not in made["paths"]["/items"]["get"]


def test_stdout_has_the_same(samplegen: Run, project: Path) -> None:
    printed = samplegen("overlay", cwd=project).stdout
    assert samplegen("overlay", "-o", "a.json", cwd=project).returncode == 0
    assert yaml.safe_load(printed) == yaml.safe_load((project / "a.json").read_text("utf-8"))


def test_each_language_of_the_packaged_api_is_there_once(samplegen: Run) -> None:
    overlay = yaml.safe_load(samplegen("overlay").stdout)
    for action in overlay["actions"]:
        languages = [sample["lang"] for sample in action["update"]["x-codeSamples"]]
        assert len(languages) == len({*languages}) > 1
    targets = [action["target"] for action in overlay["actions"]]
    assert len(targets) == len({*targets})


def test_without_rest_there_is_nothing_to_overlay(samplegen: Run, tmp_path: Path) -> None:
    etcd = ROOT / "examples" / "etcd"
    arguments = ("--client", "python/grpcio", "--call", "KV.Put")
    proto = etcd / "spec" / "etcd.proto"
    assert samplegen("init", tmp_path / "e", "--proto", proto, *arguments).returncode == 0
    path = tmp_path / "e/spec/put.yaml"
    path.write_text(path.read_text("utf-8").replace("}", ", pattern: '[0-9]+'}"), "utf-8")
    done = samplegen("overlay", cwd=tmp_path / "e")
    assert done.returncode == 1
    assert "there is nothing to overlay: no operation has a route of REST" in done.stderr
