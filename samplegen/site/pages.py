"""Pages that nobody has to write: one for each operation and one for each client."""

from collections.abc import Sequence
from typing import Any

import yaml

from samplegen.render.clients import Client
from samplegen.site import views
from samplegen.site.book import Book
from samplegen.site.escaping import text
from samplegen.site.views import CLIENTS, OPERATIONS
from samplegen.spec.operation import Operation

ALL = f"{OPERATIONS}/*"
"""Stands in `nav` for the pages of all operations."""
ALL_CLIENTS = f"{CLIENTS}/*"
"""Stands in `nav` for the pages of all clients."""

LONGEST = 40
"""Operations that the navigation lists without sections."""


def operation_page(book: Book, operation: Operation) -> str:
    """The page of an operation, for which nobody has written one by hand."""
    name = operation.name
    languages = _listing(book.languages_of(operation))
    meta = {
        "title": f"{book.api.short}: {operation.title} in {languages}",
        "description": f"{_line(operation.summary)} Complete, tested {book.api.short} programs in "
        f"{languages}.",
        "hide": ["toc"],
    }
    parts = [
        _front(meta),
        f"# {text(operation.title)}",
        operation.summary,
        operation.description.strip(),
        f"::: samplegen {name}",
        f"::: samplegen-omits {name}",
        "## Install the package",
        f"::: samplegen-install {name}",
        "## RPC and REST route",
        f"::: samplegen-calls {name}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def client_page(book: Book, client: Client) -> str:
    """The page of a client, for which nobody has written one by hand."""
    language = client.language.title
    what = f"{book.api.short} {language} client example: {client.title}"
    about = _line(client.about) or f"Complete, tested programs in {language} with {client.title}."
    meta = {"title": what, "description": f"{what}. {about}"}
    heading = f"# {text(language)}: {text(client.title)}"
    return "\n\n".join([_front(meta), heading, f"::: samplegen-client {client.name}"]) + "\n"


def _front(meta: dict[str, Any]) -> str:
    """Front matter, whatever the values hold."""
    return f"---\n{yaml.safe_dump(meta, allow_unicode=True, sort_keys=False, width=1000)}---"


def _line(markdown: str) -> str:
    """A text on one line, without the marks of code."""
    return " ".join(markdown.replace("`", "").split())


def _listing(words: Sequence[str]) -> str:
    """Words as a sentence names them."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def with_pages(nav: Any, book: Book) -> Any:
    """The navigation with `operations/*` and `clients/*` replaced by the pages they stand for."""
    made = {
        ALL: _listed(list(book.operations.values())),
        ALL_CLIENTS: [
            {f"{client.language.title}: {client.title}": views.client_page(client)}
            for client in book.clients.values()
        ],
    }
    return _with(nav, made)


def _with(nav: Any, made: dict[str, list[Any]]) -> Any:
    if isinstance(nav, list):
        return [one for item in nav for one in _items(item, made)]
    if isinstance(nav, dict):
        return {title: _with(value, made) for title, value in nav.items()}
    return nav


def _items(item: Any, made: dict[str, list[Any]]) -> list[Any]:
    if isinstance(item, str) and item in made:
        return made[item]
    return [_with(item, made)]


def _listed(operations: Sequence[Operation]) -> list[Any]:
    """The pages of the operations; where a plain list is too long, in a section for each form.

    Every page holds the whole section that it is in, so sections have an end, too.
    """
    if len(operations) <= LONGEST:
        return [_file(operation) for operation in operations]
    forms: dict[str, list[dict[str, str]]] = {}
    for operation in operations:
        forms.setdefault(operation.form, []).append(_file(operation))
    return [
        {
            f"{form} {start // LONGEST + 1}" if len(files) > LONGEST else form: files[start:][
                :LONGEST
            ]
        }
        for form, files in forms.items()
        for start in range(0, len(files), LONGEST)
    ]


def _file(operation: Operation) -> dict[str, str]:
    """A short name and the page."""
    return {operation.name.replace("-", " ").capitalize(): f"{OPERATIONS}/{operation.name}.md"}
