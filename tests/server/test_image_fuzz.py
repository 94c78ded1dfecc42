"""Image files that are cut, mended wrongly or made up: a tensor of the right shape, or an error."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from samplegen_server import errors, images
from samplegen_server.tensors import Dimension, TensorInfo

PIXELS = np.random.default_rng(5).integers(0, 256, (6, 5, 3), np.uint8)
FILES = [cv2.imencode(suffix, PIXELS)[1].tobytes() for suffix in (".png", ".jpg", ".bmp")]
FOUR, THREE, ONE = (Dimension(size, size) for size in (4, 3, 1))
INFO = TensorInfo("x", "FP32", (ONE, FOUR, FOUR, THREE), "NHWC")


def check(encoded: bytes) -> None:
    try:
        tensor = images.decode([encoded], INFO)
    except errors.ServerError:
        return
    assert tensor.shape == (1, 4, 4, 3)
    assert tensor.dtype == np.float32
    assert tensor.min() >= 0 and tensor.max() <= 255


@settings(deadline=None)
@given(st.sampled_from(images.FORMATS), st.binary(max_size=200))
def test_made_up_files(signature: bytes, rest: bytes) -> None:
    check(signature + rest)


@settings(deadline=None)
@given(st.sampled_from(FILES), st.integers(0, 2000))
def test_cut_files(encoded: bytes, size: int) -> None:
    check(encoded[:size])


changes = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8)


@settings(deadline=None)
@given(st.sampled_from(FILES), changes)
def test_changed_files(encoded: bytes, changed: list[tuple[int, int]]) -> None:
    file = bytearray(encoded)
    for at, byte in changed:
        file[at % len(file)] = byte
    check(bytes(file))


@settings(deadline=None)
@given(st.sampled_from(FILES), st.integers(0, 60), st.binary(min_size=1, max_size=8))
def test_changed_heads(encoded: bytes, at: int, head: bytes) -> None:
    check(encoded[:at] + head + encoded[at + len(head) :])
