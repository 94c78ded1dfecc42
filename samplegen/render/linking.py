"""One text of a template and those that it extends: what a program is rendered from.

A form overrides blocks of its frame. Linking puts them where the frame has them, as Jinja would
while it renders; so what is rendered can be shown as one file that looks like the program. Macros
stay in the files they are imported from.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache

import jinja2

from samplegen.render.layout.marks import CLOSE_CALL, OPEN_CALL

Place = tuple[str, int]
"""A template's name, and a line of it, from 1."""

_NESTING = {"if", "for", "macro", "call", "filter", "with", "autoescape", "trans"}
"""The statements that end by `end…`; so does `set` without `=`."""
_CAPTURING = {"macro", "call", "filter", "set"}
"""Those of them that take what stands in them."""


@dataclass(frozen=True)
class Linked:
    """A template that extends no other one."""

    text: str
    rendered: str
    """The text with its blocks in place, which have been chosen: Jinja would look for them anew at
    each render."""
    places: tuple[Place, ...]
    """Where each line of the text comes from."""
    files: tuple[str, ...]
    """The templates that it is put together from, the form first."""


@dataclass(frozen=True)
class _Piece:
    """A tag, or the text between two tags."""

    text: str
    place: Place
    words: tuple[str, ...] = ()
    """Of a tag, what stands in it."""
    block: str = ""
    """Of the tags around a block, its name."""

    @property
    def keyword(self) -> str:
        """Of a statement, its first word."""
        return self.words[0] if self.words and self.text.startswith("{%") else ""

    @property
    def nests(self) -> bool:
        """Whether it is a statement that has an end, and is no block."""
        return self.keyword in _NESTING or (self.keyword == "set" and "=" not in self.words)

    def rendered(self, *, in_place: bool) -> str:
        """What stands for it in the text that is rendered.

        A block's tag is one that keeps the blanks around it, with the mark of a call behind it if
        the block is one of a call.

        Args:
            in_place: Whether blocks have been chosen, so that there is nothing left to do for them.
        """
        if self.keyword not in ("block", "endblock"):
            return self.text
        is_call = self.block == "call" or self.block.startswith("call_")
        if not (in_place or is_call):
            return self.text
        inner = "if true" if self.keyword == "block" else "endif"
        opening = self.text.partition(self.keyword)[0]
        body = self.text.rstrip("+-%} \t\n")
        closing = self.text[len(body) :]
        outer = inner if in_place else body[len(opening) :]
        if not is_call:
            return f"{opening}{inner} {closing}"
        # Two tags with the mark between them; the outer ones are those of the block.
        if self.keyword == "block":
            return f"{opening}{outer} %}}{OPEN_CALL}{{% {inner} {closing}"
        return f"{opening}{inner} %}}{CLOSE_CALL}{{% {outer} {closing}"

    def weight(self, line: str) -> int:
        """How much a line of it tells of where an error is."""
        if self.keyword in ("block", "endblock"):
            return 0
        return 2 if self.words else int(bool(line.strip()))


@dataclass
class _Block:
    """A block, with the tags around it."""

    name: str
    opening: _Piece
    body: "list[_Piece | _Block]" = field(default_factory=list)
    closing: _Piece | None = None


_Parts = list[_Piece | _Block]


def link(name: str, read: Callable[[str], str]) -> Linked:
    """The template of this name with all that it extends.

    Args:
        name: Below `templates/`.
        read: Returns the text of a template.

    Raises:
        jinja2.TemplateSyntaxError: A block is not closed, or a template extends itself.
    """
    files: list[str] = []
    statements: list[_Piece] = []
    layers: dict[str, list[_Block]] = {}
    parts: _Parts = []
    parent: str | None = name
    while parent is not None:
        if parent in files:
            raise jinja2.TemplateSyntaxError(f"{parent} extends itself", 1, files[-1])
        statements[:0] = _statements(parts)
        files.append(parent)
        source = read(parent)
        if not (statements or parts or "extends" in source or "block" in source):
            return _alone(parent, source)
        parts, parent = _parse(parent, source)
        for block in _blocks(parts):
            layers.setdefault(block.name, []).append(block)
    pieces = [*statements, *_resolved(parts, layers)]
    text = "".join(piece.text for piece in pieces)
    in_place = not any("self" in piece.words for piece in pieces)
    rendered = "".join(_rendered(pieces, in_place=in_place))
    return Linked(text, rendered, tuple(_places(pieces)), tuple(files))


def _alone(name: str, source: str) -> Linked:
    """A template that extends nothing and has no blocks, such as one of macros."""
    lines = range(1, source.count("\n") + 2)
    return Linked(source, source, tuple((name, line) for line in lines), (name,))


@cache
def _lexer() -> jinja2.Environment:
    return jinja2.Environment(keep_trailing_newline=True)  # noqa: S701  it only reads


def _parse(name: str, source: str) -> tuple[_Parts, str | None]:
    """The parts of a template, and the template that it extends."""
    top: _Parts = []
    opened: list[_Block] = []
    parent = None
    for piece in _pieces(name, source):
        into = opened[-1].body if opened else top
        match piece.keyword, *piece.words[1:]:
            case ["extends", parent_name]:
                parent = parent_name.strip("\"'")
            case ["block", block, *_]:
                opened.append(_Block(block, piece))
                into.append(opened[-1])
            case ["endblock", *_] if opened:
                opened.pop().closing = piece
            case _:
                into.append(piece)
    if opened:
        message = f"the block {opened[-1].name!r} is not closed"
        raise jinja2.TemplateSyntaxError(message, opened[-1].opening.place[1], name)
    return top, parent


def _pieces(name: str, source: str) -> Iterator[_Piece]:
    """The tags and texts of a template."""
    text, first, end = "", 1, 0
    words: list[str] = []
    for line, kind, value in _lexer().lex(source, name):
        part, _, edge = kind.rpartition("_")
        start = source.index(value, end)
        text += source[end:start]  # blanks that a "-" takes away
        end = start + len(value)
        if edge == "begin":
            if text:
                yield _Piece(text, (name, first))
            text, words = "", []
        first = first if text else line
        text += value
        if edge == "end":
            yield _Piece(text, (name, first), tuple(words) if part != "comment" else ())
            text = ""
        elif edge != "begin" and kind not in ("whitespace", "data", "comment"):
            words.append(value)
    if text:
        yield _Piece(text, (name, first))


def _blocks(parts: _Parts) -> Iterator[_Block]:
    """All blocks, those within others included."""
    for part in parts:
        if isinstance(part, _Block):
            yield part
            yield from _blocks(part.body)


def _statements(parts: _Parts) -> Iterator[_Piece]:
    """What a template that extends another one does outside of blocks, where it prints nothing."""
    depth = 0
    for part in parts:
        if isinstance(part, _Block) or not (depth or part.keyword):
            continue
        depth += part.nests - part.keyword.startswith("end")
        yield part if depth else _Piece(f"{part.text}\n", part.place)


def _resolved(parts: _Parts, layers: dict[str, list[_Block]]) -> Iterator[_Piece]:
    """The pieces of a template, its blocks as the uppermost template has them."""
    for part in parts:
        if isinstance(part, _Piece):
            yield part
            continue
        yield replace(part.opening, block=part.name)
        yield from _body(layers[part.name], layers)
        if part.closing:
            yield replace(part.closing, block=part.name)


def _body(of_block: list[_Block], layers: dict[str, list[_Block]]) -> Iterator[_Piece]:
    """What stands in a block; `super()` stands for the same block of the template below."""
    for part in of_block[0].body:
        if isinstance(part, _Piece) and part.words == ("super", "(", ")") and len(of_block) > 1:
            yield from _without_first_break(_body(of_block[1:], layers))
        else:
            yield from _resolved([part], layers)


def _rendered(pieces: Iterable[_Piece], *, in_place: bool) -> Iterator[str]:
    """What is rendered, piece by piece.

    What a filter, a macro or a variable takes has no marks: it is not yet a part of the program.
    """
    depth = 0
    for piece in pieces:
        depth += piece.keyword in _CAPTURING and piece.nests
        depth -= piece.keyword.removeprefix("end") in _CAPTURING and piece.keyword[:3] == "end"
        yield (replace(piece, block="") if depth else piece).rendered(in_place=in_place)


def _without_first_break(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """The body of a block without the line break behind its tag, which Jinja takes away there."""
    for number, piece in enumerate(pieces):
        if not number and not piece.words and piece.text.startswith("\n"):
            name, line = piece.place
            yield _Piece(piece.text[1:], (name, line + 1))
        else:
            yield piece


def _places(pieces: Iterable[_Piece]) -> Iterator[Place]:
    """Of each line the place of what stands on it, rather than of the tags of blocks around it."""
    place, weight = ("", 1), -1
    for piece in pieces:
        name, line = piece.place
        for part in piece.text.splitlines(keepends=True):
            if piece.weight(part) >= weight:
                place, weight = (name, line), piece.weight(part)
            if part.endswith("\n"):
                yield place
                line += 1
                place, weight = (name, line), -1
    yield place
