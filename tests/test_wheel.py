"""A wheel alone, in an empty environment and another folder, is all that a user needs."""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

PACKAGES = {"samplegen", "samplegen_server"}


def run(*command: str | Path, cwd: Path, timeout: float = 600) -> str:
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


def install(wheel: Path, folder: Path, extra: str = "") -> Path:
    """An environment with the wheel and nothing else; returns its programs' folder."""
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv/bin"
    constraints = ROOT / "constraints.txt"
    pip = (programs / "python", "-m", "pip", "install", "--quiet", "--constraint", constraints)
    run(*pip, f"{wheel}{extra}", cwd=folder)
    return programs


@pytest.mark.timeout(700)
def test_nothing_common_lands_in_site_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, cwd=wheel.parent)


@pytest.mark.timeout(700)
def test_the_core_lists_shows_and_generates(wheel: Path, tmp_path: Path) -> None:
    programs = install(wheel, tmp_path)
    samplegen = programs / "samplegen"
    cells = json.loads(run(samplegen, "list", "--json", cwd=tmp_path))
    assert len(cells) == 108
    shown = run(samplegen, "show", "health", "--client", "curl/rest", cwd=tmp_path)
    assert shown == (ROOT / "site/samples/curl/rest/health.sh").read_text()
    run(samplegen, "generate", cwd=tmp_path)
    run(samplegen, "generate", "--check", cwd=tmp_path)
    index = (tmp_path / "site/samples/samples.json").read_bytes()
    assert index == (ROOT / "site/samples/samples.json").read_bytes()
    finished = subprocess.run(
        [samplegen, "verify"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    assert "pip install 'samplegen[verify]'" in finished.stderr


@pytest.mark.timeout(1300)
def test_with_its_extra_it_verifies_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    programs = install(wheel, tmp_path, "[verify]")
    clients = [f"--client=python/tritonclient-{transport}" for transport in ("grpc", "http")]
    judged = run(programs / "samplegen", "verify", "--json", *clients, cwd=tmp_path)
    verdicts = json.loads(judged)
    assert len(verdicts) == 18
    assert {verdict["status"] for verdict in verdicts} == {"passed"}


@pytest.fixture(scope="module")
def everything(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with all extras, and what the example's server needs."""
    folder = tmp_path_factory.mktemp("everything")
    programs = install(wheel, folder, "[all]")
    constraints = ROOT / "constraints.txt"
    pip = (programs / "python", "-m", "pip", "install", "--quiet", "--constraint", constraints)
    run(*pip, "grpcio-tools", "pytest", cwd=folder)
    return programs


def verified(programs: Path, folder: Path) -> dict[str, str]:
    """Generates, judges and shows the samples of a project; returns client to status."""
    samplegen = programs / "samplegen"
    run(samplegen, "generate", "--check", cwd=folder)
    required = "all" if os.environ.get("CI") else "python"
    judged = run(samplegen, "verify", "--json", "--require", required, cwd=folder)
    run(programs / "mkdocs", "build", "--strict", "--quiet", cwd=folder)
    verdicts = json.loads(judged)
    for verdict in verdicts:
        missing = re.fullmatch("(.*; )?.* is missing; type: .*", verdict["reason"])
        assert verdict["status"] == "passed" or missing, verdict
    return {verdict["client"]: verdict["status"] for verdict in verdicts}


@pytest.mark.timeout(1300)
def test_a_new_project_is_whole_from_the_start(everything: Path, tmp_path: Path) -> None:
    samplegen = everything / "samplegen"
    run(samplegen, "init", tmp_path / "greeter", cwd=tmp_path)
    folder = tmp_path / "greeter"
    run(samplegen, "generate", cwd=folder)
    statuses = verified(everything, folder)
    assert set(statuses) == {"python/urllib", "curl/rest"}
    page = (folder / "build/site/operations/greet/index.html").read_text()
    assert "greeting: Hello, Ada! Hello, Ada!" in page, "what the sample printed"
    tests = run(everything / "pytest", "--samplegen", "-v", cwd=folder)
    assert "samplegen::greet[python/urllib] PASSED" in tests
    again = subprocess.run(
        [samplegen, "init"], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert again.returncode == 1
    assert "already there; name another folder" in again.stderr


@pytest.mark.timeout(1300)
def test_a_foreign_api_is_documented(everything: Path, tmp_path: Path) -> None:
    folder = tmp_path / "inventory"
    shutil.copytree(
        ROOT / "examples/inventory", folder, ignore=shutil.ignore_patterns("build", "__pycache__")
    )
    statuses = verified(everything, folder)
    assert set(statuses) == {"python/grpcio", "go/grpc", "curl/rest"}
    page = (folder / "build/site/operations/get-item/index.html").read_text()
    assert page.count("<samp>title: Desk lamp\ncount: 12\nprice: 24.5\n</samp>") == sum(
        status == "passed" for status in statuses.values()
    )
    assert "GET /v1/items/{sku}" in page
    assert "The stock keeping unit, such as" in page, "the comments of the contract"
    routes = json.loads((folder / "build/site/openapi.json").read_text())["paths"]
    assert set(routes) == {"/v1/items/{sku}", "/v1/items:find"}
    shown = run(everything / "samplegen", "list", "--json", cwd=folder)
    assert {cell["state"] for cell in json.loads(shown)} == {"ready"}


def test_a_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        text = archive.read(path).decode()
    metadata = message_from_string(text)
    assert set(metadata.get_all("Provides-Extra") or ()) >= {"server", "verify", "site", "all"}
    core = [r for r in metadata.get_all("Requires-Dist") or () if "extra ==" not in r]
    names = {re.split("[^a-z0-9-]", name)[0] for name in core}
    assert names == {"click", "jinja2", "pydantic", "pyyaml"}
