"""Words of a POSIX shell."""

import re

from samplegen.literals.code import LiteralError
from samplegen.literals.writing import Literals, Quotes, repr_numbers

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


SHELL = Literals(_quotes, ("false", "true"), repr_numbers(str), ("", " ", ""), last=None)
