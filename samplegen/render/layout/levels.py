"""Text that may break at certain places, and where it does, as google-java-format decides.

Text stands in levels, which stand in each other. A level that fits on the rest of its line stays on
it. Else its breaks are taken: all of them, or, of those that fill lines, each one behind which
there is no room.
"""

from dataclasses import dataclass, field

from samplegen.render.layout.marks import plain


class Tag:
    """Whether the last of the breaks with this tag is taken; an indent of 4 if so, else of 0."""

    taken = False


Indent = int | Tag
_ENDLESS = 1 << 20
"""The width of what cannot stay on one line."""


@dataclass
class _Text:
    text: str
    width: int


@dataclass
class _Break:
    """A place where a line may end."""

    text: str
    """What stands there if it does not."""
    width: int
    fills: bool
    indent: int
    tag: Tag | None


@dataclass
class Level:
    """Text, breaks and other levels."""

    indent: Indent
    parts: "list[_Text | _Break | Level]" = field(default_factory=list)
    width: int = 0
    """On one line."""
    is_broken: bool = False
    """Whether it did not fit into its line when it was laid out."""


class Document:
    """Takes text, breaks and levels, then lays them out.

    Text belongs to the level of the break before it, even if that level is closed: so what cannot
    be parted from it, such as a semicolon, counts when the level is fitted into its line.
    """

    def __init__(self) -> None:
        self._base = self._level = Level(0)
        self._opened = [self._base]
        self._levels = [self._base]

    def open(self, indent: Indent = 0) -> Level:
        """Opens a level, whose broken lines are indented further, and returns it."""
        level = Level(indent)
        self._opened.append(level)
        self._levels.append(level)
        return level

    def close(self) -> None:
        """Closes the level that was opened last."""
        level = self._opened.pop()
        self._opened[-1].parts.append(level)

    def text(self, text: str) -> None:
        """Adds text without breaks."""
        self._level.parts.append(_Text(text, utf16_units(text)))

    def line_break(
        self,
        text: str = "",
        *,
        fills: bool = False,
        is_forced: bool = False,
        indent: int = 0,
        tag: Tag | None = None,
    ) -> None:
        """Adds a break to the level that is open; `text` stands there if it is not taken."""
        self._level = self._opened[-1]
        width = _ENDLESS if is_forced else len(text)
        self._level.parts.append(_Break(text, width, fills, indent, tag))

    def laid_out(self, margin: int, width: int) -> str:
        """The lines, none longer than `width` if that is possible.

        Args:
            margin: The blanks before the first line.
            width: In UTF-16 units.
        """
        for level in reversed(self._levels):  # the inner ones first
            level.width = sum(part.width for part in level.parts)
        writer = _Writer(margin, width)
        writer.write(self._base, margin)
        return "".join(writer.written)


class _Writer:
    def __init__(self, margin: int, width: int) -> None:
        self._width = width
        self._column = margin
        self.written = [" " * margin]

    def write(self, level: Level, indent: int) -> None:
        """Part by part: each break with all that follows up to the next one."""
        level.is_broken = True
        indent += _columns(level.indent)
        must_break = False
        for taken, parts in _cut(level):
            width = sum(part.width for part in parts)
            if taken is not None:
                fits = self._column + taken.width + width <= self._width
                self._write_break(taken, indent, not taken.fills or must_break or not fits)
            must_break = self._column + width > self._width
            for part in parts:
                if isinstance(part, Level) and self._column + part.width > self._width:
                    self.write(part, indent)
                else:
                    self._write_flat(part)

    def _write_break(self, taken: _Break, indent: int, is_taken: bool) -> None:
        if taken.tag is not None:
            taken.tag.taken = is_taken
        if not is_taken:
            self._write_flat(taken)
            return
        if self.written[-1].startswith("\n"):  # of two breaks at one place, the second counts
            self.written.pop()
        self._column = indent + taken.indent
        self.written.append("\n" + " " * self._column)

    def _write_flat(self, part: _Text | _Break | Level) -> None:
        self._column += part.width
        left = [part]
        while left:
            part = left.pop()
            if isinstance(part, Level):
                left += reversed(part.parts)
            elif part.text:
                self.written.append(part.text)


def _cut(level: Level) -> "list[tuple[_Break | None, list[_Text | Level]]]":
    """The parts of a level behind each of its breaks, and those before the first."""
    cut: list[tuple[_Break | None, list[_Text | Level]]] = [(None, [])]
    for part in level.parts:
        if isinstance(part, _Break):
            cut.append((part, []))
        else:
            cut[-1][1].append(part)
    return cut


def _columns(indent: Indent) -> int:
    if isinstance(indent, Tag):
        return 4 if indent.taken else 0
    return indent


def utf16_units(text: str) -> int:
    """The length of a text as Java counts it."""
    text = plain(text)
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
