"""Encoded images: what the server makes of them, and which it refuses."""

import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from samplegen_server import errors, images
from samplegen_server.tensors import Dimension, TensorInfo

from tests.server.asking import ASK, Input, Question, Said, lengths
from tests.server.process import Server

Pixels = npt.NDArray[np.uint8 | np.uint16]

RANDOM = np.random.default_rng(3)
COLOUR = RANDOM.integers(0, 256, (4, 4, 3), np.uint8)
LARGE = RANDOM.integers(0, 256, (9, 7, 3), np.uint8)
DEEP = RANDOM.integers(0, 65536, (4, 4, 3), np.uint16)
GREY = RANDOM.integers(0, 256, (4, 4, 1), np.uint8)
ALPHA = RANDOM.integers(0, 256, (4, 4, 4), np.uint8)

DATA = Path(__file__).parents[2] / "spec" / "data"


def encoded(pixels: Pixels, suffix: str = ".png") -> bytes:
    fine, buffer = cv2.imencode(suffix, pixels)
    assert fine
    return buffer.tobytes()


def ask(
    server: Server, transport: str, model: str, images: Sequence[bytes], count: int | None = None
) -> Said:
    shape = [len(images) if count is None else count]
    given = Input("x", "BYTES", shape, raw=lengths(*images))
    return ASK[transport](server, Question(model, [given]))


def pixels_of(said: Said) -> npt.NDArray[np.float32]:
    assert said.outputs is not None, said
    output = said.outputs["y"]
    return np.frombuffer(output.raw, np.float32).reshape(output.shape)


@pytest.mark.parametrize("transport", ASK)
@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_pixels_arrive_blue_green_red_and_unscaled(
    server: Server, suffix: str, transport: str
) -> None:
    said = ask(server, transport, "image-FP32", [encoded(COLOUR, suffix)])
    assert np.array_equal(pixels_of(said)[0], COLOUR)


@pytest.mark.parametrize("transport", ASK)
def test_jpeg_is_decoded_as_opencv_does(server: Server, transport: str) -> None:
    jpeg = encoded(COLOUR, ".jpg")
    expected = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    assert expected is not None
    assert np.array_equal(pixels_of(ask(server, transport, "image-FP32", [jpeg]))[0], expected)


def test_image_is_not_turned_as_its_camera_says(server: Server) -> None:
    """EXIF's orientation 6 asks for a quarter turn."""
    jpeg = encoded(COLOUR, ".jpg")
    tiff = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4)
    exif = b"Exif\0\0" + tiff
    turned = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]
    buffer = np.frombuffer(turned, np.uint8)
    plain = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
    rotated = cv2.imdecode(buffer, cv2.IMREAD_COLOR)
    assert plain is not None and rotated is not None
    assert not np.array_equal(plain, rotated), "the file does ask for it"
    assert np.array_equal(pixels_of(ask(server, "gRPC", "image-FP32", [turned]))[0], plain)


@pytest.mark.parametrize("transport", ASK)
def test_resize_comes_after_the_conversion(server: Server, transport: str) -> None:
    expected = cv2.resize(LARGE.astype(np.float32), (4, 4))
    found = pixels_of(ask(server, transport, "image-FP32", [encoded(LARGE)]))[0]
    assert np.allclose(found, expected, atol=1e-3)
    assert not np.array_equal(found, cv2.resize(LARGE, (4, 4)))


@pytest.mark.parametrize(
    ("datatype", "dtype"),
    [
        ("FP32", "f4"),
        ("FP64", "f8"),
        ("INT16", "i2"),
        ("INT32", "i4"),
        ("UINT8", "u1"),
        ("INT8", "i1"),
        ("UINT16", "u2"),
    ],
)
@pytest.mark.parametrize("image", [COLOUR, DEEP], ids=["8 bits", "16 bits"])
def test_conversion_saturates(server: Server, datatype: str, dtype: str, image: Pixels) -> None:
    said = ask(server, "gRPC", f"image-{datatype}", [encoded(image)])
    assert said.outputs is not None, said
    info = np.iinfo(dtype) if dtype[0] != "f" else np.finfo(dtype)
    expected = np.clip(image.astype(np.float64), float(info.min), float(info.max)).astype(dtype)
    assert said.outputs["y"].datatype == datatype
    assert said.outputs["y"].raw == expected.tobytes()


def test_half_floats_hold_pixels_too(server: Server) -> None:
    said = ask(server, "gRPC", "image-FP16", [encoded(COLOUR)])
    assert said.outputs is not None, said
    assert said.outputs["y"].raw == COLOUR.astype(np.float16).tobytes()


@pytest.mark.parametrize("transport", ASK)
def test_grey_image(server: Server, transport: str) -> None:
    found = pixels_of(ask(server, transport, "image-grey", [encoded(GREY)]))
    assert np.array_equal(found[0], GREY)


@pytest.mark.parametrize("transport", ASK)
def test_batch_of_images(server: Server, transport: str) -> None:
    found = pixels_of(ask(server, transport, "image-pair", [encoded(COLOUR), encoded(LARGE)]))
    assert np.array_equal(found[0], COLOUR)
    assert np.allclose(found[1], cv2.resize(LARGE.astype(np.float32), (4, 4)), atol=1e-3)


def test_dynamic_size_takes_the_images_own(server: Server) -> None:
    found = pixels_of(ask(server, "gRPC", "image-any", [encoded(LARGE), encoded(LARGE)]))
    assert np.array_equal(found, np.stack([LARGE, LARGE]))


@pytest.mark.parametrize(("size", "target"), [((5, 6), (5, 6)), ((9, 7), (6, 6)), ((2, 5), (4, 5))])
def test_range_takes_the_nearest_bound(
    server: Server, size: tuple[int, int], target: tuple[int, int]
) -> None:
    image = RANDOM.integers(0, 256, (*size, 3), np.uint8)
    found = pixels_of(ask(server, "gRPC", "image-range", [encoded(image)]))
    assert found.shape == (1, *target, 3)


def test_images_as_contents_have_no_lengths(server: Server) -> None:
    given = Input("x", "BYTES", [1], values=[encoded(COLOUR)])
    said = ASK["gRPC"](server, Question("image-FP32", [given]))
    assert np.array_equal(pixels_of(said)[0], COLOUR)


@pytest.mark.parametrize("transport", ASK)
@pytest.mark.parametrize("name", ["digit-0.png", "digit-3.png", "digit-7.png", "digit-7.jpg"])
def test_sample_images_are_read_rightly(server: Server, name: str, transport: str) -> None:
    given = Input("image", "BYTES", [1], raw=lengths((DATA / name).read_bytes()))
    said = ASK[transport](server, Question("digits", [given]))
    assert said.outputs is not None, said
    found = np.frombuffer(said.outputs["probabilities"].raw, np.float32)
    assert found.argmax() == int(name.removeprefix("digit-")[0])
    assert found.max() > 0.9


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def lying_png(width: int, height: int) -> bytes:
    """A PNG that says it is large and holds next to nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


PNG = encoded(COLOUR)
JPEG = encoded(LARGE, ".jpg")
BROKEN = {
    "no image": b"hello",
    "a PNG's signature only": PNG[:8],
    "a PNG cut in its head": PNG[:20],
    "a JPEG's signature only": JPEG[:3],
    "a JPEG cut in its head": JPEG[:100],
    "a GIF": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    "a PNG of 20,000 x 20,000 pixels": lying_png(20_000, 20_000),
    "a PNG of 2^31 pixels in a row": lying_png(2**31 - 1, 1),
    "a PNG of no pixels": lying_png(0, 0),
    "a PNG with a chunk of 4 GB": PNG[:33] + b"\xff\xff\xff\xff" + PNG[37:],
    "a PNG without its end": PNG[:-12],
    "a PNG of a hundred thousand chunks": PNG[:33] + chunk(b"tEXt", b"") * 10**5 + PNG[33:],
    "a JPEG of a thousand scans": JPEG[:-2] + b"\xff\xda\0\2" * 1000,
}


@pytest.mark.parametrize("transport", ASK)
@pytest.mark.parametrize("kind", BROKEN)
def test_broken_image(server: Server, kind: str, transport: str) -> None:
    said = ask(server, transport, "image-FP32", [BROKEN[kind]])
    expected = {"gRPC": ("UNKNOWN", "Unknown error"), "REST": ("500", "Image parsing failed")}
    assert (said.code, said.text) == expected[transport]


def blank_png(width: int, height: int) -> bytes:
    """A black PNG, a thousandth of its pixels in bytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes((1 + 3 * width) * height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def blank(suffix: str, *flags: int, channels: int = 3, dtype: type = np.uint8) -> bytes:
    """Twenty million black pixels."""
    fine, buffer = cv2.imencode(suffix, np.zeros((4000, 5000, channels), dtype), flags)
    assert fine
    return buffer.tobytes()


def info(datatype: str, channels: int = 3) -> TensorInfo:
    sizes = (1, 4, 4, channels)
    return TensorInfo("x", datatype, tuple(Dimension(size, size) for size in sizes), "NHWC")


HUGE: dict[str, Callable[[], tuple[bytes, TensorInfo]]] = {
    "PNG": lambda: (blank(".png"), info("FP32")),
    "PNG of 16 bits and four channels": lambda: (
        blank(".png", channels=4, dtype=np.uint16),
        info("UINT8", 4),
    ),
    "JPEG": lambda: (blank(".jpg"), info("FP32")),
    "progressive JPEG": lambda: (blank(".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1), info("FP32")),
    "JPEG behind a preview": lambda: (
        JPEG[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(JPEG)) + JPEG + blank(".jpg")[2:],
        info("FP32"),
    ),
    "grey JPEG": lambda: (blank(".jpg", channels=1), info("FP64", 1)),
    "BMP": lambda: (blank(".bmp"), info("FP32")),
    "BMP from top to bottom": lambda: (
        blank(".bmp")[:22] + struct.pack("<i", -4000) + blank(".bmp")[26:],
        info("FP32"),
    ),
}


@pytest.mark.parametrize("kind", HUGE)
def test_image_that_would_grow_too_large_is_not_decoded(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, wanted = HUGE[kind]()
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(errors.ImageParsingFailed):
        images.decode([image], wanted)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp"])
def test_image_whose_head_is_not_understood_is_not_converted(
    suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "_size", lambda *_: 0)
    monkeypatch.setattr(images, "_convert", lambda *_: pytest.fail("converted"))
    with pytest.raises(errors.ImageParsingFailed):
        images.decode([blank(suffix)], info("FP32"))


@pytest.mark.parametrize("transport", ASK)
@pytest.mark.parametrize(
    ("datatype", "megapixels", "is_fine"),
    [
        ("UINT8", 32, True),
        ("FP32", 12, True),
        ("FP32", 13, False),
        ("FP64", 6, True),
        ("FP64", 7, False),
    ],
)
def test_how_large_an_image_may_be_depends_on_the_datatype(
    server: Server, datatype: str, megapixels: int, is_fine: bool, transport: str
) -> None:
    image = blank_png(250 * megapixels, 4000)
    said = ask(server, transport, f"image-{datatype}", [image])
    refusal = {"gRPC": "UNKNOWN", "REST": "500"}[transport]
    assert said.code == ("OK" if is_fine else refusal), said


LAYOUT = "Received binary image input but resource not configured to accept NHWC layout"
RESOLUTION = "Binary input images for this endpoint are required to have the same resolution"
CHANNELS = "Invalid number of channels in binary input"
BATCH = "Invalid input batch size"

REFUSED: dict[str, tuple[str, list[bytes], str]] = {
    "layout NCHW": ("image-nchw", [PNG], LAYOUT),
    "grey for colour": ("image-FP32", [encoded(GREY)], CHANNELS),
    "alpha for colour": ("image-FP32", [encoded(ALPHA)], CHANNELS),
    "colour for grey": ("image-grey", [PNG], CHANNELS),
    "no layout, another size": ("image-nowhere", [encoded(LARGE)], "Invalid input shape"),
    "sizes differ where none is fixed": ("image-any", [PNG, encoded(LARGE)], RESOLUTION),
    "one image for a batch of two": ("image-pair", [PNG], BATCH),
    "two images for a batch of one": ("image-FP32", [PNG, PNG], BATCH),
    "datatype of 64-bit integers": ("image-INT64", [PNG], "Invalid input precision"),
}


@pytest.mark.parametrize("transport", ASK)
@pytest.mark.parametrize("case", REFUSED)
def test_refused_image(server: Server, case: str, transport: str) -> None:
    model, images, text = REFUSED[case]
    said = ask(server, transport, model, images)
    code = {"gRPC": "INVALID_ARGUMENT", "REST": "400"}[transport]
    assert (said.code, said.text[: len(text)]) == (code, text)


@pytest.mark.parametrize("transport", ASK)
def test_shape_tells_another_number_of_images(server: Server, transport: str) -> None:
    said = ask(server, transport, "image-any", [PNG], count=2)
    assert said.text == BATCH


@pytest.mark.parametrize("transport", ASK)
def test_shape_of_images_has_one_dimension(server: Server, transport: str) -> None:
    given = Input("x", "BYTES", [1, 1], raw=lengths(PNG))
    said = ASK[transport](server, Question("image-FP32", [given]))
    text = "Invalid number of shape dimensions - Expected number of input shape dimensions: 1"
    assert said.text.startswith(text)


@pytest.mark.parametrize("transport", ASK)
def test_image_without_its_length(server: Server, transport: str) -> None:
    given = Input("x", "BYTES", [1], raw=PNG)
    said = ASK[transport](server, Question("image-FP32", [given]))
    assert said.text == "Inputs inside buffer does not match expected format."


def test_empty_image_in_contents(server: Server) -> None:
    given = Input("x", "BYTES", [1], values=[b""])
    said = ASK["gRPC"](server, Question("image-FP32", [given]))
    assert (said.code, said.text) == ("INVALID_ARGUMENT", "Bytes contents is empty")
