"""Code as HTML: coloured by Pygments, with the connection values marked by their positions."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, String, Token, _TokenType
from pygments.util import ClassNotFound

from samplegen.errors import SamplegenError
from samplegen.render.layout.marks import Span

_CLASSES: dict[_TokenType, str] = {
    Token: "",
    Comment: "c",
    Comment.Preproc: "cp",
    Keyword: "k",
    Keyword.Constant: "kc",
    Name.Builtin: "nb",
    Name.Class: "nc",
    Name.Decorator: "nd",
    Name.Function: "nf",
    Number: "m",
    String: "s",
}
"""Token types that get a colour of their own, with their class in Pygments' style sheets.

All others stay plain text: twelve programs must fit on a page that a phone shows at once.
"""

_PARAGRAPH = re.compile(r"(?<=\n\n)(?=\S)")
"""Programs are formatted: what follows an empty line and is not indented begins anew.

Most such paragraphs stand in many programs, and are coloured once for all.
"""

Piece = tuple[str, str | None, str]
"""Class, name of the connection value, text."""


def highlight(text: str, lexer: str, spans: tuple[Span, ...] = ()) -> str:
    """The HTML of a program; its text content is exactly `text`."""
    plain, places = _blanked(text, spans)
    values = [escape(text[span.start : span.end], quote=False) for span in spans]
    html: list[str] = []
    offset = 0
    for paragraph in _PARAGRAPH.split(plain):
        end = offset + len(paragraph)
        inside = tuple(
            Span(place.start - offset, place.end - offset, place.name)
            for place in places
            if offset <= place.start < end
        )
        first, *others = _coloured(paragraph, lexer, inside)
        html.append(first)
        for part in others:
            html += (values.pop(0), part)
        offset = end
    return "".join(html)


def _blanked(text: str, spans: tuple[Span, ...]) -> tuple[str, list[Span]]:
    """The text with every connection value made one character, and where these stand.

    A value has the colour of the literal it stands in, whatever it says.
    """
    parts: list[str] = []
    places: list[Span] = []
    length = position = 0
    for span in spans:
        between, value = text[position : span.start], text[span.start : span.end]
        start = length + len(between)
        length = start + 1
        parts += (between, "1" if value.isdecimal() else "a")
        places.append(Span(start, length, span.name))
        position = span.end
    return "".join([*parts, text[position:]]), places


@lru_cache(maxsize=16384)
def _coloured(paragraph: str, lexer: str, places: tuple[Span, ...]) -> list[str]:
    """The HTML of a paragraph, in parts between which the values belong."""
    parts = [""]
    for css, name, text in _merged(_pieces(paragraph, lexer, places)):
        if name is not None:
            classes = f"sg-value {css}".rstrip()
            parts[-1] += f'<span class="{classes}" data-value="{escape(name)}">'
            parts.append("</span>")
        elif css and text:
            parts[-1] += f'<span class="{css}">{escape(text, quote=False)}</span>'
        else:
            parts[-1] += escape(text, quote=False)
    return parts


def _pieces(paragraph: str, lexer: str, places: tuple[Span, ...]) -> Iterator[Piece]:
    """Tokens, cut so that each place is one piece."""
    waiting = list(reversed(places))
    position = 0
    for start, token, value in _lexer(lexer).get_tokens_unprocessed(paragraph):
        end = start + len(value)
        while position < end:
            place = waiting[-1] if waiting else None
            if place is not None and place.start <= position:
                yield _class(token), place.name, ""
                position = place.end
                waiting.pop()
            else:
                stop = min(end, place.start) if place is not None else end
                yield _class(token), None, paragraph[position:stop]
                position = stop


def _merged(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Neighbours of one class as one piece; white space takes the class before it."""
    css, run = "", ""
    for piece_css, name, text in pieces:
        if name is not None:
            yield css, None, run
            yield piece_css, name, text
            css, run = "", ""
        elif piece_css == css or text.isspace():
            run += text
        else:
            yield css, None, run
            css, run = piece_css, text
    yield css, None, run


@lru_cache
def _lexer(name: str) -> Lexer:
    try:
        return get_lexer_by_name(name)
    except ClassNotFound as error:
        message = f"no Pygments lexer {name!r}; name one of them in language.yaml"
        raise SamplegenError(message) from error


@lru_cache
def _class(token: _TokenType) -> str:
    while token not in _CLASSES:
        token = token.parent or Token
    return _CLASSES[token]
