"""One table of questions, asked over gRPC and over REST: answers, and errors code by code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tests.server.asking import ASK, Input, Output, Question, lengths
from tests.server.process import Server

ONE_TWO = np.array([[1, 2]], np.float32).tobytes()
TEN = np.arange(10, dtype=np.float32).reshape(1, 10)
NAN = np.array([[-1, 1]], np.float32).tobytes()


def f32(shape: Sequence[int], name: str = "x") -> Input:
    return Input(name, "FP32", shape, raw=np.zeros(tuple(shape), np.float32).tobytes())


@dataclass(frozen=True)
class Row:
    """A question, and how each transport has to refuse it."""

    name: str
    question: Question
    http: int
    grpc: str
    text: str
    """How the message begins; gRPC says "Unknown error" for every UNKNOWN."""
    grpc_text: str = ""
    """Where gRPC words it differently."""


def dummy(*inputs: Input, version: str = "") -> Question:
    return Question("dummy", inputs, version)


B = Input("b", "FP32", [1, 10], raw=TEN.tobytes())
INVALID = "INVALID_ARGUMENT"

ERRORS = [
    Row(
        "unknown model",
        Question("nope", [B]),
        404,
        "NOT_FOUND",
        "Model with requested name is not found",
    ),
    Row(
        "unknown version",
        dummy(B, version="2"),
        404,
        "NOT_FOUND",
        "Model with requested version is not found",
    ),
    Row(
        "no version could be found",
        Question("nothing", [f32([1, 2])]),
        404,
        "NOT_FOUND",
        "Model with requested version is not found",
    ),
    Row(
        "version failed to load",
        Question("broken", [f32([1, 2])], "1"),
        404,
        "UNAVAILABLE",
        "Model with requested version is not loaded yet",
    ),
    Row(
        "version is a word",
        dummy(B, version="abc"),
        400,
        INVALID,
        "Invalid request URL",
        "invalid model version format in request",
    ),
    Row(
        "version is too large for 64 bits",
        dummy(B, version="9" * 19),
        404,
        INVALID,
        "Model with requested version is not found",
        "invalid model version format in request",
    ),
    Row(
        "no inputs",
        dummy(),
        400,
        INVALID,
        "Invalid JSON structure, missing inputs",
        "Invalid number of inputs - Expected: 1; Actual: 0",
    ),
    Row(
        "too many inputs",
        dummy(B, f32([1, 10], "c")),
        400,
        INVALID,
        "Invalid number of inputs - Expected: 1; Actual: 2",
    ),
    Row(
        "too few inputs",
        Question("two", [f32([1, 2], "first")]),
        400,
        INVALID,
        "Invalid number of inputs - Expected: 2; Actual: 1",
    ),
    Row(
        "same input twice",
        Question("two", [f32([1, 2], "first"), f32([1, 2], "first")]),
        400,
        INVALID,
        "Missing input with specific name - Required input: second",
    ),
    Row(
        "wrong name, right count",
        dummy(f32([1, 10], "c")),
        400,
        INVALID,
        "Missing input with specific name - Required input: b",
    ),
    Row(
        "wrong rank",
        dummy(f32([10], "b")),
        400,
        INVALID,
        "Invalid number of shape dimensions - Expected: (1,10); Actual: (10)",
    ),
    Row(
        "wrong batch",
        dummy(f32([2, 10], "b")),
        400,
        INVALID,
        "Invalid input batch size - Expected: 1; Actual: 2",
    ),
    Row(
        "wrong other dimension",
        dummy(f32([1, 9], "b")),
        400,
        INVALID,
        "Invalid input shape - Expected: (1,10); Actual: (1,9)",
    ),
    Row(
        "dimension outside its range",
        Question("dynamic", [f32([2, 5])]),
        400,
        INVALID,
        "Invalid input shape - Expected: (-1,[1~4]); Actual: (2,5)",
    ),
    Row(
        "negative dimension",
        dummy(Input("b", "FP32", [1, -10], values=[1.0])),
        400,
        INVALID,
        "Could not parse input content. Not valid ndarray detected",
        "Invalid input shape - Negative or zero dimension size",
    ),
    Row(
        "wrong datatype",
        dummy(Input("b", "INT32", [1, 10], raw=bytes(40))),
        400,
        INVALID,
        "Invalid input precision - Expected: FP32; Actual: INT32",
    ),
    Row(
        "wrong datatype of the same name in OpenVINO's words",
        Question("same-INT64", [Input("x", "FP64", [1, 3], raw=bytes(24))]),
        400,
        INVALID,
        "Invalid input precision - Expected: I64; Actual: FP64",
    ),
    Row(
        "unknown datatype",
        dummy(Input("b", "FP33", [1, 10], values=[0.0] * 10)),
        400,
        INVALID,
        "Could not parse input content. Unsupported data precision detected",
        "Invalid input precision - Expected: FP32; Actual: FP33",
    ),
    Row(
        "FP16 as values",
        Question("same-FP16", [Input("x", "FP16", [1, 3], values=[1.0, 2.0, 3.0])]),
        400,
        INVALID,
        "Could not parse input content. Not valid ndarray detected",
        "Invalid number of values in tensor proto container",
    ),
    Row(
        "BYTES for a numeric input that is no image",
        dummy(Input("b", "BYTES", [1], raw=lengths(b"x"))),
        500,
        "UNKNOWN",
        "Functionality not implemented",
    ),
    Row(
        "too few values",
        dummy(Input("b", "FP32", [1, 10], values=[1.0] * 9)),
        400,
        INVALID,
        "Invalid number of values in tensor proto container - "
        "Expected: 10 values; Actual: 9 values",
    ),
    Row(
        "too few bytes",
        dummy(Input("b", "FP32", [1, 10], raw=bytes(36))),
        400,
        INVALID,
        "Invalid content size of tensor proto - Expected: 40 bytes; Actual: 36 bytes",
    ),
    Row(
        "a shape whose size overflows 64 bits",
        Question("dynamic", [Input("x", "FP32", [2**31 - 1, 4], raw=bytes(16))]),
        400,
        INVALID,
        "Invalid content size of tensor proto",
    ),
    Row(
        "one input as values, the other as bytes",
        Question(
            "two",
            [Input("first", "FP32", [1, 2], values=[1.0, 2.0]), f32([1, 2], "second")],
        ),
        400,
        INVALID,
        "Passing buffers both in ModelInferRequest::InferInputTensor::contents",
    ),
    Row(
        "a value outside an 8-bit integer",
        Question("same-INT8", [Input("x", "INT8", [1, 3], values=[1, 2, 300])]),
        400,
        INVALID,
        "Could not parse input content. Value does not fit the datatype",
    ),
    Row(
        "strings in a matrix that is too narrow",
        Question("text-fixed", [Input("x", "BYTES", [2], raw=lengths(b"long", b"er"))]),
        400,
        INVALID,
        "Invalid input shape - Expected batch size: 2; got: 2; "
        "Expected max null terminated string length: 4; got: 5",
    ),
    Row(
        "strings of another number than the shape says",
        Question("same-BYTES", [Input("x", "BYTES", [3], raw=lengths(b"a", b"b"))]),
        400,
        INVALID,
        "Invalid number of values in tensor proto container",
    ),
    Row(
        "a string that ends in a zero",
        Question("same-BYTES", [Input("x", "BYTES", [2], raw=lengths(b"a", b"b\0"))]),
        400,
        INVALID,
        "Strings cannot be handed to the model - A string ends in a zero",
    ),
    Row(
        "one long string among many short ones",
        Question(
            "same-BYTES",
            [Input("x", "BYTES", [1001], raw=lengths(b"a" * 100_000, *[b"b"] * 1000))],
        ),
        400,
        INVALID,
        "Strings cannot be handed to the model - Padded to the longest, they take more than",
    ),
    Row(
        "strings whose lengths reach past the end",
        Question("same-BYTES", [Input("x", "BYTES", [1], raw=b"\xff\xff\xff\xff")]),
        400,
        INVALID,
        "Inputs inside buffer does not match expected format.",
    ),
    Row(
        "neither values nor bytes, as with shared memory",
        dummy(Input("b", "FP32", [1, 10])),
        400,
        INVALID,
        "Received buffer size is smaller than binary_data_size parameter indicates",
        "Invalid number of values in tensor proto container - "
        "Expected: 10 values; Actual: 0 values",
    ),
    Row(
        "BF16 as values",
        dummy(Input("b", "BF16", [1, 10], values=[1.0] * 10)),
        400,
        INVALID,
        "Could not parse input content. Not valid ndarray detected",
        "Invalid input precision - Expected: FP32; Actual: BF16",
    ),
    Row(
        "a model of a datatype that the protocol lacks",
        Question("same-BF16", [f32([1, 3])]),
        400,
        INVALID,
        "Invalid input precision - Expected: BF16; Actual: FP32",
    ),
    Row(
        "OpenVINO refuses",
        Question("refusing", [f32([1, 5])]),
        500,
        "INTERNAL",
        "Internal inference error",
    ),
    Row(
        "version before model",
        Question("nope", [B], "abc"),
        400,
        INVALID,
        "Invalid request URL",
        "invalid model version format in request",
    ),
    Row(
        "model before inputs over gRPC, body before model over REST",
        Question("nope", []),
        400,
        "NOT_FOUND",
        "Invalid JSON structure, missing inputs",
        "Model with requested name is not found",
    ),
    Row(
        "number of inputs before their datatype",
        dummy(Input("b", "INT32", [1, 10], raw=bytes(40)), f32([1, 10], "c")),
        400,
        INVALID,
        "Invalid number of inputs",
    ),
    Row(
        "values and bytes mixed before a wrong name",
        Question("two", [Input("first", "FP32", [1, 2], values=[1.0, 2.0]), f32([1, 2], "third")]),
        400,
        INVALID,
        "Passing buffers both in ModelInferRequest::InferInputTensor::contents",
    ),
    Row(
        "datatype before rank",
        dummy(Input("b", "INT32", [10], raw=bytes(40))),
        400,
        INVALID,
        "Invalid input precision",
    ),
    Row("rank before batch", dummy(f32([2], "b")), 400, INVALID, "Invalid number of shape"),
    Row("batch before shape", dummy(f32([2, 9], "b")), 400, INVALID, "Invalid input batch size"),
    Row(
        "shape before size",
        dummy(Input("b", "FP32", [1, 9], raw=bytes(40))),
        400,
        INVALID,
        "Invalid input shape",
    ),
    Row(
        "the first input by name before the second",
        Question("two", [Input("second", "INT8", [1, 2], raw=bytes(2)), f32([2], "first")]),
        400,
        INVALID,
        "Invalid number of shape dimensions - Expected: (1,2); Actual: (2); input name: first",
    ),
]


@pytest.mark.parametrize("transport", ASK)
@pytest.mark.parametrize("row", ERRORS, ids=lambda row: row.name)
def test_error(server: Server, row: Row, transport: str) -> None:
    said = ASK[transport](server, row.question)
    if transport == "REST":
        assert (said.code, said.text[: len(row.text)]) == (str(row.http), row.text)
    else:
        text = "Unknown error" if row.grpc == "UNKNOWN" else row.grpc_text or row.text
        assert (said.code, said.text[: len(text)]) == (row.grpc, text)


def test_empty_model_name_over_grpc(server: Server) -> None:
    said = ASK["gRPC"](server, Question("", [B]))
    assert (said.code, said.text) == ("NOT_FOUND", "Model with requested name is not found")


VALUES: dict[str, list[Any]] = {
    "BOOL": [True, False, True],
    "UINT8": [0, 1, 255],
    "UINT16": [0, 1, 65535],
    "UINT32": [0, 1, 2**32 - 1],
    "UINT64": [0, 1, 2**31 - 1],  # OpenVINO's CPU plugin computes with 32 bits
    "INT8": [-128, 0, 127],
    "INT16": [-32768, 0, 32767],
    "INT32": [-(2**31), 0, 2**31 - 1],
    "INT64": [-(2**31), 0, 2**31 - 1],
    "FP32": [0.5, -1.25, 3e38],
    "FP64": [0.5, -1.25, 1.0],
}
DTYPES = {name: "bool" if name == "BOOL" else name.lower() for name in VALUES}
DTYPES.update(FP32="float32", FP64="float64")


@pytest.mark.parametrize("transport", ASK)
@pytest.mark.parametrize("datatype", VALUES)
@pytest.mark.parametrize("way", ["values", "raw"])
def test_datatype_comes_back_unchanged(
    server: Server, datatype: str, way: str, transport: str
) -> None:
    raw = np.array(VALUES[datatype], DTYPES[datatype]).tobytes()
    given = (
        Input("x", datatype, [1, 3], raw=raw)
        if way == "raw"
        else Input("x", datatype, [1, 3], values=VALUES[datatype])
    )
    said = ASK[transport](server, Question(f"same-{datatype}", [given]))
    assert said.outputs == {"y": Output(datatype, [1, 3], raw)}, said


def test_half_floats_travel_raw_over_grpc(server: Server) -> None:
    raw = np.array([1, 0.5, -2], np.float16).tobytes()
    question = Question("same-FP16", [Input("x", "FP16", [1, 3], raw=raw)])
    assert ASK["gRPC"](server, question).outputs == {"y": Output("FP16", [1, 3], raw)}


def test_half_floats_cannot_come_back_over_rest(server: Server) -> None:
    question = Question("same-FP16", [Input("x", "FP16", [1, 3], raw=bytes(6))])
    said = ASK["REST"](server, question)
    text = "Could not parse input content. Unsupported data precision detected"
    assert (said.code, said.text) == ("400", f"{text} - Unsupported precisionFP16")


@pytest.mark.parametrize("given", [{"values": []}, {"raw": b""}, {}], ids=str)
def test_no_strings_over_grpc(server: Server, given: dict[str, Any]) -> None:
    said = ASK["gRPC"](server, Question("same-BYTES", [Input("x", "BYTES", [0], **given)]))
    assert said.outputs == {"x": Output("BYTES", [0], b"")}, said


@dataclass(frozen=True)
class Right:
    """A question, and its answer."""

    name: str
    question: Question
    outputs: dict[str, Output]


def out(datatype: str, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Output:
    return Output(datatype, list(array.shape), array.tobytes())


ANSWERS = [
    Right("dummy adds one", dummy(B), {"a": out("FP32", TEN + 1)}),
    Right("version by number", dummy(B, version="1"), {"a": out("FP32", TEN + 1)}),
    Right("version 0 is the default", dummy(B, version="0"), {"a": out("FP32", TEN + 1)}),
    Right(
        "scalar",
        Question("scalar", [Input("x", "FP32", [], raw=np.float32(7).tobytes())]),
        {"y": out("FP32", np.array(7, np.float32))},
    ),
    Right(
        "dynamic dimensions",
        Question("dynamic", [f32([3, 2])]),
        {"y": out("FP32", np.zeros((3, 2), np.float32))},
    ),
    Right(
        "an empty tensor where the shape allows it",
        Question("dynamic", [Input("x", "FP32", [0, 2], raw=b"")]),
        {"y": Output("FP32", [0, 2], b"")},
    ),
    Right(
        "inputs in another order",
        Question(
            "two",
            [
                Input("second", "FP32", [1, 2], raw=ONE_TWO),
                Input("first", "FP32", [1, 2], raw=bytes(8)),
            ],
        ),
        {
            "difference": out("FP32", np.array([[-1, -2]], np.float32)),
            "total": out("FP32", np.array([[1, 2]], np.float32)),
        },
    ),
    Right(
        "strings",
        Question("same-BYTES", [Input("x", "BYTES", [2], raw=lengths(b"ab", "é".encode()))]),
        {"x": Output("BYTES", [2], lengths(b"ab", "é".encode()))},
    ),
    Right(
        "strings as values",
        Question("same-BYTES", [Input("x", "BYTES", [2], values=[b"ab", b""])]),
        {"x": Output("BYTES", [2], lengths(b"ab", b""))},
    ),
    Right(
        "no strings at all",
        Question("same-BYTES", [Input("x", "BYTES", [0], raw=b"")]),
        {"x": Output("BYTES", [0], b"")},
    ),
    Right(
        "no strings as values",
        Question("same-BYTES", [Input("x", "BYTES", [0], values=[])]),
        {"x": Output("BYTES", [0], b"")},
    ),
    Right(
        "strings in a matrix of bytes",
        Question("text", [Input("x", "BYTES", [2], raw=lengths(b"ab", b"cde"))]),
        {"y_string": Output("BYTES", [2], lengths(b"ab", b"cde"))},
    ),
    Right(
        "strings padded to a fixed matrix",
        Question("text-fixed", [Input("x", "BYTES", [2], raw=lengths(b"abc", b""))]),
        {"y": Output("UINT8", [2, 4], b"abc\0\0\0\0\0")},
    ),
    Right(
        "bytes for a matrix of bytes",
        Question("text-fixed", [Input("x", "UINT8", [2, 4], raw=bytes(range(8)))]),
        {"y": Output("UINT8", [2, 4], bytes(range(8)))},
    ),
]


@pytest.mark.parametrize("transport", ASK)
@pytest.mark.parametrize("right", ANSWERS, ids=lambda right: right.name)
def test_answer(server: Server, right: Right, transport: str) -> None:
    said = ASK[transport](server, right.question)
    assert said.outputs == right.outputs, said
    assert list(said.outputs or ()) == sorted(right.outputs), "outputs are alphabetical"
    assert said.version == "1"


@pytest.mark.parametrize("transport", ASK)
def test_id_is_echoed(server: Server, transport: str) -> None:
    question = Question("dummy", [B], id="my request é")
    assert ASK[transport](server, question).id == "my request é"


@pytest.mark.parametrize("transport", ASK)
def test_newest_version_is_the_default(server: Server, transport: str) -> None:
    given = Input("x", "FP32", [1, 2], raw=bytes(8))
    for version, number in (("", 3), ("1", 1), ("2", 2)):
        said = ASK[transport](server, Question("versions", [given], version))
        assert said.outputs == {"y": out("FP32", np.full((1, 2), number, np.float32))}
        assert said.version == str(number)


def test_nan_travels_raw_over_grpc(server: Server) -> None:
    said = ASK["gRPC"](server, Question("logarithm", [Input("x", "FP32", [1, 2], raw=NAN)]))
    assert said.outputs is not None
    assert np.isnan(np.frombuffer(said.outputs["y"].raw, np.float32)).tolist() == [True, False]


def test_nan_is_no_json(server: Server) -> None:
    said = ASK["REST"](server, Question("logarithm", [Input("x", "FP32", [1, 2], raw=NAN)]))
    assert (said.code, said.text) == (
        "500",
        "Response parsing to JSON error - output y has NaN or infinity; ask for binary data",
    )
