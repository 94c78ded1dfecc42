"""What works with which server: judged, kept as data and shown as a page."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from samplegen.catalogue import Catalogue
from tests.conftest import ROOT, samplegen_command
from tests.real.models import MODELS, served

DATA = ROOT / "site" / "works-with.json"
PAGE = ROOT / "site" / "works-with.md"
TITLES = {
    "triton": "Triton Inference Server",
    "mlserver": "MLServer",
    "kserve": "KServe Python SDK",
}
_SECONDS = 1800
_LONGEST = 300
"""Characters of a reason on the page; the data file has all of it."""
NOT_ASKED = "was not asked for"


@dataclass
class Row:
    """An operation or a model on one server: its clients, by what came of them."""

    passed: list[str] = field(default_factory=list)
    cannot: dict[str, str] = field(default_factory=dict)
    """Clients that say so before a program is made, and why."""
    failed: dict[str, str] = field(default_factory=dict)
    """Clients whose program failed, and how."""
    not_run: dict[str, str] = field(default_factory=dict)
    """Clients that were not tried, and why."""
    refused: str = ""
    """Why `samplegen model` made no program at all."""


@dataclass
class Server:
    """What came of one server."""

    name: str
    version: str
    """As it says itself."""
    package: str
    date: str
    operations: dict[str, Row] = field(default_factory=dict)
    models: dict[str, Row] = field(default_factory=dict)
    unserved: dict[str, str] = field(default_factory=dict)
    """Models that it cannot serve, and why."""


def judge_operations(
    endpoint: str, clients: Sequence[str], names: Sequence[str], work: Path
) -> dict[str, Row]:
    """The packaged operations on a server, by `samplegen verify`; those named, or all."""
    command = ["verify", *names, "--endpoint", endpoint, "--model-version", "", "--json"]
    command += ["--verdicts", str(work / "verdicts.json")]
    verdicts, said = _verdicts(command, clients)
    if not verdicts:
        raise RuntimeError(said)
    rows: dict[str, Row] = defaultdict(Row)
    for verdict in verdicts:
        _add(rows[verdict["operation"]], verdict)
    return _complete(rows)


def judge_models(
    server: str, address: str, grpc_port: int, clients: Sequence[str], names: Sequence[str]
) -> dict[str, Row]:
    """Our models on a server, by `samplegen model --run`."""
    rows = {}
    for name, model in served(server).items():
        if names and name not in names:
            continue
        row = Row()
        command = ["model", address, name, "--grpc-port", str(grpc_port), "--run", "--json"]
        for shape in model.shapes:
            command += ["--shape", shape]
        verdicts, said = _verdicts(command, clients)
        for verdict in verdicts:
            _add(row, verdict)
        if not verdicts:
            row.refused = said.removeprefix("error: ").splitlines()[0]
        print(f"{server} {name}: {len(row.passed)} passed, {len(row.failed)} failed", flush=True)
        rows[name] = row
    return _complete(rows)


def _verdicts(command: Sequence[str], clients: Sequence[str]) -> tuple[list[dict[str, Any]], str]:
    words = [word for client in clients for word in ("--client", client)]
    done = subprocess.run(
        samplegen_command(*command, *words), capture_output=True, text=True, timeout=_SECONDS
    )
    return json.loads(done.stdout or "[]"), done.stderr.strip()


def _add(row: Row, verdict: Mapping[str, Any]) -> None:
    client, reason = verdict["client"], " ".join(verdict["reason"].split())
    if verdict["status"] == "passed":
        row.passed.append(client)
    elif verdict["omitted"]:
        row.cannot[client] = reason
    elif verdict["status"] == "skipped":
        row.not_run[client] = reason
    else:
        row.failed[client] = reason


def _complete(rows: dict[str, Row]) -> dict[str, Row]:
    """Names, in each row, the clients that nobody asked for."""
    catalogue = Catalogue()
    for name, row in rows.items():
        known = {*row.passed, *row.cannot, *row.failed, *row.not_run}
        for client in catalogue.clients.all():
            if client.name not in known and not row.refused and _speaks(catalogue, client, name):
                row.not_run[client.name] = NOT_ASKED
    return dict(rows)


def _speaks(catalogue: Catalogue, client: Any, name: str) -> bool:
    """Whether a client has programs of tensors at all."""
    cells = (cell for cell in catalogue.cells if cell.client.name == client.name)
    return any(catalogue.state(cell) == "ready" for cell in cells)


def read() -> list[Server]:
    """The servers of the data file."""
    if not DATA.exists():
        return []
    servers = []
    for tree in json.loads(DATA.read_text(encoding="utf-8")):
        for kind in ("operations", "models"):
            tree[kind] = {name: Row(**row) for name, row in tree[kind].items()}
        servers.append(Server(**tree))
    return servers


def write(server: Server) -> None:
    """Puts a server into the data file and onto the page.

    What is known of the same version stays for the clients that were not asked for.
    """
    known = {known.name: known for known in read()}
    old = known.get(server.name)
    if old and (old.version, old.package) == (server.version, server.package):
        merge(server.operations, old.operations)
        merge(server.models, old.models)
        server.date = min(server.date, old.date)
    known[server.name] = server
    ordered = sorted(known.values(), key=lambda one: [*TITLES, one.name].index(one.name))
    text = json.dumps([asdict(one) for one in ordered], indent=1, ensure_ascii=False)
    DATA.write_text(f"{text}\n", encoding="utf-8")
    PAGE.write_text(page(ordered), encoding="utf-8")


def merge(rows: dict[str, Row], old: Mapping[str, Row]) -> None:
    """Adds what was known of the clients that were not asked for."""
    for name, before in old.items():
        row = rows.setdefault(name, before)
        asked_for = [client for client, why in row.not_run.items() if why == NOT_ASKED]
        for client in asked_for:
            kinds = ("cannot", "failed", "not_run")
            kind = next((kind for kind in kinds if client in getattr(before, kind)), None)
            if client in before.passed:
                row.passed.append(client)
            elif kind is not None:
                getattr(row, kind)[client] = getattr(before, kind)[client]
            if client in before.passed or kind in kinds[:2]:
                del row.not_run[client]


_HEAD = """\
---
title: "Works with: KServe v2 clients on {names}"
keywords: compatibility matrix support Triton MLServer KServe SDK
description: Which operations and models run in which clients on {names}, as judged there.
---

# Works with

Every sample of this site runs against a server that answers as OpenVINO Model Server does. Here the
same judge ran them against other servers: the packaged operations with
[`samplegen verify --endpoint`](verification.md), and {models} models with
[`samplegen model --run`](own-model.md). A cell says how many clients passed of those that were
tried; a dash says that there is no result. `make servers` repeats it; all of it is in
[works-with.json](works-with.json).

"""
_TAIL = """\
## What was not run

{not_run}

OpenVINO Model Server itself was not run: it comes as a container. With Docker, start it and type
`python -m tests.real --running ovms=localhost:9000:8000`.
"""


def page(servers: Sequence[Server]) -> str:
    """The page as Markdown."""
    *first, last = map(_title, servers)
    names = " and ".join(filter(None, (", ".join(first), last)))
    parts = [_HEAD.format(models=len(MODELS), names=names)]
    parts.append("| Server | Version | Package | Judged |\n|---|---|---|---|\n")
    parts += [
        f"| {_title(one)} | {one.version} | {one.package or '–'} | {one.date} |\n"
        for one in servers
    ]
    parts.append("\n## Operations\n\n")
    parts.append(_table(servers, "Operation", [one.operations for one in servers]))
    parts.append("\n## Models\n\n")
    parts.append(
        "Each model is served by a program of ours, so that a difference is one of the servers.\n\n"
    )
    parts.append(_table(servers, "Model", [one.models for one in servers]))
    for one in servers:
        parts.append(f"\n## {_title(one)}: what does not work\n\n{_reasons(one)}")
    parts.append("\n" + _TAIL.format(not_run=_not_run(servers)))
    return "".join(parts)


def _title(server: Server) -> str:
    return TITLES.get(server.name, server.name)


def _table(servers: Sequence[Server], what: str, columns: Sequence[Mapping[str, Row]]) -> str:
    names = dict.fromkeys(name for column in columns for name in column)
    heads = " | ".join(_title(one) for one in servers)
    lines = [f"| {what} | {heads} |", f"|---|{'---|' * len(servers)}"]
    for name in names:
        cells = " | ".join(_cell(column.get(name)) for column in columns)
        lines.append(f"| `{name}` | {cells} |")
    return "\n".join(lines) + "\n"


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    if row.refused:
        return "refused"
    tried = len(row.passed) + len(row.failed)
    limits = f", {len(row.cannot)} cannot" if row.cannot else ""
    return f"{len(row.passed)} of {tried}{limits}"


def _reasons(server: Server) -> str:
    """Why something does not work there, each reason once."""
    found: dict[str, list[str]] = defaultdict(list)
    for kind in (server.operations, server.models):
        for name, row in kind.items():
            if row.refused:
                found[row.refused].append(f"`{name}`")
            for reasons in (row.cannot, row.failed):
                for client, reason in reasons.items():
                    found[reason].append(f"`{name}` in {client}")
    for name, reason in server.unserved.items():
        found[f"not served: {reason}"].append(f"`{name}`")
    if not found:
        return "Nothing.\n"
    return "".join(f"- {', '.join(where)}: {_quoted(why)}\n" for why, where in found.items())


def _quoted(reason: str) -> str:
    """A reason as text of a page, if need be its beginning: nothing in it is Markdown."""
    reason = reason if len(reason) <= _LONGEST else f"{reason[:_LONGEST].rstrip()} …"
    fence = "``" if "`" in reason else "`"
    space = " " if "`" in reason else ""
    return f"{fence}{space}{reason}{space}{fence}"


def _not_run(servers: Sequence[Server]) -> str:
    there = {one.name for one in servers}
    lines = [f"- {title}: not judged yet" for name, title in TITLES.items() if name not in there]
    for one in servers:
        rows = [*one.operations.values(), *one.models.values()]
        reasons: dict[str, dict[str, None]] = defaultdict(dict)
        for row in rows:
            for client, reason in row.not_run.items():
                reasons[reason][client] = None
        lines += [
            f"- {_title(one)}: {', '.join(sorted(clients))}: {reason}"
            for reason, clients in reasons.items()
        ]
    return "\n".join(lines) or "Every client was tried."


if __name__ == "__main__":
    sys.stdout.write(page(read()))
