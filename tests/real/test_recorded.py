"""What Triton, MLServer and KServe have answered is read as on the day when it was recorded."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from samplegen.served import metadata
from tests.real import exchanges, matrix, programs, serving
from tests.real.exchanges import Replayer
from tests.real.matrix import Row
from tests.real.models import served

RECORDINGS = {path.stem: exchanges.read(path) for path in sorted(exchanges.FOLDER.glob("*.json"))}
CASES = [
    pytest.param(server, model, id=f"{server} {model}")
    for server, recording in RECORDINGS.items()
    for model in dict.fromkeys(run.model for run in recording.runs)
]


@pytest.fixture(scope="module")
def fronts() -> Iterator[dict[str, Replayer]]:
    """Each server as it was."""
    with ExitStack() as stack:
        made = {name: Replayer(recording) for name, recording in RECORDINGS.items()}
        for front in made.values():
            stack.enter_context(exchanges.standing(front))
        yield made


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.parametrize(("server", "model"), CASES)
def test_it_is_read_as_it_was(server: str, model: str, fronts: dict[str, Replayer]) -> None:
    front = fronts[server]
    for run in RECORDINGS[server].runs:
        if run.model == model:
            again = programs.run(front, run.model, run.client, run.shapes)
            assert not front.unknown, run.client
            assert again == run


@pytest.mark.parametrize("server", RECORDINGS)
def test_its_differences_are_found_as_they_were(server: str, fronts: dict[str, Replayer]) -> None:
    front = fronts[server]
    assert programs.conform(front) == RECORDINGS[server].conformance
    assert not front.unknown
    assert "differ from KServe v2" in RECORDINGS[server].conformance


def test_they_are_many() -> None:
    assert set(RECORDINGS) == {"kserve", "mlserver", "triton"}
    assert sum(len(recording.exchanges) for recording in RECORDINGS.values()) >= 200
    for recording in RECORDINGS.values():
        assert recording.version and recording.date and recording.package


@pytest.mark.parametrize("server", RECORDINGS)
def test_the_recording_is_one_of_programs_that_ran(server: str) -> None:
    """Most models were called by each client, and what failed is the model's or server's doing."""
    runs = RECORDINGS[server].runs
    succeeded = Counter(run.client for run in runs if run.status == 0)
    for client in (programs.DESCRIBED, *programs.CLIENTS):
        assert succeeded[client] >= 20, client
    assert all(run.error for run in runs if run.status)


def test_a_reader_that_becomes_stricter_is_noticed(
    fronts: dict[str, Replayer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """KServe writes null for the versions, which once was refused."""
    run = next(run for run in RECORDINGS["kserve"].runs if run.client == "python/requests")
    monkeypatch.setattr(metadata, "_without_nulls", lambda tree: tree)
    again = programs.run(fronts["kserve"], run.model, run.client, run.shapes)
    assert again != run
    assert "versions: found None" in again.error


def test_the_page_is_that_of_the_data() -> None:
    assert matrix.PAGE.read_text(encoding="utf-8") == matrix.page(matrix.read())


def test_each_server_is_served_about_thirty_models() -> None:
    for server in serving.PACKAGES:
        assert len(served(server)) >= 30, server
    assert set(RECORDINGS) == {*serving.PACKAGES}


def test_what_was_judged_earlier_stays_for_clients_that_were_not_asked_for() -> None:
    before = {"m": Row(["a"], {"b": "no binary"}, {"c": "status 1"})}
    now = {"m": Row(["c"], not_run={"a": matrix.NOT_ASKED, "b": matrix.NOT_ASKED})}
    matrix.merge(now, before)
    assert now == {"m": Row(["c", "a"], {"b": "no binary"})}
