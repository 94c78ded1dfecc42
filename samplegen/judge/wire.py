"""What a sample sent: the requests that the server recorded against those of its operation."""

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from samplegen.catalogue import Cell
from samplegen.connection.model import Connection
from samplegen.judge.slots import Slot
from samplegen.spec.operation import Call, Operation
from samplegen.spec.packing import raw, raw_texts
from samplegen.spec.reading import Spec
from samplegen.spec.tensors import Tensor

Request = dict[str, Any]
"""`rpc`; of what goes to a model, `model`, `version` and `inputs` (name, datatype, shape and digest
of each, by name; null for what is no inference), else `request` (the fields of the message);
`deadline` (whether there was one; null over REST, where nobody can tell), `error`, and `answer`
(the fields of the response, if the server tells)."""


class Recording:
    """The requests that a server appends to a file, as lines of JSON."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def watch(self, slot: Slot) -> Iterator[list[Request]]:
        """What the server answers meanwhile; one watches at a time, so it is known who asked."""
        requests: list[Request] = []
        with contextlib.ExitStack() as stack:
            with slot.lent():
                stack.enter_context(self._lock)
            start = self._path.stat().st_size
            yield requests
            with self._path.open("rb") as stream:
                stream.seek(start)
                requests += [json.loads(line) for line in stream]


def canonical(spec: Spec, cell: Cell, connection: Connection) -> list[Request]:
    """What every client of the operation sends, in this order; but for a deviation it declares."""
    operation = cell.operation
    return [
        {
            "rpc": call.rpc,
            **(_inference(spec, operation, call, connection) if operation.model else {}),
            **({"request": operation.request} if operation.request else {}),
            "deadline": True if cell.client.transport == "grpc" else None,
            "error": None,
        }
        for call in cell.calls
    ]


def _inference(
    spec: Spec, operation: Operation, call: Call, connection: Connection
) -> dict[str, Any]:
    """What a call sends to a model."""
    inputs = sorted((_input(spec, tensor) for tensor in operation.inputs), key=lambda i: i["name"])
    return {
        "model": operation.model if "{model}" in call.path else "",
        "version": connection.model_version if "{version}" in call.path else "",
        "inputs": inputs if call.method == "POST" else None,
    }


def differences(sent: Sequence[Request], expected: Sequence[Request]) -> list[str]:
    """How what was sent differs from what should have been."""
    found = [
        f"request {number}: {key} is {_shown(request.get(key))}, expected {_shown(wanted[key])}"
        for number, (request, wanted) in enumerate(zip(sent, expected, strict=False), 1)
        for key in wanted
        if request.get(key) != wanted[key]
    ]
    found += [f"request missing: {wanted['rpc']}" for wanted in expected[len(sent) :]]
    found += [f"unexpected request: {request['rpc']}" for request in sent[len(expected) :]]
    return found


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _input(spec: Spec, tensor: Tensor) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": list(tensor.shape),
        "digest": hashlib.sha256(_raw(spec, tensor)).hexdigest(),
    }


def _raw(spec: Spec, tensor: Tensor) -> bytes:
    if tensor.file is not None:
        return raw_texts([spec.data(tensor.file).read_bytes()])
    return raw(tensor.datatype, tensor.elements)
