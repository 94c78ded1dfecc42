"""What a client says of compression: RFC 9110, sections 8.4 and 12.5.3."""

import re
from collections.abc import Iterable

GZIP = (b"gzip", b"x-gzip")
"""Two names of one coding."""

_MEMBER = re.compile(
    rb"[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)"
    rb"(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?[ \t]*"
)


def accepts_gzip(accept_encoding: bytes) -> bool:
    """Does a client take gzip, and likes it no less than an answer that is not compressed?

    Args:
        accept_encoding: The header's value; empty when it is absent. What is malformed in it is
            ignored.
    """
    weights: dict[bytes, float] = {}
    for member in accept_encoding.split(b","):
        match = _MEMBER.fullmatch(member)
        if match is not None:
            coding = match[1].lower()
            weights[GZIP[0] if coding in GZIP else coding] = float(match[2] or 1)
    weight = weights.get(GZIP[0], weights.get(b"*", 0.0))
    return weight > 0 and weight >= weights.get(b"identity", 0.0)


def combined(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """The value of a header that is a list and may be sent in several lines."""
    return b",".join(value for other, value in headers if other == name)
