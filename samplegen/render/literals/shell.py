"""Words of a POSIX shell."""

import re
from collections.abc import Sequence

from samplegen.render.literals.code import Code, LiteralError, Scalar
from samplegen.render.literals.writing import Literals, Quotes, repr_numbers
from samplegen.spec.packing import raw

_SAFE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_UNFIT = re.compile("[\0\ud800-\udfff]")
_BARE = Quotes("", str, "")
_QUOTED = Quotes("'", lambda text: text.replace("'", "'\"'\"'"), "'")


def _quotes(text: str) -> Quotes:
    if _SAFE.fullmatch(text):
        return _BARE
    if unfit := _UNFIT.search(text):
        raise LiteralError(f"a shell word cannot hold the character {unfit[0]!a}: {text!r}")
    return _QUOTED


def _octal(content: bytes) -> str:
    return "".join(f"\\{byte:03o}" for byte in content)


SHELL = Literals(
    _quotes,
    ("false", "true"),
    repr_numbers(str),
    ("", " ", ""),
    raw=lambda content: f"'{_octal(content)}'",  # a format of printf
)


def octal(elements: Sequence[Scalar], datatype: str) -> Code:
    """A format of `printf` that prints the bytes of a tensor's elements; to stand in quotes."""
    return Code(_octal(raw(datatype, elements)))
