"""What each directive stands for on a page."""

import json
import posixpath
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from samplegen.connection.options import SECURITY
from samplegen.contract.model import Field
from samplegen.errors import UsageError, nearest
from samplegen.outputs import MutationScores, SampleState
from samplegen.render.clients import Client
from samplegen.site import escaping
from samplegen.site.book import STATES, Book, Sample
from samplegen.site.escaping import code, text
from samplegen.spec.operation import Expectation, Operation
from samplegen.spec.tensors import Tensor

MARKS: dict[SampleState, str] = {"verified": "✓", "failed": "✗", "stale": "↻", "unverified": "–"}
OPERATIONS = "operations"
"""The folder of the operations' pages."""
CLIENTS = "clients"
"""The folder of the clients' pages."""

NO_SCORES = (
    "The mutation suite was not run where this site was built, so there is no score to show, and "
    "nothing is claimed about it."
)
UNSECURED = "This client does not support these options."
ERRORS = "errors.md"
"""The page of all errors."""


_TRANSPORTS = {"grpc": "gRPC", "rest": "REST"}


def options_table() -> str:
    """The options of a connection, and what a program does that heeds them."""
    rows = [["Option", "What the program does"], ["---", "---"]]
    for option in SECURITY:
        rows.append([code(f"--{option.name} {option.metavar}".strip()), option.effect])
    return table(rows)


def _totals(scores: MutationScores) -> str:
    """How many faults were caught, when, and where."""
    planted = sum(language.planted for language in scores.languages)
    caught = sum(language.caught for language in scores.languages)
    where = f"against {text(scores.server or 'an unnamed server')}"
    if scores.machine:
        where += f" ({text(scores.machine)})"
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
        rows.append([f"{kind}: {text(title)}", *cells])
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
            "omits": self.omits,
            "secured": self.secured,
        }
        plain: dict[str, Callable[[], str]] = {
            "matrix": self.matrix,
            "options": options_table,
            "verdicts": self.verdicts,
            "mutants": self.mutants,
            "values": self.values,
            "errors": self.errors,
            "summary": self.summary,
            "clients": self.clients,
        }
        if name == "client":
            return self.client(self.book.client(argument))
        if name == "install":
            return self.install(self.book.operation(argument) if argument else None)
        if name in with_operation:
            return with_operation[name](self.book.operation(argument))
        if name not in plain:
            known = ["install", "client", *filter(None, with_operation), *plain]
            raise UsageError(f"no view 'samplegen-{name}'; {nearest(name, known)}")
        if argument:
            raise UsageError(f"'::: samplegen-{name}' takes no argument, found {argument!r}")
        return plain[name]()

    @abstractmethod
    def samples(self, operation: Operation) -> str:
        """Every program of an operation, with its verdict and output."""

    @abstractmethod
    def secured(self, operation: Operation) -> str:
        """Every program of an operation, for a server that asks for TLS and a token."""

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

    def anchor(self, sample: Sample) -> str:
        """What an address of a page ends with to lead to a sample on it."""
        return f"#{sample.anchor}"

    def link(self, source: str) -> str:
        """The address of another page, given its Markdown file, as Markdown links it."""
        return posixpath.relpath(source, posixpath.dirname(self.source))

    def matrix(self) -> str:
        """Operations × clients: the state of every cell, linked to its sample."""
        clients = [client for group in self.book.languages.values() for client in group]
        rows = [["Operation", *(code(client.name) for client in clients)]]
        rows.append(["---", *(":-:" for _ in clients)])
        for operation in self.book.operations.values():
            row = [self._operation(operation)]
            for client in clients:
                sample = self.book.samples.get((operation.name, client.name))
                row.append(self.cell(sample) if sample else absent(client, operation))
            rows.append(row)
        return table(rows)

    def clients(self) -> str:
        """Which client to choose: what tells them apart."""
        rows = [["Client", "Transport", "Choose it when", "Lines", "Limits"]]
        rows.append(["---", "---", "---", ":-:", "---"])
        for title, clients in self.book.languages.items():
            for client in clients:
                name = f"{self._linked(client)}<br>{text(title)}"
                lines = str(round(self.book.lines(client)))
                limits = "; ".join(limit for limit, _ in self._limits(client)) or "–"
                rows.append([name, _TRANSPORTS[client.transport], client.choose, lines, limits])
        return table(rows)

    def client(self, client: Client) -> str:
        """A client: what it is, how it is installed, its programs and its limits."""
        parts = [client.about, client.choose and f"**Choose it when** {client.choose}"]
        parts += ["## Install", fence(client.install.strip(), "sh"), client.install_note]
        parts[-1] = parts[-1].replace("{operation}", "health")
        if client.platforms:
            rows = [["System", "Command"], ["---", "---"]]
            rows += [[text(name), code(line)] for name, line in client.platforms.items()]
            parts += ["On other systems; these commands were not run for this site:", table(rows)]
        parts += ["## Programs", table(self._programs_of(client))]
        parts += ["## Versions", self._versions(client)]
        limits = [f"- {limit}: {why}" for limit, why in self._limits(client)]
        parts += ["## Limits", "\n".join(limits) or "None: it has every operation of the API."]
        words = f"--client {client.name}"
        parts += [
            "## With your own server",
            "These commands print the program for another address, for TLS and for a token:",
            fence(
                f"samplegen show {next(iter(self.book.operations))} {words} --host models.example "
                "--cacert ca.pem --bearer-token-env TOKEN",
                "sh",
            ),
        ]
        return "\n\n".join(filter(None, parts))

    def _programs_of(self, client: Client) -> list[list[str]]:
        rows = [["Operation", "State", "Lines"], ["---", "---", ":-:"]]
        for operation in self.book.operations.values():
            sample = self.book.samples.get((operation.name, client.name))
            if sample is None:
                rows.append([self._operation(operation), "no program", ""])
                continue
            page = self.link(f"{OPERATIONS}/{operation.name}.md")
            link = f"[{text(operation.title)}]({page}{self.anchor(sample)})"
            rows.append([link, STATES[sample.state], str(sample.rendered.text.count("\n"))])
        return rows

    def _versions(self, client: Client) -> str:
        """The versions of all that its programs were run with, or what they need."""
        versions: dict[str, str] = {}
        for operation in self.book.operations:
            sample = self.book.samples.get((operation, client.name))
            if sample is not None and sample.proof is not None:
                versions |= sample.proof.versions
        versions.pop("server", None)
        if not versions:
            needed = ", ".join(text(requirement.name) for requirement in client.requirements)
            return f"It was not run for this build. It needs: {needed or 'nothing else'}."
        rows = [["Tool", "Version in the last run"], ["---", "---"]]
        return table(rows + [[text(name), text(version)] for name, version in versions.items()])

    def _limits(self, client: Client) -> Iterator[tuple[str, str]]:
        """What a client does not do, in short, and why."""
        for operation in self.book.operations.values():
            if (reason := client.omitted(operation)) is not None:
                yield f"not {text(operation.title)}", text(reason)
            elif deviation := client.deviates.get(operation.form):
                yield f"differs in {text(operation.title)}", text(deviation.reason)
        for datatype, reason in client.unread.items():
            yield f"no outputs of {code(datatype)}", text(reason)

    def _operation(self, operation: Operation) -> str:
        """The name of an operation, linked to its page."""
        return f"[{text(operation.title)}]({self.link(f'{OPERATIONS}/{operation.name}.md')})"

    def _linked(self, client: Client) -> str:
        """The name of a client, linked to its page if there is one."""
        page = self.link(client_page(client))
        return f"[{text(client.title)}]({page})" if page else text(client.title)

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
        return " · ".join(parts)

    def mutants(self) -> str:
        """The judge's mutation scores: how many planted faults it caught, by language and kind."""
        scores = self.book.scores
        if scores is None:
            return NO_SCORES
        rows = [["Language", "Planted", "Caught", "By which gate"], ["---", ":-:", ":-:", "---"]]
        faults = [["Language", "Fault", "Planted in", "Caught by"], ["---"] * 4]
        for language in scores.languages:
            gates = ", ".join(f"`{gate}` {count}" for gate, count in language.by_gate.items())
            found = [gates, text(language.skipped)]
            found += [f"**not caught:** {text(mutant.fault)}" for mutant in language.survivors]
            numbers = [str(language.planted), f"**{language.caught}**"]
            rows.append([text(language.title), *numbers, "; ".join(filter(None, found))])
            for mutant in language.mutants:
                gate = f"`{mutant.caught_by}`" if mutant.caught_by else "**nothing**"
                where = f"{code(mutant.operation)} × {code(mutant.client)}"
                faults.append([text(language.title), text(mutant.fault), where, gate])
        every = self.fold("Every planted fault", table(faults)) if len(faults) > 2 else ""
        parts = [_totals(scores), table(rows), _by_kind(scores), every]
        return "\n\n".join(filter(None, parts))

    def omits(self, operation: Operation) -> str:
        """The clients that have no program for an operation, and why; empty if all have one."""
        items = [
            f"- {text(client.language.title)}, {self._linked(client)}: {text(reason)}"
            for client in self.book.clients.values()
            if (reason := client.omitted(operation)) is not None
        ]
        if not items:
            return ""
        return "\n".join(["These clients do not support this operation:", "", *items])

    def calls(self, operation: Operation) -> str:
        """What an operation calls, what it sends, what comes back and what can go wrong."""
        rows = [["RPC", "REST route"], ["---", "---"]]
        rows += [
            [code(call.rpc), code(call.rest) if call.rest else "–"] for call in operation.calls
        ]
        parts = [table(rows)]
        if operation.request:
            rows = [["Request field", "Value"], ["---", "---"]]
            rows += [[code(k), code(json.dumps(v))] for k, v in operation.request.items()]
            parts.append(table(rows))
        rows = [["Tensor", "Name", "Datatype", "Shape", "Data"], ["---"] * 5]
        rows += [
            [title, code(t.name), text(t.datatype), code(str(list(t.shape))), _data(t)]
            for title, tensors in (("Input", operation.inputs), ("Output", operation.outputs))
            for t in tensors
        ]
        if len(rows) > 2:
            parts.append(table(rows))
        rows = [["Every sample prints", "Value"], ["---", "---"]]
        rows += [[code(e.label), _expected(e)] for e in operation.expect]
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
            parts.append(f"## {text(topic)}")
            for fault in group:
                calls = ", ".join(code(call) for call in fault.calls)
                codes = [
                    f"**{text(str(number))}** over {transport}"
                    for transport, number in (("REST", fault.rest), ("gRPC", fault.grpc))
                    if number is not None
                ]
                parts.append(
                    f"### {text(fault.text)} {{ #{fault.anchor} }}\n\n"
                    f"{', '.join(codes)} · {calls}\n{{ .sg-codes }}\n\n"
                    f"{fault.cause} **Fix:** {fault.mend}"
                )
        return "\n\n".join(parts)

    def _fields(self, rpc: str) -> list[str]:
        """The messages of a call, from the gRPC contract, and where REST has their fields."""
        contract = self.book.contract
        call = contract.method(rpc)
        if call is None:
            return []
        parts = [f"### {text(rpc)}", text(call.comment)]
        for title, name in (("Request", call.request), ("Response", call.response)):
            fields = [_field(*row) for row in self._rows(name)]
            if fields:
                rows = [[f"{title} field", "gRPC type", "REST", "Meaning"], ["---"] * 4]
                parts.append(table(rows + fields))
            else:
                parts.append(f"{title} {code(contract.title(name))} has no fields.")
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
                yield path, field, code(f"{prefix}{name}")
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
            texts = "<br>".join(f"[{text(f.text)}]({page}#{f.anchor})" for f in same)
            rows.append([str(same[0].rest or "–"), text(same[0].grpc or "–"), texts])
        return ["### Status codes and errors", table(rows)]


def fence(content: str, language: str) -> str:
    """A fenced code block that no text can close."""
    longest = max((len(run) for run in re.findall("`+", content)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{content.removesuffix(chr(10))}\n{marks}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose second row is its rule."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def absent(client: Client, operation: Operation) -> str:
    """A cell of the matrix without a sample."""
    reason = client.omitted(operation) or "no template"
    return f'<span class="sg-cell" title="{escaping.html(reason)}">n/a</span>'


def client_page(client: Client) -> str:
    """The Markdown file of a client's page, below the docs folder."""
    return f"{CLIENTS}/{client.name.replace('/', '-')}.md"


def _field(path: str, field: Field, rest: str) -> list[str]:
    return [code(path), code(field.shown_type), rest, text(field.comment)]


def _data(tensor: Tensor) -> str:
    if tensor.file:
        return f"the file {code(tensor.file)}"
    return code(str(list(tensor.elements))) if tensor.data is not None else "from the server"


def _expected(expectation: Expectation) -> str:
    if expectation.pattern is not None:
        return f"text like {code(expectation.pattern)}"
    value = ", ".join(str(value) for value in expectation.values)
    within = f", ± {expectation.tolerance:g}" if expectation.tolerance else ""
    return f"{code(value)}{within}"


def describe(sample: Sample) -> str:
    """A cell of the matrix in words: what it is, and what was proved."""
    said = f"{STATES[sample.state]}: {sample.operation.title}, {sample.client.title}"
    return f"{said}; passed {', '.join(sample.proof.gates)}" if sample.proof else said
