"""What each directive stands for on a page."""

import json
import posixpath
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import groupby

from samplegen.connection.options import SECURITY
from samplegen.contract.model import Field
from samplegen.errors import UsageError, nearest
from samplegen.outputs import MutationScores, SampleState
from samplegen.render.clients import Client
from samplegen.site.book import STATES, Book, Sample
from samplegen.spec.operation import Expectation, Operation
from samplegen.spec.tensors import Tensor

MARKS: dict[SampleState, str] = {"verified": "✓", "failed": "✗", "stale": "↻", "unverified": "–"}
OPERATIONS = "operations"
"""The folder of the operations' pages."""

NO_SCORES = (
    "The mutation suite was not run where this site was built, so there is no score to show, and "
    "nothing is claimed about it."
)
ERRORS = "errors.md"
"""The page of all errors."""


def options_table() -> str:
    """The options of a connection, and what a program does that heeds them."""
    rows = [["Option", "What the program does"], ["---", "---"]]
    for option in SECURITY:
        rows.append([f"`--{option.name} {option.metavar}`".replace(" `", "`"), option.effect])
    return table(rows)


def _totals(scores: MutationScores) -> str:
    """How many faults were caught, when, and where."""
    planted = sum(language.planted for language in scores.languages)
    caught = sum(language.caught for language in scores.languages)
    where = f"against {scores.server or 'an unnamed server'}"
    if scores.machine:
        where += f" ({scores.machine})"
    said = (
        f"**{caught} of {planted}** planted faults were caught on {scores.judged_at[:10]}, {where}."
    )
    if scores.present > planted:
        said += f" This run judged {planted} of the {scores.present} faults that there are."
    return said


def _by_kind(scores: MutationScores) -> str:
    """How many faults of each kind were caught in each language, of how many."""
    if not scores.kinds:
        return ""
    rows = [["Kind of fault", *(language.title for language in scores.languages)]]
    rows.append(["---", *(":-:" for _ in scores.languages)])
    for kind, title in scores.kinds.items():
        cells = []
        for language in scores.languages:
            own = [mutant for mutant in language.mutants if mutant.kind == kind]
            caught = sum(mutant.caught_by is not None for mutant in own)
            cells.append(f"{caught} of {len(own)}" if own else "–")
        rows.append([f"{kind}: {cell_text(title)}", *cells])
    return table(rows)


class Views(ABC):
    """The directives of one page; those without code are Markdown in every form of the page."""

    def __init__(self, book: Book, source: str) -> None:
        """Expands nothing yet.

        Args:
            book: What there is to show.
            source: The Markdown file of the page, below the docs folder.
        """
        self.book = book
        self.source = source

    def __call__(self, name: str, argument: str) -> str:
        """The text of `::: samplegen-NAME ARGUMENT`.

        Raises:
            UsageError: No such view, or no such operation.
        """
        with_operation: dict[str, Callable[[Operation], str]] = {
            "": self.samples,
            "calls": self.calls,
        }
        plain: dict[str, Callable[[], str]] = {
            "matrix": self.matrix,
            "options": options_table,
            "verdicts": self.verdicts,
            "mutants": self.mutants,
            "values": self.values,
            "errors": self.errors,
            "summary": self.summary,
        }
        if name == "install":
            return self.install(self.book.operation(argument) if argument else None)
        if name in with_operation:
            return with_operation[name](self.book.operation(argument))
        if name not in plain:
            known = ["install", *filter(None, with_operation), *plain]
            raise UsageError(f"no view 'samplegen-{name}'; {nearest(name, known)}")
        if argument:
            raise UsageError(f"'::: samplegen-{name}' takes no argument, found {argument!r}")
        return plain[name]()

    @abstractmethod
    def samples(self, operation: Operation) -> str:
        """Every program of an operation, with its verdict and output."""

    @abstractmethod
    def install(self, operation: Operation | None) -> str:
        """What to install for each client, or for those that have the operation."""

    @abstractmethod
    def verdicts(self) -> str:
        """The last run: the verdict of every sample."""

    @abstractmethod
    def fold(self, title: str, content: str) -> str:
        """Markdown that a reader may pass over."""

    @abstractmethod
    def values(self) -> str:
        """The form for a reader's own server and model."""

    @abstractmethod
    def cell(self, sample: Sample) -> str:
        """A cell of the matrix."""

    def link(self, source: str) -> str:
        """The address of another page, given its Markdown file, as Markdown links it."""
        return posixpath.relpath(source, posixpath.dirname(self.source))

    def matrix(self) -> str:
        """Operations × clients: the state of every cell, linked to its sample."""
        clients = [client for group in self.book.languages.values() for client in group]
        rows = [["Operation", *(client.tab or client.title for client in clients)]]
        rows.append(["---", *(":-:" for _ in clients)])
        for operation in self.book.operations.values():
            row = [f"[{operation.title}]({self.link(f'{OPERATIONS}/{operation.name}.md')})"]
            for client in clients:
                sample = self.book.samples.get((operation.name, client.name))
                row.append(self.cell(sample) if sample else absent(client, operation))
            rows.append(row)
        return table(rows)

    def summary(self) -> str:
        """How much there is and how much of it is verified, in numbers."""
        states = self.book.counts()
        total = sum(states.values())
        parts = [f"**{states['verified']} of {total}** samples verified"]
        parts += [
            f"**{number}** {STATES[state].lower()}"
            for state, number in states.items()
            if number and state != "verified"
        ]
        parts.append(f"**{len(self.book.operations)}** operations")
        parts.append(f"**{len(self.book.clients)}** clients")
        verdicts = [s.verdict for s in self.book.samples.values() if s.verdict is not None]
        if verdicts:
            parts.append(f"last run **{max(v.judged_at for v in verdicts)[:10]}**")
        return " · ".join(parts) + "\n{ .sg-summary }"

    def mutants(self) -> str:
        """The judge's mutation scores: how many planted faults it caught, by language and kind."""
        scores = self.book.scores
        if scores is None:
            return NO_SCORES
        rows = [["Language", "Planted", "Caught", "By which gate"], ["---", ":-:", ":-:", "---"]]
        faults = [["Language", "Fault", "Planted in", "Caught by"], ["---"] * 4]
        for language in scores.languages:
            gates = ", ".join(f"`{gate}` {count}" for gate, count in language.by_gate.items())
            found = [gates, language.skipped]
            found += [f"**not caught:** {mutant.fault}" for mutant in language.survivors]
            numbers = [str(language.planted), f"**{language.caught}**"]
            rows.append([language.title, *numbers, cell_text("; ".join(filter(None, found)))])
            for mutant in language.mutants:
                gate = f"`{mutant.caught_by}`" if mutant.caught_by else "**nothing**"
                where = f"`{mutant.operation}` × `{mutant.client}`"
                faults.append([language.title, cell_text(mutant.fault), where, gate])
        every = self.fold("Every planted fault", table(faults)) if len(faults) > 2 else ""
        parts = [_totals(scores), table(rows), _by_kind(scores), every]
        return "\n\n".join(filter(None, parts))

    def calls(self, operation: Operation) -> str:
        """What an operation calls, what it sends, what comes back and what can go wrong."""
        rows = [["RPC", "REST route"], ["---", "---"]]
        rows += [
            [f"`{call.rpc}`", f"`{call.rest}`" if call.rest else "–"] for call in operation.calls
        ]
        parts = [table(rows)]
        if operation.request:
            rows = [["Request field", "Value"], ["---", "---"]]
            rows += [[f"`{k}`", f"`{json.dumps(v)}`"] for k, v in operation.request.items()]
            parts.append(table(rows))
        rows = [["Tensor", "Name", "Datatype", "Shape", "Data"], ["---"] * 5]
        rows += [
            [title, f"`{t.name}`", t.datatype, f"`{list(t.shape)}`", _data(t)]
            for title, tensors in (("Input", operation.inputs), ("Output", operation.outputs))
            for t in tensors
        ]
        if len(rows) > 2:
            parts.append(table(rows))
        rows = [["Every sample prints", "Value"], ["---", "---"]]
        rows += [[f"`{e.label}`", _expected(e)] for e in operation.expect]
        parts.append(table(rows))
        rpcs = tuple(dict.fromkeys(call.rpc for call in operation.calls))
        parts.append(self.details(rpcs))
        return "\n\n".join(parts)

    def details(self, rpcs: tuple[str, ...]) -> str:
        """The fields and errors of some calls."""
        return "\n\n".join([part for rpc in rpcs for part in self._fields(rpc)] + self._codes(rpcs))

    def errors(self) -> str:
        """Every error: its text and codes, why it comes and what to do."""
        parts = []
        for topic, group in groupby(self.book.faults, key=lambda fault: fault.topic):
            parts.append(f"## {topic}")
            for fault in group:
                calls = ", ".join(f"`{call}`" for call in fault.calls)
                codes = [
                    f"**{code}** over {transport}"
                    for transport, code in (("REST", fault.rest), ("gRPC", fault.grpc))
                    if code is not None
                ]
                parts.append(
                    f"### {fault.text} {{ #{fault.anchor} }}\n\n"
                    f"{', '.join(codes)} · {calls}\n{{ .sg-codes }}\n\n"
                    f"{fault.cause} **To mend it:** {fault.mend}"
                )
        return "\n\n".join(parts)

    def _fields(self, rpc: str) -> list[str]:
        """The messages of a call, from the gRPC contract, and where REST has their fields."""
        contract = self.book.contract
        call = contract.method(rpc)
        if call is None:
            return []
        parts = [f"### {rpc}", call.comment]
        for title, name in (("Request", call.request), ("Response", call.response)):
            fields = [_field(*row) for row in self._rows(name)]
            if fields:
                rows = [[f"{title} field", "gRPC type", "REST", "Meaning"], ["---"] * 4]
                parts.append(table(rows + fields))
            else:
                parts.append(f"{title} `{contract.title(name)}` has no fields.")
        return parts

    def _rows(
        self, message: str, prefix: str = "", inside: tuple[str, ...] = ()
    ) -> Iterator[tuple[str, Field, str]]:
        """The fields of a message and, below each, those of the message that it holds.

        A message that holds itself is not opened again, nor are the values of a map.

        Yields:
            The path of a field, the field, and where REST has it.
        """
        if message in inside or message not in self.book.contract.messages:
            return
        title = self.book.contract.title(message)
        for field in self.book.contract.messages[message].fields.values():
            path = prefix + field.name
            elsewhere = self.book.api.rest.fields.get(f"{title}.{field.name}")
            if elsewhere is not None and elsewhere.name is None:
                yield path, field, elsewhere.place
            else:
                name = elsewhere.name if elsewhere is not None else field.name
                yield path, field, f"`{prefix}{name}`"
            if elsewhere is None and not field.is_map:
                below = f"{path}[]." if field.repeated else f"{path}."
                yield from self._rows(field.type, below, (*inside, message))

    def _codes(self, rpcs: Sequence[str]) -> list[str]:
        """The errors of some calls, grouped by their codes."""
        faults = [fault for fault in self.book.faults if set(fault.calls) & set(rpcs)]
        if not faults:
            return []
        rows = [["REST status", "gRPC code", "Error"], ["---"] * 3]
        page = self.link(ERRORS)
        faults.sort(key=lambda fault: (fault.rest or 0, fault.grpc or ""))
        for _, group in groupby(faults, key=lambda fault: fault.codes):
            same = list(group)
            texts = "<br>".join(f"[{fault.text}]({page}#{fault.anchor})" for fault in same)
            rows.append([str(same[0].rest or "–"), same[0].grpc or "–", texts])
        return ["### Status codes and errors", table(rows)]


def table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose second row is its rule."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def cell_text(text: str) -> str:
    """Text as it may stand in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def absent(client: Client, operation: Operation) -> str:
    """A cell of the matrix without a sample."""
    reason = client.omits.get(operation.form, "no template")
    return f'<span class="sg-cell" title="{escape(reason)}">n/a</span>'


def _field(path: str, field: Field, rest: str) -> list[str]:
    return [f"`{path}`", f"`{field.shown_type}`", rest, field.comment]


def _data(tensor: Tensor) -> str:
    if tensor.file:
        return f"the file `{tensor.file}`"
    return f"`{list(tensor.elements)}`" if tensor.data is not None else "from the server"


def _expected(expectation: Expectation) -> str:
    if expectation.pattern is not None:
        return f"text like `{expectation.pattern.replace('|', chr(92) + '|')}`"
    value = ", ".join(str(v).replace("|", "\\|") for v in expectation.value)
    within = f", ± {expectation.tolerance:g}" if expectation.tolerance else ""
    return f"`{value}`{within}"


def describe(sample: Sample) -> str:
    """A cell of the matrix in words: what it is, and what was proved."""
    said = f"{STATES[sample.state]}: {sample.operation.title}, {sample.client.title}"
    return f"{said}; passed {', '.join(sample.proof.gates)}" if sample.proof else said
