"""The filters by which templates print values; each returns source text that is safe."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from jinja2.runtime import LoopContext

from samplegen.render.clients import Language
from samplegen.render.imports import ordered
from samplegen.render.literals import JSON, Code, LiteralError
from samplegen.render.literals.shell import octal
from samplegen.render.structures import cpp, go, java, python, shell

STRUCTURES: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "c++": cpp.FILTERS,
    "go": go.FILTERS,
    "java": java.FILTERS,
    "python": python.FILTERS,
    "shell": shell.FILTERS,
}
"""The filters that write messages and read answers, by kind of literal."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_DELIMITER = re.compile(r"[\s,;:|&+]*")


def of_language(language: Language) -> dict[str, Callable[..., Any]]:
    """The filters of a language's templates, by name."""
    literals = language.kind
    return {
        "quote": literals.quote,
        "values": literals.values,
        "value": literals.value,
        "bytes": literals.bytes,
        "boolean": literals.boolean,
        "name": name,
        "json": to_json,
        "json_values": JSON.values,
        "imports": partial(imports, str(language.literals)),
        "comment": literals.comment,
        "comma": comma,
        "number": number,
        "octal": octal,
        "join": join,
        "indent": indent,
        "trim": trim,
        **STRUCTURES.get(str(language.literals), {}),
        "element_type": _looked_up(language.datatypes, "element type"),
        **{table: _looked_up(rows, table) for table, rows in language.tables.items()},
    }


def name(value: object) -> Code:
    """The name of an enum's member or the like, as it is."""
    if isinstance(value, str) and _NAME.fullmatch(value):
        return Code(value)
    raise LiteralError(f"name: found {value!r}; expected letters, digits and '_'")


def to_json(value: Any) -> Code:
    """A text, or a value of any kind, as JSON on one line."""
    if isinstance(value, str):
        return JSON.quote(value)
    return Code(json.dumps(value, allow_nan=False))


def imports(kind: str, code: object) -> Code:
    """The lines that name what a program uses, in the order of the language."""
    return ordered(kind, _safe("imports", code))


def comma(loop: LoopContext) -> Code:
    """The comma after all but the last item of a loop."""
    return Code("" if loop.last else ",")


def number(loop: LoopContext) -> Code:
    """Tells the variables of a loop's items apart: nothing for the first, then 2, 3 and so on."""
    if not isinstance(loop, LoopContext):
        raise LiteralError(f"number: found {loop!r}; expected the variable 'loop'")
    return Code("" if loop.first else str(loop.index))


def join(items: Iterable[object], delimiter: str = "") -> Code:
    """Source texts as one, with blanks or punctuation between them."""
    if isinstance(items, str):
        raise LiteralError(f"join: found {items!r}; expected a list")
    texts = [_safe("join", item) for item in items]
    if not isinstance(delimiter, Code) and not _DELIMITER.fullmatch(delimiter):
        raise LiteralError(f"join: found {delimiter!r}; expected blanks or one of , ; : | & +")
    return Code(delimiter.join(texts))


def indent(code: object, width: int | str = 4, first: bool = False) -> Code:
    """Source text with its lines moved to the right; the first one only if asked for."""
    margin = " " * width if isinstance(width, int) else width
    if margin.strip():
        raise LiteralError(f"indent: found {width!r}; expected a number or blanks")
    lines = _safe("indent", code).split("\n")
    moved = [f"{margin}{line}" if line and (first or i) else line for i, line in enumerate(lines)]
    return Code("\n".join(moved))


def trim(code: object) -> Code:
    """Source text without blanks around it."""
    return Code(_safe("trim", code).strip())


def _safe(filter_name: str, value: object) -> str:
    if value.__class__ is Code or value.__class__ is int:
        return str(value)
    raise LiteralError(
        f"{filter_name}: found {value!r}; send it through quote, values, json or comment first"
    )


def _looked_up(table: Mapping[str, str], what: str) -> Callable[[str], Code]:
    codes = {datatype: Code(text) for datatype, text in table.items()}

    def looked_up(datatype: str) -> Code:
        """What a table of `language.yaml` has for a protocol datatype."""
        if datatype not in codes:
            raise LookupError(f"language.yaml has no {what} for datatype {datatype}")
        return codes[datatype]

    return looked_up
