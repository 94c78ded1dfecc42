"""Judges the mutants and scores the judge: how many faults does it catch, and by which gate?

`make mutants` prints the score of each language and writes it to `build/mutants.json`, which the
docs site shows when it is there; `MutationScores` of `samplegen/outputs.py` says what it holds.

Caught means: it failed the very gate that its row names, and passed all before that one. So what a
formatter, linter or compiler finds does not count, unless it is what must find it.
"""

import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from samplegen.catalogue import Catalogue
from samplegen.errors import SamplegenError
from samplegen.gates import GATES, Gate
from samplegen.judge.results.verdicts import Verdict
from samplegen.outputs import LanguageScore, Mutant, MutationScores
from samplegen.render.clients import Client
from samplegen.yamlfile import adapter
from tests.mutants.planting import ELSEWHERE, KINDS, Nursery, Planted, Row, controls, mutants

STATIC: tuple[Gate, ...] = ("identity", "format", "lint", "build")
"""The gates that see the program and do not run it."""
SECONDS = 1200
"""No part may take longer; a hang is a failure."""
_PART = 12
"""Mutants that are judged in one run of the command line."""


class SuiteError(Exception):
    """The run says nothing about the judge."""


@dataclass(frozen=True)
class Judged:
    """A planted sample and what the judge says of it."""

    planted: Planted
    verdict: Verdict

    @property
    def before(self) -> set[str]:
        """The gates that it passed before it ran."""
        return {gate for gate in self.verdict.gates if gate in STATIC}

    @property
    def caught(self) -> bool:
        row = self.planted.row
        return (
            row is not None
            and self.verdict.gate == row.caught_by
            and row.says in self.verdict.reason
        )


def judged(
    planted: Sequence[Planted],
    jobs: int | None = None,
    nursery: Nursery | None = None,
    spec: Path | None = None,
) -> list[Judged]:
    """Generates and judges the samples as the command line does for everyone, in one run.

    Args:
        planted: What to judge.
        jobs: How many may keep a processor busy at a time.
        nursery: Where they are planted; None: in the packaged templates.
        spec: The API's own spec; None: the packaged one.

    Raises:
        SuiteError: The command line failed, or has no verdict on one of them.
    """
    with tempfile.TemporaryDirectory(prefix="samplegen-mutants-") as name:
        folder = Path(name)
        templates, samples = folder / "templates", folder / "samples"
        (nursery or Nursery()).plant(planted, templates)
        project: list[str | Path] = ["--templates", templates]
        project += [] if spec is None else ["--spec", spec]
        _samplegen("generate", *project, "--output", samples)
        arguments = [*project, "--samples", samples, "--json"]
        arguments += ["--verdicts", folder / "verdicts.json"]
        for one in planted:
            arguments += ["--client", one.client]
        if jobs is not None:
            arguments += ["--jobs", str(jobs)]
        printed = _samplegen("verify", *arguments, failing=True)
    verdicts = adapter(list[Verdict]).validate_python(json.loads(printed))
    found = {verdict.cell: verdict for verdict in verdicts if verdict.reason != ELSEWHERE}
    if unjudged := {one.cell for one in planted} ^ found.keys():
        raise SuiteError(f"verdicts and samples differ: {unjudged}")
    return [Judged(one, found[one.cell]) for one in planted]


def judge_all(
    planted: Sequence[Planted],
    jobs: int | None = None,
    told: Callable[[list[Judged], str], None] = lambda found, problem: None,
) -> tuple[list[Judged], list[str]]:
    """Judges mutants and a control for each sample, in parts.

    Args:
        planted: Mutants.
        jobs: How many may keep a processor busy at a time.
        told: Called after each part, with its verdicts, or with why there are none.

    Returns:
        What was judged, and why other parts were not.
    """
    found: list[Judged] = []
    problems = []
    for part in parts(planted):
        try:
            some, problem = judged([*controls(part), *part], jobs), ""
        except (SuiteError, SamplegenError, ValueError) as error:
            some, problem = [], str(error)
            problems.append(problem)
        found += some
        told(some, problem)
    return found, problems


def share(planted: Sequence[Planted], number: int, of: int) -> list[Planted]:
    """One of several parts of equal size, in each of which all languages and kinds take turns."""
    ordered = sorted(planted, key=lambda one: (one.language, one.row.kind if one.row else ""))
    return ordered[number % of :: of]


def parts(planted: Sequence[Planted]) -> list[list[Planted]]:
    """Mutants of a language together, since they share what they are built with."""
    languages = dict.fromkeys(one.language for one in planted)
    found = []
    for language in languages:
        own = [one for one in planted if one.language == language]
        found += [own[i : i + _PART] for i in range(0, len(own), _PART)]
    return found


def wrong(found: Sequence[Judged]) -> list[str]:
    """Why the run does not prove that the judge catches everything, a line for each sample."""
    lines = []
    sources = {
        (one.planted.source, one.planted.operation): one for one in found if not one.planted.row
    }
    for one in found:
        row, verdict = one.planted.row, one.verdict
        name = f"{one.planted.client} × {one.planted.operation}"
        if verdict.status == "skipped":
            continue
        if row is None:
            if verdict.status == "failed":
                lines.append(f"{name}: a control must pass: {verdict.reason}")
        elif verdict.status == "passed":
            lines.append(f"{name}: survived, yet {row.fault}")
        elif one.before != _before(sources[one.planted.source, one.planted.operation], row):
            lines.append(f"{name}: not a fault for the judge: {verdict.reason}")
        elif not one.caught:
            lines.append(f"{name}: expected {expected(row)}; the judge said: {verdict.reason}")
    return lines


def _before(control: Judged, row: Row) -> set[str]:
    """What a mutant must pass before the gate that must find it: as far as its control does."""
    earlier = GATES[: GATES.index(row.caught_by)]
    return {gate for gate in control.before if gate in earlier}


def unable(found: Sequence[Judged]) -> list[str]:
    """Why some were not judged, or not by all gates: what is missing on this machine."""
    reasons = (
        one.verdict.reason
        for one in found
        if one.verdict.status == "skipped"
        or (one.planted.row is None and one.verdict.status == "passed")
    )
    return list(dict.fromkeys(filter(None, reasons)))


def score(language: LanguageScore) -> str:
    """A line that says how many faults of a language were caught, and by which gates."""
    gates = ", ".join(f"{gate} {count}" for gate, count in language.by_gate.items())
    caught = f"{language.caught} of {language.planted} caught"
    return f"{language.title:8}{caught if language.planted else 'not judged'}: " + (
        "; ".join(filter(None, (gates, language.skipped)))
    )


def by_kind(scores: MutationScores) -> list[str]:
    """A line for each kind of fault: how many were caught in each language."""
    lines = []
    for kind, title in scores.kinds.items():
        counts = [
            f"{language.name} {sum(m.caught_by is not None for m in own)}/{len(own)}"
            for language in scores.languages
            if (own := [mutant for mutant in language.mutants if mutant.kind == kind])
        ]
        lines.append(f"{kind}  {', '.join(counts) or 'none'}: {title}")
    return lines


def expected(row: Row) -> str:
    """What the judge has to say of a mutant."""
    return f"{row.caught_by}: …{row.says}" if row.says else row.caught_by


def report(found: Sequence[Judged], seconds: float) -> MutationScores:
    """What `build/mutants.json` holds."""
    clients = {client.name: client for client in Catalogue().clients.all()}
    servers = {v for one in found if (v := one.verdict.versions.get("server"))}
    languages = list(dict.fromkeys(one.planted.language for one in found))
    return MutationScores(
        judged_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        samplegen=version("samplegen"),
        server=", ".join(sorted(servers)),
        machine=f"{platform.system()}, {platform.machine()}, {os.cpu_count()} cores",
        seconds=round(seconds, 1),
        kinds=KINDS,
        present=len(list(mutants())),
        gates=GATES,
        languages=tuple(
            _language([one for one in found if one.planted.language == name], clients)
            for name in languages
        ),
    )


def _language(found: Sequence[Judged], clients: dict[str, Client]) -> LanguageScore:
    rows = tuple(
        Mutant(
            name=one.planted.row.name,
            fault=one.planted.row.fault,
            client=one.planted.source,
            operation=one.planted.operation,
            kind=one.planted.row.kind,
            expected_gate=one.planted.row.caught_by,
            caught_by=one.verdict.gate if one.caught else None,
            reason=one.verdict.reason,
        )
        for one in found
        if one.planted.row is not None and one.verdict.status != "skipped"
    )
    versions = [item for one in found for item in one.verdict.versions.items()]
    by_gate = Counter(row.caught_by for row in rows if row.caught_by)
    first = found[0].planted
    return LanguageScore(
        name=first.language,
        title=clients[first.source].language.title,
        planted=len(rows),
        caught=sum(by_gate.values()),
        by_gate={gate: by_gate[gate] for gate in GATES if by_gate[gate]},
        versions={name: version for name, version in sorted(versions) if name != "server"},
        skipped="; ".join(unable(found)),
        mutants=rows,
    )


def _samplegen(command: str, *arguments: str | Path, failing: bool = False) -> str:
    """What a command prints.

    Raises:
        SuiteError: It ends with another status than 0, or 1 where samples may fail.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "samplegen", command, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            process.terminate()  # it ends all that it started
            raise SuiteError(f"samplegen {command} was not done after {SECONDS} s") from error
        except BaseException:
            process.terminate()
            raise
    if process.returncode not in ((0, 1) if failing else (0,)):
        raise SuiteError(f"samplegen {command} ended with {process.returncode}: {stderr}")
    return stdout
