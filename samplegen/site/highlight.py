"""Code as HTML: coloured by Pygments, with the connection values marked by their positions."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, String, Token, _TokenType

from samplegen.literals import Span

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


@lru_cache(maxsize=16384)
def highlight(text: str, lexer: str, spans: tuple[Span, ...] = ()) -> str:
    """The HTML of a program; its text content is exactly `text`."""
    return "".join(_element(*piece) for piece in _merged(_pieces(text, lexer, spans)))


@lru_cache
def _lexer(name: str) -> Lexer:
    return get_lexer_by_name(name)


@lru_cache
def _class(token: _TokenType) -> str:
    while token not in _CLASSES:
        token = token.parent or Token
    return _CLASSES[token]


@lru_cache(maxsize=16384)
def _tokens(paragraph: str, lexer: str) -> tuple[tuple[str, str], ...]:
    """Class and text of each token."""
    tokens = _lexer(lexer).get_tokens_unprocessed(paragraph)
    return tuple((_class(token), text) for _, token, text in tokens)


def _pieces(text: str, lexer: str, spans: tuple[Span, ...]) -> Iterator[Piece]:
    """Tokens, cut so that each connection value is one piece."""
    plain, places = _blanked(text, spans)
    values = iter(spans)
    waiting = list(reversed(places))
    position = end = 0
    for paragraph in _PARAGRAPH.split(plain):
        for css, token in _tokens(paragraph, lexer):
            end += len(token)
            while position < end:
                place = waiting[-1] if waiting else None
                if place is not None and place.start <= position:
                    value = next(values)
                    yield css, value.name, text[value.start : value.end]
                    position = max(position, place.end)
                    waiting.pop()
                else:
                    stop = min(end, place.start) if place is not None else end
                    yield css, None, plain[position:stop]
                    position = stop


def _blanked(text: str, spans: tuple[Span, ...]) -> tuple[str, list[Span]]:
    """The text with every connection value made one character, and where these stand.

    A value has the colour of the literal it stands in, whatever it says.
    """
    parts: list[str] = []
    places: list[Span] = []
    length = position = 0
    for span in spans:
        between, value = text[position : span.start], text[span.start : span.end]
        blank = value and ("1" if value.isdecimal() else "a")
        start = length + len(between)
        length = start + len(blank)
        parts += (between, blank)
        places.append(Span(start, length, span.name))
        position = span.end
    return "".join([*parts, text[position:]]), places


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


def _element(css: str, name: str | None, text: str) -> str:
    text = escape(text, quote=False)
    if name is not None:
        classes = f"sg-value {css}".rstrip()
        return f'<span class="{classes}" data-value="{escape(name)}">{text}</span>'
    return f'<span class="{css}">{text}</span>' if css and text else text
