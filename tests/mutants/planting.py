"""Plants faults in templates: each mutant becomes a client of its own in a folder of templates.

So a mutant is generated, built, run and judged like any client, at any ports. Beside the mutants
stand controls, the same copies without a fault: if one fails, nothing that is caught counts. None
is planted where a sample is spared a check by the name of its client, which a mutant does not have.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict, Field, StrictStr

from samplegen.catalogue import Catalogue, Cell
from samplegen.gates import Gate
from samplegen.resources import template_layers
from samplegen.yamlfile import load

DATA = Path(__file__).parent
"""Faults that only running the samples can show."""
STATIC_DATA = DATA / "static"
"""Faults that are seen before; they are no part of the score."""
LANGUAGES = ("python", "cpp", "java", "go", "curl")
KINDS = {
    "A": "The cause of an error is swallowed, or is not one line on stderr",
    "B": "A call, or connecting, has no deadline",
    "C": "The deadline is another one",
    "D": "A request is sent again without a word",
    "E": "An answer counts as a success that is none",
    "F": "A file or folder is left, changed or removed",
    "G": "A process is left",
    "H": "What is printed is not all that was answered",
    "I": "The machine's language, time zone, terminal or chance decide what is printed",
    "J": "Only one layout of the same answer is read",
    "K": "Something else is sent than what is documented",
    "L": "A program or its template tells the judge from a reader",
    "M": "It does something besides, or needs something else",
    "N": "What is opened is not closed",
}
"""The kinds of faults, by which the judge is scored."""
ELSEWHERE = "nothing is planted here"
"""Why a mutant has no sample of other operations."""
_FORBID = ConfigDict(extra="forbid")
_NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"


def _hunks(change: str) -> str:
    """Refuses what is no diff."""
    first, *lines = change.splitlines()
    if first != "@@" or not all(line[:1] in ("", " ", "-", "+") or line == "@@" for line in lines):
        raise ValueError("expected lines that start with a space, - or +, and @@ before each hunk")
    return change


def _known(kind: str) -> str:
    """Refuses a kind that there is not."""
    if kind not in KINDS:
        raise ValueError(f"expected one of {', '.join(KINDS)}")
    return kind


@dataclass(frozen=True, kw_only=True)
class Row:
    """A fault, as `<language>.yaml` describes it."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    name: Annotated[StrictStr, Field(pattern=_NAME)]
    client: StrictStr
    """Below the language's folder: `requests`."""
    operation: StrictStr
    kind: Annotated[StrictStr, AfterValidator(_known)]
    """What kind of fault it is: a letter of `KINDS`."""
    fault: StrictStr
    """What is wrong with it, in a few words."""
    change: Annotated[StrictStr, AfterValidator(_hunks)]
    """A diff of the templates that make the sample. The lines that a hunk takes away or keeps stand
    exactly once in its form, or if not there, in what the form extends and includes."""
    caught_by: Gate
    """The gate that it must fail."""
    says: StrictStr = ""
    """What the judge must say, where the gate alone does not tell that it saw this very fault."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A sample that is judged: a mutant, or a control if it has no row."""

    language: str
    source: str
    """The client, `<language>/<client>`, whose templates it was made from."""
    operation: str
    row: Row | None = None

    @property
    def edits(self) -> Iterator[tuple[str, str]]:
        """Of each hunk the lines that it replaces, and those that take their place."""
        for hunk in self.row.change.removeprefix("@@\n").split("@@\n") if self.row else ():
            lines = [(line[:1] or " ", line[1:] + "\n") for line in hunk.splitlines()]
            old, new = ("".join(t for mark, t in lines if mark in kept) for kept in (" -", " +"))
            yield old, new

    @property
    def client(self) -> str:
        """The name of the client that it is in the folder of templates."""
        if self.row is not None:
            return f"{self.language}/mutant-{self.row.name}"
        return f"{self.language}/control-{self.source.partition('/')[2]}-{self.operation}"

    @property
    def cell(self) -> tuple[str, str]:
        return self.operation, self.client


class Nursery:
    """Templates, as the ground that faults are planted in: the packaged ones, or a project's."""

    def __init__(self, spec: Sequence[Path] = (), templates: Sequence[Path] = ()) -> None:
        self._folders = spec, templates
        self._catalogue = Catalogue(spec, templates)
        self._layers = template_layers(templates)
        self._drawn: dict[tuple[str, str], dict[str, str]] = {}

    @cached_property
    def cells(self) -> dict[tuple[str, str], Cell]:
        """The cells of the matrix by the names of operation and client."""
        return {cell.key: cell for cell in self._catalogue.cells}

    def templates(self, planted: Planted) -> dict[str, str]:
        """All templates that make the sample, faults included: path to text.

        Raises:
            ValueError: What a hunk replaces does not stand exactly once where it should.
        """
        cell = self.cells[planted.operation, planted.source]
        form = cell.client.template(cell.operation)
        found = dict(self._drawn_on(cell))
        problems = []
        for old, new in planted.edits:
            # A block of the frame may be replaced by the form's, which comes first.
            counts = {path: _lines(text).count(f"\n{old}") for path, text in found.items()}
            path = next((path for path, count in counts.items() if count), form)
            if counts[path] == 1 and (path == form or sum(counts.values()) == 1):
                changed = _lines(found[path]).replace(f"\n{old}", f"\n{new}")
                found[path] = changed.removeprefix("\n")
            else:
                problems.append(f"{planted.client}: expected once, found {counts}:\n{old}")
        if problems:
            raise ValueError("\n".join(problems))
        return found

    def plant(self, planted: Iterable[Planted], folder: Path) -> None:
        """Writes a client for each into a folder of templates."""
        operations = {operation for operation, _ in self.cells}
        for one in planted:
            for path, text in self.templates(one).items():
                # What all clients of a language share becomes the mutant's own, too.
                # A name may be put together from such a beginning and more.
                reference = rf'"({one.language}/[\w/.-]+)"'
                own = re.sub(reference, partial(_reference, one), text)
                file = folder / _moved(path, one)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(own, encoding="utf-8")
            omits = "".join(
                f"  {name}: {ELSEWHERE}\n" for name in sorted(operations - {one.operation})
            )
            client = self._read(f"{one.source}/client.yaml")
            target = folder / one.client
            (target / "client.yaml").write_text(f"{client}\nomits:\n{omits}", encoding="utf-8")
            for name, file in self._beside(one.source):
                copy = folder / _moved(name, one)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(file.read_bytes())

    def _drawn_on(self, cell: Cell) -> dict[str, str]:
        """The templates that make a sample: path to text."""
        if cell.key not in self._drawn:
            catalogue = Catalogue(*self._folders)  # it has loaded nothing else
            catalogue.render(cell)
            self._drawn[cell.key] = {p: self._read(p) for p in catalogue.renderer.loaded}
        return self._drawn[cell.key]

    def _beside(self, source: str) -> Iterator[tuple[str, Path]]:
        """What a client's samples are built with: path to file."""
        for part in ("project", "tools"):
            for name, file in self._layers.glob(f"{source}/{part}/**/*").items():
                if file.is_file():
                    yield name, file

    def _read(self, path: str) -> str:
        file = self._layers.find(path)
        if file is None:
            raise FileNotFoundError(path)
        return file.read_text(encoding="utf-8")


def rows(language: str, folder: Path = DATA) -> tuple[Row, ...]:
    """The faults of a language, in a folder of theirs.

    Raises:
        SamplegenError: Its file has mistakes.
    """
    return load(folder / f"{language}.yaml", tuple[Row, ...])


def mutants(languages: Sequence[str] = LANGUAGES, folder: Path = DATA) -> Iterator[Planted]:
    """All mutants of the languages."""
    for language in languages:
        for row in rows(language, folder):
            source = f"{language}/{row.client}"
            yield Planted(language=language, source=source, operation=row.operation, row=row)


def controls(planted: Iterable[Planted]) -> list[Planted]:
    """A control for each sample that a fault was planted in."""
    return list(
        {
            (one.source, one.operation): Planted(
                language=one.language, source=one.source, operation=one.operation
            )
            for one in planted
        }.values()
    )


def _lines(text: str) -> str:
    """The text with a line break before each line, too."""
    return f"\n{text}"


def _reference(planted: Planted, match: re.Match[str]) -> str:
    return f'"{_moved(match[1], planted)}"'


def _moved(path: str, planted: Planted) -> str:
    """Where the mutant's own copy of a template is."""
    own = path.removeprefix(f"{planted.source}/")
    if own != path:
        return f"{planted.client}/{own}"
    return f"{planted.client}/shared/{path.removeprefix(f'{planted.language}/')}"
