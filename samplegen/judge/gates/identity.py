"""Gate: the published bytes are those that spec and templates make."""

from samplegen.gates import Gate
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.finding import Failed, Finding, NotTried, Passed, Result

NAME: Gate = "identity"


def check(case: Case) -> Result:
    """Compares the published file with what is rendered."""
    if case.setup.samples is None:
        return NotTried("there is no folder of published samples")
    path = case.setup.samples / case.cell.client.sample(case.cell.operation)
    try:
        kept = path.read_bytes()
    except OSError as error:
        what = "is missing" if isinstance(error, FileNotFoundError) else f"is {error.strerror}"
        return Failed((Finding(f"{case.path} {what}; run samplegen generate", str(case.path)),))
    if kept != case.published.encode():
        return Failed((Finding(f"{case.path} is stale; run samplegen generate", str(case.path)),))
    return Passed()
