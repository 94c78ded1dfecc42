"""What readers search for and pages do not say: languages, other names, split names.

Code is not in the search index, so each sample gets an entry of its own, which leads to its tab.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from samplegen.files import write_file
from samplegen.site.book import Book, Sample

INDEX = "search/search_index.json"
_BOOST = 4
"""Of the operations' pages among all that hold a word."""
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def enrich(site: Path, book: Book, keywords: Mapping[str, str], folder: str) -> bool:
    """Adds to the index of a built site.

    Args:
        site: Its folder.
        book: The samples.
        keywords: Address of a page to further words that lead to it.
        folder: That of the operations' pages.

    Returns:
        Whether there is an index of the kind that this knows: that of mkdocs-material.
    """
    path = site / INDEX
    if not path.is_file():
        return False
    index = json.loads(path.read_text(encoding="utf-8"))
    entries: list[dict[str, Any]] = index["docs"]
    pages = {entry["location"] for entry in entries}
    for entry in entries:
        if entry["location"].startswith(f"{folder}/") and "#" not in entry["location"]:
            entry["boost"] = _BOOST  # the name of a call stands on many pages, here it is called
        if words := keywords.get(entry["location"]):
            entry["text"] = f"{entry['text']} {words}".strip()
    suffix = "/" if f"{folder}/{next(iter(book.operations), '')}/" in pages else ".html"
    for sample in book.samples.values():
        location = f"{folder}/{sample.operation.name}{suffix}"
        if location in pages:
            entries.append({"location": f"{location}#{sample.anchor}", **_entry(sample)})
    write_file(path, json.dumps(index, ensure_ascii=False, separators=(",", ":")).encode())
    return True


def words_of(book: Book, name: str) -> str:
    """What leads to the page of an operation: its calls and how they are written."""
    operation = book.operations[name]
    rpcs = [word for call in operation.calls for word in (call.rpc, split(call.rpc))]
    return " ".join([*rpcs, name.replace("-", " "), *book.languages_of(operation)])


def split(name: str) -> str:
    """A name such as `ModelInfer` as its words."""
    return " ".join(_WORDS.split(name))


def _entry(sample: Sample) -> dict[str, str]:
    client, language = sample.client, sample.client.language
    names = _unique([language.title, client.name.partition("/")[0], *language.aliases])
    rpcs = [word for call in sample.operation.calls for word in (call.rpc, split(call.rpc))]
    said = [f"{sample.operation.title}.", *names, client.transport, client.install, *rpcs]
    return {"title": f"{language.title}: {client.title}", "text": " ".join(said)}


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
