"""Shards cut a run into parts and join the verdicts: nothing lost, nothing judged twice."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen import cli
from samplegen.catalogue import Catalogue, Cell
from samplegen.errors import SamplegenError
from samplegen.judge.results.shards import costs, cut, joined
from samplegen.judge.results.verdicts import read, write
from tests import toy
from tests.test_verdicts import FAILED, PASSED, SKIPPED

CELLS = Catalogue().cells
KEYS = [cell.key for cell in CELLS]
DIGESTS = {verdict.cell: verdict.sha256 for verdict in (PASSED, FAILED, SKIPPED)}
A, B = Path("a.json"), Path("b.json")


@given(
    st.sets(st.sampled_from(KEYS)),
    st.dictionaries(st.sampled_from(KEYS), st.floats(0, 1e6)),
    st.integers(1, 80),
)
@settings(max_examples=200, deadline=None)
def test_each_cell_is_in_one_part(
    chosen: set[tuple[str, str]], recorded: dict[tuple[str, str], float], count: int
) -> None:
    cells = [cell for cell in CELLS if cell.key in chosen]
    parts = cut(cells, recorded, count)
    assert len(parts) == count
    assert sorted(cell.key for part in parts for cell in part) == sorted(chosen)
    assert parts == cut(cells, recorded, count)


def test_parts_cost_about_the_same() -> None:
    recorded = {key: float(index % 7 + 1) for index, key in enumerate(KEYS)}
    sums = [sum(recorded[cell.key] for cell in part) for part in cut(CELLS, recorded, 4)]
    assert max(sums) - min(sums) <= 2 * max(recorded.values())


def test_a_client_is_cut_only_where_a_part_ends() -> None:
    parts = cut(CELLS, {}, 5)
    holders = {name: _holders(parts, name) for name in {cell.client.name for cell in CELLS}}
    assert sum(count - 1 for count in holders.values()) <= 4


def _holders(parts: Sequence[Sequence[Cell]], client: str) -> int:
    return sum(any(cell.client.name == client for cell in part) for part in parts)


def test_a_cell_without_a_cost_counts_as_the_average() -> None:
    assert costs([PASSED, SKIPPED]) == {PASSED.cell: PASSED.seconds}
    first = min(CELLS, key=lambda cell: cell.client.name)
    one, other = cut(CELLS, {first.key: 10.0}, 2)
    assert abs(len(one) - len(other)) <= 1


def test_joined_verdicts_are_in_the_order_of_the_cells() -> None:
    assert joined(DIGESTS, {A: [SKIPPED], B: [FAILED, PASSED]}) == [PASSED, FAILED, SKIPPED]


def test_a_cell_that_no_shard_judged_is_a_failure() -> None:
    _, lost, _ = joined(DIGESTS, {A: [PASSED], B: [SKIPPED]})
    assert (lost.cell, lost.status) == (FAILED.cell, "failed")
    assert lost.reason.startswith("no verdict")


def test_a_verdict_of_another_text_is_a_failure() -> None:
    stale, *_ = joined(DIGESTS, {A: [replace(PASSED, sha256="cd" * 32), FAILED, SKIPPED]})
    assert (stale.cell, stale.status) == (PASSED.cell, "failed")
    assert stale.reason.startswith("stale")


def test_all_that_was_judged_twice_or_is_unknown_is_told() -> None:
    odd = replace(PASSED, operation="odd")
    with pytest.raises(SamplegenError) as caught:
        joined(DIGESTS, {A: [PASSED, FAILED], B: [PASSED, FAILED, odd]})
    twice = "was judged twice; cut all shards by the same --costs"
    assert [str(problem) for problem in caught.value.problems] == [
        f"a.json and b.json: health × curl/rest {twice}",
        f"a.json and b.json: infer × curl/rest {twice}",
        "b.json: odd × curl/rest is not part of this run; name the same samples",
    ]


@pytest.fixture
def toy_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[Path]]:
    """Three toy samples, judged in two shards; the options that name them, and the files."""
    monkeypatch.chdir(tmp_path)
    options = [str(o) for o in toy.make(tmp_path, dict.fromkeys(("a", "b", "c"), toy.GOOD))]
    for shard in ("1/2", "2/2"):
        assert cli.run(["verify", *options, "--shard", shard, "--cache", "cache"]) == 0
    return options, [Path(f"build/verdicts-{index}-of-2.json") for index in (1, 2)]


@pytest.mark.processes
def test_shards_are_judged_apart_and_merged(toy_shards: tuple[list[str], list[Path]]) -> None:
    options, files = toy_shards
    assert sum(len(read(file)) for file in files) == 3
    assert not Path("build/verdicts.json").exists()
    assert cli.run(["merge", *map(str, files), *options]) == 0
    assert [verdict.operation for verdict in read(Path("build/verdicts.json"))] == ["a", "b", "c"]


@pytest.mark.processes
def test_a_lost_shard_is_red(
    toy_shards: tuple[list[str], list[Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    options, (first, second) = toy_shards
    lost = len(read(second))
    assert lost
    assert cli.run(["merge", str(first), *options]) == 1
    assert capsys.readouterr().err.count("no verdict: no shard judged it") >= lost
    verdicts = read(Path("build/verdicts.json"))
    assert [verdict.status for verdict in verdicts].count("failed") == lost


@pytest.mark.processes
def test_a_sample_judged_twice_is_an_error_and_keeps_what_was_there(
    toy_shards: tuple[list[str], list[Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    options, (first, second) = toy_shards
    write(second, (*read(first), *read(second)))
    assert cli.run(["merge", str(first), str(second), *options]) == 1
    assert "was judged twice" in capsys.readouterr().err
    assert not Path("build/verdicts.json").exists()


@pytest.mark.parametrize("shard", ["0/2", "3/2", "2", "a/b", "1/0", "-1/2", "1/2/3", "", "١/٢"])
def test_a_shard_that_is_none_is_a_usage_error(
    shard: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["verify", f"--shard={shard}"]) == 2
    assert "expected I/N with I from 1 to N" in capsys.readouterr().err


def test_a_missing_file_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["merge", "nowhere.json"]) == 2
    assert "nowhere.json: no such file" in capsys.readouterr().err
