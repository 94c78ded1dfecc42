"""Raw bytes and elements: whatever comes in is read rightly or refused."""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from samplegen_server import errors, validation
from samplegen_server.tensors import (
    DTYPES,
    PRECISIONS,
    Dimension,
    InputTensor,
    OutputTensor,
    TensorInfo,
    array_of,
    content_size,
    pack_bytes,
    unpack_bytes,
)

ANY = Dimension(0, -1)


def info(datatype: str, *dimensions: Dimension, layout: str = "N...") -> TensorInfo:
    return TensorInfo("x", datatype, dimensions, layout)


@settings(deadline=None)
@given(st.lists(st.binary()))
def test_strings_come_back_unchanged(elements: list[bytes]) -> None:
    assert unpack_bytes(pack_bytes(elements)) == elements
    assert unpack_bytes(memoryview(pack_bytes(elements))) == elements


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_are_strings_or_an_error(raw: bytes) -> None:
    try:
        elements = unpack_bytes(raw)
    except errors.InvalidInputFormat:
        return
    assert pack_bytes(elements) == raw


@pytest.mark.parametrize("raw", [b"\0", b"\0\0\0", b"\1\0\0\0", struct.pack("<I", 2**32 - 1)])
def test_cut_strings(raw: bytes) -> None:
    with pytest.raises(errors.InvalidInputFormat):
        unpack_bytes(raw)


@settings(deadline=None)
@given(st.data(), st.sampled_from(sorted(DTYPES)))
def test_elements_make_the_same_array(data: st.DataObject, datatype: str) -> None:
    shape = data.draw(hnp.array_shapes(max_dims=3, max_side=3))
    array = data.draw(hnp.arrays(DTYPES[datatype], shape))
    found = array_of(array.ravel().tolist(), datatype, shape)
    assert found.tobytes() == array.tobytes() or np.isnan(array.astype(float)).any()


@pytest.mark.parametrize(
    ("datatype", "value"), [("INT8", 128), ("UINT8", -1), ("INT32", 2**31), ("UINT64", 2**64)]
)
def test_element_outside_its_range(datatype: str, value: int) -> None:
    with pytest.raises(errors.InvalidValue, match="Value does not fit the datatype"):
        array_of([value], datatype, (1,))


def test_float_outside_its_range_is_infinite() -> None:
    assert array_of([1e39], "FP32", (1,)).tolist() == [float("inf")]


def test_size_does_not_overflow() -> None:
    assert content_size("FP64", [2**62, 2**62]) == 2**127


def test_every_datatype_has_a_name_in_messages() -> None:
    assert set(PRECISIONS) == {*DTYPES, "BYTES"}


def test_output_values() -> None:
    raw = np.array([1, 2], "<i8").tobytes()
    assert OutputTensor("y", "INT64", (2,), raw).values() == [1, 2]
    assert OutputTensor("y", "BYTES", (1,), pack_bytes([b"ab"])).values() == [b"ab"]


@pytest.mark.parametrize(
    ("dimension", "accepted", "refused", "text"),
    [
        (Dimension(3, 3), [3], [2, 4, 0], "3"),
        (Dimension(0, -1), [0, 1, 10**9], [-1], "-1"),
        (Dimension(2, 4), [2, 3, 4], [1, 5], "[2~4]"),
    ],
)
def test_dimension(
    dimension: Dimension, accepted: Sequence[int], refused: Sequence[int], text: str
) -> None:
    assert all(map(dimension.accepts, accepted))
    assert not any(map(dimension.accepts, refused))
    assert str(dimension) == text


# --- A request against a model ------------------------------------------------------------------

sizes = st.integers(-(2**63), 2**63 - 1) | st.integers(-1, 4)
shapes = st.lists(sizes, max_size=5).map(tuple)
datatypes = st.sampled_from([*DTYPES, "BYTES", "BF16", ""])
models = st.sampled_from(
    [
        info("FP32", ANY, ANY),
        info("UINT8", ANY, ANY),
        info("BYTES", ANY),
        info("BOOL"),
        info("INT64", Dimension(1, 1), Dimension(2, 4)),
        info("FP32", ANY, ANY, ANY, Dimension(3, 3), layout="NHWC"),
    ]
)
contents = st.none() | st.lists(
    st.integers(-(2**70), 2**70) | st.floats() | st.binary(max_size=8), max_size=8
)


@settings(deadline=None)
@given(models, datatypes, shapes, contents, st.none() | st.binary(max_size=64))
def test_any_request_is_refused_or_has_the_shape_it_says(
    model: TensorInfo,
    datatype: str,
    shape: tuple[int, ...],
    values: list[Any] | None,
    raw: bytes | None,
) -> None:
    if values is not None:  # the transports see to the elements' types
        wanted: type = bytes if datatype == "BYTES" else int
        values = [value for value in values if isinstance(value, wanted)]
    tensor = InputTensor("x", datatype, shape, values)
    try:
        found = validation.values({"x": model}, [tensor], [] if raw is None else [raw])["x"]
        array = found() if callable(found) else found
    except errors.ServerError:
        return
    assert len(array.shape) == len(model.dimensions)
    assert all(map(Dimension.accepts, model.dimensions, array.shape))
    if datatype != "BYTES":
        assert array.shape == shape
        assert array.dtype == DTYPES[datatype]


def test_zero_hides_no_dimension_that_overflows() -> None:
    tensor = InputTensor("x", "FP32", (0, 2**62), None)
    with pytest.raises(errors.InvalidContentSize, match="Shape dimensions overflow"):
        validation.values({"x": info("FP32", ANY, ANY)}, [tensor], [b""])
