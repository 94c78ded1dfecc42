"""What a gate saw of a sample in many runs, kept until something that it depends on changes."""

import datetime
import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from samplegen.gates import Gate
from samplegen.judge.gates.case import Case, Proof


def kept(case: Case, gate: Gate, basis: object, prove: Callable[[], Sequence[str]]) -> Proof:
    """The proof of a gate, made now unless the same was proved before.

    Args:
        case: The sample; its program, its server and the judge's code are part of the basis.
        gate: Whose proof it is.
        basis: What else the proof depends on; its `repr` tells it from others.
        prove: Returns the names of what the sample was tried on. What it raises is not kept.

    Raises:
        OSError: The cache cannot be written.
    """

    def make(folder: Path) -> None:
        names = prove()
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        content = json.dumps({"names": [*names], "proved_at": now})
        (folder / f"{gate}.json").write_text(content, encoding="utf-8")

    folder = case.setup.workshop.kept(gate, (_basis(case), basis), make)
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
        setup.runner.contract is None,
        [spec.data(file).read_bytes() for file in cell.operation.files],
        cell.operation,
        cell.deviation,
        spec.api.faults,
        _judge_code(),
    )


@cache
def _judge_code() -> str:
    """A digest of the judge's code, all of which may decide what a proof is worth."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
