"""The judge finds planted faults in programs of refusals, and what samples do to a server."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, missing
from tests.mutants import suite
from tests.mutants.planting import DATA, Nursery, controls, mutants

pytestmark = pytest.mark.processes  # samples

SPECS = {"notes": ("python", "cpp", "go", "java", "curl"), "echo": ("python", "cpp", "go", "java")}


@pytest.mark.timeout(suite.SECONDS)
@pytest.mark.parametrize("name", SPECS)
def test_every_fault_is_caught(name: str, tmp_path: Path) -> None:
    planted = list(mutants(SPECS[name], DATA / name))
    spec = tmp_path / "spec"
    own = ROOT / "tests" / name
    shutil.copytree(own, spec, ignore=shutil.ignore_patterns("__pycache__"))
    nursery = Nursery([own])
    api = yaml.safe_load((spec / "api.yaml").read_text())
    every = [*controls(planted), *planted]
    api["clients"] = [one.client for one in every]
    (spec / "api.yaml").write_text(yaml.safe_dump(api))
    found = suite.judged(every, nursery=nursery, spec=spec)
    assert not (problems := suite.wrong(found)), "\n".join(problems)
    if unable := suite.unable(found):
        missing("; ".join(unable))
    assert all(one.caught for one in found if one.planted.row)
