"""Verdicts are kept in a file that survives partial runs, and a damaged one is one message."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen.errors import SamplegenError
from samplegen.judge.verdicts import Verdict, as_json, lacking, merge, read

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
FAILED = replace(PASSED, operation="infer", status="failed", reason="run: no", log="all\nof it")
SKIPPED = Verdict(operation="health", client="go/grpc", status="skipped", reason="go is missing")

TEXTS = st.text() | st.text(st.characters(categories=["Cs", "Cc", "Cn", "Lu"]))


@given(
    st.builds(
        Verdict,
        operation=TEXTS,
        client=TEXTS,
        status=st.sampled_from(["passed", "failed", "skipped"]),
        reason=TEXTS,
        gates=st.lists(st.sampled_from(["identity", "build", "run"])).map(tuple),
        output=TEXTS,
        versions=st.dictionaries(TEXTS, TEXTS, max_size=3),
        documented_addresses=st.booleans(),
        seconds=st.floats(0, 1e6),
        log=TEXTS,
    )
)
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
    again = replace(FAILED, status="passed", reason="", log="")
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
        expected = f"{path}: not a file of verdicts; remove it and run samplegen verify: "
        assert str(problem).startswith(expected)
        assert "\n" not in str(problem)
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(SamplegenError, match="not a file of verdicts"):
        read(tmp_path)


def test_a_required_client_lacks_what_was_skipped_or_not_tried() -> None:
    untried = replace(PASSED, reason="lint: shellcheck is missing")
    silent = replace(SKIPPED, reason="")
    verdicts = [PASSED, untried, FAILED, SKIPPED, silent]
    assert lacking(verdicts, {"curl/rest", "go/grpc"}) == [untried, SKIPPED, silent]
    assert lacking(verdicts, {"curl/rest"}) == [untried]
    assert lacking(verdicts, set()) == []
