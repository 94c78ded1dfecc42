"""PNG files, made and read without any decoder of images."""

import struct
import zlib

import numpy as np

from fuzzing.wire import Refused, Unsure

PNG = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
"""Kind of colour to number of channels."""

MAX_IMAGE_BYTES = 150_000_000
"""The most that an image may take as FP32."""


def png(width: int, height: int, channels: int, pixels: bytes, claimed: int | None = None) -> bytes:
    """A PNG file of 8 bits; `claimed` is a width that it only claims to have."""
    kind = next(kind for kind, count in CHANNELS.items() if count == channels)
    row = width * channels
    rows = b"".join(b"\0" + pixels[start : start + row] for start in range(0, row * height, row))
    header = struct.pack(">IIBBBBB", claimed or width, height, 8, kind, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return PNG + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def pixels_of(file: bytes) -> list[int] | None:
    """The pixels of a plain PNG of 4 × 4, as blue, green and red; None when it is to be resized.

    Raises:
        Refused: It is cut, lies about its size, or has no three channels.
        Unsure: Only a decoder could tell.
    """
    if file.startswith((b"\xff\xd8\xff", b"BM")):
        raise Unsure("JPEG or BMP")
    if not file.startswith(PNG):
        raise Refused("no image")
    chunks = _chunks(file)
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        raise Refused("no header")
    width, height, depth, kind, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    if not width or not height or width * height * 12 > MAX_IMAGE_BYTES:
        raise Refused("an impossible size")
    if depth != 8 or rest != [0, 0, 0] or len(chunks) != 3:
        raise Unsure("no plain PNG")
    if CHANNELS.get(kind) != 3:
        raise Refused("other channels")
    rows = _inflate(chunks[1][1], height * (width * 3 + 1))
    if (width, height) != (4, 4):
        return None
    if any(rows[start] for start in range(0, len(rows), 13)):
        raise Unsure("a filter")
    kept = np.frombuffer(rows, "u1").reshape(4, 13)[:, 1:].reshape(4, 4, 3)
    found: list[int] = kept[..., ::-1].ravel().tolist()
    return found


def _chunks(file: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG, which has to end with its last."""
    chunks, start = [], len(PNG)
    while start < len(file):
        if start + 12 > len(file):
            raise Refused("cut")
        (size,) = struct.unpack_from(">I", file, start)
        name, data = file[start + 4 : start + 8], file[start + 8 : start + 8 + size]
        if start + 12 + size > len(file):
            raise Refused("cut")
        if file[start : start + 12 + size] != _chunk(name, data):
            raise Unsure("a wrong checksum")
        chunks.append((name, data))
        start += 12 + size
        if name == b"IEND":
            break
    if not chunks or chunks[-1][0] != b"IEND":
        raise Refused("cut")
    return chunks


def _inflate(data: bytes, expected: int) -> bytes:
    try:
        inflater = zlib.decompressobj()
        rows = inflater.decompress(data, expected)
    except zlib.error as error:
        raise Unsure("a broken stream") from error
    if len(rows) < expected:
        raise Refused("fewer pixels than it claims")
    return rows
