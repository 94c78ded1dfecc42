"""Requests to a model that a server has: those that must succeed, and those that must not."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tritonclient.grpc import service_pb2 as messages

from samplegen.conformance.cases import (
    Case,
    Input,
    Request,
    RestRequest,
    RpcRequest,
    Untried,
    WantedOutput,
    model_path,
    over_grpc,
    over_rest,
)
from samplegen.conformance.rows import rule
from samplegen.errors import SamplegenError
from samplegen.served.asking import Answer
from samplegen.served.operation import make
from samplegen.spec.operation import Operation

_GROUP = "Health and metadata"
_MODEL = "The model"
_ID = "samplegen-42"
_UNKNOWN_NAME, _UNKNOWN_VERSION = "samplegen-has-no-such-model", "987654321"
Inputs = tuple[Input, ...]


def asked(name: str, answer: Answer | None) -> Iterator[Case]:
    """Health and metadata, of the server and, if there is one, of the model."""
    for rpc, path in (("ServerLive", "live"), ("ServerReady", "ready")):
        yield _simple(rpc, RestRequest("GET", f"/v2/health/{path}"))
        message = getattr(messages, f"{rpc}Request")()
        yield replace(_simple(rpc, RpcRequest(rpc, message)), fields={path: True})
    yield _simple("ServerMetadata", RestRequest("GET", "/v2"))
    request = messages.ServerMetadataRequest()
    yield _simple("ServerMetadata", RpcRequest("ServerMetadata", request))
    if answer is None:
        return
    path = model_path(name)
    yield _simple("ModelReady", RestRequest("GET", f"{path}/ready"))
    ready = _simple("ModelReady", RpcRequest("ModelReady", messages.ModelReadyRequest(name=name)))
    yield replace(ready, fields={"ready": True})
    fields = {"name": name}
    described = messages.ModelMetadataRequest(name=name)
    yield replace(_simple("ModelMetadata", RestRequest("GET", path)), fields=fields)
    request = RpcRequest("ModelMetadata", described)
    yield replace(_simple("ModelMetadata", request), fields=fields)


def _simple(name: str, request: Request) -> Case:
    return Case(group=_GROUP, name=name, request=request, rule="KServe v2")


def inferred(name: str, answer: Answer) -> Iterator[Case | Untried]:
    """Inferences: right ones in every form, and wrong ones."""
    try:
        operation = make(answer.model, name, "", {}, answer.configuration)
    except SamplegenError as error:
        for transport in ("REST", "gRPC"):
            yield Untried(_MODEL, "inference", transport, str(error.problems[0]))
        return
    outputs = tuple(
        WantedOutput(tensor.name, tensor.datatype, tuple(tensor.shape))
        for tensor in operation.outputs
    )
    typed = _typed(operation)
    packed = tuple(replace(one, elements=None, data=one.packed) for one in typed)
    has_json = all(one.datatype != "FP16" for one in typed)
    plain = typed if has_json else packed
    right = Case(
        group=_MODEL, name="typed contents", rule="KServe v2", outputs=outputs,
        request=over_grpc(name, plain),
    )  # fmt: skip
    if has_json:
        yield right
        yield replace(right, name="JSON", request=over_rest(name, typed))
    else:
        reason = "FP16 has no typed contents, and no number in JSON"
        yield Untried(_MODEL, "typed contents", "gRPC", reason)
        yield Untried(_MODEL, "JSON", "REST", reason)
    yield replace(right, name="raw contents", request=over_grpc(name, packed))
    binary = replace(right, name="binary tensor data", request=over_rest(name, packed))
    yield replace(binary, rule="OVMS")  # an extension of the protocol
    for over in (over_grpc, over_rest):
        request = over(name, plain, id=_ID)
        yield replace(right, name="an id comes back", request=request, fields={"id": _ID})
        yield from _wrong(name, plain, over)
    for change in _CHANGES:
        inputs = change.apply(packed if change.packed else plain)
        if inputs is None:
            for transport in ("gRPC", "REST"):
                yield Untried(_MODEL, change.name, transport, change.needs)
            continue
        for over in (over_grpc, over_rest):
            status = change.status_over_rest if over is over_rest else change.status
            request = over(name, inputs)
            yield replace(
                right, name=change.name, request=request, status=status, rule=rule(status),
                outputs=(),
            )  # fmt: skip


def _typed(operation: Operation) -> Inputs:
    return tuple(
        Input(one.name, one.datatype, tuple(one.shape), tuple(one.elements))
        for one in operation.inputs
    )


def _wrong(name: str, inputs: Inputs, over: Callable[..., Request]) -> Iterator[Case]:
    """Models and versions that are not there."""
    for what, request, status in (
        ("an unknown model", over(_UNKNOWN_NAME, inputs), "MODEL_NAME_MISSING"),
        (
            "an unknown version",
            over(name, inputs, version=_UNKNOWN_VERSION),
            "MODEL_VERSION_MISSING",
        ),
    ):
        yield Case(group=_MODEL, name=what, request=request, status=status, rule=rule(status))


@dataclass(frozen=True)
class _Change:
    """What makes a right request wrong."""

    name: str
    change: Callable[[Inputs], Inputs | None]
    """None: the inputs are not of a kind that it could change."""
    status: str
    rest_status: str = ""
    """Over REST, if it is another one there."""
    packed: bool = False
    """Whether inputs travel as bytes."""
    needs: str = "no input has numbers"

    def apply(self, inputs: Inputs) -> Inputs | None:
        return self.change(inputs)

    @property
    def status_over_rest(self) -> str:
        return self.rest_status or self.status


def _first(inputs: Inputs, **values: object) -> Inputs | None:
    """The inputs with the first of numbers changed."""
    for number, one in enumerate(inputs):
        if one.datatype not in ("BYTES", "BOOL"):
            changed = replace(one, **values)  # type: ignore[arg-type]
            return (*inputs[:number], changed, *inputs[number + 1 :])
    return None


def _numbers(inputs: Inputs) -> Input | None:
    return next((one for one in inputs if one.datatype not in ("BYTES", "BOOL")), None)


def _one_more(inputs: Inputs) -> Inputs:
    return (*inputs, replace(inputs[0], name=f"{inputs[0].name}-of-no-model"))


def _renamed(inputs: Inputs) -> Inputs:
    return (replace(inputs[0], name=f"{inputs[0].name}-of-no-model"), *inputs[1:])


def _other_datatype(inputs: Inputs) -> Inputs | None:
    one = _numbers(inputs)
    if one is None:
        return None
    other = "INT32" if one.datatype != "INT32" else "INT64"
    elements = tuple(range(math.prod(one.shape)))
    given = replace(one, datatype=other, elements=elements, data=None)
    if one.data is not None:
        given = replace(given, elements=None, data=given.packed)
    return _first(inputs, datatype=other, elements=given.elements, data=given.data)


def _one_dimension_more(inputs: Inputs) -> Inputs | None:
    one = _numbers(inputs)
    return None if one is None else _first(inputs, shape=(*one.shape, 1))


def _cut(inputs: Inputs) -> Inputs | None:
    """One element fewer than the shape says."""
    one = _numbers(inputs)
    if one is None or math.prod(one.shape) < 2:
        return None
    if one.data is None:
        return _first(inputs, elements=(one.elements or ())[:-1])
    size = len(one.data) // math.prod(one.shape)
    return _first(inputs, data=one.data[:-size])


_CHANGES = (
    _Change("one input more", _one_more, "INVALID_NO_OF_INPUTS"),
    _Change("an input of another name", _renamed, "INVALID_MISSING_INPUT"),
    _Change("another datatype", _other_datatype, "INVALID_PRECISION"),
    _Change("one dimension more", _one_dimension_more, "INVALID_NO_OF_SHAPE_DIMENSIONS"),
    _Change(
        "one element fewer", _cut, "INVALID_VALUE_COUNT", needs="no input has two numbers or more"
    ),
    _Change(
        "fewer bytes", _cut, "INVALID_CONTENT_SIZE", packed=True,
        needs="no input has two numbers or more",
    ),
)  # fmt: skip
"""What a server should refuse."""
