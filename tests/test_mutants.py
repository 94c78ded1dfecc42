"""The judge finds every fault that is planted in the samples, by the gate that must find it."""

from pathlib import Path

import pytest

from samplegen.catalogue import Catalogue
from samplegen.files import write_file
from samplegen.outputs import MutationScores, to_json
from tests.conftest import ROOT, missing
from tests.mutants import suite
from tests.mutants.planting import LANGUAGES, Nursery, Planted, controls, mutants, rows

SCORES = ROOT / "build/mutants.json"
LEAST = 15
"""Faults in each language."""
NURSERY = Nursery()


@pytest.mark.parametrize("language", LANGUAGES)
def test_faults_are_many_and_spread(language: str) -> None:
    planted = rows(language)
    assert len(planted) >= LEAST
    assert len({row.name for row in planted}) == len(planted)
    assert {row.caught_by for row in planted} == {"run", "wire", "output", "meaning", "faults"}
    cells = {(row.operation, f"{language}/{row.client}") for row in planted}
    operations = {operation for operation, _ in NURSERY.cells}
    assert {operation for operation, _ in cells} == operations
    transports = {NURSERY.cells[cell].client.transport for cell in cells}
    assert transports == {cell.client.transport for cell in NURSERY.cells.values()
                          if cell.client.name.startswith(f"{language}/")}  # fmt: skip


@pytest.mark.parametrize("planted", list(mutants()), ids=lambda planted: planted.client)
def test_a_fault_is_planted_where_it_should_be(planted: Planted) -> None:
    control = Planted(language=planted.language, source=planted.source, operation=planted.operation)
    assert NURSERY.templates(planted) != NURSERY.templates(control)


def test_a_control_is_the_published_sample(tmp_path: Path) -> None:
    planted = controls(mutants())
    NURSERY.plant(planted, tmp_path)
    catalogue = Catalogue(templates=[tmp_path])
    cells = {cell.key: cell for cell in catalogue.cells}
    for control in planted:
        published = NURSERY.cells[control.operation, control.source]
        text = (ROOT / "site/samples" / published.client.sample(published.operation)).read_text()
        assert catalogue.render(cells[control.cell]).text == text


@pytest.fixture(scope="module")
def run() -> tuple[list[suite.Judged], MutationScores]:
    """All mutants, judged in one run, and the scores, which are kept for the docs site."""
    found, seconds = suite.judge_all(LANGUAGES)
    scores = suite.report(found, seconds)
    write_file(SCORES, to_json(scores, indent=1) + b"\n")
    return found, scores


@pytest.mark.slow
@pytest.mark.timeout(suite.SECONDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_is_caught(
    language: str,
    run: tuple[list[suite.Judged], MutationScores],
    capsys: pytest.CaptureFixture[str],
) -> None:
    every, scores = run
    found = [one for one in every if one.planted.language == language]
    (scored,) = (one for one in scores.languages if one.name == language)
    with capsys.disabled():
        print(f"\n{suite.score(scored)}")
    assert not (problems := suite.wrong(found)), "\n".join(problems)
    if unable := suite.unable(found):
        missing("; ".join(unable))
    assert scored.caught == scored.planted == len(rows(language))
