"""What machines read: plain pages, lists of them, and an index of all samples."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from samplegen.outputs import PublishedSample, connection_values, to_json
from samplegen.site.book import Book, Sample

INDEX = "samples.json"
_LINK = re.compile(r"\]\((?P<page>[^()\s:]+\.md)(?P<anchor>#[^()\s]*)?\)")


@dataclass(frozen=True)
class Twin:
    """A page as plain Markdown."""

    uri: str
    """Of its file, below the site."""
    title: str
    description: str
    text: str


def with_links(line: str, source: str, addresses: Mapping[str, str]) -> str:
    """A line of Markdown whose links to other pages go to their twins.

    Args:
        line: Prose, no code.
        source: The file that it stands in, below the docs folder.
        addresses: File of a page to the full address of its twin.
    """

    def twin(match: re.Match[str]) -> str:
        page = posixpath.normpath(posixpath.join(posixpath.dirname(source), match["page"]))
        return f"]({addresses.get(page, match['page'])}{match['anchor'] or ''})"

    return _LINK.sub(twin, line)


def llms(title: str, summary: str, root: str, twins: Sequence[Twin]) -> str:
    """`llms.txt`: what there is, for those who will then ask for a page."""
    lines = [f"# {title}", "", f"> {summary}", "", "## Pages", ""]
    lines += [
        f"- [{twin.title}]({root}{twin.uri})"
        + (f": {twin.description}" if twin.description else "")
        for twin in twins
    ]
    lines += [
        "",
        "## Data",
        "",
        f"- [All pages in one file]({root}llms-full.txt)",
        f"- [All samples, their digests and verdicts]({root}{INDEX})",
        f"- [The REST API, with samples]({root}openapi.json)",
    ]
    return "\n".join(lines) + "\n"


def llms_full(twins: Sequence[Twin]) -> str:
    """`llms-full.txt`: all pages, one after the other."""
    return "\n\n".join(twin.text.strip() for twin in twins) + "\n"


def index(book: Book, root: str) -> str:
    """A JSON array of all samples, a line each: where it is, its digest, what was proved of it."""
    samples = (_entry(sample, root) for sample in book.samples.values())
    lines = ",\n".join(to_json(sample).decode() for sample in samples)
    return f"[\n{lines}\n]\n"


def _entry(sample: Sample, root: str) -> PublishedSample:
    return PublishedSample(
        operation=sample.operation.name,
        title=sample.operation.title,
        client=sample.client.name,
        client_title=sample.client.title,
        language=sample.client.language.title,
        transport=sample.client.transport,
        install=sample.client.install,
        file=f"{root}samples/{sample.path}",
        data=tuple(f"{root}samples/data/{file}" for file in sample.operation.files),
        sha256=sample.sha256,
        state=sample.state,
        verdict=sample.verdict,
        values=connection_values(sample.rendered),
    )
