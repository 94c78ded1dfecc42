"""Packets are put together by timestamp, in whatever order they come."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samplegen_server import errors, graph_run
from samplegen_server.contract import InferRequest
from samplegen_server.graph_run import TIMESTAMP, PacketSet, Run
from samplegen_server.tensors import InputTensor

STREAMS = ("a", "b", "c")


def request(stamp: int, *names: str, size: int = 1) -> InferRequest:
    inputs = [InputTensor(name, "FP32", (size,), None) for name in names]
    raw = [bytes(4 * size) for _ in names]
    return InferRequest("g", "", "", inputs, raw, {TIMESTAMP: stamp})


def drain(run: Run, *, is_closed: bool = False) -> list[PacketSet]:
    found = []
    while (packets := run.take(is_closed=is_closed)) is not None:
        found.append(packets)
    return found


@given(st.data())
def test_every_packet_comes_out_once_with_its_own(data: st.DataObject) -> None:
    """Each stream has its own increasing timestamps; streams are interleaved at will."""
    stamps = {
        name: sorted(data.draw(st.sets(st.integers(0, 12), max_size=8), label=name))
        for name in STREAMS
    }
    left = {name: list(found) for name, found in stamps.items() if found}
    run = Run(STREAMS)
    found: list[PacketSet] = []
    while left:
        name = data.draw(st.sampled_from(sorted(left)))
        run.push(request(left[name].pop(0), name))
        if not left[name]:
            del left[name]
        found += drain(run)
    found += drain(run, is_closed=True)
    assert all(one.timestamp < other.timestamp for one, other in pairwise(found))
    for name in STREAMS:
        assert [one.timestamp for one in found if name in one.packets] == stamps[name]


def test_a_set_waits_until_no_stream_can_add_to_it() -> None:
    run = Run(STREAMS)
    run.push(request(1, "a", "b"))
    assert not drain(run)
    run.push(request(2, "c"))  # so there will be no c of 1
    (found,) = drain(run)
    assert (found.timestamp, sorted(found.packets)) == (1, ["a", "b"])
    assert found.request.parameters[TIMESTAMP] == 1


def test_what_comes_too_late_ends_the_run() -> None:
    run = Run(["a"])
    run.push(request(5, "a"))
    for stamp in (5, 4, graph_run.FIRST):
        with pytest.raises(errors.GraphFailed, match="expected timestamp is 6 but received"):
            run.push(request(stamp, "a"))


def test_what_was_taken_before_a_refusal_stays() -> None:
    run = Run(["a", "b"])
    with pytest.raises(errors.UnexpectedInput):
        run.push(request(1, "a", "x", "b"))
    run.push(request(1, "b"))
    (found,) = drain(run)
    assert sorted(found.packets) == ["a", "b"]


def test_waiting_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(["a", "b"])
    for stamp in range(graph_run.MOST_PACKETS):
        run.push(request(stamp, "a"))
    with pytest.raises(errors.GraphFailed, match="RESOURCE_EXHAUSTED"):
        run.push(request(1000, "a"))
    monkeypatch.setattr(graph_run, "MOST_WAITING_BYTES", 100)
    run = Run(["a", "b"])
    run.push(request(1, "a", size=20))
    with pytest.raises(errors.GraphFailed, match="RESOURCE_EXHAUSTED"):
        run.push(request(2, "a", size=20))
    run = Run(["a", "b"])
    for stamp in range(100):  # none waits for long
        run.push(request(stamp, "a", "b", size=10))
        assert len(drain(run)) == 1


def test_what_completes_a_set_is_taken_whatever_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_run, "MOST_WAITING_BYTES", 100)
    run = Run(["a"])
    run.push(request(1, "a", size=1000))
    assert len(drain(run)) == 1
    run = Run(["a", "b"])
    run.push(request(1, "a", "b", size=1000))
    assert len(drain(run)) == 1
    run.push(request(2, "a", size=1000))
    run.push(request(2, "b", size=1000))
    assert len(drain(run)) == 1
    run.push(request(3, "a", size=1000))
    with pytest.raises(errors.GraphFailed, match="RESOURCE_EXHAUSTED"):
        run.push(request(4, "a", size=1))


def test_clock_that_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 5_000)
    run = Run(["a"])
    for _ in range(3):
        run.push(InferRequest("g", "", "", [InputTensor("a", "FP32", (1,), [1.0])]))
    assert [found.timestamp for found in drain(run, is_closed=True)] == [5, 6, 7]
