"""Gate: the sample ends by itself, with status 0, silently, and leaves nothing behind."""

from samplegen.gates import Gate
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.finding import Result, result
from samplegen.judge.machine.program import Finished
from samplegen.judge.machine.workshop import ending

NAME: Gate = "run"


def check(case: Case) -> Result:
    """Runs it against the server; what it printed and sent is for the gates that follow."""
    program = case.program()
    with case.setup.target.watch(case.slot) as sent:
        finished = program.run(case.limit)
    case.outcome = finished.outcome
    case.requests = sent
    return result(complaints(finished), finished.outcome)


def complaints(finished: Finished) -> list[str]:
    """What is wrong about how a sample ended that met no fault."""
    outcome = finished.outcome
    if outcome.status != 0:
        return [ending(outcome)]
    if outcome.stderr:
        return ["it printed to stderr, yet ended well"]
    return finished.untidy[:1]
