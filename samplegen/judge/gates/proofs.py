"""What a gate saw of a sample in many runs, kept until something that it depends on changes."""

import datetime
import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from samplegen.gates import Gate
from samplegen.judge.gates.case import Case, Proof
from samplegen.judge.gates.finding import Failed

_PACKAGES = ("judge", "calling", "contract", "spec")
"""Those whose code decides what a proof is worth."""


class _Unproved(Exception):
    """There is nothing to keep."""

    def __init__(self, failed: Failed) -> None:
        super().__init__()
        self.failed = failed


def kept(
    case: Case, gate: Gate, basis: object, prove: Callable[[], Sequence[str] | Failed]
) -> Proof | Failed:
    """The proof of a gate, made now unless the same was proved before.

    Args:
        case: The sample; its program, its server and the judge's code are part of the basis.
        gate: Whose proof it is.
        basis: What else the proof depends on; its `repr` tells it from others.
        prove: Returns the names of what the sample was tried on; or how it failed, which is not
            kept.

    Raises:
        OSError: The cache cannot be written.
    """

    def make(folder: Path) -> None:
        names = prove()
        if isinstance(names, Failed):
            raise _Unproved(names)
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        content = json.dumps({"names": [*names], "proved_at": now})
        (folder / f"{gate}.json").write_text(content, encoding="utf-8")

    try:
        folder = case.setup.workshop.kept(gate, (_basis(case), basis), make)
    except _Unproved as unproved:
        return unproved.failed
    found = json.loads((folder / f"{gate}.json").read_text(encoding="utf-8"))
    return Proof(tuple(found["names"]), found["proved_at"])


def _basis(case: Case) -> tuple[object, ...]:
    """What every proof depends on."""
    setup, cell = case.setup, case.cell
    spec = setup.catalogue.spec
    return (
        case.folder.name,
        case.text,
        cell.client.language.run,
        setup.runner.connection,
        setup.deadline,
        setup.target.version,
        setup.runner.isolation.level,
        spec.contract.descriptors if setup.runner.contract else None,
        [spec.data(file).read_bytes() for file in cell.operation.files],
        cell.operation,
        cell.deviation,
        spec.api.faults,
        _judge_code(),
    )


@cache
def _judge_code() -> str:
    """A digest of the code that judges."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for path in sorted((Path(__file__).parents[2] / package).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
