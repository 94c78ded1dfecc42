"""The OpenAPI file of a project, as it is given, with the judged samples."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from samplegen import yamlfile
from samplegen.contract import openapi
from samplegen.errors import Problem, SamplegenError
from samplegen.overlay import EXTENSION, as_yaml
from samplegen.resources import shown
from samplegen.site.book import Book
from samplegen.site.openapi import code_samples, users
from samplegen.yamlfile import Document

_Entries = list[dict[str, str]]


def name(file: Path) -> str:
    """What the file is called on the site."""
    return "openapi.json" if file.suffix == ".json" else "openapi.yaml"


def files(book: Book, file: Path) -> dict[str, str]:
    """The file with the samples, and those that it refers to: address below the site to text.

    Nothing else of it changes. An operation that has samples keeps them.

    Raises:
        SamplegenError: It refers to a file that lies elsewhere than below its folder, or samples
            cannot be added where an operation stands.
    """
    found = {name(file): _with_samples(book, yamlfile.read(file))}
    folder = file.absolute().parent
    for other in openapi.files(file)[1:]:
        if not other.is_relative_to(folder):
            message = f"refers to {shown(other)}, which the site cannot publish; move it below"
            raise SamplegenError(Problem(f"{message} {shown(folder)}", shown(file)))
        found[other.relative_to(folder).as_posix()] = other.read_text(encoding="utf-8")
    return found


def _with_samples(book: Book, document: Document) -> str:
    text: str = document.text
    edits: dict[int, str] = {}
    for path, verb, node in _operations(document):
        route = f"{verb.upper()} {book.contract.base_path}{path}"
        entries = code_samples(book, users(book, route))
        if entries and not any(key.value == EXTENSION for key, _ in node.value):
            edits[_at(document, node.value[0][0])] = _written(node, entries)
            document.values["paths"][path][verb][EXTENSION] = entries
    for place, added in sorted(edits.items(), reverse=True):
        text = text[:place] + added + text[place:]
    if yamlfile.parse(text, document.path).values != document.values:
        message = "samples cannot be added where an operation stands; write it without anchors"
        raise SamplegenError(Problem(message, shown(document.path)))
    return text


def _operations(document: Document) -> Iterator[tuple[str, str, Any]]:
    """Path, method and node of each operation that stands in the file itself."""
    for path, item in _pairs(document.root, "paths"):
        for verb, node in _items(item):
            if isinstance(node, yaml.MappingNode) and node.value:
                yield path, verb, node


def _pairs(node: Any, key: str) -> Iterator[tuple[str, Any]]:
    for known, value in _items(node):
        if known == key:
            yield from _items(value)


def _items(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((key.value, value) for key, value in node.value)


def _written(node: Any, entries: _Entries) -> str:
    """The samples as the first item of a mapping: in its style, and as far to the right."""
    first = node.value[0][0].start_mark
    margin: str = " " * first.column
    if node.flow_style:
        own_line = first.line > node.start_mark.line
        value = json.dumps(entries, ensure_ascii=False)
        return f'"{EXTENSION}": {value},' + (f"\n{margin}" if own_line else " ")
    lines = as_yaml({EXTENSION: entries}).splitlines()
    return "".join(f"{line and margin}{line}\n" for line in lines).lstrip(" ") + margin


def _at(document: Document, node: Any) -> int:
    """Where a node starts in the text."""
    lines = document.text.splitlines(keepends=True)
    start: int = node.start_mark.column
    return start + sum(map(len, lines[: node.start_mark.line]))
