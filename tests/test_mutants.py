"""The judge finds every fault that is planted in the samples, by the gate that must find it."""

import datetime
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from samplegen.catalogue import Catalogue
from samplegen.files import write_file
from samplegen.judge.gates.finding import Finding
from samplegen.judge.results.verdicts import Verdict
from samplegen.outputs import MutationScores, to_json
from samplegen.site.book import Book
from samplegen.site.plain import Plain
from samplegen.yamlfile import adapter
from tests.conftest import ROOT, missing
from tests.mutants import suite
from tests.mutants.planting import KINDS, LANGUAGES, Nursery, Planted, controls, mutants, rows

SCORES = ROOT / "build/mutants.json"
LEAST = 60
"""Faults in each language."""
SHARES = 8
"""Parts of the faults, of which a run of the tests takes one; `SAMPLEGEN_MUTANTS=all` takes all."""
NURSERY = Nursery()


@pytest.mark.parametrize("language", LANGUAGES)
def test_faults_are_many_and_spread(language: str) -> None:
    planted = rows(language)
    assert len(planted) >= LEAST
    assert len({row.name for row in planted}) == len(planted)
    assert {row.caught_by for row in planted} >= {"run", "wire", "output", "meaning", "faults"}
    cells = {(row.operation, f"{language}/{row.client}") for row in planted}
    operations = {
        operation
        for (operation, client), cell in NURSERY.cells.items()
        if client.startswith(f"{language}/") and not cell.omitted
    }
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


def test_every_kind_is_planted_in_each_language() -> None:
    """Shell has nothing to close, and runs in no process that outlives what it opens."""
    planted = {(one.language, one.row.kind) for one in mutants() if one.row}
    assert {(la, kind) for la in LANGUAGES for kind in KINDS} - planted == {("curl", "N")}


def test_shares_are_all_faults_and_have_all_languages() -> None:
    every = list(mutants())
    shares = [suite.share(every, number, SHARES) for number in range(SHARES)]
    assert sorted(one.client for part in shares for one in part) == sorted(
        one.client for one in every
    )
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert all({one.language for one in part} == {*LANGUAGES} for part in shares)


def test_the_page_says_what_the_data_holds() -> None:
    """Of all faults that there are, by kind and language."""
    every = [_verdict(one, found=number % 3 > 0) for number, one in enumerate(mutants())]
    scores = suite.report(every, 1.0)
    assert scores.present == len(every)
    kept = adapter(MutationScores).validate_python(json.loads(to_json(scores)))
    book = Book(Catalogue(), [], scores=kept)
    page = Plain(book, "verification.md", tabs=False).mutants()
    lines = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|")]
    tables = {row[0]: row[1:] for row in lines}
    for kind, title in KINDS.items():
        cells = []
        for language in scores.languages:
            own = [
                one for one in every if one.planted.language == language.name
                and one.planted.row and one.planted.row.kind == kind
            ]  # fmt: skip
            caught = sum(one.caught for one in own)
            cells.append(f"{caught} of {len(own)}" if own else "–")
        assert tables[f"{kind}: {title}"] == cells
    caught = sum(one.caught for one in every)
    assert f"**{caught} of {len(every)}** planted faults were caught" in page
    book.scores = replace(kept, present=len(every) + 1)
    said = f"This run judged {len(every)} of the {len(every) + 1} faults"
    assert said in Plain(book, "verification.md", tabs=False).mutants()
    assert "This run judged" not in page


def _verdict(planted: Planted, *, found: bool) -> suite.Judged:
    assert planted.row is not None
    verdict = Verdict(
        operation=planted.operation,
        client=planted.client,
        status="failed" if found else "passed",
        gate=planted.row.caught_by if found else None,
        findings=(Finding(planted.row.says or "it failed"),) if found else (),
    )
    return suite.Judged(planted, verdict)


@pytest.fixture(scope="module")
def chosen() -> list[Planted]:
    """All faults take minutes for each language, so a run takes a share: another one every day."""
    every = list(mutants())
    if os.environ.get("SAMPLEGEN_MUTANTS") == "all":
        return every
    return suite.share(every, datetime.date.today().toordinal(), SHARES)


@pytest.fixture(scope="module")
def run(chosen: list[Planted]) -> tuple[list[suite.Judged], list[str], MutationScores]:
    """A share of the mutants, judged in parts, and the scores, which are kept for the docs site."""
    started = time.monotonic()
    found, problems = suite.judge_all(chosen)
    scores = suite.report(found, time.monotonic() - started)
    write_file(SCORES, to_json(scores, indent=1) + b"\n")
    return found, problems, scores


@pytest.mark.slow
@pytest.mark.timeout(5 * suite.SECONDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_is_caught(
    language: str,
    chosen: list[Planted],
    run: tuple[list[suite.Judged], list[str], MutationScores],
    capsys: pytest.CaptureFixture[str],
) -> None:
    every, failed, scores = run
    assert not failed, "\n".join(failed)
    found = [one for one in every if one.planted.language == language]
    (scored,) = (one for one in scores.languages if one.name == language)
    with capsys.disabled():
        print(f"\n{suite.score(scored)} ({len(chosen)} of {scores.present} faults were chosen)")
    assert not (problems := suite.wrong(found)), "\n".join(problems)
    if unable := suite.unable(found):
        missing("; ".join(unable))
    assert scored.caught == scored.planted == sum(one.language == language for one in chosen)
