"""Gate: whatever is wrong with the server, the sample says so in one line, in time, and ends.

The first call of the sample meets each fault in turn; each later call meets those that tell most,
after the calls before it were answered correctly.
"""

import random
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from samplegen.catalogue import Cell
from samplegen.gates import Gate
from samplegen.judge.gates import answers, proofs, rules
from samplegen.judge.gates.answers import Place
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.finding import Failed, Passed, Result
from samplegen.judge.gates.output import differences
from samplegen.judge.gates.run import exited, outcome, untidy
from samplegen.judge.machine import load
from samplegen.judge.machine.slots import Slot
from samplegen.judge.servers.proxy import refusals, stream_faults, wrong_answers
from samplegen.judge.servers.proxy.fault import Fault, told
from samplegen.judge.servers.proxy.faults import any_server
from samplegen.judge.servers.proxy.sessions import Plan
from samplegen.judge.servers.running import START_SECONDS, Run
from samplegen.spec.api import Api
from samplegen.spec.operation import LinkedStep, Operation

NAME: Gate = "faults"
_SEED = 1
_TOLERANCE = 1.0
"""Seconds by which a sample may end before or after its deadline, on a machine that is not busy."""
_LONGEST = 2000
"""Characters of a line that one would still read."""
_TRACE = re.compile(
    r"Traceback|goroutine \d|Exception in thread|terminate called|\bat \S+\(\S+:\d+\)"
)
"""What only a stack trace says."""
_STATUSES = 4
"""How many of the statuses of HTTP, or of gRPC, a call meets; other samples meet others."""
_STATUS = re.compile(r"(HTTP|gRPC) status (?P<status>[A-Z0-9_]+)( without (a body|details))?$")
_EMPTY = frozenset({"empty message", "empty object"})
"""Answers that are right if all that is printed are items of a list."""
_LOST = frozenset({"connection closed", "connection reset"})
"""Faults after which libraries may send a request again by themselves, as HTTP lets them."""
_LATER = frozenset({
    "connection closed", "server stalls", "answer drips", "head drips", "truncated answer",
    "malformed answer", "half a message", "empty answer", "empty object", "empty message",
    "HTTP status 204", "HTTP status 302", "HTTP status 200 with an error",
})  # fmt: skip
"""Faults that later calls meet, too; of any other, the first call shows how the sample takes it."""
_BODIES = frozenset({"empty object", "empty list", "empty message", "null", "an HTML page"})
"""Faults of a body alone, which do not concern a call whose answer is its status."""
_STATUS_ONLY = _BODIES | {
    "empty answer", "malformed answer", "half a body", "truncated answer", "truncated chunks",
    "server stalls midway", "answer drips",
}  # fmt: skip
"""Those that do not concern a call whose answer is its status, even if a server sends a body."""
_UNREAD = frozenset({"malformed answer", "half a body"})
"""Faults of a body besides, which do not concern a call whose body is not read."""
_ERROR = "HTTP status 200 with an error"
"""What a program can see at such a call, too, unless its library hides it."""
_BUSY = frozenset({"HTTP status 503", "gRPC status UNAVAILABLE"})
"""Statuses that every call meets: after them, programs are most likely to ask again."""
_NO_MESSAGE = "no message"
_PRINTED_ALL = "it printed all that it prints when it succeeds"
_STATUS_OF_A_NO = "the status of a no"
_LOGIN = "/login"
"""Where a redirect leads; a sample may follow it, and must not take it for the answer."""
_SUCCESSES = ("HTTP status 202", "HTTP status 204", "HTTP status 302", "HTTP status 304")


@dataclass(frozen=True)
class Attempt:
    """A run of a sample against a fault, and what is wrong about how it ended."""

    title: str
    """Of the fault; with the call that met it, if there are several."""
    run: Run
    problems: list[str]


def check(case: Case) -> Result:
    """Runs the sample against each fault, unless the same was proved before."""
    setup, cell = case.setup, case.cell
    spec = setup.catalogue.spec
    spared = rules.spared(NAME, cell.client.name)
    encrypted = setup.runner.connection.tls is not None
    lines = answers.lines(case)
    may_be_missing = answers.optional(case) | answers.unrequired(case)
    unread = status_only(case)
    printed = [
        place
        for line in lines
        for place in line.places
        if place not in may_be_missing and place[0] not in unread
    ]
    faults = [
        fault
        for fault in met(spec.api, cell, printed, encrypted=encrypted)
        if not rules.is_spared(fault.name, spared)
    ]
    names = [fault.name for fault in faults]
    proof = proofs.kept(case, NAME, names, lambda: _prove(case, faults))
    if isinstance(proof, Failed):
        return proof
    case.faults = proof
    return Passed(spared)


def met(
    api: Api, cell: Cell, printed: Iterable[Place] = (), *, encrypted: bool = False
) -> list[Fault]:
    """The faults that a sample must report; some may turn out not to concern its answers.

    Args:
        api: Says what is wrong with its servers only.
        cell: Which sample it is.
        printed: What of the answers it prints.
        encrypted: Whether it connects by TLS.
    """
    operation = cell.operation
    faults = any_server(_SEED, encrypted=encrypted)
    printed = [*printed]
    if operation.outputs:
        faults += wrong_answers.kserve_tensors()
    elif printed and all(_in_a_list(place, operation) for place in printed):
        faults = [fault for fault in faults if fault.name not in _EMPTY]
    places: dict[str, list[list[str]]] = {}
    for rpc, *words in printed:
        places.setdefault(rpc, []).append(words)
    faults += wrong_answers.fields(places)
    for step in operation.linked:
        ends = step.end is None
        messages = step.count - (not ends)
        if step.gets_stream and messages:
            faults += stream_faults.within(step.call.rpc, messages, ends=ends)
    about_a_model = [call.rpc for call in operation.calls if "{model}" in call.path]
    if operation.model and about_a_model:
        texts = {operation.model: "x" * len(operation.model)}
        faults.append(wrong_answers.asked_otherwise("unknown model", about_a_model, texts))
    if refused := [step.call.rpc for step in operation.linked if step.refused is not None]:
        faults.append(refusals.taken(refused))
    for step in operation.linked:
        if (wanted := step.refused) is not None:
            faults += refusals.otherwise(step.call.rpc, wanted.status, wanted.code)
    asked = {call.rpc for call in cell.calls}
    faults += [
        wrong_answers.replaced(fault.name, fault.rpcs, fault.replace, fault.status)
        for fault in api.faults
        if not asked.isdisjoint(fault.rpcs)
    ]
    return [fault for fault in faults if cell.client.transport in fault.transports]


def _in_a_list(place: Place, operation: Operation) -> bool:
    """Whether what is printed is an item of a list, which may as well have none."""
    streams = {step.call.rpc for step in operation.linked if step.gets_stream}
    words = place[2:] if place[0] in streams else place[1:]  # not the number of the message
    return any(word.isdecimal() for word in words)


def _prove(case: Case, faults: Sequence[Fault]) -> list[str] | Failed:
    """The names of the faults that the sample reported, if it reported each one correctly."""
    unread = status_only(case)
    status_calls = {n for n, call in enumerate(case.cell.calls) if call.rpc in unread}
    jobs = [
        partial(_attempt, case, fault, call)
        for fault, call in _chosen(case.cell, faults, silent(case))
        if not (call in status_calls and fault.name in _STATUS_ONLY)
    ]
    attempts = [attempt for attempt in case.at_once(jobs) if attempt is not None]
    wrong = [attempt for attempt in attempts if attempt.problems]
    if wrong:
        findings = tuple(
            case.finding(f"{attempt.title}: {problem}")
            for attempt in wrong
            for problem in attempt.problems
        )
        return Failed(findings, outcome(wrong[0].run.ended))
    return [*dict.fromkeys(attempt.title for attempt in attempts)]


def _chosen(
    cell: Cell, faults: Sequence[Fault], silent: Collection[str]
) -> Iterator[tuple[Fault, int]]:
    """Each fault with each call that can meet it; of the many statuses, some for each call."""
    endless = {s.call.rpc for s in cell.operation.linked if s.gets_stream and s.end is None}
    for number, call in enumerate(cell.calls):
        rng = random.Random(f"{cell.name}:{call.rpc}")  # noqa: S311  (no secret)
        statuses = [fault for fault in faults if _is_one_of_many(fault)]
        few = rng.sample(statuses, min(_STATUSES if number == 0 else 2, len(statuses)))
        few += [fault for fault in statuses if fault.name in _BUSY]
        for fault in faults:
            if fault.calls is not None:
                chosen = call.rpc in fault.calls
            elif _is_one_of_many(fault):
                chosen = fault in few
            else:
                chosen = number == 0 or fault.name in _LATER
            if fault.name == _NO_MESSAGE and call.rpc in endless:
                continue  # a stream of none
            if not chosen or _is_right(cell, fault, call.rpc):
                continue
            if call.rpc not in silent or _concerns_a_status(cell, fault, call.rpc):
                yield fault, number


def _is_one_of_many(fault: Fault) -> bool:
    return _STATUS.match(fault.name) is not None and fault.name not in _SUCCESSES


def _attempt(case: Case, fault: Fault, call: int, slot: Slot) -> Attempt | None:
    """One run; a second one if the first took another time than it should. None if not met."""
    calls = case.cell.calls
    title = fault.name if len(calls) == 1 else f"{fault.name}, at {calls[call].rpc}"
    run = _run(case, fault, call, slot)
    late = _mistimed(case, fault, run)
    if late:  # the machine may have been busy
        run = _run(case, fault, call, slot)
        late = _mistimed(case, fault, run)
    if run.unable:
        return None
    if run.problems:
        return Attempt(title, run, [f"the proxy failed: {problem}" for problem in run.problems])
    if run.met is None and not fault.connecting:
        if run.ended.status == 0:
            return None
        if len(run.exchanges) > call:
            return Attempt(title, run, [f"{exited(run)}, although its answer was right"])
        return Attempt(title, run, [f"{exited(run)}, before it called the server"])
    return Attempt(title, run, [*_complaints(case, fault, call, run), *late])


def _run(case: Case, fault: Fault, call: int, slot: Slot) -> Run:
    plan = Plan(fault=fault, call=call)
    seconds = case.setup.deadline + START_SECONDS
    upstream = case.setup.upstream()
    if fault.connecting != "ignored":
        return case.run(upstream, plan, seconds=seconds, slot=slot)
    with slot.lent():  # it only waits
        return case.run(upstream, plan, seconds=seconds, slot=slot.idle())


def _mistimed(case: Case, fault: Fault, run: Run) -> list[str]:
    """Whether a sample that waited in vain ended at another time than its deadline."""
    since = run.waiting_since
    preparation = 0.0
    if fault.connecting == "ignored":
        # Nothing of it reaches the proxy: it began to wait at some time after its start.
        since = run.at - run.ended.usage.seconds
        preparation = _preparation(case.first)
    if not fault.waits or since is None or run.ended.status is None:
        return []
    waited = run.at - since
    deadline = case.setup.deadline
    early, late = (load.tolerance(_TOLERANCE, deadline / part) for part in (4, 2))
    if -early <= waited - deadline <= late + preparation:
        return []
    return [f"it ended after {waited:.1f} s, expected its deadline of {deadline} s"]


def _preparation(run: Run) -> float:
    """Seconds from the start of a program to its first request."""
    start = run.at - run.ended.usage.seconds
    return max(0.0, run.exchanges[0].received - start) if run.exchanges else 0.0


def _complaints(case: Case, fault: Fault, call: int, run: Run) -> list[str]:
    """What is wrong about how a sample ended that met a fault."""
    found = ended_wrongly(case, run)
    if call > _last_that_prints(case) or fault.at_the_end:
        found = [problem for problem in found if problem != _PRINTED_ALL]
    followed = any(exchange.path == _LOGIN for exchange in run.exchanges)
    silent_on_status = _keeps_status(case, call) or _is_as_wanted(case, run)
    if run.ended.status == 1 and not found and not followed and not silent_on_status:
        message = run.ended.stderr
        if not told(message, fault, run.met):
            found.append(f"its message lacks the cause: {message.strip()}")
    return found if fault.name in _LOST else found + _repeated(case, run)


def _is_as_wanted(case: Case, run: Run) -> bool:
    """Whether the status of the answer is that of a refusal, so that the fault lies elsewhere."""
    met = run.met
    step = _step(case.cell, met.call) if met is not None else None
    given = met.given if met is not None else None
    if step is None or step.refused is None or given is None:
        return False
    return given.status == step.refused.status


def _last_that_prints(case: Case) -> int:
    """The number of the last call whose answer a sample prints, as far as steps say it."""
    steps = case.cell.operation.linked
    return max((n for n, step in enumerate(steps) if step.lines), default=len(case.cell.calls))


def _keeps_status(case: Case, call: int) -> bool:
    """Whether the client's library makes a mere no of the status of a call that asks yes or no."""
    return _hides_answers(case.cell) and case.cell.calls[call].rpc in silent(case)


def _hides_answers(cell: Cell) -> bool:
    """Whether a program does not see more of such an answer than a yes or a no."""
    return rules.is_spared(_STATUS_OF_A_NO, rules.spared(NAME, cell.client.name))


def _concerns_a_status(cell: Cell, fault: Fault, rpc: str) -> bool:
    """Whether a call meets the fault whose answer is its status, and has no body."""
    step = _step(cell, rpc)
    unread = step is not None and not step.has_answer
    if fault.name == _ERROR and step is not None and unread:
        return 200 not in step.statuses
    if fault.name == _ERROR:
        return not _hides_answers(cell)
    return fault.name not in _BODIES and not (unread and fault.name in _UNREAD)


def _step(cell: Cell, rpc: str) -> LinkedStep | None:
    return next((step for step in cell.operation.linked if step.call.rpc == rpc), None)


def _is_right(cell: Cell, fault: Fault, rpc: str) -> bool:
    """Whether the fault is a status with which the call is to be answered."""
    step, match = _step(cell, rpc), _STATUS.match(fault.name)
    if step is None or match is None:
        return False
    code = step.refused.code if step.refused else None
    return match["status"] in {*map(str, step.statuses), code}


def silent(case: Case) -> frozenset[str]:
    """The calls whose answer is their status: it has no body, or may be without any field."""
    transport = case.cell.client.transport
    unread = {s.call.rpc for s in case.cell.operation.linked if s.may_be_empty(transport)}
    return (
        frozenset(unread)
        | status_only(case)
        | frozenset(
            exchange.call
            for exchange in case.first.exchanges
            if exchange.transport == "rest" and exchange.given and not exchange.given.body
        )
    )


def status_only(case: Case) -> frozenset[str]:
    """The calls whose answer over REST is its status, even if a server says more, as KServe's."""
    if case.cell.client.transport != "rest":
        return frozenset()
    return frozenset(case.setup.catalogue.spec.api.rest.no_body)


def _repeated(case: Case, run: Run) -> list[str]:
    """The calls that it made more often than it should: it tried again, and told nobody."""
    allowed = Counter(call.rpc for call in case.cell.calls)
    made = Counter(exchange.call for exchange in run.exchanges if exchange.path != _LOGIN)
    return [
        f"it sent {call or 'an unknown request'} {count} times"
        for call, count in made.items()
        if count > allowed[call]
    ]


def ended_wrongly(case: Case, run: Run) -> list[str]:
    """Whether it ended otherwise than by one line on stderr, status 1 and nothing else."""
    ended = run.ended
    if ended.status is None:
        return [f"{exited(run)}"]
    found = []
    if ended.status != 1:
        found.append(f"{exited(run)}; expected status 1")
    known = case.cell.deviation.stderr if case.cell.deviation else ()
    lines = [line for line in ended.stderr.splitlines() if line not in known]
    if len(lines) != 1:
        found.append(f"it printed {len(lines)} lines to stderr; expected one")
    elif not _readable(lines[0]):
        found.append("what it printed to stderr is no message for a reader")
    if not differences(ended.stdout, case.cell.operation.expect, quoted=case.cell.operation.quoted):
        found.append(_PRINTED_ALL)
    return found + untidy(ended) + case.leaks(ended)


def _readable(line: str) -> bool:
    return (
        len(line) <= _LONGEST
        and line.isprintable()
        and re.search(r"\w{2}", line) is not None
        and _TRACE.search(line) is None
    )
