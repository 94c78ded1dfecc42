"""Gate: the sample sent what every client of its operation must send, and nothing else.

What was sent is what passed the proxy, over either transport: the calls in order, their paths and
queries, the headers that the program chose, the message as its contract says, and the deadline.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

from samplegen.connection.secrets import headers as connection_headers
from samplegen.contract import trees
from samplegen.contract.paths import words
from samplegen.contract.values import Saved, Value
from samplegen.gates import Gate
from samplegen.judge.gates import rules
from samplegen.judge.gates.answers import at, given
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.finding import NotTried, Result, result
from samplegen.judge.gates.run import outcome
from samplegen.judge.servers.proxy.decoding import Decoder
from samplegen.judge.servers.proxy.documents import Undecodable
from samplegen.judge.servers.proxy.exchanges import Answer, Exchange, header
from samplegen.judge.servers.proxy.grpc_framing import code_name
from samplegen.judge.servers.proxy.numbers import packed
from samplegen.judge.servers.proxy.routes import variables
from samplegen.spec.operation import Call, LinkedStep, Operation
from samplegen.spec.packing import raw, raw_texts
from samplegen.spec.reading import Spec
from samplegen.spec.tensors import Tensor

NAME: Gate = "wire"
_TOLERANCE = 1.0
"""Seconds by which a deadline may differ."""
_LAST_WORDS = re.compile(r"\bgrpc-go/")
"""Libraries that always end a connection by GOAWAY when a program closes it."""
_BINARY = frozenset({"binary_data", "binary_data_size", "binary_data_output"})
"""Parameters that say how tensors travel, and nothing else."""
_BODY_HEADERS = frozenset({"content-type", "inference-header-content-length"})


def check(case: Case) -> Result:
    """Compares the requests of the first run with those that the operation asks for."""
    runner = case.setup.runner
    exchanges, calls = case.first.exchanges, case.cell.calls
    grpc = case.cell.client.transport == "grpc"
    if grpc and runner.contract is None:
        return NotTried(runner.no_contract)
    found: list[str] = []
    spared: set[str] = set()
    for number, (exchange, call) in enumerate(zip(exchanges, calls, strict=False), 1):
        sent = _Sent(case, exchange, call)
        found += [f"request {number}: {problem}" for problem in sent.problems()]
        spared |= sent.spared
    found += [f"request missing: {call.rpc}" for call in calls[len(exchanges) :]]
    found += [f"unexpected request: {_title(extra)}" for extra in exchanges[len(calls) :]]
    found += case.first.problems
    if not found:
        found += unclosed(exchanges)
    return result(found, outcome(case.first.ended), tuple(spared))


def unclosed(exchanges: Sequence[Exchange]) -> list[str]:
    """Whether a connection ended with the program, which had not closed it."""
    if any(
        exchange.link.protocol == "h2"
        and exchange.link.closing != "goaway"
        and _LAST_WORDS.search(header(exchange.headers, "user-agent") or "")
        for exchange in exchanges
    ):
        return ["the connection is not closed"]
    return []


class _Sent:
    """A request of a sample, and what it should have been."""

    def __init__(self, case: Case, exchange: Exchange, call: Call) -> None:
        run = case.first
        self._gone = exchange.received - (run.at - run.ended.usage.seconds)
        """Seconds since the program started: some of them may have run since the deadline was set,
        which may be one for all calls."""
        self._exchange = exchange
        self._call = call
        self._operation = case.cell.operation
        self._spec = case.setup.catalogue.spec
        self._connection = case.setup.runner.connection
        self._deadline = case.setup.deadline
        self._decoder = Decoder(case.setup.runner.contract)
        steps = (step for step in self._operation.linked if step.call.rpc == call.rpc)
        self._step = next(steps, None)
        self._answers = given(case, run) if self._step else {}
        self._may_be_spared = rules.spared(NAME, case.cell.client.name)
        self.spared: set[str] = set()
        """The rules that it broke and need not keep; known after `problems`."""

    def problems(self) -> Iterator[str]:
        exchange, call = self._exchange, self._call
        if exchange.call != call.rpc:
            yield f"it is {_title(exchange)}, expected {call.rpc}"
            return
        yield from self._path()
        yield from self._headers()
        yield from self._time()
        try:
            tree = self._decoder.request(exchange).tree
        except Undecodable as error:
            yield f"its body cannot be read: {error}"
            return
        yield from self._body(tree)
        yield from self._end()
        answer = exchange.answer
        if answer is None:
            yield f"the server did not answer: {exchange.problem}"
        else:
            yield from self._answered(answer)

    def _answered(self, answer: Answer) -> Iterator[str]:
        """Whether the server took it, or refused it, as it should."""
        refused = self._step.refused if self._step is not None else None
        text = repr(answer.details or answer.body[:200])
        if refused is None:
            if answer.code or answer.status >= 400:
                yield f"the server refused it: {text}"
        elif self._exchange.transport == "grpc":
            code = code_name(answer.code or 0)
            if code != refused.code:
                yield f"the server answered with {code}, expected {refused.code}: {text}"
        elif answer.status != refused.status:
            status = f"HTTP status {answer.status}, expected {refused.status}"
            yield f"the server answered with {status}: {text}"

    # Where it went

    def _path(self) -> Iterator[str]:
        if self._exchange.transport == "grpc":
            return
        if self._step is not None:
            yield from _placed(self._step, self._exchange)
            return
        path, _, query = self._call.path.partition("?")
        if unquote(self._exchange.query) != _filled(query, self._values()):
            yield f"its query is {_shown(self._exchange.query)}, expected {_shown(query)}"
        given = variables(self._call, self._exchange) or {}
        for name, value in self._values().items():
            if f"{{{name}}}" in path and given.get(name, "") != value:
                yield f"{name} is {_shown(given.get(name, ''))}, expected {_shown(value)}"

    def _values(self) -> dict[str, str]:
        """What is filled into the path."""
        request = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in self._operation.request.items()
        }
        return {**request, "model": self._model, "version": self._version}

    @property
    def _model(self) -> str:
        return self._connection.model or self._operation.model or ""

    @property
    def _version(self) -> str:
        return self._connection.version_of(self._operation.model_version)

    # How it went

    def _headers(self) -> Iterator[str]:
        expected = connection_headers(self._connection)
        own = dict(self._exchange.own_headers)
        counts = Counter(name for name, _ in self._exchange.own_headers)
        for name in (name for name, count in counts.items() if count > 1):
            yield f"the header {name} is sent {counts[name]} times"
        for name, value in expected.items():
            if own.get(name) != value:
                yield f"the header {name} is missing or not what was asked for"
        if own.get("accept") == "application/json":
            del own["accept"]  # all that there is
        for name in own.keys() - expected.keys() - _BODY_HEADERS:
            yield f"the header {name} is sent, and nobody asked for it"
        yield from self._content_type(own)
        authority = self._connection.authority
        if authority is not None and self._exchange.authority != authority:
            yield f"the authority is {_shown(self._exchange.authority)}, expected {authority}"

    def _content_type(self, own: Mapping[str, str]) -> Iterator[str]:
        if self._exchange.transport == "grpc":
            return
        found = own.get("content-type", "").partition(";")[0].strip().lower()
        if "inference-header-content-length" in own:
            allowed: tuple[str, ...] = ("application/octet-stream", "application/json", "")
        elif self._exchange.body:
            allowed = ("application/json",)
            if not found and rules.UNTYPED_JSON in self._may_be_spared:
                self.spared.add(rules.UNTYPED_JSON)
                return
        else:
            allowed = ("application/json", "")
        if found not in allowed:
            yield f"Content-Type is {_shown(found)}, expected {allowed[0]}"

    def _time(self) -> Iterator[str]:
        if self._exchange.transport != "grpc":
            return  # HTTP says nothing of it; the gate of the faults measures it
        try:
            seconds = self._exchange.deadline
        except ValueError as error:
            yield str(error)
            return
        if seconds is None:
            yield f"it has no deadline, expected {self._deadline} s"
        elif not -_TOLERANCE - self._gone <= seconds - self._deadline <= _TOLERANCE:
            yield f"its deadline is {seconds:g} s, expected {self._deadline} s"

    def _end(self) -> Iterator[str]:
        """How it left a stream of answers."""
        step, exchange = self._step, self._exchange
        if step is None or not step.gets_stream:
            return
        is_whole = exchange.given is not None and exchange.given.whole
        if step.end is None and not is_whole:
            yield "it leaves the stream, expected to read it to its end"
        waited = (exchange.ended or exchange.received) - exchange.received
        if step.end is not None and waited >= self._deadline - min(_TOLERANCE, self._deadline / 4):
            yield f"it leaves the stream after {waited:.1f} s, when its deadline has passed"
        let_go = exchange.reset or exchange.link.closing == "goaway"
        if step.end is not None and exchange.cancelled and not let_go:
            yield "it leaves the stream without cancelling it"

    # What it said

    def _body(self, tree: Any) -> Iterator[str]:
        if self._step is not None:
            yield from self._said(self._step, tree)
            return
        if self._operation.model is not None or self._operation.inputs:
            if tree is None or isinstance(tree, dict):
                yield from self._inference(tree or {})
            else:
                yield f"its body is {_shown(tree)}, expected an object"
            return
        sent = _without_defaults(tree or {})
        expected = dict(self._operation.request)
        if self._exchange.transport == "rest":
            placed = self._call.path
            expected = {k: v for k, v in expected.items() if f"{{{k}}}" not in placed}
        if sent != _without_defaults(expected):
            yield f"it says {_shown(sent)}, expected {_shown(expected)}"

    def _said(self, step: LinkedStep, tree: Any) -> Iterator[str]:
        """What a step says, as its contract types it."""
        grpc = self._exchange.transport == "grpc"
        if not step.sends_stream:
            yield from self._message(step, step.request if grpc else step.said, tree)
            return
        for number, (values, message) in enumerate(zip(step.sends, tree, strict=False), 1):
            problems = self._message(step, values, message)
            yield from (f"message {number}: {problem}" for problem in problems)
        if len(tree) != len(step.sends):
            yield f"it sends {len(tree)} messages, expected {len(step.sends)}"

    def _message(self, step: LinkedStep, values: tuple[Value, ...], tree: Any) -> Iterator[str]:
        if step.method is None:
            sent, expected = tree, step.body
        else:
            contract, message = step.contract, step.method.request
            try:
                said = trees.tree(values, self._saved)
            except LookupError as error:
                yield f"what it should say is not known: {error}"
                return
            expected = trees.without_zeros(contract, message, said)
            sent = trees.from_json(contract, message, tree or {})
            sent = trees.without_zeros(contract, message, sent)
        if sent != expected:
            yield f"it says {_shown(sent)}, expected {_shown(expected)}"

    def _saved(self, saved: Saved) -> Any:
        """What the answer to an earlier step held.

        Raises:
            LookupError: It is not known.
        """
        for step in self._operation.linked:
            for name, way in step.saves:
                if name == saved.name:
                    place = (step.call.rpc, *words(way))
                    found = at(self._answers, place)
                    return found.encode() if saved.kind == "bytes" else found
        raise LookupError(saved.name)

    def _inference(self, tree: dict[str, Any]) -> Iterator[str]:
        tree = dict(tree)
        if self._exchange.transport == "grpc":
            yield from self._addressed(tree)
        posted = self._call.method == "POST"
        expected = {t.name: _expected(self._spec, t) for t in self._operation.inputs}
        yield from _inputs(tree.pop("inputs", None) or [], expected if posted else {})
        yield from _outputs(tree.pop("outputs", None) or [], self._operation)
        tree["parameters"] = _own_parameters(tree.get("parameters"))
        for name, value in _without_defaults(tree).items():
            yield f"{name} is {_shown(value)}, and nobody asked for it"

    def _addressed(self, tree: dict[str, Any]) -> Iterator[str]:
        """Over gRPC, model and version are fields of the message."""
        expected = {
            "model": self._model if "{model}" in self._call.path else "",
            "version": self._version if "{version}" in self._call.path else "",
        }
        fields = {"model": ("model_name", "name"), "version": ("model_version", "version")}
        for name, value in expected.items():
            given = next((tree.pop(key) for key in fields[name] if key in tree), "")
            if given != value:
                yield f"{name} is {_shown(given)}, expected {_shown(value)}"


def _placed(step: LinkedStep, exchange: Exchange) -> Iterator[str]:
    """Whether path and query of REST are those of a step."""
    expected = step.call.path
    for name, value in step.path.items():
        expected = expected.replace(f"{{{name}}}", trees.in_url(value))
    if unquote(exchange.path) != expected:
        yield f"its path is {_shown(exchange.path)}, expected {_shown(expected)}"
    asked = [(name, trees.in_url(value)) for name, value in step.query]
    sent = parse_qsl(exchange.query, keep_blank_values=True)
    if sorted(sent, key=_name) != sorted(asked, key=_name):  # those of one name in order
        yield f"its query says {_shown(sent)}, expected {_shown(asked)}"


def _name(pair: tuple[str, str]) -> str:
    return pair[0]


def _inputs(
    sent: Sequence[dict[str, Any]], expected: Mapping[str, tuple[str, list[int], bytes]]
) -> Iterator[str]:
    names = [tensor.get("name") for tensor in sent]
    for absent in expected.keys() - set(names):
        yield f"the input {absent} is missing"
    for tensor in sent:
        name = str(tensor.get("name"))
        if name not in expected or names.count(name) > 1:
            yield f"the input {_shown(name)} is not expected, or sent twice"
            continue
        datatype, shape, data = expected[name]
        if tensor.get("datatype") != datatype:
            yield f"the datatype of {name} is {tensor.get('datatype')}, expected {datatype}"
        elif tensor.get("shape") != shape:
            yield f"the shape of {name} is {tensor.get('shape')}, expected {shape}"
        elif _bytes(datatype, tensor.get("data")) != data:
            yield f"the elements of {name} are others than expected"
        for key, value in _own_parameters(tensor.get("parameters")).items():
            yield f"the parameter {key} of {name} is {_shown(value)}, and nobody asked for it"


def _outputs(sent: Sequence[dict[str, Any]], operation: Operation) -> Iterator[str]:
    """Requested outputs: none, or those that the sample reads."""
    names = [output.get("name") for output in sent]
    if names and sorted(map(str, names)) != sorted(operation.output_names):
        yield f"it asks for the outputs {_shown(names)}, expected {[*operation.output_names]}"
    for output in sent:
        for key in _own_parameters(output.get("parameters")):
            yield f"the parameter {key} of the output {output.get('name')} is not expected"


def _own_parameters(parameters: Any) -> dict[str, Any]:
    found = parameters if isinstance(parameters, dict) else {}
    return {key: value for key, value in found.items() if key not in _BINARY}


def _bytes(datatype: str, elements: Any) -> bytes | None:
    try:
        return packed(datatype, elements)
    except (Undecodable, TypeError, ValueError, OverflowError, KeyError):
        return None


def _expected(spec: Spec, tensor: Tensor) -> tuple[str, list[int], bytes]:
    """Datatype, shape and elements of an input."""
    if tensor.file is not None:
        data = raw_texts([spec.data(tensor.file).read_bytes()])
    else:
        data = raw(tensor.datatype, tensor.elements)
    return tensor.datatype, [*tensor.shape], data


def _without_defaults(tree: Any) -> Any:
    """Without the fields whose value says nothing: it is that of a field that is not there."""
    if isinstance(tree, dict):
        kept = {key: _without_defaults(value) for key, value in tree.items()}
        return {key: value for key, value in kept.items() if value not in (None, "", 0, [], {})}
    return [_without_defaults(item) for item in tree] if isinstance(tree, list) else tree


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _title(exchange: Exchange) -> str:
    return exchange.call or f"{exchange.method} {exchange.target}"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 200 else f"{text[:200]}…"
