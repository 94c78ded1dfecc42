"""Gate: the linter of the language, or its compiler with all warnings, finds nothing.

What the program opens, it closes, too; and it holds nothing that its language says none may.
"""

import re
from collections.abc import Iterator
from itertools import islice

from samplegen.gates import Gate
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.commands import succeed
from samplegen.judge.gates.finding import Failed, Finding, NotTried, Passed, Result

NAME: Gate = "lint"


def check(case: Case) -> Result:
    """Looks for what the language's rules forbid, then runs its commands, if it has some."""
    language = case.cell.client.language
    if findings := (*_left_open(case), *_forbidden(case)):
        return Failed(findings)
    if language.lint:
        return succeed(case, NAME, language.lint)
    ruled = language.closes or language.never
    return Passed() if ruled else NotTried("the language names no linter")


def _left_open(case: Case) -> Iterator[Finding]:
    """Where the program opens something that it never closes."""
    for opening, closing in case.cell.client.language.closes.items():
        if not re.search(closing, case.text):
            for line, opened in islice(_lines(case, opening), 1):
                message = f"{opened} is not closed: found nothing like {closing}"
                yield Finding(message, str(case.path), line)


def _forbidden(case: Case) -> Iterator[Finding]:
    """Where the program holds what none may."""
    for pattern in case.cell.client.language.never:
        for line, found in _lines(case, pattern):
            yield Finding(f"found {found}, which no program may hold", str(case.path), line)


def _lines(case: Case, pattern: str) -> Iterator[tuple[int, str]]:
    """The lines with a match, and the first match of each."""
    for number, line in enumerate(case.text.splitlines(), 1):
        if match := re.search(pattern, line):
            yield number, match[0].strip()
