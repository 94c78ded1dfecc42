"""REST bodies as they are written: valid JSON with the values unchanged."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from samplegen_server import errors, rest_response
from samplegen_server.contract import InferResponse
from samplegen_server.tensors import DTYPES, OutputTensor, pack_bytes

NUMBERS = sorted(set(DTYPES) - {"FP16"})


def answer(*outputs: OutputTensor, name: str = "m", request_id: str = "") -> InferResponse:
    return InferResponse(name, "1", request_id, outputs)


@settings(deadline=None)
@given(st.data(), st.sampled_from(NUMBERS))
def test_numbers_come_back_unchanged(data: st.DataObject, datatype: str) -> None:
    elements = {"allow_nan": False, "allow_infinity": False} if datatype[0] == "F" else {}
    array = data.draw(hnp.arrays(DTYPES[datatype], st.integers(0, 8), elements=elements or None))
    output = OutputTensor("y", datatype, array.shape, array.tobytes())
    body, size = rest_response.infer(answer(output), frozenset())
    tree = json.loads(body)["outputs"][0]
    assert size is None
    assert np.array(tree["data"], DTYPES[datatype]).tobytes() == array.tobytes()
    assert tree["shape"] == list(array.shape)


@settings(deadline=None)
@given(st.lists(st.text()), st.text(), st.text())
def test_texts_come_back_unchanged(words: list[str], name: str, request_id: str) -> None:
    raw = pack_bytes(word.encode(errors="ignore") for word in words)
    expected = [word.encode(errors="ignore").decode() for word in words]
    output = OutputTensor("y", "BYTES", (len(words),), raw)
    clean = name.encode(errors="ignore").decode()
    echo = request_id.encode(errors="ignore").decode()
    body, _ = rest_response.infer(answer(output, name=clean, request_id=echo), frozenset())
    tree = json.loads(body)
    assert tree["outputs"][0]["data"] == expected
    assert (tree["model_name"], tree.get("id", "")) == (clean, echo)


def test_string_that_is_no_utf8_is_still_json() -> None:
    output = OutputTensor("y", "BYTES", (1,), pack_bytes([b"a\xff"]))
    body, _ = rest_response.infer(answer(output), frozenset())
    assert json.loads(body)["outputs"][0]["data"] == ["a�"]


def test_some_outputs_binary_and_some_not() -> None:
    one = OutputTensor("a", "UINT8", (2,), b"\1\2")
    two = OutputTensor("b", "UINT8", (1,), b"\3")
    body, size = rest_response.infer(answer(one, two), {"b"})
    assert size is not None
    outputs = json.loads(body[:size])["outputs"]
    assert outputs[0]["data"] == [1, 2]
    assert outputs[1]["parameters"] == {"binary_data_size": 1}
    assert body[size:] == b"\3"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("datatype", ["FP32", "FP64"])
def test_what_json_has_no_number_for(datatype: str, value: float) -> None:
    raw = np.array([value], DTYPES[datatype]).tobytes()
    output = OutputTensor("y", datatype, (1,), raw)
    with pytest.raises(errors.NotJson):
        rest_response.infer(answer(output), frozenset())
    body, size = rest_response.infer(answer(output), {"y"})
    assert body[size:] == raw
