"""Verdicts: what was proved about each sample, and the file that keeps them."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from samplegen.errors import SamplegenError
from samplegen.files import write_file
from samplegen.gates import Gate
from samplegen.judge.gates.finding import Finding
from samplegen.yamlfile import adapter

Status = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Faults:
    """The faults of servers that a sample reported in one line each, and ended by."""

    names: tuple[str, ...] = ()
    """Of the faults, as the table of the verification page and `api.yaml` call them."""
    proved_at: str = ""
    """ISO 8601, UTC. Earlier than the verdict if these bytes, with these tools, had proved it."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the judge says of one sample."""

    operation: str
    """Its name."""
    client: str
    """`<language>/<client>`."""
    status: Status
    """`passed`: every gate that was tried; `failed`: one of them, or no verdict could be reached;
    `skipped`: something is missing on this machine, or the client does not support the
    operation."""
    gate: Gate | None = None
    """The gate that a failed sample did not pass; null also where no verdict could be reached."""
    findings: tuple[Finding, ...] = ()
    """Why it failed or was skipped; none if it passed."""
    omitted: bool = False
    """Whether it was skipped because the client does not support the operation, on any machine."""
    not_tried: dict[Gate, str] = field(default_factory=dict)
    """The gates that could not be tried, and why."""
    waived: dict[Gate, str] = field(default_factory=dict)
    """Of those, the ones that `api.yaml` waives, and its reasons."""
    not_enforced: dict[Gate, tuple[str, ...]] = field(default_factory=dict)
    """Of gates that were passed, the checks that the sample need not pass yet."""
    reason: str = ""
    """In one text, why it failed or was skipped; of a passed one, which gates were not tried and
    why. Made of the above, whatever it is given."""
    gates: tuple[Gate, ...] = ()
    """The gates passed, in order."""
    output: str = ""
    """What the sample printed to stdout."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of the server and of what the sample needs."""
    sha256: str = ""
    """Of the published sample, even where the judged one differed from it in its ports."""
    documented_addresses: bool = False
    """Whether the published bytes ran, on the addresses they name; else the same template with the
    address of another server."""
    isolation: str = ""
    """How the sample was kept apart: `namespaces`, a network, processes and folders of its own;
    `sudo`, the same with its help; `process`, none of that."""
    other_server: str = ""
    """The name and version of the server that answers differently, if the sample was tried on
    it."""
    faults: Faults = field(default_factory=Faults)
    """Those of the gate, if it was passed."""
    meaning_proved_at: str = ""
    """When the gate was passed on the answers that the server gave now: earlier than the verdict if
    these bytes, with these tools, had proved it. ISO 8601, UTC."""
    seconds: float = 0.0
    """What judging took, without what was waited for."""
    gate_seconds: dict[Gate, float] = field(default_factory=dict)
    """Of those, what each passed gate took."""
    judged_at: str = ""
    """ISO 8601, UTC."""
    log: str = ""
    """Of a failed one: the sample and all it printed, enough to fix it."""

    def __post_init__(self) -> None:
        """Refuses what no judge says, such as the verdict of a version that had no findings."""
        if (self.status == "passed") == bool(self.findings):
            found = "findings" if self.findings else "no findings"
            raise ValueError(f"found the status {self.status!r} and {found}")
        if self.gate is not None and self.status != "failed":
            raise ValueError(f"found the status {self.status!r} and a failed gate")
        object.__setattr__(self, "reason", self._reason())

    def _reason(self) -> str:
        if self.status == "passed":
            return "; ".join(f"{gate}: {self.excuse(gate)}" for gate in self.not_tried)
        text = "; ".join(finding.message for finding in self.findings)
        return f"{self.gate}: {text}" if self.gate else text

    @property
    def cell(self) -> tuple[str, str]:
        return self.operation, self.client

    def excuse(self, gate: Gate) -> str:
        """Why a gate was not tried, and by what reason of the API's that is allowed."""
        waived = f" (waived: {self.waived[gate]})" if gate in self.waived else ""
        return f"{self.not_tried[gate]}{waived}"

    @property
    def unproved(self) -> dict[Gate, str]:
        """The gates that were neither tried nor waived, and why."""
        return {gate: why for gate, why in self.not_tried.items() if gate not in self.waived}


def as_json(verdicts: Iterable[Verdict]) -> bytes:
    """A JSON array, one object a cell; in UTF-8, whatever the machine's locale says."""
    text = json.dumps([asdict(verdict) for verdict in verdicts], indent=1, ensure_ascii=False)
    # Half of a surrogate pair has no UTF-8, but an escape in JSON.
    return text.encode(errors="backslashreplace")


def read(path: Path) -> tuple[Verdict, ...]:
    """The verdicts kept in a file; none if there is no file.

    Raises:
        SamplegenError: The file is damaged.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        verdicts: list[Verdict] = adapter(list[Verdict]).validate_python(values)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, ValueError, RecursionError) as error:
        message = "not a file of verdicts of this version; remove it and run samplegen verify"
        raise SamplegenError(f"{path}: {message}: {_cause(error)}") from error
    return tuple(verdicts)


def _cause(error: Exception) -> str:
    """In one line, what is wrong with a file."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place}: {first['msg']}" if place else first["msg"]
    return str(error).splitlines()[0]


def write(path: Path, verdicts: Iterable[Verdict]) -> None:
    """Makes a file hold these verdicts.

    Raises:
        SamplegenError: It cannot be written.
    """
    write_file(path, as_json(verdicts) + b"\n")


def merge(path: Path, verdicts: Iterable[Verdict], cells: Iterable[tuple[str, str]]) -> None:
    """Writes verdicts to a file and keeps those it has of other cells of the matrix.

    Raises:
        SamplegenError: The file is damaged or cannot be written.
    """
    kept: dict[Any, Verdict] = {verdict.cell: verdict for verdict in read(path)}
    kept |= {verdict.cell: verdict for verdict in verdicts}
    write(path, (kept[cell] for cell in cells if cell in kept))


def lacking(verdicts: Iterable[Verdict], required: Collection[str]) -> list[Verdict]:
    """The verdicts of required clients that were skipped, or whose gates were not all tried.

    What a client does not support by its `client.yaml` is not lacking.
    """
    return [
        verdict
        for verdict in verdicts
        if verdict.client in required
        and not verdict.omitted
        and (verdict.status == "skipped" or (verdict.status == "passed" and verdict.unproved))
    ]


def why_lacking(verdict: Verdict) -> str:
    """Why a required sample was skipped, or which gates were not tried and why."""
    return verdict.reason if verdict.status == "skipped" else joined(verdict.unproved)


def joined(reasons: Mapping[Gate, str]) -> str:
    """Reasons by gate, in one line."""
    return "; ".join(f"{gate}: {reason}" for gate, reason in reasons.items())
