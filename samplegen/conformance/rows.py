"""The requests of OpenVINO Model Server's own tests, and what it answers.

`ovms.json` holds them as data, each with the place of its test; `statuses` are the codes and texts
of its tables of errors, `models` the models that the requests are about.
"""

import base64
import json
import re
import struct
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from samplegen.conformance.cases import (
    Case,
    Input,
    RestRequest,
    WantedOutput,
    over_grpc,
    over_rest,
    posted,
)
from samplegen.conformance.results import Rule
from samplegen.served.metadata import ModelMetadata

_DUMMY = {"inputs": [["b", "FP32", [-1, -1], "..."]]}
"""The model of most of its tests, in the sizes in which they serve it."""
_CERTAIN = frozenset({
    "JSON_INVALID", "REST_NO_INPUTS_FOUND", "MODEL_NAME_MISSING", "MODEL_VERSION_MISSING",
    "INVALID_MISSING_INPUT", "INVALID_CONTENT_SIZE", "INVALID_VALUE_COUNT",
    "INVALID_MESSAGE_STRUCTURE", "REST_BINARY_BUFFER_EXCEEDED",
})  # fmt: skip
"""Errors of which the protocol leaves no doubt."""
_METADATA = ("inputs", "outputs")


@cache
def data() -> Any:
    """All that the file holds."""
    return json.loads(Path(__file__).with_name("ovms.json").read_text(encoding="utf-8"))


def image(which: str) -> bytes:
    """A file, or what is none."""
    return base64.b64decode(data()["images"][which])


def rule(status: str) -> Rule:
    """Whose rule it is that a request gets this status."""
    return "KServe v2" if status in _CERTAIN else "OVMS"


def model_of(row: Mapping[str, Any]) -> str | None:
    """The model that a server must have to be asked; None: any will do."""
    if row["kind"] in ("infer", "metadata"):
        return str(row["model"])
    found = re.match("/v2/models/([^/]+)", row.get("path", ""))
    name = unquote(found[1]) if found else "dummy"
    return name if not _is_of_any_model(row) and (name == "dummy" or name in models()) else None


def models() -> dict[str, Any]:
    """Those of the rows, by name."""
    return {"dummy": _DUMMY, **data()["models"]}


def is_meant(name: str, served: ModelMetadata) -> bool:
    """Whether a model that a server has is the one of the rows."""
    found = {(tensor.name, tensor.datatype, len(tensor.shape)) for tensor in served.inputs}
    return found == {
        (tensor, datatype, len(shape)) for tensor, datatype, shape, _ in _inputs(models()[name])
    }


def _inputs(model: Mapping[str, Any]) -> list[Any]:
    if "sum" in model:
        return [[name, model["sum"], [1, 10], "..."] for name in ("in1", "in2")]
    if model.get("dummy"):
        return list(_DUMMY["inputs"])
    inputs: list[Any] = model["tensors"][0] if "tensors" in model else model["inputs"]
    return [[*tensor, "..."][:4] for tensor in inputs]


def cases(any_model: str) -> Iterator[tuple[str | None, Case]]:
    """The cases, each with the model that it needs.

    Args:
        any_model: A model of the server, for requests that are refused before a model counts.
    """
    for row in data()["rows"]:
        for made in _READERS[row["kind"]](row, any_model):
            yield model_of(row), made


def _is_of_any_model(row: Mapping[str, Any]) -> bool:
    """Whether it is refused by the form of the request, whatever the model."""
    return bool(re.match("(JSON|REST)_|!OK", row.get("status", "")))


def _case(row: Mapping[str, Any], group: str, request: Any, **more: Any) -> Case:
    name = " ".join(filter(None, (row["test"].partition(".")[2], row.get("note", ""))))
    status = row.get("status", "OK")
    return Case(
        group=group, name=name, source=row["source"], request=request, status=status,
        rule=rule(status), **more,
    )  # fmt: skip


def _rest(row: Mapping[str, Any], any_model: str) -> Iterator[Case]:
    text = row["body"].encode() if "body" in row else b""
    if "json" in row:
        text = json.dumps(row["json"]).encode()
    behind = bytes.fromhex(row.get("binary", ""))
    path = row["path"]
    if _is_of_any_model(row):
        path = path.replace("/models/dummy", f"/models/{any_model}")
    request = RestRequest(row["method"], path, headers=row.get("headers", {}))
    if row["method"] == "POST":
        request = posted(path, text, behind, len(text) if behind else None)
        request = RestRequest(
            "POST", path, request.body, {**request.headers, **row.get("headers", {})}
        )
    wanted = WantedOutput(
        data=tuple(row["data"]) if "data" in row else None,
        shape=tuple(row["shape"]) if "shape" in row else None,
        raw=bytes.fromhex(row["tail"]) if "tail" in row else None,
    )
    has_output = not {"data", "shape", "tail"}.isdisjoint(row)
    has_bytes = bool(behind) or "tail" in row or "headers" in row
    group = "Binary tensor data" if has_bytes else _group_of_rest(row)
    outputs = (wanted,) if has_output else ()
    yield _case(row, group, request, fields=row.get("answer", {}), outputs=outputs)


def _group_of_rest(row: Mapping[str, Any]) -> str:
    if row["status"] in ("REST_UNSUPPORTED_METHOD", "MODEL_NAME_MISSING", "MODEL_VERSION_MISSING"):
        return "Paths and methods"
    if row["method"] == "GET":
        return "Health and metadata"
    return "Answers" if row["status"] == "OK" else "JSON of requests"


def _parsed(row: Mapping[str, Any], any_model: str) -> Iterator[Case]:
    """Bodies that are refused as soon as they are read; of others, the model decides."""
    if row["status"] == "OK":
        return
    text = row["body"].encode()
    behind = bytes.fromhex(row.get("tail", ""))
    length = len(text) + {"json-1": -1, "json+1": 1}.get(row.get("header", ""), 0)
    request = posted(
        f"/v2/models/{any_model}/infer", text, behind, length if "header" in row else None
    )
    yield _case(row, "Binary tensor data" if "header" in row else "JSON of requests", request)


def _inferred(row: Mapping[str, Any], any_model: str) -> Iterator[Case]:
    wanted = WantedOutput(
        datatype=row.get("output"),
        shape=tuple(row["shape"]) if "shape" in row else None,
        data=tuple(row["data"]) if "data" in row else None,
    )
    outputs = () if row["status"] != "OK" else (wanted,)
    given = [*row["inputs"]]
    group = "Tensors"
    if any("images" in one for one in given):
        group = "Images"
    elif any("strings" in one for one in given):
        group = "Texts"
    for transport in row.get("transports", ("gRPC", "REST")):
        inputs = tuple(_input(one, transport) for one in given)
        make = over_grpc if transport == "gRPC" else over_rest
        yield _case(row, group, make(row["model"], inputs), outputs=outputs)


def _input(given: Mapping[str, Any], transport: str) -> Input:
    """What stands in an input of a row: bytes, or as many zeros, texts or images."""
    elements = [text.encode() for text in given.get("strings", ())]
    elements += [image(which) for which in given.get("images", ())]
    values: tuple[Any, ...] | None = None
    packed: bytes | None = None
    if "hex" in given:
        packed = bytes.fromhex(given["hex"])
    elif "strings" in given or "images" in given:
        # No image fits into a string of JSON.
        if given.get("how") == "raw" or ("images" in given and transport == "REST"):
            packed = b"".join(struct.pack("<I", len(each)) + each for each in elements)
        else:
            values = tuple(elements)
    if "raw" in given:
        packed = bytes(given["raw"])
    if "values" in given:
        zero = {"F": 0.0, "B": False}.get(given["datatype"][0], 0)
        values = (zero,) * given["values"]
    return Input(given["name"], given["datatype"], tuple(given["shape"]), values, packed)


def _described(row: Mapping[str, Any], any_model: str) -> Iterator[Case]:
    fields = {key: row[key] for key in _METADATA}
    request = RestRequest("GET", f"/v2/models/{row['model']}")
    yield _case(row, "Health and metadata", request, fields=fields)


_READERS = {"rest": _rest, "parse": _parsed, "infer": _inferred, "metadata": _described}
"""What makes cases of a row, by its kind."""
