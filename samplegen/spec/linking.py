"""Steps with their contract: what is called, sent, saved and printed."""

import builtins
import keyword
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from samplegen.contract import paths
from samplegen.contract.model import Contract, Kind, Method, Route
from samplegen.contract.paths import Way
from samplegen.contract.values import Joined, Location, Mistake, Reader, Saved, Value
from samplegen.errors import nearest
from samplegen.spec import streaming
from samplegen.spec.operation import Around, Call, Expectation, Line, LinkedStep, OperationFile
from samplegen.spec.steps import FieldLabel, OwnCall, Printed, Refusal, Step
from samplegen.spec.tensors import Scalar

_REST = re.compile(r"(GET|POST|PUT|DELETE|PATCH|HEAD) (/\S*)")
_PLACE = re.compile(r"{([^{}]*)}")
_RESERVED = frozenset({*keyword.kwlist, *dir(builtins)}) | {
    "answers", "base64", "body", "channel", "check", "credentials", "curl", "error", "field",
    "grpc", "headers", "item", "jq", "main", "number", "options", "os", "params", "re", "request",
    "requests", "secret", "send", "session", "status", "stub", "sys", "url",
}  # fmt: skip
"""Names that programs have for other things, besides those of `_NUMBERED`."""
_NUMBERED = re.compile(r"answer\d*|\w+_pb2(_grpc)?")
"""Names of answers and of modules of stubs."""
_ROUTE_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass
class Linker:
    """Links steps one after another, and notes each mistake."""

    contract: Contract
    recorded: bool = True
    """Whether lines must state what they expect, as they do once it is recorded."""
    mistakes: list[Mistake] = field(default_factory=list)
    _saved: dict[str, Kind] = field(default_factory=dict)
    _unrecorded: bool = False

    def link(self, steps: Sequence[Step]) -> tuple[LinkedStep, ...]:
        """The steps, as far as they have no mistakes."""
        found: list[LinkedStep] = []
        for index, step in enumerate(steps):
            linked = self._step(step, ("steps", index))
            if linked is None:
                continue
            if any(linked.call.rpc == other.call.rpc for other in found):
                message = f"{step.call!r} is called by an earlier step; make it two operations"
                self._note(("steps", index, "call"), message)
            found.append(linked)
        return tuple(found)

    def around(self, file: OperationFile) -> Around:
        """The calls of the judge, as far as they have no mistakes.

        They share what `setup` saves; `check` is not made if a sample fails.
        """
        setup = tuple(self._own(file.setup, "setup"))
        saved = dict(self._saved)
        check = tuple(self._own(file.check, "check"))
        self._saved = saved
        return Around(setup, check, tuple(self._own(file.teardown, "teardown")))

    def _own(self, calls: Sequence[OwnCall], name: str) -> Iterator[LinkedStep]:
        for index, own in enumerate(calls):
            method = self.contract.method(own.call)
            if method is not None and method.streams:
                message = f"{own.call!r} streams, which calls of the judge do not"
                self._note((name, index, "call"), message)
                continue
            lines = tuple(
                Printed(label=path, path=path, value=value) for path, value in own.expect.items()
            )
            given = {f.name: getattr(own, f.name) for f in fields(own) if f.name != "expect"}
            before = len(self.mistakes)
            step = self._step(Step(**given, print=lines), (name, index))
            paths_ = [*own.expect]
            self.mistakes[before:] = [
                (_of_expect(at, paths_), message) for at, message in self.mistakes[before:]
            ]
            if step is not None:
                yield _lenient(step) if step.method is None and not own.refused else step

    def _step(self, step: Step, at: Location) -> LinkedStep | None:
        method = self.contract.method(step.call)
        if method is None and (match := _REST.fullmatch(step.call)) is not None:
            return self._plain(step, match[2], at)
        if method is None:
            known = bool(self.contract.methods)
            hint = self.contract.hint(step.call) if known else "name a 'proto' or an 'openapi'"
            self._note((*at, "call"), f"the contract has no method {step.call!r}; {hint}")
            return None
        for limit in method.limits:
            self._note((*at, "call"), f"{step.call!r}: {limit}, which steps cannot do yet")
        for key in ("path", "query"):
            if getattr(step, key):
                self._note((*at, key), "the contract says where fields go; put them in 'request'")
        self._below(at, streaming.unfit(step, method))
        reader = Reader(self.contract, self._saved)
        sends = streaming.sends(step, method, reader)
        if method.client_streaming:
            request: tuple[Value, ...] = ()
        else:
            request = reader.message(method.request, step.request or {}, ("request",))
        self._below(at, reader.mistakes)
        call = Call(rpc=method.name, rest=None if method.streams else _rest(method.route))
        end = streaming.end(self.contract, step, method)
        if isinstance(end, tuple):
            self._below(at, [end])
            end = None
        linked = LinkedStep(self.contract, call, method, request, sends=sends, end=end)
        linked = _accepting(linked, method, step)
        if call.rest is not None and method.route is not None:
            linked = self._routed(linked, method.route, at)
        return self._answered(linked, step, at)

    def _routed(self, linked: LinkedStep, route: Route, at: Location) -> LinkedStep:
        """The step with the places that its route gives to fields of the request."""
        in_path: dict[str, Any] = {}
        by_name = {value.field.name: value for value in linked.request}
        for name in _PLACE.findall(route.path):
            value = by_name.get(name)
            if not _ROUTE_NAME.fullmatch(name):
                self._note((*at, "call"), f"its route has {{{name}}}, which steps cannot fill yet")
            elif value is None or isinstance(value.content, Saved | tuple):
                self._note((*at, "request"), f"{name!r} is in the route's path; add a plain value")
            else:
                in_path[name] = value.content
        rest = [value for value in linked.request if value.field.name not in in_path]
        query: list[tuple[str, Any]] = []
        for value in rest:
            if route.body and value.field.place != "query":
                continue
            content = value.content if value.field.repeated else (value,)
            query += [(value.field.json_name, item.content) for item in content]
            if any(isinstance(item.content, Saved | Joined) for item in content):
                message = f"{value.field.name!r} goes into the query; add a plain value"
                self._note((*at, "request", value.field.name), message)
            if value.field.kind == "message" or value.field.is_map:
                message = f"{value.field.name!r} goes into the query, which holds scalars only"
                self._note((*at, "request", value.field.name), message)
        return replace(linked, path=in_path, query=tuple(query))

    def _plain(self, step: Step, path: str, at: Location) -> LinkedStep:
        """A step without a contract."""
        self._below(at, streaming.unfit_for_single(step))
        names = _PLACE.findall(path)
        for name in step.path.keys() - set(names):
            message = f"{step.call!r} has no {{{name}}}; {nearest(name, names)}"
            self._note((*at, "path", name), message)
        for name in [name for name in names if name not in step.path]:
            self._note(at, f"{{{name}}} of {step.call!r} has no value; add it to 'path'")
        query = tuple(
            (name, item)
            for name, value in step.query.items()
            for item in (value if isinstance(value, list | tuple) else (value,))
        )
        call = Call(rpc=step.call, rest=step.call)
        linked = LinkedStep(self.contract, call, None, (), step.request, dict(step.path), query)
        return self._answered(linked, step, at)

    # Answers

    def _answered(self, linked: LinkedStep, step: Step, at: Location) -> LinkedStep:
        """The step with what is saved and printed of its answer."""
        if step.refused is not None:
            linked = self._refused(linked, step.refused, step, at)
        lines: list[Line] = []
        stated: list[tuple[Line, Printed]] = []
        for index, printed in enumerate(step.print):
            place = (*at, "print", index)
            line = self._line(linked, printed, place)
            self._below(place, _well_formed(printed, in_stream=linked.gets_stream))
            self._check_recorded(printed, place, in_stream=linked.gets_stream)
            if line is not None:
                lines.append(line)
                stated.append((line, printed))
        linked = self._counted(linked, step, at)
        expect = _expected(linked, stated)
        saves = []
        for name, path in step.save.items():
            if name in _RESERVED or name in self._saved or _NUMBERED.fullmatch(name):
                message = f"{name!r} is the name of something else in programs; choose another"
                self._note((*at, "save", name), message)
            way = self._way(linked.method, path, (*at, "save", name)) if not step.refused else None
            if way is not None:
                saves.append((name, way))
                last = way[-1].field
                self._saved[name] = last.kind if last is not None else "string"
        return replace(linked, saves=tuple(saves), lines=tuple(lines), expect=tuple(expect))

    def _counted(self, linked: LinkedStep, step: Step, at: Location) -> LinkedStep:
        """The step with the number of messages that it prints."""
        if not linked.gets_stream:
            return linked
        count = streaming.counted(step, recorded=self.recorded)
        if isinstance(count, tuple):
            self._below(at, [count])
            return linked
        return replace(linked, count=count)

    def _refused(
        self, linked: LinkedStep, refusal: Refusal, step: Step, at: Location
    ) -> LinkedStep:
        """The step that the server must refuse, whose error no contract describes."""
        here = (*at, "refused")
        if linked.streams:
            self._note(here, f"{linked.call.rpc} streams; only a call without a stream can have it")
        has_grpc = bool(self.contract.descriptors) and linked.method is not None
        if refusal.status is None and linked.call.rest is not None:
            self._note(here, "'status' is missing, which the call has over REST; add it")
        if refusal.code is None and has_grpc:
            message = "'code' is missing, which the call has over gRPC; add it, such as"
            self._note(here, f"{message} {{status: 404, code: NOT_FOUND}}")
        if refusal.code is not None and not has_grpc:
            self._note((*here, "code"), "the call has no gRPC, and so no code; leave it out")
        if refusal.status is not None and linked.call.rest is None:
            self._note((*here, "status"), "the call has no route, and so no status; leave it out")
        for name in step.save:
            self._note((*at, "save", name), "an answer that is an error has nothing to save")
        for index, printed in enumerate(step.print[:2] if has_grpc else ()):
            if index or printed.each is not None:
                message = "over gRPC an error is a message and nothing else; print that alone"
                self._note((*at, "print", index), message)
        statuses = () if refusal.status is None else (refusal.status,)
        return replace(linked, refused=refusal, statuses=statuses, has_answer=bool(step.print))

    def _check_recorded(self, printed: Printed, at: Location, *, in_stream: bool) -> None:
        """Notes the first line that does not state what it expects."""
        stated = printed.lines or printed.values or printed.pattern is not None
        if self.recorded and not stated and printed.value is None and not self._unrecorded:
            value = "values" if in_stream else "value"
            name = f"'{value}' or 'pattern'" if printed.each is None else "'lines'"
            self._note(at, f"{name} is missing; `samplegen record` writes what the server answers")
            self._unrecorded = True

    def _line(self, linked: LinkedStep, printed: Printed, at: Location) -> Line | None:
        method = None if linked.refused else linked.method
        each: Way | None = ()
        item = method.response if method is not None else ""
        if printed.each is not None:
            each = self._way(method, printed.each, (*at, "each"), ends_in_list=True)
            last = each[-1].field if each else None
            item = last.type if last is not None else ""
            if each is None:
                return None
        label: str | Way | None = ""
        if isinstance(printed.label, FieldLabel):
            label = self._way(method, printed.label.path, (*at, "label", "path"), item)
        else:
            label = printed.label
        path = self._way(method, printed.path, (*at, "path"), item)
        if each is None or label is None or path is None:
            return None
        values: list[Any] = [*printed.values] if linked.gets_stream else [printed.value]
        if each:
            values = [value for one in _mappings(printed) for value in one.values()]
        zeros = (0, "", False, path[-1].zero)
        zero = printed.pattern is None and any(value in zeros for value in values)
        return Line(each, label, path, zero)

    def _way(
        self,
        method: Method | None,
        path: str,
        at: Location,
        message: str = "",
        *,
        ends_in_list: bool = False,
    ) -> Way | None:
        def find() -> Way:
            if method is None:
                return paths.parsed(path)
            start = message or method.response
            return paths.resolved(self.contract, start, path, ends_in_list=ends_in_list)

        return self._tried(find, at)

    def _tried(self, find: Callable[[], Way], at: Location) -> Way | None:
        try:
            return find()
        except ValueError as error:
            self._note(at, str(error))
            return None

    def _note(self, at: Location, message: str) -> None:
        self.mistakes.append((at, message))

    def _below(self, at: Location, mistakes: Iterable[Mistake]) -> None:
        """Notes mistakes whose places are below one."""
        self.mistakes += [((*at, *where), what) for where, what in mistakes]


def _lenient(step: LinkedStep) -> LinkedStep:
    """A call of the judge that no contract describes: any success will do."""
    is_read = bool(step.lines or step.saves)
    return replace(step, statuses=(200,) if is_read else tuple(range(200, 300)), has_answer=is_read)


def _of_expect(at: Location, paths_: Sequence[str]) -> Location:
    """Where a mistake of a printed line stands in a call of the judge."""
    name, index, *rest = at
    if rest[:1] == ["print"] and len(rest) > 1:
        return name, index, "expect", paths_[int(rest[1])]
    return at


def _accepting(linked: LinkedStep, method: Method, step: Step) -> LinkedStep:
    """The step with the statuses of its success: with a body, if it reads what that holds."""
    if step.print or step.save or not method.empty_statuses:
        return replace(linked, statuses=method.statuses or method.empty_statuses)
    statuses = tuple(sorted({*method.statuses, *method.empty_statuses}))
    return replace(linked, statuses=statuses, has_answer=False)


def _rest(route: Route | None) -> str | None:
    return None if route is None else f"{route.method} {route.path}"


def _well_formed(printed: Printed, *, in_stream: bool) -> Iterator[Mistake]:
    """What is wrong about a line, whatever it expects."""
    if in_stream:
        yield from streaming.well_formed(printed)
    elif printed.each is not None:
        if printed.value is not None or printed.pattern is not None:
            yield (), "with 'each', expected 'lines', and neither 'value' nor 'pattern'"
    elif printed.lines:
        yield ("lines",), "found 'lines'; expected 'each' with it, which names the list"
    elif printed.value is not None and printed.pattern is not None:
        yield (), "expected exactly one of 'value' and 'pattern'"
    if isinstance(printed.label, FieldLabel) and printed.each is None:
        yield ("label",), "a label that is a value needs 'each'; write a text"
    if printed.pattern is not None:
        try:
            re.compile(printed.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            yield ("pattern",), f"not a regular expression: {error}"


def _typed(line: Line, value: Scalar) -> Scalar:
    """The value as its contract types it: `1` means 1.0 of a field that holds fractions."""
    known = line.path[-1].field
    is_fraction = known is not None and known.kind in ("float", "double")
    return float(value) if is_fraction and type(value) is int else value


def _mappings(printed: Printed) -> Sequence[Mapping[str, Scalar]]:
    """With `each`, the lines of the answer, or of each message of a stream."""
    one = printed.lines
    return (one,) if isinstance(one, Mapping) else one


def _expected(linked: LinkedStep, stated: Sequence[tuple[Line, Printed]]) -> Iterator[Expectation]:
    """The lines of a step, in the order in which they are printed."""
    rpc = linked.call.rpc
    if not linked.gets_stream:
        for line, printed in stated:
            (lines,) = _mappings(printed)[:1] or ({},)
            yield from _expectations((rpc,), line, printed, printed.value, lines)
        return
    for number in range(linked.count):
        for line, printed in stated:
            value = printed.values[number] if number < len(printed.values) else None
            every = streaming.of_messages(printed)
            lines = every[number] if number < len(every) else {}
            yield from _expectations((rpc, str(number)), line, printed, value, lines)


def _expectations(
    message: tuple[str, ...],
    line: Line,
    printed: Printed,
    value: Scalar | None,
    lines: Mapping[str, Scalar],
) -> Iterator[Expectation]:
    """What is printed of one message.

    Args:
        message: Where it stands in the answers.
        line: What is printed.
        printed: The same, as the file has it.
        value: What is expected; None: what matches the pattern.
        lines: With `each`, what is expected of the items.
    """
    if not line.each:
        yield Expectation(
            label=str(printed.label),
            value=None if value is None else (_typed(line, value),),
            pattern=printed.pattern,
            tolerance=printed.tolerance,
            answer=(*message, *paths.words(line.path)),
        )
        return
    before = (*message, *paths.words(line.each))
    for index, (label, value_) in enumerate(lines.items()):
        item = (*before, str(index))
        yield Expectation(
            label=label,
            value=(_typed(line, value_),),
            tolerance=printed.tolerance,
            answer=(*item, *paths.words(line.path)),
            labelled=() if isinstance(line.label, str) else (*item, *paths.words(line.label)),
        )
