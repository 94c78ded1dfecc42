"""A wheel alone, in an empty environment and another folder, is all that a user needs."""

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

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
    assert len(cells) == 60
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
    assert len(verdicts) == 10
    assert {verdict["status"] for verdict in verdicts} == {"passed"}
