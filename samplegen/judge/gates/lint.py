"""Gate: the linter of the language, or its compiler with all warnings, finds nothing."""

from samplegen.gates import Gate
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.commands import succeed
from samplegen.judge.gates.finding import NotTried, Result

NAME: Gate = "lint"


def check(case: Case) -> Result:
    """Runs the commands of the language, if it has some."""
    if commands := case.cell.client.language.lint:
        return succeed(case, NAME, commands)
    return NotTried("the language names no linter")
