"""Gate: the sample ends by itself, with status 0, silently, and leaves nothing behind.

It also calls nothing but its server, waits for nothing else, and keeps within its limits.
"""

from samplegen.gates import Gate
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.finding import Result, result
from samplegen.judge.machine import load
from samplegen.judge.machine.commands import ending
from samplegen.judge.machine.processes import Outcome
from samplegen.judge.machine.starter.messages import Ended, Leftover
from samplegen.judge.servers.running import Run

NAME: Gate = "run"
_EXCEEDED = {
    "time": "it was not done after {seconds:.0f} s",
    "memory": "it held more memory than a sample may",
    "processes": "it started more processes than a sample may",
    "output": "it printed more than a sample may",
}
_IDLE = 3.0
"""Seconds that a program may do nothing while no request of it is under way."""


def check(case: Case) -> Result:
    """Runs it against the server; what it printed and sent is for the gates that follow."""
    found = _first(case)
    if found and found == _idle(case):  # the machine may have been busy
        found = _first(case)
    return result(found, outcome(case.first.ended))


def _first(case: Case) -> list[str]:
    case.first = case.run(case.setup.target.connection)
    ended = case.first.ended
    return complaints(ended) or case.leaks(ended) or [*case.first.unmet] or _idle(case)


def _idle(case: Case) -> list[str]:
    """Whether the program waited for anything but the server."""
    run = case.first
    if run.ended.status != 0:
        return []
    asking = sum(
        (exchange.ended or exchange.received) - exchange.received for exchange in run.exchanges
    )
    usage = run.ended.usage
    idle = usage.seconds - usage.cpu - asking
    allowed = _IDLE + 2 * load.factor() * usage.cpu  # it may have waited for a processor
    return [f"it did nothing for {idle:.0f} s"] if idle > allowed else []


def complaints(ended: Ended) -> list[str]:
    """What is wrong about how a sample ended that met no fault."""
    if ended.status is None:
        return [_EXCEEDED[ended.exceeded].format(seconds=ended.usage.seconds)]
    if ended.status != 0:
        return [ending(outcome(ended))]
    if ended.stderr:
        return ["it printed to stderr, yet ended well"]
    return untidy(ended)[:1]


def untidy(ended: Ended) -> list[str]:
    """What it left behind, or called besides its server."""
    found = [_described(left) for left in ended.left if not left.uncertain]
    return found + [f"it called {address}, which is not its server" for address in ended.called]


def _described(left: Leftover) -> str:
    if left.kind == "process":
        return f"it left a process running: {left.name}"
    name = left.name.rpartition("/")[2]
    if left.change == "new":
        return f"it left the {left.kind} {name} behind"
    return f"it {left.change} the {left.kind} {name}"


def outcome(ended: Ended) -> Outcome:
    """How the program ended, as for any process."""
    return Outcome(ended.status, ended.stdout, ended.stderr, ended.usage.seconds)


def exited(run: Run) -> str:
    """How a run ended, in words."""
    if run.ended.status is None:
        return _EXCEEDED[run.ended.exceeded].format(seconds=run.ended.usage.seconds)
    return f"it {ending(outcome(run.ended))}"
