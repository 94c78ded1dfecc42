"""What the gates of commands share: they see the program, and no server."""

import re

from samplegen.judge.gates.case import Case
from samplegen.judge.gates.finding import Failed, Finding, NotTried, Passed, Result
from samplegen.judge.machine.commands import CommandFailed
from samplegen.render.clients import Command


def succeed(case: Case, gate: str, commands: tuple[Command, ...]) -> Result:
    """Runs commands in the program's folder; what they make is there for the next gate."""
    if missing := case.missing(gate):
        return NotTried("; ".join(f"{r.name} is missing; type: {r.install}" for r in missing))
    client, workshop = case.cell.client, case.setup.workshop
    workshop.prepared(client, case.slot)
    before = case.folder
    try:
        case.folder = workshop.step(client, case.name, before, commands, case.slot)
    except CommandFailed as failure:
        return Failed((_finding(case, failure),), failure.outcome)
    return Passed()


def _finding(case: Case, failure: CommandFailed) -> Finding:
    """The failure, at the line of the program that the tools name first."""
    outcome = failure.outcome
    said = "" if outcome is None else f"{outcome.stderr}\n{outcome.stdout}"
    line = re.search(rf'{re.escape(case.name)}(?::|"?,? line )(\d+)', said)
    return Finding(str(failure), str(case.path), int(line[1]) if line else None)
