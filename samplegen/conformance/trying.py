"""Sends all requests that a server can be sent, and compares what it answers."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from samplegen.conformance import comparing, own, rows
from samplegen.conformance.asking import NO_ANSWER, Server
from samplegen.conformance.cases import Case, RestRequest, Untried
from samplegen.conformance.results import Conformance, Difference, NotTried
from samplegen.connection.model import Connection
from samplegen.errors import SamplegenError
from samplegen.served import asking, metadata
from samplegen.served.address import Address
from samplegen.served.asking import Answer
from samplegen.served.metadata import ModelMetadata

_SHOWN = 120
"""Characters of a body that a reader is shown."""
_LARGEST = 2**20
"""Bytes of a request; what long ones show is not worth their time."""
_TOO_LARGE = "it has more than 1 MiB"
_SILENCES = 3
"""After so many requests in a row without an answer, no more are sent."""
_SILENT = f"the server left {_SILENCES} requests in a row unanswered"
_NO_MODEL = "the server lists no model; name one: --model NAME"


@dataclass(frozen=True)
class Places:
    """Where a server is reached; None: a transport whose port is not known."""

    first: Address
    """Asked for what it has."""
    rest: Address | None
    rpc: Address | None
    unreached: str = ""
    """Why one of both is None."""


def examine(
    places: Places,
    model: str | None,
    deadline: float,
    connection: Connection,
    progress: Callable[[int], None],
) -> Conformance:
    """Sends the requests, one after another.

    Args:
        places: Where the server is.
        model: The model to ask; None: `dummy`, or the first one that the server lists.
        deadline: Seconds that one request may take.
        connection: What the server asks of those who call.
        progress: Called with how many are done.

    Raises:
        UsageError: The server has no such model.
        SamplegenError: The server does not answer.
    """
    known = _Known(places.first, deadline, connection)
    name, answer = known.chosen(model)
    server = Server(places.rest, places.rpc, deadline, connection)
    sent: Counter[str] = Counter()
    differences, untried = [], []
    silent = 0
    for number, case in enumerate(_plan(known, name, answer)):
        progress(number)
        reached = places.rest if case.transport == "REST" else places.rpc
        reason = places.unreached if reached is None else ""
        if silent >= _SILENCES:
            reason = _SILENT
        if isinstance(case, Untried):
            untried.append(case)
        elif reason:
            untried.append(Untried(case.group, case.name, case.transport, reason))
        else:
            found = server.ask(case.request)
            silent = silent + 1 if found.code == NO_ANSWER else 0
            sent[case.group] += 1
            lacks = comparing.lacking(case, found)
            if lacks:
                differences.append(_difference(case, lacks, str(found)))
    return Conformance(
        server=known.itself,
        model=name if answer is not None else "",
        sent=dict(sent),
        differences=tuple(differences),
        not_tried=tuple(_joined(untried)),
    )


class _Known:
    """What a server tells of itself and its models."""

    def __init__(self, address: Address, deadline: float, connection: Connection) -> None:
        self._address = address
        self._deadline = deadline
        self._connection = connection
        self._server = asking.server(address, deadline, connection)
        self.itself = ""
        self._models: dict[str, ModelMetadata | None] = {}
        self._silences = 0
        """Questions in a row without an answer that is of use."""

    def chosen(self, name: str | None) -> tuple[str, Answer | None]:
        """The model that is asked, and what the server tells of it.

        Raises:
            UsageError: The server has no such model.
            SamplegenError: The server does not answer.
        """
        if name is not None:
            answer = asking.ask(self._address, name, "", self._deadline, self._connection)
            self.itself = str(answer.server)
            return name, answer
        # Whether it is there at all: one that is not, is told here.
        self._server.model("dummy", "")
        self.itself = str(self._server.server())
        for listed in ("dummy", *self._server.models()):
            try:
                answer = asking.ask(self._address, listed, "", self._deadline, self._connection)
            except SamplegenError:
                continue
            if answer.configuration.uncallable is None:
                return listed, answer
        return "dummy", None

    def why_not(self, name: str) -> str:
        """Why a model of the rows cannot be asked; empty: it can."""
        if self._silences >= _SILENCES:
            return _SILENT
        if name not in self._models:
            self._models[name] = self._model(name)
        found = self._models[name]
        if found is None:
            return "the server does not have the models of OpenVINO Model Server's tests"
        if not rows.is_meant(name, found):
            return f"its model {name!r} is not the one of OpenVINO Model Server's tests"
        return ""

    def _model(self, name: str) -> ModelMetadata | None:
        """What it tells of a model; None: nothing that is of use."""
        try:
            tree = self._server.model(name, "")
        except SamplegenError:
            self._silences += 1
            return None
        self._silences = 0
        with contextlib.suppress(SamplegenError):
            return None if tree is None else metadata.read(tree, str(self._address))
        return None


def _plan(known: _Known, name: str, answer: Answer | None) -> Iterator[Case | Untried]:
    """All requests, in the order in which they are reported."""
    yield from own.asked(name, answer)
    if answer is not None:
        yield from own.inferred(name, answer)
    else:
        yield Untried("The model", "inference", "REST", _NO_MODEL)
        yield Untried("The model", "inference", "gRPC", _NO_MODEL)
    for model, case in rows.cases(name):
        reason = known.why_not(model) if model is not None else ""
        reason = reason or (_TOO_LARGE if case.size > _LARGEST else "")
        yield Untried(case.group, case.name, case.transport, reason) if reason else case


def _difference(case: Case, lacks: Iterable[comparing.Expected], answered: str) -> Difference:
    lacks = [*lacks]
    rules = {one.rule for one in lacks}
    return Difference(
        group=case.group,
        name=case.name,
        transport=case.transport,
        sent=_sent(case),
        expected="; ".join(one.text for one in lacks),
        answered=answered,
        rule="KServe v2" if "KServe v2" in rules else "OVMS",
        source=case.source,
    )


def _sent(case: Case) -> str:
    request = case.request
    if isinstance(request, RestRequest):
        body = request.body.decode(errors="replace")
    else:
        body = " ".join(str(request.message).split())
    line = "".join(c if c.isprintable() else "·" for c in body)
    return f"{request} {line if len(line) <= _SHOWN else f'{line[:_SHOWN]}…'}".strip()


def _joined(untried: Iterable[Untried]) -> Iterator[NotTried]:
    """Those of one group, transport and reason together."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in untried:
        found[one.group, one.transport, one.reason].append(one.name)
    for (group, transport, reason), names in found.items():
        yield NotTried(group, transport, reason, tuple(names))
