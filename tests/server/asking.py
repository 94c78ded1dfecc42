"""The same question over gRPC and over REST, without a client library that could mend it."""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
from tritonclient.grpc import service_pb2, service_pb2_grpc

from tests.server.process import Server

CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


@dataclass(frozen=True)
class Input:
    """One input: its data either as `raw` bytes or as `values`."""

    name: str
    datatype: str
    shape: Sequence[int]
    raw: bytes | None = None
    values: Sequence[Any] | None = None


@dataclass(frozen=True)
class Question:
    """One inference."""

    model: str
    inputs: Sequence[Input]
    version: str = ""
    id: str = ""


@dataclass(frozen=True)
class Output:
    datatype: str
    shape: Sequence[int]
    raw: bytes


@dataclass(frozen=True)
class Said:
    """What came back, in words that both transports share."""

    code: str
    """``OK``, or the HTTP status or gRPC code of the error."""
    text: str = ""
    outputs: dict[str, Output] | None = None
    version: str = ""
    id: str = ""


def lengths(*elements: bytes) -> bytes:
    """BYTES elements, each behind its length."""
    return b"".join(struct.pack("<I", len(element)) + element for element in elements)


def channel(server: Server) -> grpc.Channel:
    return grpc.insecure_channel(
        f"127.0.0.1:{server.port}", [("grpc.max_receive_message_length", -1)]
    )


def stub(server: Server) -> service_pb2_grpc.GRPCInferenceServiceStub:
    return service_pb2_grpc.GRPCInferenceServiceStub(channel(server))


def ask_grpc(server: Server, question: Question) -> Said:
    request = service_pb2.ModelInferRequest(
        model_name=question.model, model_version=question.version, id=question.id
    )
    for given in question.inputs:
        tensor = request.inputs.add(
            name=given.name, datatype=given.datatype, shape=list(given.shape)
        )
        if given.values is not None:
            field = CONTENTS.get(given.datatype, "fp32_contents")
            tensor.contents.SetInParent()
            getattr(tensor.contents, field).extend(given.values)
        if given.raw is not None:
            request.raw_input_contents.append(given.raw)
    with channel(server) as one:
        try:
            response = service_pb2_grpc.GRPCInferenceServiceStub(one).ModelInfer(
                request, timeout=20
            )
        except grpc.RpcError as error:
            return Said(error.code().name, error.details())
    assert len(response.outputs) == len(response.raw_output_contents)
    assert not any(output.HasField("contents") for output in response.outputs)
    return Said(
        "OK",
        outputs={
            output.name: Output(output.datatype, list(output.shape), raw)
            for output, raw in zip(response.outputs, response.raw_output_contents, strict=True)
        },
        version=response.model_version,
        id=response.id,
    )


def rest_body(question: Question) -> tuple[bytes, dict[str, str]]:
    """A REST body that puts `raw` behind the JSON, and its headers."""
    tail = b""
    inputs = []
    for given in question.inputs:
        node: dict[str, Any] = {
            "name": given.name,
            "datatype": given.datatype,
            "shape": list(given.shape),
        }
        if given.values is not None:
            node["data"] = [
                value.decode() if isinstance(value, bytes) else value for value in given.values
            ]
        if given.raw is not None:
            node["parameters"] = {"binary_data_size": len(given.raw)}
            tail += given.raw
        inputs.append(node)
    tree: dict[str, Any] = {"inputs": inputs}
    if question.id:
        tree["id"] = question.id
    text = json.dumps(tree).encode()
    return text + tail, {"Inference-Header-Content-Length": str(len(text))} if tail else {}


def infer_path(model: str, version: str = "") -> str:
    return f"/v2/models/{model}" + (f"/versions/{version}" if version else "") + "/infer"


def ask_rest(server: Server, question: Question) -> Said:
    body, headers = rest_body(question)
    reply = server.rest("POST", infer_path(question.model, question.version), body, headers)
    tree = reply.json()
    if reply.status != 200:
        assert set(tree) == {"error"}
        return Said(str(reply.status), tree["error"])
    return Said(
        "OK",
        outputs={output["name"]: _output(output) for output in tree["outputs"]},
        version=tree["model_version"],
        id=tree.get("id", ""),
    )


def _output(tree: dict[str, Any]) -> Output:
    datatype, data = tree["datatype"], tree["data"]
    if datatype == "BYTES":
        raw = lengths(*(text.encode() for text in data))
    else:
        dtype = datatype.replace("FP", "float").lower() if datatype != "BOOL" else "bool"
        raw = np.array(data, dtype).tobytes()
    return Output(datatype, tree["shape"], raw)


ASK = {"gRPC": ask_grpc, "REST": ask_rest}
