"""The REST transport: paths, headers, layout of bodies and the binary tensor extension."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.server.asking import lengths
from tests.server.process import Reply, Server

INFER = "/v2/models/dummy/infer"
TEN = np.arange(10, dtype=np.float32)
B = {"name": "b", "shape": [1, 10], "datatype": "FP32"}
DATA = {**B, "data": TEN.tolist()}
BINARY = {**B, "parameters": {"binary_data_size": 40}}


def infer(
    server: Server,
    tree: Any,
    tail: bytes = b"",
    path: str = INFER,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """An inference of `tree` as JSON, with `tail` behind it."""
    text = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    extra = {"Inference-Header-Content-Length": str(len(text))} if tail else {}
    return server.rest("POST", path, text + tail, {**extra, **(headers or {})})


def error(reply: Reply) -> tuple[int, str]:
    tree = reply.json()
    assert list(tree) == ["error"]
    assert b'{"error":"' in reply.body, "compact"
    return reply.status, tree["error"]


# --- Paths and methods -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 400),
        ("GET", "/v2/", 400),
        ("GET", "/v3", 400),
        ("GET", "/v2/health/live/", 400),
        ("GET", "/v2/health", 400),
        ("GET", "/v2/models", 400),
        ("GET", "/v2/models/", 400),
        ("GET", "/v2/models/dummy/", 200),
        ("GET", "/v2/models/dummy/versions/1/", 200),
        ("GET", "/v2/models/dummy/ready/", 400),
        ("GET", "/v2/models/dummy/config", 400),
        ("GET", "/v2/models/dummy/stats", 400),
        ("GET", "/v2/models/dummy/versions", 400),
        ("POST", "/v2/repository/index", 400),
        ("POST", "/v2/models/dummy/generate", 400),
        ("GET", "/v2/systemsharedmemory/status", 400),
        ("GET", "/metrics", 400),
        ("GET", "/v2/health/live?verbose=1", 200),
        ("GET", "/v2/../v2", 400),
        ("POST", "/v2/health/live", 406),
        ("POST", "/v2", 406),
        ("POST", "/v2/models/dummy", 406),
        ("POST", "/v1/config", 406),
        ("GET", INFER, 406),
        ("GET", "/v1/config/reload", 406),
        ("PUT", "/v2", 406),
        ("DELETE", "/v2/models/dummy", 406),
        ("PATCH", "/nowhere", 406),
        ("OPTIONS", "/v2", 200),
        ("OPTIONS", "/nowhere", 200),
        ("HEAD", "/v2", 200),
        ("HEAD", "/v2/models/nope", 404),
    ],
)
def test_path_and_method(server: Server, method: str, path: str, status: int) -> None:
    assert server.rest(method, path).status == status


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("GET", "/nowhere", "Invalid request URL"),
        ("PUT", "/v2", "Unsupported method"),
        ("GET", INFER, "Unsupported method"),
        ("GET", "/v2/../v2", "The provided base path is invalid or doesn't exists"),
    ],
)
def test_text_of_a_wrong_path_or_method(server: Server, method: str, path: str, text: str) -> None:
    assert error(server.rest(method, path))[1] == text


def test_model_name_may_have_an_escaped_slash(server: Server) -> None:
    assert server.rest("GET", "/v2/models/group%2Fdummy").json()["name"] == "group/dummy"
    reply = infer(server, {"inputs": [DATA]}, path="/v2/models/group%2Fdummy/versions/1/infer")
    assert reply.json()["model_name"] == "group/dummy"
    assert server.rest("GET", "/v2/models/group/dummy").status == 400


def test_head_has_no_body(server: Server) -> None:
    reply = server.rest("HEAD", "/v2")
    assert reply.body == b""
    assert int(reply.headers["content-length"]) > 0


def test_headers_of_an_answer(server: Server) -> None:
    for reply in (server.rest("GET", "/v2"), server.rest("GET", "/nowhere"), infer(server, {})):
        expected = {
            "content-type": "application/json; charset=utf-8",
            "content-length": str(len(reply.body)),
            "access-control-allow-origin": "*",
            "access-control-allow-methods": "*",
            "access-control-allow-headers": "*",
        }
        assert dict(reply.headers) == expected


def test_content_type_of_the_request_does_not_matter(server: Server) -> None:
    reply = infer(server, {"inputs": [DATA]}, headers={"Content-Type": "image/png"})
    assert reply.status == 200


UNCOMPRESSED = "Content-Encoding gzip is not supported, send the body uncompressed"


def test_compressed_request_is_refused_by_the_name_of_its_coding(server: Server) -> None:
    body = gzip.compress(json.dumps({"inputs": [DATA]}).encode())
    headers = {"Content-Encoding": "gzip"}
    assert error(infer(server, body, headers=headers)) == (412, f"{JSON} - {UNCOMPRESSED}")
    headers["Inference-Header-Content-Length"] = str(len(body) + 1)
    text = f"{HEADER} exceeds actual payload length - {UNCOMPRESSED}"
    assert error(infer(server, body, headers=headers)) == (500, text)


def test_what_is_not_compressed_whatever_its_header_says_is_read(server: Server) -> None:
    for coding in ("identity", "gzip"):
        assert infer(server, {"inputs": [DATA]}, headers={"Content-Encoding": coding}).status == 200


def test_large_answer_is_compressed_for_those_who_accept_it(server: Server) -> None:
    tree = {"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [7]}]}
    path = "/v2/models/wide/infer"
    plain = infer(server, tree, path=path)
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "accept-encoding"
    packed = infer(server, tree, path=path, headers={"Accept-Encoding": "gzip, deflate"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["vary"] == "accept-encoding"
    refused = infer(server, tree, path=path, headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers
    assert refused.body == plain.body
    small = infer(server, {"inputs": [DATA]}, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers


# --- How bodies are written --------------------------------------------------------------------


def test_answer_is_laid_out_as_in_openvino_model_server(server: Server) -> None:
    reply = infer(server, {"id": "7", "inputs": [{**B, "data": [0.1] + [1] * 9}]})
    assert reply.body.decode() == (
        "{\n"
        '    "model_name": "dummy",\n'
        '    "id": "7",\n'
        '    "model_version": "1",\n'
        '    "outputs": [{\n'
        '            "name": "a",\n'
        '            "shape": [1, 10],\n'
        '            "datatype": "FP32",\n'
        '            "data": [1.100000023841858, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]\n'
        "        }]\n"
        "}"
    )


def test_several_outputs_stand_on_one_line(server: Server) -> None:
    inputs = [
        {"name": name, "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}
        for name in ("first", "second")
    ]
    reply = infer(server, {"inputs": inputs}, path="/v2/models/two/infer")
    assert b'        }, {\n            "name": "total"' in reply.body


# --- Binary data --------------------------------------------------------------------------------


def test_binary_input(server: Server) -> None:
    reply = infer(server, {"inputs": [BINARY]}, TEN.tobytes())
    assert reply.json()["outputs"][0]["data"] == (TEN + 1).tolist()
    assert "inference-header-content-length" not in reply.headers


def test_size_follows_from_shape_when_it_is_left_out(server: Server) -> None:
    reply = infer(server, {"inputs": [B]}, TEN.tobytes())
    assert reply.json()["outputs"][0]["data"] == (TEN + 1).tolist()


def test_surplus_bytes_are_ignored(server: Server) -> None:
    assert infer(server, {"inputs": [BINARY]}, TEN.tobytes() + b"more").status == 200


def test_one_string_may_leave_out_its_size(server: Server) -> None:
    tree = {"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES"}]}
    reply = infer(server, tree, lengths(b"ab"), "/v2/models/same-BYTES/infer")
    assert reply.json()["outputs"][0]["data"] == ["ab"]


def test_several_strings_may_not(server: Server) -> None:
    tree = {"inputs": [{"name": "x", "shape": [2], "datatype": "BYTES"}]}
    reply = infer(server, tree, lengths(b"ab", b"c"), "/v2/models/same-BYTES/infer")
    text = "Could not parse input content. Not valid ndarray detected"
    assert error(reply) == (400, text)


BINARY_OUTPUTS: dict[str, tuple[dict[str, Any], bool]] = {
    "asked for by the output": (
        {"outputs": [{"name": "a", "parameters": {"binary_data": True}}]},
        True,
    ),
    "asked for by the request, output listed": (
        {"parameters": {"binary_data_output": True}, "outputs": [{"name": "a"}]},
        True,
    ),
    "asked for by the request, no output listed": (
        {"parameters": {"binary_data_output": True}},
        False,
    ),
    "refused by the output": (
        {
            "parameters": {"binary_data_output": True},
            "outputs": [{"name": "a", "parameters": {"binary_data": False}}],
        },
        False,
    ),
    "asked for by another output": (
        {"outputs": [{"name": "z", "parameters": {"binary_data": True}}]},
        False,
    ),
    "only the last output counts": (
        {"outputs": [{"name": "a", "parameters": {"binary_data": True}}, {"name": "z"}]},
        False,
    ),
}


@pytest.mark.parametrize("case", BINARY_OUTPUTS)
def test_binary_output(server: Server, case: str) -> None:
    asked, is_binary = BINARY_OUTPUTS[case]
    reply = infer(server, {"id": "1", "inputs": [DATA], **asked})
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    if not is_binary:
        assert "inference-header-content-length" not in reply.headers
        assert reply.json()["outputs"][0]["data"] == (TEN + 1).tolist()
        return
    size = int(reply.headers["inference-header-content-length"])
    assert size == 268, "OpenVINO Model Server's own tests cut at this byte"
    output = json.loads(reply.body[:size])["outputs"][0]
    assert output["parameters"] == {"binary_data_size": 40}
    assert "data" not in output
    assert reply.body[size:] == (TEN + 1).tobytes()


# --- Refusals -----------------------------------------------------------------------------------

NDARRAY = "Could not parse input content. Not valid ndarray detected"
PARAMETERS = "Could not parse request parameters"
JSON = "The file is not valid json"
HEADER = "Inference-Header-Content-Length header"

REFUSED: dict[str, tuple[Any, int, str]] = {
    "empty body": (b"", 412, JSON),
    "malformed JSON": (b'{"inputs": [', 412, JSON),
    "two documents": (b"{} {}", 412, JSON),
    "NaN": (b'{"inputs": [NaN]}', 412, JSON),
    "a number too large": (b'{"inputs": [1e400]}', 412, JSON),
    "not UTF-8": (b'{"id": "\xff"}', 412, JSON),
    "bytes behind the JSON, header missing": (b'{"inputs": []}\x00\x01', 412, JSON),
    "an array": (b"[]", 400, "Request body should be JSON object"),
    "a number": (b"7", 400, "Request body should be JSON object"),
    "100 deep": (b"[" * 100 + b"]" * 100, 400, "Request body should be JSON object"),
    "101 deep": (b"[" * 101 + b"]" * 101, 500, "JSON nesting depth exceeds the allowed limit"),
    "brackets in a string": (
        b'{"id": "' + b"[" * 200 + b'"}',
        400,
        "Invalid JSON structure, missing inputs",
    ),
    "100,000 deep": (b"[" * 100_000, 500, "JSON nesting depth exceeds the allowed limit"),
    "no inputs": ({}, 400, "Invalid JSON structure, missing inputs"),
    "empty inputs": ({"inputs": []}, 400, "Invalid JSON structure, missing inputs"),
    "inputs is an object": ({"inputs": {}}, 400, NDARRAY),
    "inputs is null": ({"inputs": None}, 400, NDARRAY),
    "an input is a number": ({"inputs": [7]}, 400, NDARRAY),
    "no name": ({"inputs": [{**DATA, "name": None}]}, 400, NDARRAY),
    "no shape": ({"inputs": [{**DATA, "shape": None}]}, 400, NDARRAY),
    "no datatype": ({"inputs": [{**DATA, "datatype": None}]}, 400, NDARRAY),
    "a dimension is a float": ({"inputs": [{**DATA, "shape": [1, 10.0]}]}, 400, NDARRAY),
    "a dimension is true": ({"inputs": [{**DATA, "shape": [True, 10]}]}, 400, NDARRAY),
    "a dimension has 33 bits": ({"inputs": [{**DATA, "shape": [1, 2**32]}]}, 400, NDARRAY),
    "data is a number": ({"inputs": [{**DATA, "data": 7}]}, 400, NDARRAY),
    "data has text": ({"inputs": [{**DATA, "data": ["1"] * 10}]}, 400, NDARRAY),
    "data has true": ({"inputs": [{**DATA, "data": [True] + [0] * 9}]}, 400, NDARRAY),
    "data has null": ({"inputs": [{**DATA, "data": [None] + [0] * 9}]}, 400, NDARRAY),
    "data has an object": ({"inputs": [{**DATA, "data": [{}] + [0] * 9}]}, 400, NDARRAY),
    "id is a number": ({"id": 7, "inputs": [DATA]}, 400, NDARRAY),
    "outputs is an object": ({"outputs": {}, "inputs": [DATA]}, 400, NDARRAY),
    "an output is a number": (
        {"outputs": [7], "inputs": [DATA]},
        400,
        "Could not parse output content.",
    ),
    "an output without a name": (
        {"outputs": [{}], "inputs": [DATA]},
        400,
        "Could not parse output content.",
    ),
    "parameters is an array": ({"parameters": [], "inputs": [DATA]}, 400, PARAMETERS),
    "a parameter is a float": ({"parameters": {"a": 1.5}, "inputs": [DATA]}, 400, PARAMETERS),
    "a parameter is null": ({"parameters": {"a": None}, "inputs": [DATA]}, 400, PARAMETERS),
    "a parameter has 33 bits": ({"parameters": {"a": 2**32}, "inputs": [DATA]}, 400, PARAMETERS),
    "an input's parameter is a float": (
        {"inputs": [{**DATA, "parameters": {"a": 1.5}}]},
        400,
        PARAMETERS,
    ),
    "data and a binary size": (
        {"inputs": [{**DATA, "parameters": {"binary_data_size": 40}}]},
        500,
        "Request contains values both in binary data and in content value",
    ),
    "a binary size as text": (
        {"inputs": [{**B, "parameters": {"binary_data_size": "40"}}]},
        400,
        "binary_data_size parameter is invalid and cannot be parsed",
    ),
    "a negative binary size": (
        {"inputs": [{**B, "parameters": {"binary_data_size": -40}}]},
        400,
        "binary_data_size parameter is invalid and cannot be parsed",
    ),
    "neither data nor bytes": (
        {"inputs": [B]},
        400,
        "Received buffer size is smaller than binary_data_size parameter indicates",
    ),
    "empty data and no bytes": (
        {"inputs": [{**B, "data": []}]},
        400,
        "Received buffer size is smaller than binary_data_size parameter indicates",
    ),
    "two BYTES inputs without their sizes": (
        {"inputs": [{"name": name, "shape": [1], "datatype": "BYTES"} for name in "ab"]},
        400,
        NDARRAY,
    ),
    "malformed JSON for an unknown version, JSON first": (b"{", 412, JSON),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_body(server: Server, case: str) -> None:
    body, status, text = REFUSED[case]
    found = error(infer(server, body))
    assert (found[0], found[1][: len(text)]) == (status, text)


def test_malformed_json_is_told_before_an_unknown_model(server: Server) -> None:
    assert infer(server, b"{", path="/v2/models/nope/infer").status == 412


@pytest.mark.parametrize(
    ("value", "status", "text"),
    [
        ("9999", 500, f"{HEADER} exceeds actual payload length"),
        ("-1", 500, f"{HEADER} is invalid and couldn't be parsed"),
        ("x", 500, f"{HEADER} is invalid and couldn't be parsed"),
        ("1.5", 500, f"{HEADER} is invalid and couldn't be parsed"),
        ("99999999999", 500, f"{HEADER} is invalid and couldn't be parsed"),
        ("3", 412, JSON),
        ("0", 412, JSON),
    ],
)
def test_header_length(server: Server, value: str, status: int, text: str) -> None:
    headers = {"Inference-Header-Content-Length": value}
    found = error(infer(server, {"inputs": [DATA]}, headers=headers))
    assert (found[0], found[1][: len(text)]) == (status, text)


@pytest.mark.parametrize("data", [[], [[]]])
def test_no_strings_are_an_answer_and_no_error(server: Server, data: list[object]) -> None:
    tree = {"inputs": [{"name": "x", "shape": [0], "datatype": "BYTES", "data": data}]}
    (output,) = infer(server, tree, path="/v2/models/same-BYTES/infer").json()["outputs"]
    assert (output["shape"], output["data"]) == ([0], [])


def test_data_without_an_element_leaves_the_data_to_the_bytes_behind(server: Server) -> None:
    tree = {"inputs": [{"name": "x", "shape": [2], "datatype": "BYTES", "data": []}]}
    reply = infer(server, tree, lengths(b"one", b"two"), path="/v2/models/same-BYTES/infer")
    assert reply.json()["outputs"][0]["data"] == ["one", "two"]


OVERFLOW = "Invalid content size of tensor proto - Binary input shape dimensions overflow size_t"
SHORT = "Received buffer size is smaller than binary_data_size parameter indicates"


@pytest.mark.parametrize(
    ("datatype", "shape", "text"),
    [
        ("FP32", [2**31 - 1] * 2, SHORT),
        ("FP32", [2**31 - 1] * 3, OVERFLOW),
        ("FP32", [2**31 - 1] * 3 + [0], OVERFLOW),
        ("FP32", [0] + [2**31 - 1] * 3, "Invalid number of shape dimensions"),
        ("BYTES", [5], SHORT),
        ("BYTES", [0], "Functionality not implemented"),
        ("X", [2], "Invalid input precision - Expected: FP32; Actual: X; input name: first"),
        ("BF16", [2], "Invalid input precision - Expected: FP32; Actual: BF16; input name: first"),
    ],
)
def test_bytes_that_the_shape_alone_tells(
    server: Server, datatype: str, shape: list[int], text: str
) -> None:
    inputs = [
        {"name": name, "shape": shape, "datatype": datatype, **({"data": []} if data else {})}
        for name, data in (("first", datatype == "BYTES"), ("second", datatype == "BYTES"))
    ]
    reply = infer(server, {"inputs": inputs}, path="/v2/models/two/infer")
    assert error(reply)[1][: len(text)] == text


@pytest.mark.parametrize(
    ("datatype", "values"),
    [
        ("INT64", [2**31, 0, 0]),
        ("INT32", [2**31, 0, 0]),
        ("INT32", [1.0, 0, 0]),
        ("UINT64", [2**32, 0, 0]),
        ("UINT8", [-1, 0, 0]),
        ("BOOL", [1, 0, 0]),
        ("BOOL", ["true", True, True]),
        ("FP16", [1, 0, 0]),
    ],
)
def test_value_that_json_may_not_have(server: Server, datatype: str, values: list[object]) -> None:
    tree = {"inputs": [{"name": "x", "shape": [1, 3], "datatype": datatype, "data": values}]}
    reply = infer(server, tree, path=f"/v2/models/same-{datatype}/infer")
    assert error(reply) == (400, NDARRAY)


def test_nested_data_may_have_any_form(server: Server) -> None:
    values = TEN.tolist()
    for data in ([values], [[values[:3], values[3:]]], [values[0], [values[1:]]]):
        reply = infer(server, {"inputs": [{**B, "data": data}]})
        assert reply.json()["outputs"][0]["data"] == (TEN + 1).tolist()


def test_doubles_go_through_a_float(server: Server) -> None:
    tree = {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP64", "data": [0.1, 0, 0]}]}
    reply = infer(server, tree, path="/v2/models/same-FP64/infer")
    assert reply.json()["outputs"][0]["data"][0] == float(np.float32(0.1))


def test_unknown_keys_are_ignored(server: Server) -> None:
    tree = {"model_name": "x", "inputs": [{**DATA, "more": 1}], "extra": None}
    assert infer(server, tree).status == 200
