"""Verdicts as people read them: progress while they fall, and a table at the end."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from samplegen.errors import Problem
from samplegen.judge.machine.isolation import Isolation, Level
from samplegen.judge.machine.requirements import Installation
from samplegen.judge.results.verdicts import Verdict

_STYLES = {"passed": "green", "failed": "bold red", "skipped": "yellow"}
_WIDE = 200
"""Columns of a table that goes to a file."""
PROGRESS_SECONDS = 20.0
"""Between two lines of progress where there is no terminal."""
_NAMED = 3
"""How many samples or programs are named where several share a reason."""
_ISOLATION: dict[Level, str] = {
    "namespaces": "each program has a network, processes and temporary folders of its own",
    "sudo": "each program has a network, processes and temporary folders of its own, by sudo",
    "process": "programs share the ports of this machine",
}
_APT = "sudo apt install "
_MARKS = {"passed": "✓", "failed": "✗", "skipped": "–"}


@contextmanager
def progress(total: int) -> Iterator[Callable[[Verdict], None]]:
    """A progress bar, or where there is no terminal a line now and then; called with each verdict.

    All goes to stderr.
    """
    console = Console(stderr=True)
    with _bar(console, total) if console.is_terminal else _lines(total) as judged:
        yield judged


@contextmanager
def _bar(console: Console, total: int) -> Iterator[Callable[[Verdict], None]]:
    columns = (
        TextColumn("judging"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)

        def judged(verdict: Verdict) -> None:
            style = _STYLES[verdict.status]
            name = escape(f"{verdict.operation} × {verdict.client}")
            bar.update(task, advance=1, description=f"[{style}]{_MARKS[verdict.status]} {name}[/]")

        yield judged


@contextmanager
def _lines(total: int) -> Iterator[Callable[[Verdict], None]]:
    counts = Counter[str]()
    started = time.monotonic()
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(PROGRESS_SECONDS):
            seconds = time.monotonic() - started
            failed = f", {counts['failed']} failed" if counts["failed"] else ""
            done = f"judged {counts.total()} of {total} samples in {seconds:.0f} s{failed}"
            print(done, file=sys.stderr, flush=True)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield lambda verdict: counts.update([verdict.status])
    finally:
        ended.set()
        thread.join()


def table(verdicts: Sequence[Verdict], *, verbose: bool = False) -> None:
    """Prints what became of the samples.

    A row a client, with a mark for each operation; what failed, what was skipped and what was not
    tried, each reason once; a line that counts.

    Args:
        verdicts: In the order of the report.
        verbose: Whether each sample has a row, which names the gates that it passed.
    """
    console = Console(width=None if sys.stdout.isatty() else _WIDE, emoji=False)
    console.print(_cells(verdicts) if verbose else _clients(verdicts))
    for verdict in verdicts:
        if verdict.status == "failed":
            name = f"{verdict.operation} × {verdict.client}"
            gate = verdict.gate or "no verdict"
            console.print(f"[bold red]failed[/] {escape(f'{name}: {gate}')}")
    for note in _skipped(verdicts):
        console.print(f"[yellow]skipped[/] {escape(note)}")
    for note in (*_not_tried(verdicts), *_not_enforced(verdicts)):
        console.print(f"[yellow]not tried[/] {escape(note)}")
    counts = Counter[str](verdict.status for verdict in verdicts)
    parts = [f"[{_STYLES[s]}]{counts[s]} {s}[/]" for s in _STYLES if counts[s] or s != "skipped"]
    console.print(", ".join(parts))


def _clients(verdicts: Sequence[Verdict]) -> Table:
    """A row a client: a mark for each operation, in the order in which these first occur."""
    operations = list(dict.fromkeys(verdict.operation for verdict in verdicts))
    rows: dict[str, dict[str, Verdict]] = {}
    for verdict in verdicts:
        rows.setdefault(verdict.client, {})[verdict.operation] = verdict
    grid = Table(box=None, pad_edge=False)
    for heading in ("client", "operations", "passed", "s"):
        justify: JustifyMethod = "right" if heading in ("passed", "s") else "left"
        grid.add_column(heading, justify=justify, overflow="fold")
    for client, cells in rows.items():
        passed = sum(verdict.status == "passed" for verdict in cells.values())
        grid.add_row(
            escape(client),
            "".join(_mark(cells[name]) if name in cells else " " for name in operations),
            f"{passed}/{len(cells)}",
            f"{sum(verdict.seconds for verdict in cells.values()):.1f}",
        )
    return grid


def _cells(verdicts: Sequence[Verdict]) -> Table:
    """A row a sample."""
    grid = Table(box=None, pad_edge=False)
    for heading in ("", "operation", "client", "gates passed", "s"):
        grid.add_column(heading, justify="right" if heading == "s" else "left", no_wrap=True)
    for verdict in verdicts:
        style = _STYLES[verdict.status]
        grid.add_row(
            _mark(verdict),
            escape(verdict.operation),
            escape(verdict.client),
            " ".join(verdict.gates) or f"[{style}]{verdict.status}[/]",
            f"{verdict.seconds:.1f}",
        )
    return grid


def _mark(verdict: Verdict) -> str:
    return f"[{_STYLES[verdict.status]}]{_MARKS[verdict.status]}[/]"


def _skipped(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """A line for each client and reason: how many samples were skipped.

    Clients with the same reason share a line.
    """
    found: dict[str, Counter[str]] = {}
    for verdict in verdicts:
        if verdict.status == "skipped":
            found.setdefault(verdict.reason, Counter()).update([verdict.client])
    for reason, counts in found.items():
        yield f"{', '.join(counts)} ({_samples(counts.total())}): {reason}"


def _samples(count: int) -> str:
    return f"{count} sample" + "s" * (count != 1)


def _not_tried(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """A line for each gate that could not be tried and each reason: how many samples it concerns.

    Names them if they are few.
    """
    cells: dict[tuple[str, str], list[str]] = {}
    for verdict in verdicts:
        for gate in verdict.not_tried:
            name = f"{verdict.operation} × {verdict.client}"
            cells.setdefault((gate, verdict.excuse(gate)), []).append(name)
    for (named, why), names in cells.items():
        some = ", ".join(names[:_NAMED])
        more = len(names) - _NAMED
        yield f"{named}: {why}: {some}" + (f" and {more} more" if more > 0 else "")


def _not_enforced(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """A line for each client and gate of which not all checks are enforced."""
    found = {
        (verdict.client, gate): checks
        for verdict in verdicts
        for gate, checks in verdict.not_enforced.items()
    }
    for (client, gate), checks in found.items():
        yield f"{gate}, not enforced yet for {client}: {', '.join(checks)}"


def installations(found: Sequence[Installation]) -> None:
    """Prints a line a requirement: its version, or the command that brings it."""
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    grid = Table(box=None, pad_edge=False)
    for heading in ("", "requirement", "version", "needed by"):
        grid.add_column(heading)
    for one in found:
        there = one.version is not None
        style = _STYLES["passed" if there else "failed"]
        grid.add_row(
            f"[{style}]{_MARKS['passed' if there else 'failed']}[/]",
            one.requirement.full_name,
            escape(one.version or "there")
            if there
            else f"[{style}]missing[/]; type: {escape(one.requirement.install)}",
            ", ".join(one.clients),
        )
    console.print(grid)


def lacking(found: Sequence[Installation], samples: Mapping[str, int]) -> str:
    """In one line, without which programs samples cannot run, how many, and what brings them.

    Programs of the same language are counted together. It is empty if nothing is missing.

    Args:
        found: What was looked for.
        samples: The number of samples of each client.
    """
    groups: dict[tuple[str, str], list[Installation]] = {}
    for one in found:
        if one.version is None and not one.requirement.gates and _count([one], samples):
            language = one.clients[0].partition("/")[0]
            apt = one.requirement.install.startswith(_APT)
            groups.setdefault((_APT if apt else one.requirement.install, language), []).append(one)
    parts: dict[str, list[str]] = {}
    packages: dict[str, None] = {}
    for (remedy, _), missing in groups.items():
        names = list(dict.fromkeys(one.requirement.full_name for one in missing))
        count = _samples(_count(missing, samples))
        parts.setdefault(remedy, []).append(f"{_some(names)} ({count})")
        if remedy == _APT:
            for one in missing:
                install, _, _ = one.requirement.install.partition("#")
                packages |= dict.fromkeys(install.removeprefix(_APT).split())
    return "; ".join(
        f"{', '.join(those)}: {remedy}{' '.join(packages) if remedy == _APT else ''}"
        for remedy, those in parts.items()
    )


def _count(missing: Sequence[Installation], samples: Mapping[str, int]) -> int:
    """How many samples need any of them."""
    return sum(samples[client] for client in {client for one in missing for client in one.clients})


def _some(names: Sequence[str]) -> str:
    """The names, or some of them and how many more."""
    if len(names) > _NAMED:
        names = [*names[: _NAMED - 1], f"{len(names) - _NAMED + 1} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def isolation(found: Isolation) -> None:
    """Prints how far programs are kept apart, and what would do it better."""
    console = Console(soft_wrap=True, highlight=False, emoji=False)
    console.print(f"\nisolation: {escape(_ISOLATION[found.level])}")
    for reason in found.reasons:
        console.print(f"  not {escape(reason)}")
    if found.remedy:
        console.print(f"  for a better one, {escape(found.remedy)}")


def failures(verdicts: Sequence[Verdict]) -> None:
    """Prints to stderr, for each failed sample, all one needs to fix it."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
    for verdict in verdicts:
        if verdict.status == "failed":
            name = escape(f"{verdict.operation} × {verdict.client}")
            console.print(f"[bold red]✗ {name}[/]: {escape(verdict.reason)}")
            console.print(escape("".join(f"  {line}\n" for line in verdict.log.splitlines())))


def problem(verdict: Verdict) -> Problem:
    """Why a sample failed, at the line that its first finding is about, or at the first one."""
    message = f"{verdict.client}: {verdict.reason}"
    first = next(iter(verdict.findings), None)
    if first is None or not first.file:
        return Problem(message)
    return Problem(message, Path(first.file), first.line or 1)
