"""Gate: the sample sent what every client of its operation must send."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from samplegen.connection import Connection
from samplegen.gates import Gate
from samplegen.judge.gates.case import Case
from samplegen.judge.gates.finding import NotTried, Result, result
from samplegen.judge.servers.recording import Request
from samplegen.packing import raw, raw_texts
from samplegen.samples import Cell
from samplegen.spec import Call, Operation, Spec, Tensor

NAME: Gate = "wire"


def check(case: Case) -> Result:
    """Compares the recorded requests of the first run."""
    if case.requests is None:
        return NotTried("the server does not record what it was asked")
    setup = case.setup
    expected = canonical(setup.catalogue.spec, case.cell, setup.target.connection)
    return result(differences(case.requests, expected), case.outcome)


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
