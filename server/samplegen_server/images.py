"""Encoded images to tensors, as OpenVINO Model Server decodes, converts and resizes them."""

import os
import re
import struct
from collections.abc import Sequence

import numpy as np

# Read once, when OpenCV is imported: it compares an image's header with them before it decodes.
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(1 << 25)
os.environ["OPENCV_LOG_LEVEL"] = "OFF"  # a client's broken image is the client's to hear of

import cv2

from samplegen_server import errors
from samplegen_server.tensors import DTYPES, Array, Dimension, TensorInfo

PNG, JPEG, BMP = FORMATS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM")
"""How the formats begin; OpenVINO Model Server promises no others than the first two."""

PNG_CHUNK = struct.Struct(">I4s")
"""The length of a chunk's data, and its kind; a checksum of 4 bytes follows the data."""

MAX_PNG_CHUNKS = 100_000

PNG_HEAD = struct.Struct(">16xIIBB")
"""Width, height, bits of an element, and kind of colour."""

PNG_CHANNELS = {0: 1, 2: 3, 3: 3}
"""Grey, colour, palette: OpenCV reads all other kinds as four channels."""

BMP_HEAD = struct.Struct("<14xIiixxH")
"""The length of what follows, width, height (below 0 for top to bottom), and bits of a pixel."""

OLD_BMP_HEAD = struct.Struct("<14xIHHxxH")
"""The same, where that length is 12."""

JPEG_FRAME = re.compile(
    rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]\0[\x0b\x0e\x11\x14]\x08(....)([\1-\4])", re.DOTALL
)
"""Height and width, and how many channels; one more may be in a preview."""

JPEG_SCAN = b"\xff\xda"
MAX_JPEG_SCANS = 100
"""Each goes over the whole image again; real files have about ten."""

PRECISIONS = ("FP32", "FP64", "FP16", "INT16", "INT32", "UINT8", "INT8", "UINT16")
"""The datatypes of a model's input that an image can be converted to."""

RESIZABLE = ("NHWC", "N?HWC")
"""The layouts that allow an image to be resized."""

MAX_IMAGE_BYTES = 150_000_000
"""The most that one image may take once converted: 12 million pixels of three FP32 are less."""

MAX_BATCH_BYTES = 1 << 30
"""The most that the images of one input may take once converted."""


def decode(images: Sequence[bytes], info: TensorInfo) -> Array:
    """The images as one tensor for a model's input.

    Args:
        images: PNG, JPEG or BMP files.
        info: A model's input of four dimensions N, H, W, C.

    Returns:
        A tensor [N,H,W,C] of the input's datatype: grey levels, or blue, green, red, of 0 to 255
        (65535 for an image of 16 bits).

    Raises:
        ServerError: The layout, datatype or size does not allow it, or a file is no image.
    """
    if not _accepts_images(info.layout):
        raise errors.UnsupportedLayout
    _, height, width, channels = info.dimensions
    resizable = info.layout in RESIZABLE and not any(size.is_any for size in info.dimensions)
    itemsize = DTYPES[info.datatype].itemsize if info.datatype in PRECISIONS else 1
    pixels: list[Array] = []
    first: Array | None = None
    taken = 0
    for encoded in images:
        image = _imdecode(encoded, itemsize)
        if first is None:
            first = image
            target = (_target(height, image.shape[0]), _target(width, image.shape[1]))
        elif not resizable and image.shape[:2] != first.shape[:2]:
            raise errors.ResolutionMismatch
        wanted = first.shape[2] if channels.is_any else image.shape[2]
        if image.shape[2] != wanted or not channels.accepts(image.shape[2]):
            raise errors.InvalidNumberOfChannels
        image = _convert(image, info)
        if image.shape[:2] != target:
            if not resizable:
                raise errors.InvalidShape
            image = _resize(image, target)
        taken += image.nbytes
        if taken > MAX_BATCH_BYTES:
            raise errors.InvalidShape(f"The images take more than {MAX_BATCH_BYTES} bytes")
        pixels.append(image)
    return np.stack(pixels)


def _accepts_images(layout: str) -> bool:
    """Can this layout stand for N, H, W, C? A ``?`` is any one dimension, ``...`` any number."""
    head, dots, tail = layout.partition("...")
    fill = "?" * (4 - len(head) - len(tail)) if dots else ""
    spread = head + fill + tail
    return len(spread) == 4 and all(
        letter in ("?", place) for letter, place in zip(spread, "NHWC", strict=True)
    )


def _target(size: Dimension, actual: int) -> int:
    """The size the model wants: the image's own if it may have it, else the nearest bound."""
    if size.accepts(actual):
        return actual
    return size.low if actual < size.low else size.high


def _imdecode(encoded: bytes, itemsize: int) -> Array:
    """Pixels [H,W,C] of 8 or 16 bits: blue, green, red, alpha if the file has it.

    Args:
        encoded: The file.
        itemsize: The bytes of an element once converted.

    Raises:
        ImageParsingFailed: It is no image, or too large.
    """
    if not encoded.startswith(FORMATS) or _is_bomb(encoded):
        raise errors.ImageParsingFailed
    if _size(encoded, itemsize) > MAX_IMAGE_BYTES:
        raise errors.ImageParsingFailed
    try:
        image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise errors.ImageParsingFailed from error
    # Only a file whose head was misread above, or left something out, is found too large here.
    if image is None or image.size * itemsize > MAX_IMAGE_BYTES:
        raise errors.ImageParsingFailed
    return image.reshape((*image.shape[:2], -1))


def _size(encoded: bytes, itemsize: int) -> int:
    """The bytes that an image takes, decoded or converted, as its head says; 0 if it does not."""
    if encoded.startswith(JPEG):
        return itemsize * max(map(_jpeg_elements, JPEG_FRAME.finditer(encoded)), default=0)
    try:
        if encoded.startswith(PNG):
            width, height, bits, colour = PNG_HEAD.unpack_from(encoded)
            elements = int(width * height) * PNG_CHANNELS.get(colour, 4)
            return elements * max(itemsize, int(bits) // 8)
        length, width, height, bits = BMP_HEAD.unpack_from(encoded)
        if length == 12:
            _, width, height, bits = OLD_BMP_HEAD.unpack_from(encoded)
        elements = abs(width * height) * (4 if bits == 32 else 3)
        return int(elements) * itemsize
    except struct.error:  # it ends before
        return 0


def _jpeg_elements(frame: re.Match[bytes]) -> int:
    height, width = struct.unpack(">HH", frame[1])
    return int(height * width) * (1 if frame[2] == b"\1" else 3)


def _is_bomb(encoded: bytes) -> bool:
    """Would decoding take memory or time out of proportion to the file?

    OpenCV makes room for as much as a PNG's chunk says it has, up to 4 GB, before it finds the file
    to end. It would refuse such a file, so nothing is lost by refusing it first.
    """
    if encoded.startswith(JPEG):
        return encoded.count(JPEG_SCAN) > MAX_JPEG_SCANS
    if not encoded.startswith(PNG):
        return False
    start = len(PNG)
    for _ in range(MAX_PNG_CHUNKS):
        if start + PNG_CHUNK.size > len(encoded):
            return True
        length, kind = PNG_CHUNK.unpack_from(encoded, start)
        start += PNG_CHUNK.size + length + 4
        if start > len(encoded):
            return True
        if kind == b"IEND":
            return False
    return True


def _convert(image: Array, info: TensorInfo) -> Array:
    """The same pixels in the input's datatype; integers out of its range go to the nearest."""
    if info.datatype not in PRECISIONS:
        raise errors.InvalidPrecision
    dtype = DTYPES[info.datatype]
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return image.astype(dtype)
    limits = np.iinfo(dtype)
    return image.clip(limits.min, limits.max).astype(dtype)


def _resize(image: Array, target: tuple[int, int]) -> Array:
    """The image at height and width `target`, by OpenCV's bilinear filter."""
    try:
        resized = cv2.resize(image, target[::-1])
    except cv2.error as error:  # it cannot resize every datatype
        raise errors.NotImplementedByServer from error
    return resized.reshape((*target, image.shape[2]))
