"""HTML of what a page shows of samples: tab sets, the matrix, the last run.

It is put into a page after Markdown and search have seen it: neither needs to parse code.
"""

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count

import markdown

from samplegen.errors import SamplegenError
from samplegen.gates import GATES
from samplegen.render.clients import Client
from samplegen.site.book import Book, Sample
from samplegen.site.escaping import html
from samplegen.site.form import form
from samplegen.site.highlight import highlight
from samplegen.site.program import Programs
from samplegen.site.tabs import Panel, slug, tab_set
from samplegen.site.views import MARKS, OPERATIONS, UNSECURED, Views, absent, client_page, describe
from samplegen.spec.operation import Operation

_CODE_CELL = re.compile(r"<td><code>([^<]*)</code></td>")
_LINK = re.compile(r'href="(?P<page>[^":]+\.md)(?P<anchor>[^"]*)"')
NOT_PASSED = '<span title="not passed, or not tried">·</span>'
PLACEHOLDER = "samplegenblock{}here"
"""Stands in Markdown for a block: one word, which no extension reads as anything else."""
_PLACEHOLDER = re.compile(r"<p>\s*samplegenblock(\d+)here\s*</p>|samplegenblock(\d+)here")
_PLACE = re.compile(r"""<div\s+id\s*=\s*["']?samplegen-block-(\d+)["']?\s*>\s*</div\s*>""")


@dataclass(frozen=True)
class Block:
    """HTML that takes the place of a directive."""

    html: str
    directive: str
    """As the page has it, for errors."""


class Blocks(Views):
    """The directives of one page of the site."""

    def __init__(self, book: Book, source: str, programs: Programs) -> None:
        """Expands nothing yet.

        Args:
            book: What there is to show.
            source: The Markdown file of the page, below the docs folder.
            programs: How samples are shown on this page.
        """
        super().__init__(book, source)
        self.blocks: list[Block] = []
        """In the order of their placeholders."""
        self._programs = programs
        self._address = programs.address
        self._numbers = count()
        self._ids: Counter[str] = Counter()
        self._directive = ""
        self._has_form = False

    def __call__(self, name: str, argument: str) -> str:
        """The text of `::: samplegen-NAME ARGUMENT`, as `Views` has it."""
        self._directive = f"::: samplegen{name and '-'}{name} {argument}".rstrip()
        return super().__call__(name, argument)

    def slot(self, block: str) -> str:
        """What stands in the Markdown for a block."""
        self.blocks.append(Block(block, self._directive))
        return PLACEHOLDER.format(len(self.blocks) - 1)

    def samples(self, operation: Operation) -> str:
        """All programs of an operation, in tabs, each with its verdict and output."""
        panels = []
        for tab in self.book.tabs(operation):
            inner = []
            for sample in tab.samples:
                key = self._id(sample.anchor)
                content = self._programs.panel(sample, key)
                inner.append(Panel(key, sample.client.title, sample.client, content))
            panels.append(self._tab(f"{operation.name}--tab", tab.label, inner))
        name = f"{operation.title}: the program in each language"
        return self.slot(self._form() + self._tabs(panels, name, "sg-samples"))

    def secured(self, operation: Operation) -> str:
        """The programs in tabs, without verdicts: they were judged behind another server."""
        panels = []
        for tab in self.book.tabs(operation):
            inner = []
            for sample in tab.samples:
                content = f"<p>{UNSECURED}</p>"
                if program := self.book.secured(sample):
                    code = highlight(program, sample.client.language.lexer)
                    content = f'<div class="highlight"><pre><code>{code}</code></pre></div>'
                key = self._id(f"secured--{slug(sample.client.name)}")
                inner.append(Panel(key, sample.client.title, sample.client, content))
            panels.append(self._tab("secured--tab", tab.label, inner))
        name = f"{operation.title}, with TLS and a token"
        return self.slot(self._tabs(panels, name, "sg-install"))

    def install(self, operation: Operation | None) -> str:
        """What to install for each client, or for those that have the operation."""
        groups: dict[str, list[Client]] = {}
        for clients in self.book.languages.values():
            for client in clients:
                if operation is None or (operation.name, client.name) in self.book.samples:
                    groups.setdefault(client.tab or client.title, []).append(client)
        panels = []
        for label, clients in groups.items():
            inner = []
            for client in clients:
                key = self._id(f"install--{slug(client.name)}")
                inner.append(Panel(key, client.title, client, _install(client, operation)))
            panels.append(self._tab("install--tab", label, inner))
        return self.slot(self._tabs(panels, "Install the package of each client", "sg-install"))

    def _tab(self, key: str, label: str, inner: list[Panel]) -> Panel:
        """A tab for the clients of a language: with several of them, tabs within it."""
        if len(inner) == 1:
            return replace(inner[0], label=label)
        content = self._tabs(inner, f"Libraries for {label}", "sg-libraries")
        return Panel(self._id(f"{key}-{slug(label)}"), label, inner[0].client, content)

    def _id(self, wanted: str) -> str:
        """An anchor that is not on the page yet."""
        self._ids[wanted] += 1
        return wanted if self._ids[wanted] == 1 else f"{wanted}-{self._ids[wanted]}"

    def fold(self, title: str, content: str) -> str:
        box = f'<div class="sg-scroll" role="region" aria-label="{html(title)}" tabindex="0">'
        body = f"{box}{_markdown(content)}</div>"
        summary = f"<summary>{html(title)}</summary>"
        return self.slot(f'<details class="sg-fold">{summary}{body}</details>')

    def values(self) -> str:
        return self.slot(self._form())

    def details(self, rpcs: tuple[str, ...]) -> str:
        """The fields and errors, which are the same on many pages: search finds them elsewhere."""
        made = _markdown(super().details(rpcs))
        # Many rows on every page: a cell of code alone is an element less, and links stand in
        # lines.
        made = _CODE_CELL.sub(r'<td class="sg-mono">\1</td>', made)
        made = _LINK.sub(self._href, made)
        return self.slot(f'<div class="sg-fields">{made.replace("<br>", " ")}</div>')

    def errors(self) -> str:
        """All errors, below a box that filters them."""
        box = (
            '<p class="sg-filter"><label>Filter: <input type="search" autocomplete="off" '
            'placeholder="a part of the message, or a code"></label></p>'
        )
        return f"{self.slot(box)}\n\n{super().errors()}"

    def _href(self, match: re.Match[str]) -> str:
        """A link to another page, as HTML has it."""
        page = posixpath.normpath(posixpath.join(posixpath.dirname(self.source), match["page"]))
        return f'href="{html(self._address(page) or "")}{match["anchor"]}"'

    def summary(self) -> str:
        return self.slot(f'<p class="sg-summary">{_inline(super().summary())}</p>')

    def matrix(self) -> str:
        """The matrix with a heading for each language; the names of operations stay in sight."""
        languages = self.book.languages
        head = "".join(
            f'<th colspan="{len(clients)}" scope="colgroup">{html(title)}</th>'
            for title, clients in languages.items()
        )
        columns = [client for clients in languages.values() for client in clients]
        titles = "".join(
            f'<th scope="col"><span>{self._client(client)}</span></th>' for client in columns
        )
        rows = "".join(
            f'<tr><th scope="row"><a href="{self._page(operation)}">{html(operation.title)}</a>'
            f"</th>{''.join(self._matrix_cell(operation, client) for client in columns)}</tr>"
            for operation in self.book.operations.values()
        )
        return self._table(
            f'<thead><tr><th rowspan="2" scope="col">Operation</th>{head}</tr>'
            f"<tr>{titles}</tr></thead><tbody>{rows}</tbody>",
            "sg-matrix",
            "Operations and clients",
        )

    def verdicts(self) -> str:
        """The last run: gate by gate, grouped by operation; a sample that was not run says why."""
        titles = "".join(f'<th scope="col"><span>{gate}</span></th>' for gate in GATES)
        groups = "".join(
            f'<tbody><tr><th colspan="{len(GATES) + 3}" scope="rowgroup">'
            f'<a href="{self._page(operation)}">{html(operation.title)}</a></th></tr>'
            f"{''.join(map(self._verdict, self.book.by_operation[operation.name]))}</tbody>"
            for operation in self.book.operations.values()
        )
        return self._table(
            f'<thead><tr><th scope="col">Client</th><th scope="col">State</th>{titles}'
            f'<th scope="col">Run</th></tr></thead>{groups}',
            "sg-verdicts",
            "The verdict of each sample, gate by gate",
        )

    def _verdict(self, sample: Sample) -> str:
        verdict = sample.proof
        remarks = " · ".join(filter(None, [sample.deviation, sample.remark]))
        remark = f"<small>{html(remarks)}</small>" if remarks else ""
        if verdict is None:
            rest = f'<td colspan="{len(GATES) + 1}">{remark}</td>'
            remark = ""
        else:
            marks = "".join(
                f"<td>{'✓' if gate in verdict.gates else NOT_PASSED}</td>" for gate in GATES
            )
            rest = f"{marks}<td>{verdict.judged_at[:10]}</td>"
        anchor, title = html(self._id(sample.anchor)), html(sample.client.title)
        return (
            f'<tr id="{anchor}"><th scope="row">{title}{remark}</th>'
            f"<td>{self.cell(sample)}</td>{rest}</tr>"
        )

    def _table(self, content: str, css: str, name: str) -> str:
        """A table that scrolls sideways on its own, by keyboard, too."""
        return self.slot(
            f'<div class="sg-scroll" role="region" aria-label="{name}" tabindex="0">'
            f'<table class="{css}">{content}</table></div>'
        )

    def _matrix_cell(self, operation: Operation, client: Client) -> str:
        sample = self.book.samples.get((operation.name, client.name))
        return f"<td>{self.cell(sample) if sample else absent(client, operation)}</td>"

    def _client(self, client: Client) -> str:
        """The name of a client, linked to its page."""
        page = self._address(client_page(client))
        return f'<a href="{page}">{html(client.title)}</a>' if page else html(client.title)

    def _page(self, operation: Operation) -> str:
        return self._address(f"{OPERATIONS}/{operation.name}.md") or ""

    def cell(self, sample: Sample) -> str:
        title = html(describe(sample))
        return (
            f'<a class="sg-cell sg-{sample.state}" title="{title}" aria-label="{title}" '
            f'href="{self._page(sample.operation)}#{sample.anchor}">{MARKS[sample.state]}</a>'
        )

    def _form(self) -> str:
        """The form, once on a page."""
        if self._has_form:
            return ""
        self._has_form = True
        return form(self.book)

    def _tabs(self, panels: Sequence[Panel], name: str, css: str) -> str:
        return tab_set(panels, name, css, next(self._numbers))


def problem_box(problems: Iterable[object]) -> str:
    """A box that says what is wrong, in place of a page that hangs."""
    items = "".join(f"<li><code>{html(str(problem))}</code></li>" for problem in problems)
    return (
        '<div class="admonition failure" role="alert"><p class="admonition-title">'
        f"samplegen found mistakes; this page is not up to date</p><ul>{items}</ul></div>"
    )


def mark(content: str, blocks: Sequence[Block]) -> str:
    """The HTML of a page with an empty element for each placeholder of its Markdown.

    Raises:
        SamplegenError: A placeholder is not there, or more than once.
    """
    found: list[int] = []

    def place(match: re.Match[str]) -> str:
        found.append(int(match[1] or match[2]))
        return f'<div id="samplegen-block-{found[-1]}"></div>'

    content = _PLACEHOLDER.sub(place, content)
    _check(found, blocks, "an extension of Markdown")
    return content


def fill(page: str, blocks: Sequence[Block]) -> str:
    """A page with its blocks in place of those elements.

    Raises:
        SamplegenError: An element is not there, or more than once.
    """
    found: list[int] = []

    def block(match: re.Match[str]) -> str:
        found.append(int(match[1]))
        return blocks[found[-1]].html if found[-1] < len(blocks) else match[0]

    page = _PLACE.sub(block, page)
    _check(found, blocks, "another plugin")
    return page


def _check(found: list[int], blocks: Sequence[Block], suspect: str) -> None:
    """Refuses a page that would not show each block once."""
    wrong = [b for number, b in enumerate(blocks) if found.count(number) != 1]
    if wrong:
        raise SamplegenError(
            *(
                f"{block.directive!r}: its block is not on the page once; {suspect} has changed "
                "the place of it; put the line somewhere else, or the samplegen plugin first"
                for block in wrong
            )
        )


def _install(client: Client, operation: Operation | None) -> str:
    """How to install what a client needs, and how a program is built with it."""
    name = operation.name if operation else "health"
    note = _markdown(client.install_note.replace("{operation}", name))
    line = highlight(client.install.strip() + "\n", "sh")
    return f'<div class="highlight"><pre><code>{line}</code></pre></div>{note}'


@lru_cache
def _markdown(text: str) -> str:
    return markdown.markdown(text, extensions=["tables"])


def _inline(text: str) -> str:
    """A line of Markdown as HTML, without a paragraph around it."""
    return _markdown(text).removeprefix("<p>").removesuffix("</p>")
