"""Pages as plain Markdown: for machines that read them, and for other site builders."""

import re

from samplegen.site.book import STATES, Book, Sample
from samplegen.site.views import MARKS, Views, cell_text
from samplegen.spec.operation import Operation


class Plain(Views):
    """The directives of one page as Markdown that needs no plugin."""

    def __init__(self, book: Book, source: str, *, tabs: bool) -> None:
        """Expands nothing yet.

        Args:
            book: What there is to show.
            source: The Markdown file of the page, below the docs folder.
            tabs: Whether programs stand in content tabs, else below headings.
        """
        super().__init__(book, source)
        self._tabs = tabs

    def samples(self, operation: Operation) -> str:
        return "\n\n".join(
            self._section(tab.label if len(tab.samples) == 1 else _label(sample), _program(sample))
            for tab in self.book.tabs(operation)
            for sample in tab.samples
        )

    def install(self, operation: Operation | None) -> str:
        clients = [
            client
            for group in self.book.languages.values()
            for client in group
            if operation is None or (operation.name, client.name) in self.book.samples
        ]
        return "\n\n".join(
            self._section(
                f"{client.tab or client.title}: {client.title}",
                f"{fence(client.install.strip(), 'sh')}\n\n{client.install_note}".strip(),
            )
            for client in clients
        )

    def verdicts(self) -> str:
        rows = [
            f"| {sample.operation.title} | {sample.client.title} | {STATES[sample.state]} "
            f"| {', '.join(sample.proof.gates) if sample.proof else ''} "
            f"| {cell_text(sample.remark)} |"
            for sample in self.book.samples.values()
        ]
        return "\n".join(
            [
                "| Operation | Client | State | Gates passed | Remark |",
                "|---|---|---|---|---|",
                *rows,
            ]
        )

    def fold(self, title: str, content: str) -> str:
        return f"**{title}**\n\n{content}"

    def values(self) -> str:
        return ""

    def cell(self, sample: Sample) -> str:
        return f"{MARKS[sample.state]} {STATES[sample.state].lower()}"

    def _section(self, title: str, content: str) -> str:
        if not self._tabs:
            return f"### {title}\n\n{content}"
        indented = "\n".join(f"    {line}" if line else "" for line in content.split("\n"))
        return f'=== "{title}"\n\n{indented}'


def fence(text: str, language: str) -> str:
    """A fenced code block that no text can close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{text.removesuffix(chr(10))}\n{marks}"


def _label(sample: Sample) -> str:
    return f"{sample.client.tab or sample.client.title}: {sample.client.title}"


def _program(sample: Sample) -> str:
    """A program, what may be said of it and what it printed."""
    said = f"*{STATES[sample.state]}"
    if sample.proof is not None:
        gates = ", ".join(sample.proof.gates) or "none"
        said += f" {sample.proof.judged_at[:10]}, gates passed: {gates}"
    said += f". {sample.remark}*" if sample.remark else ".*"
    parts = [said, fence(sample.rendered.text, sample.client.language.lexer)]
    if sample.deviation:
        parts.insert(1, f"**Differs:** {sample.deviation}")
    if sample.output is not None:
        parts += ["Output:", fence(sample.output, "text")]
    return "\n\n".join(parts)
