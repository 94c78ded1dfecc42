"""HTML of what a page shows of samples: tab sets, verdicts, the form for a reader's own values.

It is put into a page after Markdown and search have seen it: neither needs to parse code.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import count

import markdown

from samplegen.gates import GATES
from samplegen.render.clients import Client
from samplegen.site.book import STATES, Book, Sample
from samplegen.site.highlight import highlight
from samplegen.site.views import MARKS, OPERATIONS, Views, absent, describe
from samplegen.spec.operation import Operation

_CODE_CELL = re.compile(r"<td><code>([^<]*)</code></td>")
NOT_PASSED = '<span title="not passed, or not tried">·</span>'
PLACEHOLDER = '<div id="samplegen-block-{}"></div>'

_FIRST_SET = 1000
"""Tab sets of a page's own Markdown are numbered from 1; ours stay clear of them."""


@dataclass(frozen=True)
class Panel:
    """One tab and what it opens."""

    id: str
    label: str
    client: Client
    content: str


class Blocks(Views):
    """The directives of one page of the site."""

    def __init__(self, book: Book, source: str, address: Callable[[str], str | None]) -> None:
        """Expands nothing yet.

        Args:
            book: What there is to show.
            source: The Markdown file of the page, below the docs folder.
            address: Gives the relative address of a file of the docs folder, if there is one.
        """
        super().__init__(book, source)
        self.slots: list[str] = []
        """The HTML of the blocks, in the order of their placeholders."""
        self._address = address
        self._numbers = count(_FIRST_SET)
        self._has_form = False

    def slot(self, block: str) -> str:
        """What stands in the Markdown for a block."""
        self.slots.append(block)
        return PLACEHOLDER.format(len(self.slots) - 1)

    def samples(self, operation: Operation) -> str:
        """All programs of an operation, in tabs, each with its verdict and output."""
        panels = []
        for tab in self.book.tabs(operation):
            inner = [self._panel(sample, sample.client.title) for sample in tab.samples]
            content = inner[0].content
            if len(inner) > 1:
                content = self._tabs(inner, f"Libraries for {tab.label}", "sg-libraries")
            first = tab.samples[0]
            key = f"{operation.name}--tab-{_slug(tab.label)}" if len(inner) > 1 else first.anchor
            panels.append(Panel(key, tab.label, first.client, content))
        name = f"{operation.title}: the program in each language"
        form = "" if self._has_form else self._form()
        return self.slot(form + self._tabs(panels, name, "sg-samples"))

    def install(self, operation: Operation | None) -> str:
        """What to install for each client, or for those that have the operation."""
        groups: dict[str, list[Client]] = {}
        for clients in self.book.languages.values():
            for client in clients:
                if operation is None or (operation.name, client.name) in self.book.samples:
                    groups.setdefault(client.tab or client.title, []).append(client)
        panels = [
            Panel(
                f"install--{_slug(label)}",
                label,
                clients[0],
                "".join(_install(client, named=len(clients) > 1) for client in clients),
            )
            for label, clients in groups.items()
        ]
        return self.slot(self._tabs(panels, "Install the package of each client", "sg-install"))

    def fold(self, title: str, content: str) -> str:
        box = f'<div class="sg-scroll" role="region" aria-label="{title}" tabindex="0">'
        body = f"{box}{_markdown(content)}</div>"
        return self.slot(f'<details class="sg-fold"><summary>{title}</summary>{body}</details>')

    def values(self) -> str:
        return self.slot(self._form())

    def details(self, rpcs: tuple[str, ...]) -> str:
        """The fields and errors, which are the same on many pages: search finds them elsewhere."""
        html = _markdown(super().details(rpcs))
        # Many rows on every page: a cell of code alone is an element less, and links stand in
        # lines.
        html = _CODE_CELL.sub(r'<td class="sg-mono">\1</td>', html)
        return self.slot(html.replace("<br>", " "))

    def link(self, source: str) -> str:
        return self._address(source) or ""

    def matrix(self) -> str:
        """The matrix with a heading for each language; the names of operations stay in sight."""
        languages = self.book.languages
        head = "".join(
            f'<th colspan="{len(clients)}" scope="colgroup">{escape(title)}</th>'
            for title, clients in languages.items()
        )
        columns = [client for clients in languages.values() for client in clients]
        titles = "".join(
            f'<th scope="col"><span>{escape(client.title)}</span></th>' for client in columns
        )
        rows = "".join(
            f'<tr><th scope="row"><a href="{self._page(operation)}">{escape(operation.title)}</a>'
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
            f'<a href="{self._page(operation)}">{escape(operation.title)}</a></th></tr>'
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
        remarks = " · ".join(text for text in (sample.deviation, sample.remark) if text)
        remark = f"<small>{escape(remarks)}</small>" if remarks else ""
        if verdict is None:
            rest = f'<td colspan="{len(GATES) + 1}">{remark}</td>'
            remark = ""
        else:
            marks = "".join(
                f"<td>{'✓' if gate in verdict.gates else NOT_PASSED}</td>" for gate in GATES
            )
            rest = f"{marks}<td>{verdict.judged_at[:10]}</td>"
        return (
            f'<tr id="{sample.anchor}"><th scope="row">{escape(sample.client.title)}{remark}</th>'
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

    def _page(self, operation: Operation) -> str:
        return self._address(f"{OPERATIONS}/{operation.name}.md") or ""

    def cell(self, sample: Sample) -> str:
        title = escape(describe(sample))
        return (
            f'<a class="sg-cell sg-{sample.state}" title="{title}" aria-label="{title}" '
            f'href="{self._page(sample.operation)}#{sample.anchor}">{MARKS[sample.state]}</a>'
        )

    def _form(self) -> str:
        self._has_form = True
        connection = self.book.api.connection
        fields = [("host", "Host", connection.host, "text")]
        ports = {"grpc_port": "gRPC port", "rest_port": "REST port"}
        for name, port in connection.ports.items():
            fields.append((name, ports[name], str(port), "numeric"))
        has_model = any(operation.model for operation in self.book.operations.values())
        if has_model:
            fields.append(("model", "Model", connection.model or "", "text"))
            fields.append(("model_version", "Version", connection.model_version, "numeric"))
        inputs = "".join(
            f'<label>{label}<input name="{name}" data-label="{label}" inputmode="{mode}" '
            f'autocomplete="off" spellcheck="false" placeholder="{escape(value) or "as shown"}">'
            "</label>"
            for name, label, value, mode in fields
        )
        title = f"Use your own server{' and model' if has_model else ''}"
        return (
            f'<details class="sg-values"><summary>{title}'
            '<span class="sg-values-now"></span></summary><form>'
            f'{inputs}<button type="reset">Reset</button></form>'
            "<p><output></output>Changes every sample on this site, in this browser only. "
            "Samples are verified with the values they come with.</p></details>"
        )

    def _panel(self, sample: Sample, label: str) -> Panel:
        language = sample.client.language
        code = highlight(sample.rendered.text, language.lexer, sample.rendered.spans)
        href = self._address(f"samples/{sample.path}")
        name = escape(sample.path.rpartition("/")[2])
        files = "".join(
            f'<a href="{self._address(f"samples/data/{file}")}" download>{escape(file)}</a>'
            for file in sample.operation.files
        )
        content = (
            f"{self._badge(sample)}{_deviation(sample)}"
            '<div class="highlight sg-code"><span class="filename">'
            f'<a href="{href}" download>{name}</a>{files}'
            f'<a href="#{sample.anchor}" >Link to this sample</a></span>'
            f"<pre><code>{code}</code></pre></div>{_output(sample)}"
        )
        return Panel(sample.anchor, label, sample.client, content)

    def _badge(self, sample: Sample) -> str:
        """What was proved about a sample, in a line that opens."""
        verdict = sample.proof
        state = sample.state
        line = f"<strong>{STATES[state]}</strong>"
        if verdict is not None:
            line += f' <time datetime="{verdict.judged_at}">{verdict.judged_at[:10]}</time>'
            line += f'<span class="sg-gates">{" → ".join(verdict.gates)}</span>'
        line += ' <em class="sg-differs" hidden>with your values, so not run as shown</em>'
        rows = []
        if sample.remark:
            rows.append(("Remark", escape(sample.remark)))
        if verdict is not None:
            where = "as published" if verdict.documented_addresses else "on another address"
            rows += [
                ("Gates passed", " → ".join(verdict.gates) or "none"),
                ("Server, by its own word", escape(verdict.versions.get("server", "unknown"))),
                ("Tools", escape(", ".join(f"{k} {v}" for k, v in _tools(verdict.versions)))),
                ("Run", f"{where}, {verdict.judged_at}, {verdict.seconds:.1f} s"),
            ]
            if verdict.other_server:
                rows.append(("Also run against", escape(verdict.other_server)))
            if told := verdict.faults.names:
                rows.append(("Faults told", f"{len(told)}: {escape(', '.join(told))}"))
        rows.append(("SHA-256", f"<code>{sample.sha256[:12]}</code>…"))
        terms = "".join(f"<dt>{term}</dt><dd>{value}</dd>" for term, value in rows)
        page = self._address("verification.md")
        link = f'<p><a href="{page}#{sample.anchor}">How it was verified</a></p>' if page else ""
        return (
            f'<details class="sg-badge sg-{state}"><summary>{line}</summary><dl>{terms}</dl>'
            f"{link}</details>"
        )

    def _tabs(self, panels: Sequence[Panel], name: str, css: str) -> str:
        """A tab set as the theme knows it: radio buttons, so that it works without scripts."""
        number = next(self._numbers)
        inputs = "".join(
            f'<input{" checked" if index == 0 else ""} id="{escape(panel.id)}" '
            f'name="__tabbed_{number}" type="radio" aria-label="{escape(panel.label)}" '
            f'data-client="{escape(panel.client.name)}">'
            for index, panel in enumerate(panels)
        )
        labels = "".join(
            f'<label for="{escape(panel.id)}">{escape(panel.label)}</label>' for panel in panels
        )
        blocks = "".join(f'<div class="tabbed-block">{panel.content}</div>' for panel in panels)
        return (
            f'<div class="tabbed-set tabbed-alternate {css}" data-tabs="{number}:{len(panels)}" '
            f'role="group" aria-label="{escape(name)}">{inputs}'
            f'<div class="tabbed-labels" aria-hidden="true">{labels}</div>'
            f'<div class="tabbed-content">{blocks}</div></div>'
        )


def problem_box(problems: Iterable[object]) -> str:
    """A box that says what is wrong, in place of a page that hangs."""
    items = "".join(f"<li><code>{escape(str(problem))}</code></li>" for problem in problems)
    return (
        '<div class="admonition failure" role="alert"><p class="admonition-title">'
        f"samplegen found mistakes; this page is not up to date</p><ul>{items}</ul></div>"
    )


def _deviation(sample: Sample) -> str:
    if not sample.deviation:
        return ""
    return f'<p class="sg-deviation"><strong>Differs:</strong> {escape(sample.deviation)}</p>'


def _output(sample: Sample) -> str:
    if sample.output is None:
        return ""
    return (
        '<div class="sg-output"><p>Output</p>'
        f'<pre tabindex="0"><samp>{escape(sample.output, quote=False)}</samp></pre></div>'
    )


def _tools(versions: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, version) for name, version in versions.items() if name != "server"]


def _install(client: Client, *, named: bool) -> str:
    title = f"<p>{escape(client.title)}</p>" if named else ""
    note = _markdown(client.install_note)
    line = highlight(client.install.strip() + "\n", "sh")
    return f'{title}<div class="highlight"><pre><code>{line}</code></pre></div>{note}'


@lru_cache
def _markdown(text: str) -> str:
    return markdown.markdown(text, extensions=["tables"])


def _slug(label: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in label.lower()).split())
