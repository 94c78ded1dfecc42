"""Verdicts: what was proved about each sample, and the file that keeps them."""

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from samplegen.errors import SamplegenError
from samplegen.files import write_file
from samplegen.render.clients import Gate
from samplegen.yamlfile import adapter

Status = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Faults:
    """What a sample was seen to tell in one line, and to end by."""

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
    `skipped`: something is missing on this machine, or the client cannot say the operation."""
    reason: str = ""
    """Why it failed or was skipped; of a passed one, which gates were not tried and why."""
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
    other_server: str = ""
    """The name and version of the server that answers differently, if the sample was tried on it:
    the same template, with the address of that server."""
    faults: Faults = field(default_factory=Faults)
    """Those of the gate, if it was passed: the same template, with other ports and a deadline of
    a few seconds."""
    seconds: float = 0.0
    """What judging took, without what was waited for."""
    gate_seconds: dict[str, float] = field(default_factory=dict)
    """Of those, what each passed gate took."""
    judged_at: str = ""
    """ISO 8601, UTC."""
    log: str = ""
    """Of a failed one: the sample and all it printed, enough to mend it."""

    @property
    def cell(self) -> tuple[str, str]:
        return self.operation, self.client

    @property
    def failed_gate(self) -> Gate | None:
        """The gate that the sample failed; None also where no verdict could be reached."""
        if self.status != "failed":
            return None
        named = self.reason.partition(":")[0]
        return next((gate for gate in get_args(Gate) if gate == named), None)


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
        cause = str(error).splitlines()[0]
        message = f"{path}: not a file of verdicts; remove it and run samplegen verify: {cause}"
        raise SamplegenError(message) from error
    return tuple(verdicts)


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
    """The verdicts of required clients that were skipped, or whose sample missed a gate."""
    return [
        verdict
        for verdict in verdicts
        if verdict.client in required
        and (verdict.status == "skipped" or (verdict.status == "passed" and verdict.reason))
    ]
