"""Which clients take gzip: RFC 9110, section 12.5.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samplegen_server.content_coding import accepts_gzip, combined


@pytest.mark.parametrize(
    ("value", "accepts"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("compress;q=0.5,gzip;q=0.001", True),
        ("*", True),
        ("*;q=0.1", True),
        ("gzip ; q=0.5", True),
        ("gzip;Q=1", True),
        ("\tgzip\t", True),
        ("identity;q=0, gzip", True),
        ("identity;q=0.5, gzip", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("x-gzip;q=0.0", False),
        ("gzip;q=0, identity", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("identity, gzip;q=0.5", False),
        ("identity", False),
        ("deflate, br", False),
        ("gzipped", False),
        ("not-gzip, gzip-x", False),
        ("gzip;q=2", False),
        ("gzip;q=x", False),
        ("gzip;level=0", False),
        ("deflate;q=gzip", False),
    ],
)
def test_accepts_gzip(value: str, accepts: bool) -> None:
    assert accepts_gzip(value.encode()) is accepts


@given(st.binary(max_size=40))
def test_anything_else_is_no_failure(value: bytes) -> None:
    assert accepts_gzip(value) in (True, False)


def test_several_lines_are_one_list() -> None:
    headers = [(b"accept-encoding", b"br"), (b"host", b"x"), (b"accept-encoding", b"gzip")]
    assert accepts_gzip(combined(headers, b"accept-encoding"))
    assert not accepts_gzip(combined(headers[:2], b"accept-encoding"))
