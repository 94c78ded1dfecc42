"""Verdicts are kept in a file that survives partial runs, and a damaged one is one message."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen.errors import SamplegenError
from samplegen.gates import GATES, Gate
from samplegen.judge.gates.finding import Finding
from samplegen.judge.results.verdicts import Faults, Status, Verdict, as_json, lacking, merge, read

PASSED = Verdict(
    operation="health",
    client="curl/rest",
    status="passed",
    gates=("identity", "format", "lint", "run", "output"),
    output="live: true\n",
    versions={"server": "OpenVINO Model Server 1.0", "curl": "8.5"},
    sha256="ab" * 32,
    documented_addresses=True,
    seconds=0.25,
    judged_at="2026-01-01T00:00:00+00:00",
)
FAILED = replace(
    PASSED,
    operation="infer",
    status="failed",
    gate="run",
    findings=(Finding("no"),),
    log="all\nof it",
)
SKIPPED = Verdict(
    operation="health",
    client="go/grpc",
    status="skipped",
    findings=(Finding("go is missing"),),
)

TEXTS = st.text() | st.text(st.characters(categories=["Cs", "Cc", "Cn", "Co", "Lu", "Po"]))
_GATE = st.sampled_from(GATES)
_FINDINGS = st.lists(
    st.builds(Finding, TEXTS, TEXTS, st.none() | st.integers(1, 10**6)), min_size=1, max_size=3
).map(tuple)
_OUTCOMES: st.SearchStrategy[tuple[Status, Gate | None, tuple[Finding, ...]]] = st.one_of(
    st.tuples(st.just("passed"), st.none(), st.just(())),
    st.tuples(st.just("failed"), st.none() | _GATE, _FINDINGS),
    st.tuples(st.just("skipped"), st.none(), _FINDINGS),
)


@st.composite
def any_verdict(draw: st.DrawFn) -> Verdict:
    """A verdict of any text that a judge may give."""
    status, gate, findings = draw(_OUTCOMES)
    untried = draw(st.dictionaries(_GATE, TEXTS, max_size=2))
    return Verdict(
        operation=draw(TEXTS),
        client=draw(TEXTS),
        status=status,
        gate=gate,
        findings=findings,
        not_tried=untried,
        waived={gate: draw(TEXTS) for gate in untried if draw(st.booleans())},
        gates=tuple(draw(st.lists(_GATE))),
        output=draw(TEXTS),
        versions=draw(st.dictionaries(TEXTS, TEXTS, max_size=2)),
        documented_addresses=draw(st.booleans()),
        other_server=draw(TEXTS),
        faults=Faults(tuple(draw(st.lists(TEXTS, max_size=2))), draw(TEXTS)),
        seconds=draw(st.floats(0, 1e6)),
        gate_seconds=draw(st.dictionaries(_GATE, st.floats(0, 1e3), max_size=2)),
        log=draw(TEXTS),
    )


@given(any_verdict())
@settings(max_examples=60, deadline=None)
def test_a_file_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, verdict: Verdict
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.json"
    path.unlink(missing_ok=True)
    merge(path, [verdict], [verdict.cell])
    assert read(path) == (verdict,)


def test_json_holds_every_field_by_its_name() -> None:
    (value,) = json.loads(as_json([PASSED]))
    assert value["operation"] == "health"
    assert value["client"] == "curl/rest"
    assert value["gates"] == ["identity", "format", "lint", "run", "output"]
    assert value["versions"]["curl"] == "8.5"
    assert value.keys() == Verdict.__dataclass_fields__.keys()


def test_merging_replaces_the_judged_cells_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "build/verdicts.json"
    cells = [PASSED.cell, FAILED.cell, SKIPPED.cell]
    merge(path, [PASSED, FAILED], cells)
    again = replace(FAILED, status="passed", gate=None, findings=(), log="")
    merge(path, [SKIPPED, again], cells)
    assert read(path) == (PASSED, again, SKIPPED)


def test_merging_drops_cells_that_are_no_longer_in_the_matrix(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.json"
    merge(path, [PASSED, FAILED], [PASSED.cell, FAILED.cell])
    merge(path, [SKIPPED], [SKIPPED.cell, PASSED.cell])
    assert read(path) == (SKIPPED, PASSED)


def test_no_file_holds_no_verdicts(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert read(tmp_path / "none.json") == read(tmp_path / "file/none.json") == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"{}",
        b"null",
        b"[1]",
        b'[{"operation": "health"}]',
        b'[{"operation": "health", "client": "x", "status": "perhaps"}]',
        as_json([PASSED])[:-20],
        as_json([PASSED, FAILED])[:-200],
        as_json([FAILED]).replace(b'"findings"', b'"of_another_version"'),
        as_json([PASSED]).replace(b'"passed"', b'"failed"'),
        b"\xff\xfe",
        b"[" * 100_000,
        b"[" + b"9" * 5000 + b"]",
    ],
)
def test_a_damaged_file_is_one_message_and_stays(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "verdicts.json"
    path.write_bytes(content)
    for attempt in (lambda: read(path), lambda: merge(path, [PASSED], [PASSED.cell])):
        with pytest.raises(SamplegenError) as caught:
            attempt()
        (problem,) = caught.value.problems
        expected = f"{path}: not a file of verdicts of this version; remove it and run "
        expected += "samplegen verify: "
        assert str(problem).startswith(expected)
        assert "\n" not in str(problem)
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(SamplegenError, match="not a file of verdicts"):
        read(tmp_path)


def test_a_required_client_lacks_what_was_skipped_or_not_tried() -> None:
    untried = replace(PASSED, not_tried={"lint": "shellcheck is missing"})
    waived = replace(untried, waived={"lint": "this language has no linter"})
    verdicts = [PASSED, untried, waived, FAILED, SKIPPED]
    assert lacking(verdicts, {"curl/rest", "go/grpc"}) == [untried, SKIPPED]
    assert lacking(verdicts, {"curl/rest"}) == [untried]
    assert lacking(verdicts, set()) == []
