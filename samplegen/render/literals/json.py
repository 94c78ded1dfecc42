"""JSON, which is also offered to every language, for the bodies of REST requests."""

from json.encoder import encode_basestring_ascii

from samplegen.render.layout.layouts import JSON_LAYOUT
from samplegen.render.literals.code import LiteralError
from samplegen.render.literals.writing import Literals, Quotes, repr_numbers


def _no_number(value: float) -> str:
    raise LiteralError(f"JSON has no number {value}")


_QUOTES = Quotes('"', lambda text: encode_basestring_ascii(text)[1:-1], '"')

JSON = Literals(
    _QUOTES.always,
    ("false", "true"),
    repr_numbers(_no_number),
    ("[", ", ", "]"),
    layout=JSON_LAYOUT,
)
