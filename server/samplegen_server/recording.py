"""A line of JSON for each answered request, in a form that is the same over gRPC and REST."""

import hashlib
import logging
import math
import os
from pathlib import Path
from typing import Any

import orjson

from samplegen_server.answers import Answer, Result
from samplegen_server.contract import InferRequest, InferResponse, ModelMetadata, ServerMetadata
from samplegen_server.errors import ServerError
from samplegen_server.tensors import (
    DTYPES,
    Buffer,
    InputTensor,
    OutputTensor,
    TensorInfo,
    array_of,
    pack_bytes,
)

log = logging.getLogger(__name__)

MOST_ELEMENTS = 1000
"""Of an output; the values of a larger one are not recorded."""

HEALTH = {"ServerLive": "live", "ServerReady": "ready", "ModelReady": "ready"}
"""The RPCs that answer yes or no, and the name of the field that does."""


class Recorder:
    """Appends to a file; each line is there before the next request is read.

    What cannot be written, since the disk is full, is left out, and the log says so: requests are
    answered all the same.

    Args:
        path: The file, made if it is not there.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)
        self._lost = 0
        """How many lines in a row could not be written."""

    def __call__(self, answer: Answer) -> None:
        try:
            self._append(orjson.dumps(canonical(answer)) + b"\n")
        except OSError as error:
            if not self._lost:
                log.error("cannot record to %s: %s", self._path, error.strerror)
            self._lost += 1
            return
        if self._lost:
            log.warning("recording goes on; %d answers are not in %s", self._lost, self._path)
            self._lost = 0

    def close(self) -> None:
        self._file.close()

    def _append(self, line: bytes) -> None:
        """Append the whole line, or nothing of it."""
        written = 0
        try:
            while written < len(line):
                written += self._file.write(line[written:]) or 0
        except OSError:
            if written:
                size = os.fstat(self._file.fileno()).st_size
                os.ftruncate(self._file.fileno(), size - written)
            raise


def canonical(answer: Answer) -> dict[str, Any]:
    """A request without anything that depends on the transport or the client library.

    Returns:
        ``rpc``, ``model``, ``version``, ``inputs`` by name (null for what is no inference or could
        not be read), ``deadline`` (true, false, or null over REST), ``error`` (the class of the
        error, or null) and ``answer`` (the fields of the RPC's response, an output's ``data``
        flattened; null with an error).
    """
    return {
        "rpc": answer.rpc,
        "model": answer.model_name,
        "version": answer.model_version,
        "inputs": None if answer.infer is None else _inputs(answer.infer),
        "deadline": answer.has_deadline,
        "error": None if answer.error is None else type(answer.error).__name__,
        "answer": None if answer.result is None else _result(answer.rpc, answer.result),
    }


def _result(rpc: str, result: Result) -> dict[str, Any]:
    if isinstance(result, ServerMetadata):
        return {"name": result.name, "version": result.version}
    if isinstance(result, ModelMetadata):
        return {
            "name": result.name,
            "versions": result.versions,
            "platform": result.platform,
            "inputs": [_info(info) for info in result.inputs],
            "outputs": [_info(info) for info in result.outputs],
        }
    if isinstance(result, InferResponse):
        return {
            "model_name": result.model_name,
            "model_version": result.model_version,
            "outputs": [_output(output) for output in result.outputs],
        }
    return {HEALTH[rpc]: result}


def _info(info: TensorInfo) -> dict[str, Any]:
    return {"name": info.name, "datatype": info.datatype, "shape": info.shape}


def _output(output: OutputTensor) -> dict[str, Any]:
    few = math.prod(output.shape) <= MOST_ELEMENTS
    return {
        "name": output.name,
        "datatype": output.datatype,
        "shape": output.shape,
        "data": [_element(value) for value in output.values()] if few else None,
    }


def _element(value: Any) -> Any:
    """An element as JSON can hold it; what is no finite number, as text."""
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _inputs(request: InferRequest) -> list[dict[str, Any]]:
    inputs = [
        {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": tensor.shape,
            "digest": _digest(tensor, request.raw[index] if index < len(request.raw) else None),
        }
        for index, tensor in enumerate(request.inputs)
    ]
    return sorted(inputs, key=lambda tensor: str(tensor["name"]))


def _digest(tensor: InputTensor, raw: Buffer | None) -> str | None:
    """SHA-256 of the values as raw bytes; None when they do not fit the datatype and shape."""
    if raw is not None:
        return hashlib.sha256(raw).hexdigest()
    if tensor.contents is None:
        return None
    if tensor.datatype == "BYTES":
        return hashlib.sha256(pack_bytes(tensor.contents)).hexdigest()
    if tensor.datatype not in DTYPES:
        return None
    try:
        values = array_of(tensor.contents, tensor.datatype, tensor.shape)
    except (ServerError, ValueError):
        return None
    return hashlib.sha256(values.tobytes()).hexdigest()
