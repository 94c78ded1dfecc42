"""gRPC's own part of the bytes: messages, deadlines and statuses; PROTOCOL-HTTP2.md."""

import re
import zlib
from enum import IntEnum
from urllib.parse import quote, unquote_to_bytes

_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_PREFIX = 5
"""Bytes before each message: whether it is compressed, and its length."""
_EITHER = zlib.MAX_WBITS | 32
"""Makes zlib tell gzip and deflate apart by itself."""
_LONGEST = 2**28
"""Bytes of a message that was compressed; one that grows beyond is not what a sample sends."""


class Code(IntEnum):
    """The statuses of gRPC."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


def code_name(code: int) -> str:
    """The name of a status; its number if it has none."""
    return Code(code).name if code in {*Code} else str(code)


def framed(message: bytes) -> bytes:
    """A message with its prefix; not compressed."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def split(body: bytes) -> list[bytes]:
    """The messages of a body, without their prefixes; what is cut at its end is left out."""
    splitter = Splitter()
    return splitter.messages(body)


class Splitter:
    """Takes a stream apart into messages, in whatever pieces it comes."""

    def __init__(self) -> None:
        self._pending = bytearray()

    @property
    def rest(self) -> bytes:
        """What is left behind the last whole message."""
        return bytes(self._pending)

    def messages(self, piece: bytes) -> list[bytes]:
        """The messages that this piece completes."""
        self._pending += piece
        found = []
        while len(self._pending) >= _PREFIX:
            end = _PREFIX + int.from_bytes(self._pending[1:_PREFIX], "big")
            if len(self._pending) < end:
                break
            message = bytes(self._pending[_PREFIX:end])
            found.append(_inflated(message) if self._pending[0] else message)
            del self._pending[:end]
        return found


def _inflated(message: bytes) -> bytes:
    """A message that was compressed, by gzip or deflate; as it is if by something else."""
    try:
        return zlib.decompressobj(_EITHER).decompress(message, _LONGEST)
    except zlib.error:
        return message


def seconds(timeout: str) -> float:
    """What `grpc-timeout` says.

    Raises:
        ValueError: It is malformed.
    """
    match = re.fullmatch(r"(\d{1,8})([HMSmun])", timeout)
    if match is None:
        raise ValueError(f"found the grpc-timeout {timeout!r}; expected up to 8 digits and a unit")
    return int(match[1]) * _UNITS[match[2]]


def escaped(details: str) -> str:
    """A status message as `grpc-message` holds it."""
    return quote(details, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")


def unescaped(text: str) -> str:
    """A status message as it was meant."""
    return unquote_to_bytes(text).decode(errors="replace")
