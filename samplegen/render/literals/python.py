"""Python literals."""

from samplegen.render.layout.python import PythonLayout
from samplegen.render.literals.writing import (
    Literals,
    Nested,
    Quotes,
    bracketed,
    escaper,
    repr_numbers,
)


def number(code: int) -> str:
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


_NAMED = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))
_QUOTES = {
    quote: Quotes(quote, escaper((*_NAMED, (quote, f"\\{quote}")), number), quote)
    for quote in "\"'"
}


def _quotes(text: str) -> Quotes:
    """Double quotes, unless single ones need fewer escapes; so does `ruff format`."""
    return _QUOTES["'" if text.count('"') > text.count("'") else '"']


def _raw(content: bytes) -> str:
    plain = set(range(32, 127)) - set(b'"\\')
    text = "".join(chr(byte) if byte in plain else f"\\x{byte:02x}" for byte in content)
    return f'b"{text}"'


PYTHON = Literals(
    _quotes,
    ("False", "True"),
    repr_numbers('float("{}")'.format),
    ("[", ", ", "]"),
    raw=_raw,
    nested=Nested(
        lambda items: bracketed("[", items, "]"),
        lambda pairs: bracketed("{", map(": ".join, pairs), "}"),
        "None",
    ),
    layout=PythonLayout(),
    # Python would read the file in the encoding that a comment at its top names (PEP 263).
    remark=lambda text: text.replace("coding:", "coding :").replace("coding=", "coding ="),
)
