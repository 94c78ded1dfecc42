"""The gates a sample must pass, in order, before a reader may see it as verified."""

import datetime
import hashlib
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from samplegen.clients import Command, Gate, Requirement
from samplegen.errors import SamplegenError
from samplegen.judge import processes, wire
from samplegen.judge.output import differences
from samplegen.judge.processes import Outcome
from samplegen.judge.servers import Target
from samplegen.judge.verdicts import Verdict
from samplegen.render import with_values
from samplegen.resources import shown
from samplegen.samples import Catalogue, Cell

_VERSION = re.compile(r"\d+(\.\w+)+")
_CHECK_SECONDS = 60
"""How long the check of a requirement may take."""


class Failed(Exception):
    """A gate was not passed."""

    def __init__(self, reason: str, outcome: Outcome | None = None) -> None:
        super().__init__(reason)
        self.outcome = outcome


@dataclass
class Trial:
    """One sample on its way through the gates."""

    cell: Cell
    text: str
    """The program that is judged."""
    published: str
    """The program that readers see."""
    passed: list[Gate] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    output: str = ""


class Judge:
    """Judges samples against one server."""

    def __init__(self, catalogue: Catalogue, target: Target, samples: Path | None) -> None:
        """Starts nothing yet.

        Args:
            catalogue: What to judge.
            target: The server to judge it against.
            samples: The folder of the published samples, if there is one.
        """
        self._catalogue = catalogue
        self._target = target
        self._samples = samples
        self._checked: dict[Requirement, str | None] = {}

    def judge(
        self, cells: Sequence[Cell], jobs: int, judged: Callable[[Verdict], None]
    ) -> list[Verdict]:
        """Judges the cells, `jobs` at a time; `judged` hears of each verdict as it falls.

        Returns:
            The verdicts in the order of `cells`.
        """
        self._check_requirements(cells, jobs)
        verdicts: dict[tuple[str, str], Verdict] = {}
        with ThreadPoolExecutor(jobs) as pool:
            try:
                for future in as_completed([pool.submit(self._verdict, cell) for cell in cells]):
                    verdict = future.result()
                    verdicts[verdict.cell] = verdict
                    judged(verdict)
            except BaseException:
                processes.stop_all()
                pool.shutdown(cancel_futures=True)
                raise
        return [verdicts[cell.key] for cell in cells]

    def _check_requirements(self, cells: Sequence[Cell], jobs: int) -> None:
        """Finds out once, and side by side, which programs and libraries are there."""
        needed = list(dict.fromkeys(r for cell in cells for r in cell.client.requirements))
        with ThreadPoolExecutor(jobs) as pool:
            self._checked = dict(zip(needed, pool.map(version, needed), strict=True))

    def _verdict(self, cell: Cell) -> Verdict:
        """Takes one cell as far as it gets."""
        started = time.monotonic()
        make = partial(
            Verdict,
            operation=cell.operation.name,
            client=cell.client.name,
            judged_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        )
        if (reason := self._unable(cell)) is not None:
            return make(status="skipped", reason=reason)
        try:
            trial = self._trial(cell)
        except SamplegenError as error:
            return make(status="failed", reason=str(error), log=str(error))
        make = partial(
            make,
            sha256=hashlib.sha256(trial.published.encode()).hexdigest(),
            documented_addresses=self._target.documented,
            versions={"server": self._target.version, **trial.versions},
        )
        reason, log = "", ""
        try:
            self._take(trial)
            reason = "; ".join(trial.untried)
        except Failed as failure:
            reason = self._target.death() or str(failure)
            log = self._log(trial, failure)
        return make(
            status="failed" if log else "passed",
            reason=reason,
            log=log,
            gates=tuple(trial.passed),
            output=trial.output,
            seconds=round(time.monotonic() - started, 3),
        )

    def _unable(self, cell: Cell) -> str | None:
        """Why the cell cannot be judged at all."""
        if cell.omitted is not None:
            return cell.omitted
        if not self._catalogue.renderer.has(cell.client, cell.operation):
            return f"no template; add templates/{cell.client.template(cell.operation)}"
        missing = [
            f"{requirement.name} is missing; type: {requirement.install}"
            for requirement in cell.client.requirements
            if not requirement.gates and self._checked[requirement] is None
        ]
        return "; ".join(missing) or None

    def _trial(self, cell: Cell) -> Trial:
        published = self._catalogue.render(cell).text
        documented = self._catalogue.spec.api.connection
        target = self._target.connection
        text = published
        if not self._target.documented:
            connection = with_values(
                documented, host=target.host, grpc_port=target.grpc_port, rest_port=target.rest_port
            )
            text = self._catalogue.render(cell, connection).text
        versions = {r.name: v for r in cell.client.requirements if (v := self._checked[r])}
        return Trial(cell, text, published, versions=versions)

    def _take(self, trial: Trial) -> None:
        """Takes a sample through all gates.

        Raises:
            Failed: At the first gate that it does not pass.
        """
        language = trial.cell.client.language
        self._identity(trial)
        with tempfile.TemporaryDirectory(prefix="samplegen-") as name:
            work = Path(name)
            for folder in ("source", "run", "home"):
                (work / folder).mkdir()
            file = work / "source" / Path(trial.cell.client.sample(trial.cell.operation)).name
            file.write_text(trial.text, encoding="utf-8")
            self._commands(trial, "format", language.format, work, file)
            self._commands(trial, "lint", language.lint, work, file)
            self._commands(trial, "build", language.build, work, file)
            self._run(trial, work, file)

    def _identity(self, trial: Trial) -> None:
        """Gate: the published bytes are those that spec and templates make."""
        if self._samples is None:
            trial.untried.append("identity: there is no folder of published samples")
            return
        path = self._samples / trial.cell.client.sample(trial.cell.operation)
        try:
            kept = path.read_bytes()
        except OSError as error:
            raise Failed(f"identity: {shown(path)} is missing; run samplegen generate") from error
        if kept != trial.published.encode():
            raise Failed(f"identity: {shown(path)} is stale; run samplegen generate")
        trial.passed.append("identity")

    def _commands(
        self, trial: Trial, gate: Gate, commands: Sequence[Command], work: Path, file: Path
    ) -> None:
        """Gate: all commands succeed and print nothing to stderr."""
        if not commands:
            return
        missing = [
            f"{gate}: {requirement.name} is missing; type: {requirement.install}"
            for requirement in trial.cell.client.requirements
            if gate in requirement.gates and self._checked[requirement] is None
        ]
        if missing:
            trial.untried.extend(missing)
            return
        for command in commands:
            outcome = self._execute(trial, command, work, work / "source", file)
            if outcome.status != 0:
                raise Failed(f"{gate}: {command[0]} {_ending(outcome)}", outcome)
        trial.passed.append(gate)

    def _run(self, trial: Trial, work: Path, file: Path) -> None:
        """Gates: it ends well, on its own and silently; and it prints what it must."""
        folder = work / "run"
        for name in trial.cell.operation.files:
            shutil.copy(self._catalogue.spec.data(name), folder)
        before = set(_files(folder)) | set(_files(work / "home"))
        with self._target.watch() as sent:
            outcome = self._execute(trial, trial.cell.client.language.run, work, folder, file)
        trial.output = outcome.stdout
        if outcome.status != 0:
            raise Failed(f"run: {_ending(outcome)}", outcome)
        if outcome.stderr:
            raise Failed("run: it printed to stderr, yet ended well", outcome)
        if outcome.left_behind:
            raise Failed("run: it left a process running", outcome)
        created = (set(_files(folder)) | set(_files(work / "home"))) - before
        if created:
            raise Failed(f"run: it left the file {min(created).name} behind", outcome)
        trial.passed.append("run")
        if sent is None:
            trial.untried.append("wire: the server does not tell what it was asked")
        else:
            expected = wire.canonical(self._catalogue.spec, trial.cell, self._target.connection)
            self._require("wire", wire.differences(sent, expected), outcome)
            trial.passed.append("wire")
        found = differences(outcome.stdout, trial.cell.operation.expect)
        self._require("output", found, outcome)
        trial.passed.append("output")

    def _require(self, gate: Gate, found: Sequence[str], outcome: Outcome) -> None:
        if found:
            raise Failed(f"{gate}: {'; '.join(found)}", outcome)

    def _execute(
        self, trial: Trial, command: Command, work: Path, folder: Path, file: Path
    ) -> Outcome:
        values = {"python": sys.executable, "file": str(file), "work": str(work)}
        arguments = [argument.format_map(values) for argument in command]
        env = processes.environment(work / "home")
        try:
            return processes.run(arguments, folder, env, trial.cell.client.language.timeout)
        except OSError as error:
            raise Failed(f"{command[0]} cannot be started: {error.strerror}") from error

    def _log(self, trial: Trial, failure: Failed) -> str:
        """All one needs to mend a sample: where it is, what it says, what it printed."""
        path = Path(trial.cell.client.sample(trial.cell.operation))
        lines = [str(shown(self._samples / path) if self._samples else path)]
        numbered = enumerate(trial.text.splitlines(), 1)
        lines += [f"{number:4} | {line}".rstrip() for number, line in numbered]
        if failure.outcome is not None:
            for name in ("stdout", "stderr"):
                text = getattr(failure.outcome, name)
                lines += [f"{name}:" if text else f"{name}: (empty)", *text.splitlines()]
        return "\n".join(lines)


def version(requirement: Requirement) -> str | None:
    """The version that the check of a requirement prints; None if it is not there."""
    values = {"python": sys.executable}
    command = [argument.format_map(values) for argument in requirement.check]
    if processes.find(command[0]) is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = processes.environment(folder)
        outcome = processes.run(command, folder, env, _CHECK_SECONDS)
    if outcome.status != 0:
        return None
    printed = outcome.stdout or outcome.stderr
    number = _VERSION.search(printed)
    return number[0] if number else next(iter(printed.splitlines()), "")


def _ending(outcome: Outcome) -> str:
    """How a process ended, and the first thing it complained of."""
    if outcome.status is None:
        return f"it was not done after {outcome.seconds:.0f} s"
    complaint = next((line for line in outcome.stderr.splitlines() if line.strip()), "")
    complaint = complaint or next(iter(outcome.stdout.splitlines()), "")
    ending = (
        f"was ended by signal {-outcome.status}"
        if outcome.status < 0
        else f"ended with status {outcome.status}"
    )
    return f"{ending}: {complaint}" if complaint else ending


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
