"""The judge finds planted faults in programs of steps, whose server knows nothing of it."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, missing
from tests.mutants import suite
from tests.mutants.planting import DATA, Nursery, controls, mutants

pytestmark = pytest.mark.processes  # samples

ETCD = ROOT / "examples" / "etcd" / "spec"
LANGUAGES = ("cpp", "go", "java")
PLANTED = list(mutants(LANGUAGES, DATA / "etcd"))


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The spec, for the mutants in place of its own clients."""
    folder = tmp_path_factory.mktemp("spec")
    shutil.copytree(ETCD, folder, dirs_exist_ok=True)
    api = yaml.safe_load((folder / "api.yaml").read_text())
    api["clients"] = [one.client for one in (*controls(PLANTED), *PLANTED)]
    (folder / "api.yaml").write_text(yaml.safe_dump(api))
    return folder


@pytest.fixture(scope="module")
def judged(spec: Path) -> list[suite.Judged]:
    if not shutil.which("etcd"):
        missing("etcd is missing; type: sudo apt install etcd-server")
    return suite.judged([*controls(PLANTED), *PLANTED], nursery=Nursery([ETCD]), spec=spec)


@pytest.mark.timeout(suite.SECONDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_is_caught(language: str, judged: list[suite.Judged]) -> None:
    found = [one for one in judged if one.planted.language == language]
    assert not (problems := suite.wrong(found)), "\n".join(problems)
    if unable := suite.unable(found):
        missing("; ".join(unable))
    assert all(one.caught for one in found if one.planted.row)
