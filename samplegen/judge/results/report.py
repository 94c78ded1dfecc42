"""Verdicts as people and machines read them: a table, JUnit, and progress while they fall."""

import re
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from samplegen.errors import Problem
from samplegen.gates import Gate
from samplegen.judge.machine.isolation import Isolation, Level
from samplegen.judge.machine.requirements import Installation
from samplegen.judge.results.verdicts import Verdict

_STYLES = {"passed": "green", "failed": "bold red", "skipped": "yellow"}
_WIDE = 200
"""Columns of a table that goes to a file."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMED = 3
"""How many samples are named of those that miss a gate for the same reason."""
_ISOLATION: dict[Level, str] = {
    "namespaces": "each program has a network, processes and temporary folders of its own",
    "sudo": "each program has a network, processes and temporary folders of its own, by sudo",
    "process": "programs share the ports of this machine",
}
_MARKS = {"passed": "✓", "failed": "✗", "skipped": "–"}


@contextmanager
def progress(total: int) -> Iterator[Callable[[Verdict], None]]:
    """A progress bar on a terminal, and nothing elsewhere; called with each verdict."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda verdict: None
        return
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


def table(verdicts: Sequence[Verdict]) -> None:
    """Prints a line a cell and a line that counts."""
    console = Console(width=None if sys.stdout.isatty() else _WIDE, emoji=False)
    grid = Table(box=None, pad_edge=False)
    for heading in ("", "operation", "client", "gates passed", "s"):
        grid.add_column(heading, justify="right" if heading == "s" else "left", no_wrap=True)
    for verdict in verdicts:
        style = _STYLES[verdict.status]
        grid.add_row(
            f"[{style}]{_MARKS[verdict.status]}[/]",
            escape(verdict.operation),
            escape(verdict.client),
            " ".join(verdict.gates) or f"[{style}]{verdict.status}[/]",
            f"{verdict.seconds:.1f}",
        )
    console.print(grid)
    for verdict in verdicts:
        name = f"{verdict.operation} × {verdict.client}"
        if verdict.status == "skipped":
            console.print(f"[yellow]skipped[/] {escape(f'{name}: {verdict.reason}')}")
    for note in _not_tried(verdicts):
        console.print(f"[yellow]not tried[/] {escape(note)}")
    for note in _not_enforced(verdicts):
        console.print(f"[yellow]not tried[/] {escape(note)}")
    counts = Counter[str](verdict.status for verdict in verdicts)
    parts = [f"[{_STYLES[s]}]{counts[s]} {s}[/]" for s in _STYLES if counts[s] or s != "skipped"]
    console.print(", ".join(parts))


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
            one.requirement.name,
            escape(one.version or "there")
            if there
            else f"[{style}]missing[/]; type: {escape(one.requirement.install)}",
            ", ".join(one.clients),
        )
    console.print(grid)


def isolation(found: Isolation) -> None:
    """Prints how far programs are kept apart, and what would do it better."""
    console = Console(soft_wrap=True, highlight=False, emoji=False)
    console.print(f"\nisolation: {escape(_ISOLATION[found.level])}")
    for reason in found.reasons:
        console.print(f"  not {escape(reason)}")
    if found.remedy:
        console.print(f"  for a better one, {escape(found.remedy)}")


def failures(verdicts: Sequence[Verdict]) -> None:
    """Prints to stderr, for each failed sample, all one needs to mend it."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
    for verdict in verdicts:
        if verdict.status == "failed":
            name = escape(f"{verdict.operation} × {verdict.client}")
            console.print(f"[bold red]✗ {name}[/]: {escape(verdict.reason)}")
            console.print(escape("".join(f"  {line}\n" for line in verdict.log.splitlines())))


def problem(verdict: Verdict) -> Problem:
    """Why a sample failed, at the line that its first finding is about."""
    message = f"{verdict.client}: {verdict.reason}"
    first = next(iter(verdict.findings), None)
    if first is None or not first.file:
        return Problem(message)
    return Problem(message, Path(first.file), first.line)


def unproved(verdict: Verdict) -> str:
    """What a required sample lacks: why it was skipped, or which gates were not tried and why."""
    return verdict.reason if verdict.status == "skipped" else _joined(verdict.unproved)


def junit(verdicts: Sequence[Verdict], lacking: Iterable[Verdict] = ()) -> bytes:
    """The verdicts as a JUnit report: a test case a cell.

    Args:
        verdicts: In the order of the report.
        lacking: Those of them that were not judged by all gates although that is required.
    """
    required = {verdict.cell for verdict in lacking}
    outcomes = [_outcome(verdict, verdict.cell in required) for verdict in verdicts]
    counts = Counter(outcome.tag for outcome in outcomes if outcome is not None)
    suite = ET.Element(
        "testsuite",
        name="samplegen",
        tests=str(len(verdicts)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{sum(verdict.seconds for verdict in verdicts):.3f}",
    )
    for verdict, outcome in zip(verdicts, outcomes, strict=True):
        case = ET.SubElement(
            suite,
            "testcase",
            classname=_xml(verdict.client.replace("/", ".")),
            name=_xml(verdict.operation),
            time=f"{verdict.seconds:.3f}",
        )
        properties = ET.SubElement(case, "properties")
        for name, value in _properties(verdict).items():
            ET.SubElement(properties, "property", name=name, value=_xml(value))
        if outcome is not None:
            case.append(outcome)
        ET.SubElement(case, "system-out").text = _xml(verdict.output)
    suites = ET.Element("testsuites")
    suites.append(suite)
    content: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _outcome(verdict: Verdict, is_lacking: bool) -> ET.Element | None:
    """What JUnit calls a sample that did not simply pass.

    A failure is what a gate found, or a gate that was not tried although required; an error is what
    kept the judge from a verdict.
    """
    message = _xml(verdict.reason)
    if is_lacking:
        why = f"required, but not fully judged: {_xml(unproved(verdict))}"
        return ET.Element("failure", message=why, type="required")
    if verdict.status == "passed":
        return None
    if verdict.status == "skipped":
        return ET.Element("skipped", message=message)
    gate = verdict.gate
    outcome = ET.Element("failure" if gate else "error", message=message, type=gate or "no verdict")
    outcome.text = _xml(verdict.log)
    return outcome


def _properties(verdict: Verdict) -> dict[str, str]:
    """What was proved and how, but for what is empty."""
    faults = verdict.faults
    properties = {
        "gates": " ".join(verdict.gates),
        "not tried": _joined(verdict.not_tried),
        "waived": _joined(verdict.waived),
        "not enforced": _joined({g: ", ".join(c) for g, c in verdict.not_enforced.items()}),
        "isolation": verdict.isolation,
        "other server": verdict.other_server,
        "faults": ", ".join(faults.names),
        "faults proved at": faults.proved_at,
    }
    return {name: value for name, value in properties.items() if value}


def _joined(reasons: Mapping[Gate, str]) -> str:
    return "; ".join(f"{gate}: {reason}" for gate, reason in reasons.items())


def _xml(text: str) -> str:
    """Text without the characters that XML 1.0 cannot hold, not even escaped."""
    return _NOT_XML.sub(lambda match: ascii(match[0])[1:-1], text)
