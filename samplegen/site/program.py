"""One sample as HTML: how to run it, its code, its output, and what was proved about it."""

from collections.abc import Callable
from dataclasses import dataclass

from samplegen.gates import GATES
from samplegen.render.layout.marks import Span
from samplegen.render.view import Rendered
from samplegen.site.book import STATES, Sample
from samplegen.site.escaping import html
from samplegen.site.highlight import highlight
from samplegen.site.projects import PROJECTS, archive, commands

_LANGUAGE_OF_COMMANDS = "sh"


@dataclass(frozen=True)
class Programs:
    """Samples as they are shown on one page."""

    address: Callable[[str], str | None]
    """Gives the relative address of a file of the docs folder, if there is one."""
    server: str = ""
    """What the samples were run against, in words; empty: only its own name is known."""
    start: str = ""
    """What starts a server that they can call; empty: the reader has one."""

    def panel(self, sample: Sample, anchor: str) -> str:
        """All that there is to say of a sample, which is linked by `anchor`."""
        code = self._code(sample, anchor)
        return f"{self._badge(sample)}{self._run(sample)}{code}{_output(sample)}"

    def _run(self, sample: Sample) -> str:
        """What a reader types to run it."""
        href = self.address(f"{PROJECTS}/{archive(sample)}")
        if href is None:
            return ""
        lines = "\n".join(commands(sample, self.start))
        code = highlight(f"{lines}\n", _LANGUAGE_OF_COMMANDS)
        return (
            '<div class="sg-run"><p><strong>Run it</strong>: '
            f'<a href="{html(href)}" download>Download project</a>'
            '<span class="sg-differs" hidden> (with the values it was verified with)</span>, '
            "then type:</p>"
            f'<div class="highlight"><pre><code>{code}</code></pre></div></div>'
        )

    def _code(self, sample: Sample, anchor: str) -> str:
        language = sample.client.language
        code = _folded(sample.rendered, language.lexer)
        href = self.address(f"samples/{sample.path}") or ""
        name = html(sample.path.rpartition("/")[2])
        files = "".join(
            f'<a href="{html(self.address(f"samples/data/{f}") or "")}" download>{html(f)}</a>'
            for f in sample.operation.files
        )
        return (
            '<div class="highlight sg-code"><span class="filename">'
            f'<a href="{html(href)}" download>{name}</a>{files}'
            f'<a href="#{html(anchor)}">Link to this sample</a></span>'
            f"<pre><code>{code}</code></pre>{_buttons(sample.rendered)}</div>"
        )

    def _badge(self, sample: Sample) -> str:
        """What was proved about a sample, in a line that opens."""
        verdict = sample.proof
        line = f"<strong>{STATES[sample.state]}</strong>"
        if verdict is not None:
            line += f' <time datetime="{html(verdict.judged_at)}">{verdict.judged_at[:10]}</time>'
            line += f'<span class="sg-gates">{checks(sample)}</span>'
        line += ' <em class="sg-differs" hidden>Your values – not run in this form</em>'
        terms = "".join(f"<dt>{term}</dt><dd>{value}</dd>" for term, value in self._facts(sample))
        page = self.address("verification.md")
        link = f'<p><a href="{page}#{html(sample.anchor)}">How samples are verified</a></p>'
        return (
            f'<details class="sg-badge sg-{sample.state}"><summary>{line}</summary>'
            f"<dl>{terms}</dl>{link if page else ''}</details>"
        )

    def _facts(self, sample: Sample) -> list[tuple[str, str]]:
        verdict = sample.proof
        rows = []
        if sample.remark:
            rows.append(("Remark", html(sample.remark)))
        if verdict is not None:
            form = "exactly as shown" if verdict.documented_addresses else "on another address"
            rows += [
                ("Checks passed", ", ".join(verdict.gates) or "none"),
                ("Server", html(self._server(verdict.versions.get("server", "unknown")))),
                ("Tools", html(", ".join(f"{k} {v}" for k, v in _tools(verdict.versions)))),
                ("Run", f"{form}, {html(verdict.judged_at)}, {verdict.seconds:.1f} s"),
            ]
            if verdict.other_server:
                rows.append(("Second server", "passed: one that gives other answers"))
            if handled := verdict.faults.names:
                rows.append(("Failures handled", f"{len(handled)}: {html(', '.join(handled))}"))
        rows.append(("SHA-256", f"<code>{sample.sha256[:12]}</code>…"))
        return rows

    def _server(self, reported: str) -> str:
        """What the sample was run against; the name that a server gives itself is no more."""
        if not self.server:
            return f"{reported} (self-reported)"
        return f"{self.server}; it reports itself as {reported}"


def _folded(rendered: Rendered, lexer: str) -> str:
    """A program as HTML, with an element around what a reader need not see first.

    The text content is that of the program. Of one that marks no call, all is shown.
    """
    if not rendered.calls:
        return highlight(rendered.text, lexer, rendered.spans)
    made: list[str] = []
    end = 0
    for start, stop in [*rendered.calls, (len(rendered.text), 0)]:
        if start > end:
            made.append(f'<span class="sg-rest">{_slice(rendered, end, start, lexer)}</span>')
        if stop:
            made.append(f'<span class="sg-call">{_slice(rendered, start, stop, lexer)}</span>')
            end = stop
    return "".join(made)


def _slice(rendered: Rendered, start: int, end: int, lexer: str) -> str:
    """Some lines of a program as HTML."""
    inside = tuple(
        Span(span.start - start, span.end - start, span.name)
        for span in rendered.spans
        if start <= span.start < end
    )
    return highlight(rendered.text[start:end], lexer, inside)


def _buttons(rendered: Rendered) -> str:
    """What unfolds a program, and copies the call alone."""
    if not rendered.calls:
        return ""
    lines = rendered.text.count("\n")
    return (
        f'<p class="sg-more"><button type="button" data-whole aria-expanded="false">'
        f"Show the whole program ({lines} lines)</button>"
        '<button type="button" data-call>Copy the call</button></p>'
    )


def checks(sample: Sample) -> str:
    """How many checks a judged sample passed."""
    verdict = sample.proof
    if verdict is None:
        return ""
    passed = len(verdict.gates)
    if sample.state == "failed":
        return f"{passed} checks passed, then one failed"
    tried = passed + len(verdict.not_tried)
    return (
        f"{passed} of {tried} checks passed" if tried <= len(GATES) else f"{passed} checks passed"
    )


def _output(sample: Sample) -> str:
    note = ""
    if sample.deviation:
        note = f'<p class="sg-deviation"><strong>Note:</strong> {html(sample.deviation)}</p>'
    if sample.output is None:
        return note
    return (
        '<div class="sg-output"><p>Output</p>'
        f'<pre tabindex="0"><samp>{html(sample.output, quote=False)}</samp></pre></div>{note}'
    )


def _tools(versions: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, version) for name, version in versions.items() if name != "server"]
