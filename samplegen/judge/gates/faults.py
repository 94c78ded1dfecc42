"""Gate: whatever is wrong with the server, the sample says so in one line, in time.

Each sample is rendered once more, for a port of its own and with a short deadline, and meets every
fault there in turn.
"""

import datetime
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from samplegen.connection import Connection
from samplegen.gates import Gate
from samplegen.judge.gates.case import Case, Proof
from samplegen.judge.gates.finding import Failed, Finding, Passed, Result
from samplegen.judge.gates.output import differences
from samplegen.judge.machine.processes import Outcome
from samplegen.judge.machine.program import START_SECONDS, Finished, Program
from samplegen.judge.machine.workshop import ending
from samplegen.judge.servers.faulty import Fault, Faulty, reserved, serving
from samplegen.samples import Cell
from samplegen.spec import Api, Expectation

NAME: Gate = "faults"
DEADLINE = 4
"""Seconds; rendered into the samples in place of a longer deadline."""
_LONGEST = 2000
"""Characters of a line that one would still read."""
_TRACE = re.compile(
    r"Traceback|goroutine \d|Exception in thread|terminate called|\bat \S+\(\S+:\d+\)"
)
"""What only a stack trace says."""
_FIRST_PORT, _PORTS = 20_000, 10_000
"""Where the ports of the faulty servers lie: below those that systems give to connections."""

_PAGE = b"<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\nnginx\n</body>\n</html>\n"
_ERROR = b'{"error":"it is\\nbroken"}'

ANY_SERVER = (
    Fault(name="server down", listens=False),
    Fault(name="connection closed", raw=b""),
    Fault(name="another protocol", raw=b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    Fault(name="call not known", code="UNIMPLEMENTED", status=404),
    Fault(name="internal error", code="INTERNAL", status=500, body={"rest": _ERROR}),
    Fault(name="unavailable", code="UNAVAILABLE", status=503),
    Fault(name="proxy's error page", transports=["rest"], status=502, body={"rest": _PAGE}),
    Fault(name="truncated answer", cut=True),
    Fault(name="malformed answer", body={"grpc": b"\xff\xff\xff\xff", "rest": b"It works!"}),
    Fault(name="empty object", transports=["rest"], body={"rest": b"{}"}),
    Fault(name="answer of another kind", transports=["rest"], body={"rest": b"[]"}),
    Fault(name="empty answer", transports=["rest"], body={"rest": b""}),
    Fault(name="server stalls", stalls="at once"),
    Fault(name="server stalls midway", stalls="midway"),
)
"""What can be wrong with a server of any API."""


class _Unproved(Exception):
    """The sample did not report each fault as it should."""

    def __init__(self, findings: tuple[Finding, ...], outcome: Outcome | None) -> None:
        super().__init__()
        self.failed = Failed(findings, outcome)


def check(case: Case) -> Result:
    """Runs the sample against each fault, unless the same was proved before."""
    setup, cell = case.setup, case.cell
    spec = setup.catalogue.spec
    faults = met(spec.api, cell)
    basis = (
        case.elsewhere(spec.api.connection, DEADLINE),
        cell.client.language.run,
        case.building,
        setup.workshop.prepared(cell.client).name,
        setup.target.version,
        case.requests,
        [spec.data(file).read_bytes() for file in cell.operation.files],
        cell.operation.expect,
        cell.deviation,
        faults,
        _judge_code(),
    )

    def prove(folder: Path) -> None:
        names = _prove(case, faults)
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        content = json.dumps({"names": names, "proved_at": now})
        (folder / "faults.json").write_text(content, encoding="utf-8")

    try:
        folder = setup.workshop.kept("faults", basis, prove)
    except _Unproved as unproved:
        return unproved.failed
    kept = json.loads((folder / "faults.json").read_text(encoding="utf-8"))
    case.faults = Proof(tuple(kept["names"]), kept["proved_at"])
    return Passed()


def _prove(case: Case, faults: Sequence[Fault]) -> list[str]:
    """The names of the faults that the sample reported correctly.

    Raises:
        _Unproved: It did not report each one so.
    """
    names: list[str] = []
    findings: list[Finding] = []
    outcome: Outcome | None = None
    with reserved(port(case.cell)) as claimed:
        program = case.rebuilt(case.elsewhere(case.on_port(claimed), DEADLINE))
        upstream = case.setup.upstream()
        with ExitStack() as waiting:

            def stalled() -> None:
                waiting.enter_context(case.slot.lent())

            for fault, finished, problems in tried(
                program, case.cell, faults, upstream, claimed, stalled
            ):
                waiting.close()
                names.append(fault.name)
                findings += [Finding(f"{fault.name}: {problem}") for problem in problems]
                if problems and outcome is None:
                    outcome = finished.outcome
    if findings:
        raise _Unproved(tuple(findings), outcome)
    return names


def met(api: Api, cell: Cell) -> list[Fault]:
    """The faults that a sample must tell; some may turn out not to concern its answers."""
    operation = cell.operation
    faults = [*ANY_SERVER]
    if operation.model and any("{model}" in call.path for call in operation.calls):
        model = operation.model.encode()
        faults.append(Fault(name="unknown model", ask={model: b"x" * len(model)}))
    asked = {call.rpc for call in cell.calls}
    for fault in api.faults:
        if not asked.isdisjoint(fault.rpcs):
            refusal = {} if fault.status is None else {"grpc": b""}
            replace = {old.encode(): new.encode() for old, new in fault.replace.items()}
            rpcs = frozenset(fault.rpcs)
            faults.append(
                Fault(
                    name=fault.name, rpcs=rpcs, status=fault.status, body=refusal, replace=replace
                )
            )
    return [fault for fault in faults if cell.client.transport in fault.transports]


def port(cell: Cell) -> int:
    """Where the cell's faulty servers listen, if it is free.

    The same in each run, so that what is built for it is built once.
    """
    return _FIRST_PORT + zlib.crc32(cell.name.encode()) % _PORTS


def tried(
    program: Program,
    cell: Cell,
    faults: Sequence[Fault],
    upstream: Connection,
    port: int,
    stalled: Callable[[], None],
) -> Iterator[tuple[Fault, Finished, list[str]]]:
    """Runs a sample against each fault.

    Args:
        program: The sample, built for `port` and `DEADLINE`.
        cell: Which sample it is.
        faults: One after another, since they are met on one port.
        upstream: The real server behind them.
        port: Reserved.
        stalled: Hears of it when a server falls silent, and the sample only waits.

    Yields:
        The faults that concern it, how it ended, and what is wrong about that.
    """
    for fault in faults:
        faulty = Faulty(fault, cell.operation.calls, upstream, stalled)
        with serving(faulty, cell.client.transport, port):
            finished = program.run(DEADLINE + START_SECONDS)
        if fault.listens and not faulty.asked:
            yield fault, finished, ["it asked the server nothing"]
        elif faulty.wrong or not fault.listens:
            known = cell.deviation.stderr if cell.deviation else ()
            yield fault, finished, complaints(finished, cell.operation.expect, known)
        if finished.outcome.status is None:
            return  # it would take as long with each of the others


def complaints(
    finished: Finished, expected: Sequence[Expectation], known: Sequence[str] = ()
) -> list[str]:
    """What is wrong about how a sample ended that met a fault, but for known lines on stderr."""
    outcome = finished.outcome
    if outcome.status is None:
        return [f"it was not done {outcome.seconds:.0f} s after its start"]
    found = []
    if outcome.status != 1:
        found.append(f"it {ending(outcome)}; expected status 1")
    lines = [line for line in outcome.stderr.splitlines() if line not in known]
    if len(lines) != 1:
        found.append(f"it printed {len(lines)} lines to stderr; expected one")
    elif not _readable(lines[0]):
        found.append("what it printed to stderr is no message for a reader")
    if not differences(outcome.stdout, expected):
        found.append("it printed all that it prints when it succeeds")
    return found + finished.untidy


def _readable(line: str) -> bool:
    return (
        len(line) <= _LONGEST
        and line.isprintable()
        and re.search(r"\w{2}", line) is not None
        and _TRACE.search(line) is None
    )


@cache
def _judge_code() -> str:
    """A digest of the judge's code, all of which may decide what a proof of faults is worth."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
