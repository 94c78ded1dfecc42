"""Steps of methods that stream: what they send, when they have read enough, what they print."""

from collections.abc import Iterator, Mapping, Sequence

from samplegen.contract import paths
from samplegen.contract.model import Contract, Method
from samplegen.contract.values import Mistake, Reader, Value
from samplegen.spec.operation import End
from samplegen.spec.steps import Printed, Step, Until
from samplegen.spec.tensors import Scalar


def unfit(step: Step, method: Method) -> Iterator[Mistake]:
    """What does not fit how a method streams."""
    if method.client_streaming and step.request is not None:
        yield ("request",), f"{step.call!r} takes a stream; write a list of messages into 'send'"
    elif method.client_streaming and not step.send:
        yield (), f"'send' is missing: {step.call!r} takes a stream; add a list of messages"
    if not method.client_streaming:
        yield from _unfit_for_one_request(step)
    if not method.server_streaming:
        yield from _unfit_for_one_answer(step)
        return
    if step.save:
        yield ("save",), f"{step.call!r} answers with a stream, of which steps cannot save yet"
    if not step.print:
        yield (), f"'print' is missing: say what is printed of each message of {step.call!r}"


def unfit_for_single(step: Step) -> Iterator[Mistake]:
    """What does not fit a call that sends one message and gets one, as all of REST."""
    yield from _unfit_for_one_request(step)
    yield from _unfit_for_one_answer(step)


def _unfit_for_one_request(step: Step) -> Iterator[Mistake]:
    if step.send:
        yield ("send",), f"{step.call!r} takes one message; write it into 'request'"


def _unfit_for_one_answer(step: Step) -> Iterator[Mistake]:
    if step.until is not None:
        yield ("until",), f"{step.call!r} answers with one message; leave out 'until'"
    for index, printed in enumerate(step.print):
        if printed.values:
            message = f"{step.call!r} answers with one message; write 'value'"
            yield ("print", index, "values"), message
        elif not isinstance(printed.lines, Mapping):
            message = f"{step.call!r} answers with one message; write a mapping"
            yield ("print", index, "lines"), message


def sends(step: Step, method: Method, reader: Reader) -> tuple[tuple[Value, ...], ...]:
    """The messages of a stream of requests; `reader` notes the mistakes, below the step."""
    if not method.client_streaming:
        return ()
    return tuple(
        reader.message(method.request, data or {}, ("send", index))
        for index, data in enumerate(step.send)
    )


def end(contract: Contract, step: Step, method: Method) -> End | Mistake | None:
    """When enough of a stream is read; None: when the server ends it."""
    until = step.until
    if until is None or not method.server_streaming:
        return None
    if not isinstance(until, Until):
        return End(messages=until)
    try:
        way = paths.condition(contract, method.response, until.path)
    except ValueError as error:
        return ("until", "path"), str(error)
    if until.value is None:
        return End(way=way)
    known = way[-1].field
    if known is None or known.repeated or known.kind in ("float", "double"):
        return ("until", "value"), f"{until.path!r} is not compared; leave out 'value'"
    reader = Reader(contract, {})
    value = reader.value(known, until.value, ("until", "value"))
    return reader.mistakes[0] if reader.mistakes else End(way=way, value=value)


def well_formed(printed: Printed) -> Iterator[Mistake]:
    """What is wrong about a line of a stream, whatever it expects."""
    if printed.value is not None:
        yield ("value",), "found 'value'; expected 'values', one for each message of the stream"
    elif printed.each is not None and isinstance(printed.lines, Mapping) and printed.lines:
        yield ("lines",), "found a mapping; expected a list of them, one for each message"
    elif printed.each is not None and (printed.values or printed.pattern is not None):
        yield (), "with 'each', expected 'lines', and neither 'values' nor 'pattern'"
    elif printed.each is None and printed.lines:
        yield ("lines",), "found 'lines'; expected 'each' with it, which names the list"
    elif printed.values and printed.pattern is not None:
        yield (), "expected exactly one of 'values' and 'pattern'"


def counted(step: Step, *, recorded: bool) -> int | Mistake:
    """How many messages the lines of a stream are about.

    Args:
        step: Of a method whose answers are a stream.
        recorded: Whether the lines must state what they expect.
    """
    stated = step.until if isinstance(step.until, int) else 0
    found = stated
    for index, printed in enumerate(step.print):
        number = len(printed.values) or len(of_messages(printed))
        if found and number and number != found:
            key = "values" if printed.values else "lines"
            where = "'until'" if found == stated else "another line"
            message = f"found {number}, one for each message; expected {found}, as {where} has it"
            return ("print", index, key), message
        found = found or number
    if not found and recorded and any(printed.pattern is not None for printed in step.print):
        message = "how many messages come is not known; give 'until' a number, or a line 'values'"
        return ("print",), message
    return found


def of_messages(printed: Printed) -> Sequence[Mapping[str, Scalar]]:
    """With `each`, the lines of each message of a stream."""
    return () if isinstance(printed.lines, Mapping) else printed.lines
