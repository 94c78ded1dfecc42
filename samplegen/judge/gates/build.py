"""Gate: it compiles, where the language is compiled."""

from samplegen.gates import Gate
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.commands import succeed
from samplegen.judge.gates.finding import NotApplicable, Result

NAME: Gate = "build"


def check(case: Case) -> Result:
    """Runs the commands of the language, if it has some."""
    if commands := case.cell.client.language.build:
        return succeed(case, NAME, commands)
    return NotApplicable()
