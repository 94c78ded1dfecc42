"""What a sample did besides asking its server."""

from types import SimpleNamespace
from typing import Any

import pytest

from samplegen.judge.gates.run import _idle, complaints
from samplegen.judge.machine import load
from samplegen.judge.machine.starter.messages import Ended, Leftover, Usage

pytestmark = pytest.mark.processes


def ended(
    status: int | None = 0, *, seconds: float = 1.0, cpu: float = 0.2, **fields: Any
) -> Ended:
    known: dict[str, Any] = {"exceeded": "", "stdout": "", "stderr": "", "left": (), "called": ()}
    usage = Usage(seconds, cpu, 10**6)
    return Ended(status=status, usage=usage, **(known | fields))


@pytest.mark.parametrize(
    ("seconds", "asking", "busy", "found"),
    [
        (1.0, 0.1, 1.0, []),
        (5.0, 0.1, 1.0, ["it did nothing for 5 s"]),
        (5.0, 4.5, 1.0, []),
        (5.0, 0.1, 9.0, []),
    ],
)
def test_a_sample_waits_for_its_server_only(
    seconds: float, asking: float, busy: float, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "factor", lambda: busy)
    exchange = SimpleNamespace(received=10.0, ended=10.0 + asking)
    run = SimpleNamespace(ended=ended(seconds=seconds), exchanges=[exchange])
    case: Any = SimpleNamespace(first=run)
    assert _idle(case) == found


@pytest.mark.parametrize(
    ("how", "found"),
    [
        (ended(), []),
        (ended(1, stderr="no\n"), ["ended with status 1: no"]),
        (ended(stderr="hm\n"), ["it printed to stderr, yet ended well"]),
        (ended(None, exceeded="time", seconds=5.2), ["it was not done after 5 s"]),
        (ended(None, exceeded="memory"), ["it held more memory than a sample may"]),
        (ended(left=(Leftover("file", "/home/a/b"),)), ["it left the file b behind"]),
        (
            ended(left=(Leftover("file", "/x/in.png", "changed"),)),
            ["it changed the file in.png"],
        ),
        (ended(left=(Leftover("file", "/home/theirs", uncertain=True),)), []),
        (
            ended(called=("10.0.0.1:80",)),
            ["it called 10.0.0.1:80, which is not its server"],
        ),
    ],
)
def test_how_a_sample_may_end(how: Ended, found: list[str]) -> None:
    assert complaints(how) == found
