"""How google-java-format breaks a line."""

from dataclasses import dataclass
from functools import lru_cache

from samplegen.render.layout.javacode import SHORT
from samplegen.render.layout.javaparser import Parser, UnknownCodeError
from samplegen.render.layout.layouts import LineLayout, filled_numbers, margin_of
from samplegen.render.layout.levels import Document, utf16_units
from samplegen.render.layout.marks import CLOSE_LIST, OPEN_LIST


@dataclass(frozen=True)
class JavaLayout(LineLayout):
    """As google-java-format in its Google style; an array that is broken ends with a comma."""

    width: int = 100
    indent: str = "  "

    def broken(self, line: str) -> str:
        margin = margin_of(line)
        if self.columns(line) <= self.width or line.startswith(("//", "*", "/*"), len(margin)):
            return line
        if line.endswith(f"}}{CLOSE_LIST};") and '"' not in line and line.count(OPEN_LIST) == 1:
            return self._numbers(line, margin)
        line = line.replace(OPEN_LIST, "").replace(CLOSE_LIST, "")
        try:
            return _laid_out(line, len(margin), self.width)
        except (UnknownCodeError, RecursionError):  # the latter from a depth of about 150
            return line

    def columns(self, line: str) -> int:
        return utf16_units(line)

    def _numbers(self, line: str, margin: str) -> str:
        """An array of numbers, however many, without a look at each."""
        before, _, values = line.partition(OPEN_LIST)
        numbers = values.removesuffix(f"}}{CLOSE_LIST};")[1:]
        inner = f"{margin}{self.indent}"
        lines = [f"{numbers},"]
        if len(inner) + len(lines[0]) > self.width:
            items = numbers.split(", ")
            fills = max(map(len, items)) < SHORT
            room = self.width - len(inner)
            lines = filled_numbers(numbers, room) if fills else [f"{item}," for item in items]
        body = f"\n{inner}".join(lines)
        return f"{before}{{\n{inner}{body}\n{margin}}};"


@lru_cache(maxsize=256)
def _laid_out(line: str, margin: int, width: int) -> str:
    """A statement on lines that fit.

    Raises:
        UnknownCodeError: The line is none, or one that is not read.
    """
    parser = Parser(line)
    parts = parser.statement()
    while True:
        document = Document()
        for part in parts:
            if isinstance(part, str):
                document.text(part)
            else:
                part.write(document)
        text = document.laid_out(margin, width)
        # The comma behind the last item of a broken array is a reason to break what is around it.
        broken = [a for a in parser.arrays if a.level and a.level.is_broken and not a.is_broken]
        if not broken:
            return text
        for array in broken:
            array.is_broken = True
