"""A sample that hides that something is wrong with the server does not pass the gate of faults."""

import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from samplegen.catalogue import Catalogue, Cell
from samplegen.judge.gates.faults import met
from samplegen.judge.machine.slots import Slot
from tests import toy
from tests.conftest import Run, samplegen_command

pytestmark = pytest.mark.processes

_EXCEPT = "except Exception as error:"
_EXIT = '    sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))'
_OPEN = "urllib.request.urlopen({{ url.Toy | quote }})"
_ALARM = "signal.alarm({{ deadline }})"

PROGRAMS: dict[str, tuple[str, str]] = {
    # A: the cause is swallowed.
    "a-constant-message": (
        toy.GOOD.replace(_EXIT, '    sys.exit("something went wrong")'),
        "its message lacks the cause: something went wrong",
    ),
    "the-class-alone": (
        toy.GOOD.replace(_EXIT, "    sys.exit(type(error).__name__)"),
        "its message lacks the cause: HTTPError",
    ),
    "shows-a-stack-trace": (
        toy.GOOD.replace("except Exception", "except ZeroDivisionError"),
        "server down: it printed",
    ),
    "says-nothing": (
        toy.GOOD.replace(_EXIT, "    sys.exit(1)"),
        "server down: it printed 0 lines to stderr; expected one",
    ),
    "exits-with-another-status": (
        toy.GOOD.replace(_EXIT, "    print(error, file=sys.stderr)\n    sys.exit(2)"),
        "server down: it ended with status 2: ",
    ),
    "ends-well-after-an-error": (
        toy.GOOD.replace(_EXIT, "    print(error, file=sys.stderr)\n    sys.exit(0)"),
        "server down: it ended with status 0: ",
    ),
    "prints-success-before-it-fails": (
        toy.GOOD.replace("    sys.exit(", '    print("answer: 42")\n    sys.exit('),
        "server down: it printed all that it prints when it succeeds",
    ),
    # B: not every call has the deadline, nor connecting.
    "twice-second-without-deadline": (
        toy.GOOD_TWICE.replace(_ALARM, 'signal.alarm({{ deadline }} if "toy" in url else 60)'),
        "server stalls, at Again: it was not done after 1",
    ),
    "connects-without-deadline": (
        toy.GOOD.replace(_ALARM, "")
        .replace("try:\n", "try:\n    import http.client\n    import socket\n")
        .replace(
            f"    with {_OPEN} as response:\n        answer = int(response.read())\n",
            f'    connection = http.client.HTTPConnection("localhost", {toy.REST_PORT})\n'
            "    connection.connect()\n"
            f"    {_ALARM}\n"
            '    connection.request("GET", "/toy")\n'
            "    response = connection.getresponse()\n"
            "    answer = int(response.read() if response.status == 200 else fail(response))\n",
        )
        .replace(
            "def late",
            "def fail(response):\n"
            '    raise ValueError(f"status {response.status}: {response.read()}")\n\n\n'
            "def late",
        ),
        "connecting stalls: it was not done after 1",
    ),
    # C: the deadline is another.
    "has-no-deadline": (
        toy.GOOD.replace(_ALARM, "signal.alarm(60)"),
        "server stalls: it was not done after 1",
    ),
    "three-times-the-deadline": (
        toy.GOOD.replace(_ALARM, "signal.alarm(3 * {{ deadline }})"),
        "server stalls: it ended after 6.",
    ),
    "a-twentieth-of-the-deadline": (
        toy.GOOD.replace(_ALARM, "signal.setitimer(signal.ITIMER_REAL, 0.7)"),
        "server stalls: it ended after 0.",
    ),
    "a-deadline-for-each-read": (
        toy.GOOD.replace(_ALARM, "").replace(_OPEN, f"{_OPEN[:-1]}, timeout={{{{ deadline }}}})"),
        "head drips: it was not done after 1",
    ),
    # D: it tries again.
    "tries-again": (
        toy.GOOD.replace(
            _EXIT, f"    try:\n        {_OPEN}\n    except Exception:\n        pass\n{_EXIT}"
        ),
        "it sent Toy 2 times",
    ),
    "tries-for-ever": (
        toy.GOOD.replace(_EXCEPT, f"{_EXCEPT}\n    import time; signal.alarm(0); time.sleep(60)"),
        "server down: it was not done after 1",
    ),
    # E: a success that is none.
    "any-status-will-do": (
        toy.GOOD.replace(_EXCEPT, f"except urllib.error.HTTPError:\n    answer = 42\n{_EXCEPT}"),
        "it ended with status 0: answer: 42",
    ),
    "nothing-is-as-good": (
        toy.GOOD.replace("int(response.read())", "int(response.read() or 42)"),
        "HTTP status 204: it ended with status 0: answer: 42",
    ),
    "anything-is-as-good": (
        toy.GOOD.replace("answer = int(response.read())", "response.read()\n        answer = 42"),
        "meaning: ",
    ),
    "a-field-that-is-missing": (
        toy.GOOD_ITEM.replace('item["title"]', 'item.get("title", "")'),
        "title is missing: it ended with status 0",
    ),
    # F
    "leaves-a-file-when-it-fails": (
        toy.GOOD.replace("    sys.exit(", '    open("rubbish", "w").close()\n    sys.exit('),
        "server down: it left the file rubbish behind",
    ),
    "prints-a-constant": ('print("answer: 42")\n', "wire: request missing: Toy"),
}
"""Name to program and what is said of it; see `toy`."""
_OPERATIONS = {
    "twice-second-without-deadline": toy.TWICE,
    "a-field-that-is-missing": toy.ITEM,
    "good-twice": toy.TWICE,
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every program, judged in one run."""
    folder = tmp_path_factory.mktemp("toy")
    programs = {name: program for name, (program, _) in PROGRAMS.items()}
    programs |= {"good": toy.GOOD, "good-twice": toy.GOOD_TWICE}
    options = toy.make(folder, programs, _OPERATIONS)
    finished = subprocess.run(
        samplegen_command("verify", "--json", "--cache", folder / "cache", *options),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=550,
    )
    return {verdict["operation"]: verdict for verdict in json.loads(finished.stdout)}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str, verdicts: dict[str, dict[str, Any]]) -> None:
    verdict = verdicts[name]
    assert verdict["status"] == "failed"
    assert PROGRAMS[name][1] in verdict["reason"], verdict["reason"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["good", "good-twice"])
def test_a_good_program_passes(name: str, verdicts: dict[str, dict[str, Any]]) -> None:
    verdict = verdicts[name]
    assert verdict["status"] == "passed", verdict["reason"]
    assert verdict["faults"]["proved_at"] >= verdict["judged_at"]
    names = verdict["faults"]["names"]
    at = {"good": [""], "good-twice": [", at Toy", ", at Again"]}[name]
    for fault in ("server stalls", "answer drips", "HTTP status 204", "truncated answer"):
        assert [f"{fault}{call}" for call in at if f"{fault}{call}" in names] == [
            f"{fault}{call}" for call in at
        ], names


def test_what_was_proved_is_kept_until_something_changes(tmp_path: Path, samplegen: Run) -> None:
    options = toy.make(tmp_path, {"good": toy.GOOD})

    def proved() -> tuple[str, str]:
        finished = samplegen("verify", "--json", "--cache", "cache", *options, cwd=tmp_path)
        (verdict,) = json.loads(finished.stdout)
        assert verdict["status"] == "passed", verdict["reason"]
        return verdict["faults"]["proved_at"], verdict["meaning_proved_at"]

    first = proved()
    assert proved() == first
    with (tmp_path / "templates/toy/toy/good.py.jinja").open("a") as program:
        program.write("# changed\n")
    changed = proved()
    assert all(new > old for new, old in zip(changed, first, strict=True))


def test_a_fault_of_an_api_is_met_by_the_operations_it_concerns() -> None:
    catalogue = Catalogue()
    names = {}
    for operation in catalogue.spec.operations():
        cell = Cell(operation, catalogue.clients.client("python/tritonclient-grpc"))
        names[operation.name] = {fault.name for fault in met(catalogue.spec.api, cell)}
    assert names["health"] >= {"not live", "not ready", "model not ready", "unknown model"}
    assert "wrong datatype" in names["infer-array"] & names["infer-image"]
    assert "unknown model" not in names["server-metadata"]
    assert "not ready" not in names["server-metadata"] | names["infer-array"]
    assert "empty object" not in names["infer-array"], "there is none over gRPC"


def test_who_only_waits_lends_the_slot() -> None:
    free = threading.Semaphore(1)
    first, second = Slot(free), Slot(free)
    with first.held():
        with first.lent(), second.held():
            time.sleep(0.01)
        assert not free.acquire(blocking=False)
    assert first.waited >= 0.01
    assert free.acquire(blocking=False)
