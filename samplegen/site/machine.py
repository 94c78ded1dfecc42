"""What machines read: plain pages, lists of them, and an index of all samples."""

import hashlib
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from samplegen.outputs import PublishedSample, call_lines, connection_values, to_json
from samplegen.site import escaping
from samplegen.site.book import Book, Sample
from samplegen.site.directives import prose
from samplegen.site.projects import PROJECTS, archive

INDEX = "samples.json"
_MARKUP = re.compile(r"[<{]")
_CODE = re.compile(r"(`+[^`]*`+)")
_BREAK = re.compile(r"<br\b[^>]*>")
_TAG = re.compile(r"</?(?:div|section|a|span)\b[^>]*>")
_ATTRIBUTES = re.compile(r"[ \t]*\{:?[ \t]*[.#][^{}\n]*\}[ \t]*$|(?<=\))\{[ \t]*[.#][^{}\n]*\}")
_LINK = re.compile(r"\]\((?P<file>[^()\s:#]+\.\w+)(?P<anchor>#[^()\s]*)?\)")


@dataclass(frozen=True)
class Twin:
    """A page as plain Markdown."""

    uri: str
    """Of its file, below the site."""
    title: str
    description: str
    text: str


def plain(markdown: str, source: str, addresses: Mapping[str, str]) -> str:
    """A page without the markup of the site around it; its links go to other twins and to files.

    Args:
        markdown: The page, its directives expanded.
        source: Its file, below the docs folder.
        addresses: File below the docs folder to its full address; of a page, to that of its twin.
    """

    def twin(match: re.Match[str]) -> str:
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), match["file"]))
        return f"]({addresses.get(file, match['file'])}{match['anchor'] or ''})"

    def line(text: str) -> str:
        if _MARKUP.search(text):
            parts = _CODE.split(_ATTRIBUTES.sub("", text))
            parts[::2] = [_TAG.sub("", _BREAK.sub(" ", part)) for part in parts[::2]]
            text = "".join(parts)
        return _LINK.sub(twin, text)

    return prose(markdown, line).strip() + "\n"


def llms(title: str, summary: str, root: str, twins: Sequence[Twin], openapi: str) -> str:
    """`llms.txt`: what there is in groups, for those who will then ask for a page.

    Args:
        title: Of the site.
        summary: Of the site.
        root: The address of the site.
        twins: The pages.
        openapi: The file below the site that has the REST API.
    """
    groups: dict[str, list[Twin]] = {"Operations": [], "Clients": [], "Guides and reference": []}
    for twin in twins:
        folder = twin.uri.partition("/")[0].capitalize()
        groups[folder if folder in groups else "Guides and reference"].append(twin)
    lines = [f"# {title}", "", f"> {summary}"]
    for heading, members in groups.items():
        if members:
            lines += ["", f"## {heading}", ""]
        for twin in members:
            about = f": {twin.description}" if twin.description else ""
            lines.append(f"- [{escaping.text(twin.title)}]({root}{twin.uri}){about}")
    lines += [
        "",
        "## Data",
        "",
        f"- [All pages in one file]({root}llms-full.txt)",
        f"- [All samples, their digests, projects and verdicts]({root}{INDEX})",
        f"- [The REST API, with samples]({root}{openapi})",
    ]
    return "\n".join(lines) + "\n"


def llms_full(twins: Sequence[Twin]) -> str:
    """`llms-full.txt`: all pages, one after the other."""
    return "\n\n".join(twin.text.strip() for twin in twins) + "\n"


def index(book: Book, root: str, archives: Mapping[str, bytes]) -> str:
    """A JSON array of all samples, a line each: where it is, its digest, what was proved of it.

    Args:
        book: The samples.
        root: The address of the site.
        archives: The projects, by their names.
    """
    samples = (_entry(sample, root, archives) for sample in book.samples.values())
    lines = ",\n".join(to_json(sample).decode() for sample in samples)
    return f"[\n{lines}\n]\n"


def _entry(sample: Sample, root: str, archives: Mapping[str, bytes]) -> PublishedSample:
    project = archives.get(archive(sample))
    return PublishedSample(
        operation=sample.operation.name,
        title=sample.operation.title,
        client=sample.client.name,
        client_title=sample.client.title,
        language=sample.client.language.title,
        transport=sample.client.transport,
        install=sample.client.install,
        page=f"{root}operations/{sample.operation.name}/#{sample.anchor}",
        file=f"{root}samples/{sample.path}",
        data=tuple(f"{root}samples/data/{file}" for file in sample.operation.files),
        sha256=sample.sha256,
        project=f"{root}{PROJECTS}/{archive(sample)}" if project is not None else "",
        project_sha256=hashlib.sha256(project).hexdigest() if project is not None else "",
        state=sample.state,
        verdict=sample.verdict,
        values=connection_values(sample.rendered),
        calls=call_lines(sample.rendered),
    )
