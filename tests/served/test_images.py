"""Images as tensors: laid out as the shape of an input says, or refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samplegen.served import images

SIZES = st.integers(2, 9).filter(lambda size: size != 3)


@given(height=SIZES, width=SIZES, channels=st.sampled_from([1, 3]), opened=st.booleans())
def test_every_layout_has_the_pixels_of_the_image(
    height: int, width: int, channels: int, opened: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = np.random.default_rng(7).integers(0, 256, (height, width, channels), np.uint8)
    file = tmp_path_factory.mktemp("images") / "image.png"
    cv2.imwrite(str(file), rows[:, :, ::-1])  # which takes blue first
    across, down = (-1, -1) if opened else (width, height)
    for shape, array in (
        ((down, across, channels), rows),
        ((channels, down, across), rows.transpose(2, 0, 1)),
        ((1, down, across, channels), rows[np.newaxis]),
        ((-1, channels, down, across), rows.transpose(2, 0, 1)[np.newaxis]),
    ):
        assert images.read(file, shape) == (array.flatten().tolist(), array.shape)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    file = tmp_path / "image.jpg"
    cv2.imwrite(str(file), np.full((4, 6, 3), 200, np.uint8))
    return file


def test_a_jpeg_in_colour_is_grey_where_a_model_takes_that(image: Path) -> None:
    assert images.read(image, (1, 1, 4, 6)) == ([200] * 24, (1, 1, 4, 6))


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((1, 3, 224, 224), "found 6 × 4 pixels; the input takes 224 × 224, as NCHW; resize it"),
        ((1, 3, 4, 3), r"cannot be laid out as \[1, 3, 4, 3\]: it fits several layouts"),
        ((8, 3, 4, 6), "expected one image of 1 or 3 channels"),
        ((1, 2, 4, 6), "expected one image of 1 or 3 channels"),
        ((4, 6), "expected one image of 1 or 3 channels"),
        ((1, 1, 3, 4, 6), "expected one image of 1 or 3 channels"),
    ],
)
def test_what_cannot_be_laid_out(shape: tuple[int, ...], says: str, image: Path) -> None:
    with pytest.raises(ValueError, match=says):
        images.read(image, shape)


def test_what_is_no_image(tmp_path: Path) -> None:
    file = tmp_path / "image.png"
    for content in (b"", b"GIF89a", b"\x89PNG\r\n\x1a\n"):
        file.write_bytes(content)
        with pytest.raises(ValueError, match="not an image that OpenCV"):
            images.read(file, (1, 3, -1, -1))
