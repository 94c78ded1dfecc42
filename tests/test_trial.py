"""An error in any step of a trial is that sample's verdict; all others are judged, and reported."""

import errno
import json
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import xmlschema

from samplegen import cli
from samplegen.catalogue import Catalogue
from samplegen.errors import Problem, SamplegenError
from samplegen.gates import GATES
from samplegen.judge.gates import (
    build,
    faults,
    format,
    identity,
    lint,
    meaning,
    output,
    run,
    wire,
)
from samplegen.judge.gates.case import Case
from samplegen.judge.machine.requirements import Versions
from samplegen.judge.machine.workshop import Workshop
from samplegen.judge.machine.worlds import Starter, WorldError
from samplegen.judge.results.verdicts import read
from samplegen.judge.servers.proxy.proxy import Proxy
from samplegen.judge.servers.running import Runner
from samplegen.judge.servers.upstream import Upstream
from samplegen.judge.trial import Trial
from tests import toy

pytestmark = pytest.mark.processes

VICTIM = "victim"
FULL = OSError(errno.ENOSPC, "No space left on device", "/cache/built")
READ_ONLY = OSError(errno.EROFS, "Read-only file system", "/cache/faults")
DOWN = SamplegenError("the toy server was not ready after 60 s")
BUG = RuntimeError("a bug of ours")

GATE_MODULES = (identity, format, lint, build, run, wire, output, meaning, faults)
STEPS: dict[str, tuple[Any, str, Exception]] = {
    "render": (
        Catalogue,
        "render",
        SamplegenError(Problem("no such name", Path("templates/victim.py.jinja"), 3)),
    ),
    "check a requirement": (Versions, "of", FULL),
    "prepare": (Workshop, "prepared", FULL),
    "write the program": (Workshop, "written", READ_ONLY),
    "build": (Workshop, "step", FULL),
    "start": (Runner, "run", OSError(errno.ENOMEM, "Cannot allocate memory")),
    "make a world": (Starter, "world", WorldError("unshare: Operation not permitted")),
    "open a session": (Proxy, "session", OSError(errno.EMFILE, "Too many open files")),
    "write a proof to the cache": (Workshop, "kept", READ_ONLY),
    "reach the real server": (Upstream, "connection", DOWN),
    **{f"gate {module.NAME}": (module, "check", BUG) for module in GATE_MODULES},
}
"""Step to the class or module, its function, and what that raises."""

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A toy project of three samples; the options that name it."""
    folder = tmp_path_factory.mktemp("toy")
    made = toy.make(folder, dict.fromkeys(("first", VICTIM, "last"), toy.GOOD))
    for name in ("first", VICTIM, "last"):
        with (folder / f"templates/toy/toy/{name}.py.jinja").open("a") as program:
            program.write(f"# {name}\n")
    return folder, [str(option) for option in (*made, "--cache", folder / "cache")]


@pytest.fixture
def only_the_victim(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes a function raise an error in the trial of one sample."""
    trial = threading.local()
    verdict = Trial.verdict

    def judged(self: Trial) -> Any:
        trial.operation = self.cell.operation.name
        return verdict(self)

    def inject(owner: Any, name: str, error: Exception) -> None:
        function = getattr(owner, name)

        def injected(*args: Any, **options: Any) -> Any:
            if getattr(trial, "operation", "") == VICTIM:
                raise error
            return function(*args, **options)

        monkeypatch.setattr(owner, name, injected)

    at_once = Case.at_once

    def worked(self: Case, jobs: Any) -> Any:
        def work(job: Any, slot: Any) -> Any:
            trial.operation = self.cell.operation.name
            return job(slot)

        return at_once(self, [partial(work, job) for job in jobs])

    monkeypatch.setattr(Case, "at_once", worked)
    monkeypatch.setattr(Trial, "verdict", judged)
    return inject


@pytest.mark.parametrize("step", STEPS)
def test_an_error_in_a_step(
    step: str,
    project: tuple[Path, list[str]],
    only_the_victim: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    _, options = project
    owner, name, error = STEPS[step]
    only_the_victim(owner, name, error)
    assert cli.run(["verify", *options, "--json", "--junit", "junit.xml"]) == 1
    printed = capsys.readouterr()
    found = {verdict["operation"]: verdict for verdict in json.loads(printed.out)}
    assert {name: verdict["status"] for name, verdict in found.items()} == {
        "first": "passed",
        "last": "passed",
        VICTIM: "failed",
    }, [verdict["reason"] for verdict in found.values()]
    victim = found[VICTIM]
    assert victim["gate"] is None, "it was no gate that failed"
    assert str(error) in victim["reason"]
    assert ("Traceback" in victim["log"]) == (not isinstance(error, OSError | SamplegenError))
    if step.startswith("gate "):
        gate = step.removeprefix("gate ")
        assert f"at the gate {gate}: RuntimeError: a bug of ours" in victim["reason"]
        assert all(GATES.index(passed) < GATES.index(gate) for passed in victim["gates"])
    if step == "render":
        assert victim["findings"] == [
            {"message": str(error), "file": "templates/victim.py.jinja", "line": 3}
        ]
    assert read(Path("build/verdicts.json")), "the verdicts are kept"
    report = Path("junit.xml").read_text()
    SCHEMA.validate(report)
    (suite,) = ET.fromstring(report)  # noqa: S314  (it is our own)
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("3", "1", "0")


def test_an_error_does_not_outlive_its_run(
    project: tuple[Path, list[str]],
    only_the_victim: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing of a run that went wrong is left in the interpreter, which pytest may use again."""
    monkeypatch.chdir(tmp_path)
    _, options = project
    with monkeypatch.context() as undone:
        undone.setattr(Trial, "verdict", lambda self: (_ for _ in ()).throw(KeyboardInterrupt()))
        assert cli.run(["verify", *options]) == 130
    assert cli.run(["verify", *options]) == 0
    assert "3 passed, 0 failed" in capsys.readouterr().out


def test_a_gate_may_be_waived_with_a_reason(
    project: tuple[Path, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    folder, options = project
    command = ["verify", "first", *options, "--require", "toy", "--json"]
    assert cli.run(command) == 1
    printed = capsys.readouterr()
    assert "lint: the language names no linter" in printed.err
    missing = json.loads(printed.out)[0]["not_tried"]
    api = folder / "spec/api.yaml"
    original = api.read_text()
    waived = {gate: f"no {gate} here" for gate in missing}
    api.write_text(f"{original}\nwaive: {json.dumps(waived)}\n")
    try:
        assert cli.run(command) == 0
        (verdict,) = json.loads(capsys.readouterr().out)
    finally:
        api.write_text(original)
    assert verdict["not_tried"] == missing
    assert verdict["waived"] == waived
