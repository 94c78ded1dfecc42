"""Code as HTML: coloured by Pygments, with the connection values marked by their positions."""

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

Piece = tuple[str, str | None, str]
"""Class, name of the connection value, text."""


@lru_cache(maxsize=16384)
def highlight(text: str, lexer: str, spans: tuple[Span, ...] = ()) -> str:
    """The HTML of a program; its text content is exactly `text`."""
    return "".join(_element(*piece) for piece in _merged(_pieces(text, _lexer(lexer), spans)))


@lru_cache
def _lexer(name: str) -> Lexer:
    return get_lexer_by_name(name)


@lru_cache
def _class(token: _TokenType) -> str:
    while token not in _CLASSES:
        token = token.parent or Token
    return _CLASSES[token]


def _pieces(text: str, lexer: Lexer, spans: tuple[Span, ...]) -> Iterator[Piece]:
    """Tokens, cut so that each connection value is one piece."""
    position = 0
    waiting = list(reversed(spans))
    for start, token, value in lexer.get_tokens_unprocessed(text):
        end = start + len(value)
        while position < end:
            span = waiting[-1] if waiting else None
            if span is not None and span.start <= position:
                yield _class(token), span.name, text[span.start : span.end]
                position = max(position, span.end)
                waiting.pop()
            else:
                stop = min(end, span.start) if span is not None else end
                yield _class(token), None, text[position:stop]
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


def _element(css: str, name: str | None, text: str) -> str:
    text = escape(text, quote=False)
    if name is not None:
        classes = f"sg-value {css}".rstrip()
        return f'<span class="{classes}" data-value="{escape(name)}">{text}</span>'
    return f'<span class="{css}">{text}</span>' if css and text else text
