"""Gate: the linter of the language, or its compiler with all warnings, finds nothing.

What the program opens, it closes, too.
"""

import re
from collections.abc import Iterator

from samplegen.gates import Gate
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.commands import succeed
from samplegen.judge.gates.finding import Failed, Finding, NotTried, Passed, Result

NAME: Gate = "lint"


def check(case: Case) -> Result:
    """Runs the commands of the language, if it has some, and looks for what is not closed."""
    language = case.cell.client.language
    if findings := tuple(_left_open(case)):
        return Failed(findings)
    if language.lint:
        return succeed(case, NAME, language.lint)
    return Passed() if language.closes else NotTried("the language names no linter")


def _left_open(case: Case) -> Iterator[Finding]:
    """Where the program opens something that it never closes."""
    for opening, closing in case.cell.client.language.closes.items():
        if re.search(closing, case.text):
            continue
        for number, line in enumerate(case.text.splitlines(), 1):
            if opened := re.search(opening, line):
                message = f"{opened[0].strip()} is not closed: found nothing like {closing}"
                yield Finding(message, str(case.path), number)
                break
