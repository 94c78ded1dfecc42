"""Gate: the formatter of the language would change nothing."""

from samplegen.gates import Gate
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.commands import succeed
from samplegen.judge.gates.finding import NotTried, Result

NAME: Gate = "format"


def check(case: Case) -> Result:
    """Runs the commands of the language, if it has some."""
    if commands := case.cell.client.language.format:
        return succeed(case, NAME, commands)
    return NotTried("the language names no formatter")
