"""The page "Any API in ten minutes": its commands, as a reader types them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import validate

from tests.conftest import ROOT, missing

pytestmark = [pytest.mark.slow, pytest.mark.processes]

PAGE = ROOT / "site" / "any-api.md"
EXAMPLES = ROOT / "examples"


def commands(start: str) -> str:
    """The block of the page that starts so."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = (block for block in blocks if block.startswith(start))
    return str(found)


def typed(text: str, folder: Path) -> None:
    """Types commands in a shell, which ends with the first that fails."""
    programs = Path(sys.executable).parent
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "NO_COLOR": "1", "SITE_URL": "https://docs.example.com/"}
    env = {**os.environ, **own}
    done = subprocess.run(
        ["bash", "-e"], input=text, cwd=folder, env=env, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr


def has_template(project: Path) -> bool:
    return (project / "templates").exists() or bool([*project.rglob("*.jinja")])


def test_from_a_proto(tmp_path: Path) -> None:
    if not shutil.which("etcd"):
        missing("etcd is missing; type: sudo apt install etcd-server")
    shutil.copy(EXAMPLES / "etcd/spec/etcd.proto", tmp_path)
    typed(commands("samplegen init etcd"), tmp_path)
    page = tmp_path / "etcd/build/site/operations/put/index.html"
    assert "Verified" in page.read_text(encoding="utf-8")
    assert not has_template(tmp_path / "etcd")


def test_from_an_openapi_file(tmp_path: Path) -> None:
    for name in ("shop.yaml", "server.py"):
        shutil.copy(EXAMPLES / "shop" / name, tmp_path)
    typed(commands("samplegen init shop"), tmp_path)
    project = tmp_path / "shop"
    page = project / "build/site/operations/make-quote/index.html"
    assert "Verified" in page.read_text(encoding="utf-8")
    assert not has_template(project)
    overlay = "oas-patch overlay spec/contract/shop.yaml shop.overlay.yaml"
    typed(f"{overlay} --output made.yaml", project)
    made = yaml.safe_load((project / "made.yaml").read_text(encoding="utf-8"))
    validate(made)
    langs = [sample["lang"] for sample in made["paths"]["/quotes"]["post"]["x-codeSamples"]]
    assert len(langs) == len({*langs}) == 5
