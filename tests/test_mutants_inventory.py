"""The judge finds planted faults of an API whose server records nothing and answers but one way."""

from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, missing
from tests.mutants import suite
from tests.mutants.planting import DATA, Nursery, controls, mutants

pytestmark = pytest.mark.processes  # samples

INVENTORY = ROOT / "examples/inventory"
LANGUAGES = ("python", "go", "curl")
PLANTED = list(mutants(LANGUAGES, DATA / "inventory"))


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The spec without what only a server made for the judge has."""
    folder = tmp_path_factory.mktemp("spec")
    for file in (INVENTORY / "spec").iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    api = yaml.safe_load((folder / "api.yaml").read_text())
    assert "other" not in api["server"]
    del api["server"]["record"]
    api["clients"] = [one.client for one in (*controls(PLANTED), *PLANTED)]
    (folder / "api.yaml").write_text(yaml.safe_dump(api))
    return folder


@pytest.fixture(scope="module")
def judged(spec: Path) -> list[suite.Judged]:
    nursery = Nursery([INVENTORY / "spec"], [INVENTORY / "templates"])
    return suite.judged([*controls(PLANTED), *PLANTED], nursery=nursery, spec=spec)


@pytest.mark.timeout(suite.SECONDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_is_caught(language: str, judged: list[suite.Judged]) -> None:
    found = [one for one in judged if one.planted.language == language]
    assert not (problems := suite.wrong(found)), "\n".join(problems)
    if unable := suite.unable(found):
        missing("; ".join(unable))
    assert all(one.caught for one in found if one.planted.row)
