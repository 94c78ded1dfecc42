"""Pages as plain Markdown: for machines that read them, and for other site builders."""

from samplegen.render.clients import Client
from samplegen.site.book import STATES, Book, Sample
from samplegen.site.escaping import text
from samplegen.site.views import MARKS, UNSECURED, Views, fence
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

    def secured(self, operation: Operation) -> str:
        return "\n\n".join(
            self._section(
                tab.label if len(tab.samples) == 1 else _label(sample),
                self._secured(sample),
            )
            for tab in self.book.tabs(operation)
            for sample in tab.samples
        )

    def _secured(self, sample: Sample) -> str:
        program = self.book.secured(sample)
        return fence(program, sample.client.language.lexer) if program else UNSECURED

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
                f"{fence(client.install.strip(), 'sh')}\n\n{_note(client, operation)}".strip(),
            )
            for client in clients
        )

    def verdicts(self) -> str:
        rows = [
            f"| {text(sample.operation.title)} | {text(sample.client.title)} "
            f"| {STATES[sample.state]} | {', '.join(sample.proof.gates) if sample.proof else ''} "
            f"| {text(sample.remark)} |"
            for sample in self.book.samples.values()
        ]
        return "\n".join(
            [
                "| Operation | Client | State | Checks passed | Remark |",
                "|---|---|---|---|---|",
                *rows,
            ]
        )

    def fold(self, title: str, content: str) -> str:
        return f"**{text(title)}**\n\n{content}"

    def anchor(self, sample: Sample) -> str:
        return ""

    def values(self) -> str:
        return ""

    def cell(self, sample: Sample) -> str:
        said = f"{MARKS[sample.state]} {STATES[sample.state].lower()}"
        return f"[{said}]({self.link(f'samples/{sample.path}')})"

    def _section(self, title: str, content: str) -> str:
        if not self._tabs:
            return f"### {text(title)}\n\n{content}"
        indented = "\n".join(f"    {line}" if line else "" for line in content.split("\n"))
        label = text(title).replace('"', "&quot;")
        return f'=== "{label}"\n\n{indented}'


def _label(sample: Sample) -> str:
    return f"{sample.client.tab or sample.client.title}: {sample.client.title}"


def _program(sample: Sample) -> str:
    """A program, what may be said of it and what it printed."""
    said = f"*{STATES[sample.state]}"
    if sample.proof is not None:
        gates = ", ".join(sample.proof.gates) or "none"
        said += f" {sample.proof.judged_at[:10]}, checks passed: {gates}"
    said += f". {text(sample.remark)}*" if sample.remark else ".*"
    parts = [said, fence(sample.rendered.text, sample.client.language.lexer)]
    if sample.output is not None:
        parts += ["Output:", fence(sample.output, "text")]
    if sample.deviation:
        parts.append(f"**Note:** {text(sample.deviation)}")
    return "\n\n".join(parts)


def _note(client: Client, operation: Operation | None) -> str:
    """What else to know about an installation, with the file of the operation."""
    return client.install_note.replace("{operation}", operation.name if operation else "health")
