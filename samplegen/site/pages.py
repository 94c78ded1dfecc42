"""Markdown that is made from the catalogue: the operations' pages, tables, plain samples."""

import posixpath
from collections.abc import Sequence
from html import escape

from samplegen.clients import Client
from samplegen.site.book import STATES, Book, Sample, State
from samplegen.spec import Expectation, Operation, Tensor

MARKS: dict[State, str] = {"verified": "✓", "failed": "✗", "stale": "↻", "unverified": "–"}


def operation_page(operation: Operation) -> str:
    """The page of an operation, for which nobody has written one by hand."""
    name = operation.name
    parts = [
        f"---\ndescription: >-\n  {' '.join(operation.summary.split())}\n---",
        f"# {operation.title}",
        operation.summary,
        operation.description.strip(),
        f"::: samplegen {name}",
        "## Install the package",
        f"::: samplegen-install {name}",
        "## RPC and REST route",
        f"::: samplegen-calls {name}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def matrix(book: Book, source: str, root: str) -> str:
    """Operations × clients: the state of every cell, linked to its sample.

    Args:
        book: The samples.
        source: The Markdown file that shows it, below the docs folder.
        root: The relative address of the site's root on that page.
    """
    clients = [client for _, group in book.languages for client in group]
    rows = [["Operation", *(client.tab or client.title for client in clients)]]
    rows.append(["---", *(":-:" for _ in clients)])
    for operation in book.operations.values():
        page = posixpath.relpath(f"operations/{operation.name}.md", posixpath.dirname(source))
        row = [f"[{operation.title}]({page})"]
        for client in clients:
            sample = book.samples.get((operation.name, client.name))
            row.append(_cell(sample, root) if sample else _absent(client, operation))
        rows.append(row)
    return _table(rows)


def _cell(sample: Sample, root: str) -> str:
    title = f"{STATES[sample.state]}: {sample.operation.title}, {sample.client.title}"
    return (
        f'<a class="sg-cell sg-{sample.state}" title="{title}" aria-label="{title}" '
        f'href="{root}/operations/{sample.operation.name}/#{sample.anchor}">{MARKS[sample.state]}</a>'
    )


def _absent(client: Client, operation: Operation) -> str:
    reason = client.omits.get(operation.form, "no template")
    return f'<span class="sg-cell" title="{escape(reason)}">n/a</span>'


def calls(operation: Operation) -> str:
    """What an operation calls over each transport, what it sends and what comes back."""
    rows = [["RPC", "REST"], ["---", "---"]]
    rows += [[f"`{call.rpc}`", f"`{call.rest}`"] for call in operation.calls]
    parts = [_table(rows)]
    for title, tensors in (("Sends", operation.inputs), ("Reads", operation.outputs)):
        if tensors:
            rows = [[title, "Datatype", "Shape", "Data"], ["---"] * 4]
            rows += [[f"`{t.name}`", t.datatype, f"`{list(t.shape)}`", _data(t)] for t in tensors]
            parts.append(_table(rows))
    rows = [["Every sample prints", "Value"], ["---", "---"]]
    rows += [[f"`{e.label}`", _expected(e)] for e in operation.expect]
    parts.append(_table(rows))
    return "\n\n".join(parts)


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


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
