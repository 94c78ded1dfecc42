"""A sample that hides that something is wrong with the server does not pass the gate of faults."""

import json
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from samplegen.judge.gates.faults import ANY_SERVER, complaints, met
from samplegen.judge.machine.processes import Outcome
from samplegen.judge.machine.program import Finished
from samplegen.judge.machine.slots import Slot
from samplegen.judge.servers.faulty import reserved
from samplegen.samples import Catalogue, Cell
from tests import toy
from tests.conftest import Run, samplegen_command

PROGRAMS = {
    "prints-a-constant": ('print("answer: 42")\n', "server stalls: it asked the server nothing"),
    "shows-a-stack-trace": (
        toy.GOOD.replace("except Exception", "except ZeroDivisionError"),
        "server down: it printed",
    ),
    "exits-with-another-status": (
        toy.GOOD.replace("    sys.exit(", "    print(error, file=sys.stderr)\n    sys.exit(2 or "),
        "server down: it ended with status 2: ",
    ),
    "ends-well-after-an-error": (
        toy.GOOD.replace("    sys.exit(", "    print(error, file=sys.stderr)\n    sys.exit(0 and "),
        "server down: it ended with status 0: ",
    ),
    "says-nothing": (
        toy.GOOD.replace("    sys.exit(", "    sys.exit(1 or "),
        "server down: it printed 0 lines to stderr; expected one",
    ),
    "prints-success-before-it-fails": (
        toy.GOOD.replace("    sys.exit(", '    print("answer: 42")\n    sys.exit('),
        "server down: it printed all that it prints when it succeeds",
    ),
    "ignores-the-status": (
        toy.GOOD.replace(
            "except Exception as error:",
            "except urllib.error.HTTPError:\n    answer = 42\nexcept Exception as error:",
        ),
        "call not known: it ended with status 0: answer: 42",
    ),
    "believes-what-is-cut": (
        toy.GOOD.replace("response.read()", "response.read(1)"),
        "output: ",
    ),
    "has-no-deadline": (
        toy.GOOD.replace("timeout={{ deadline }}", "timeout=60"),
        "server stalls: it was not done 1",
    ),
    "leaves-a-file-when-it-fails": (
        toy.GOOD.replace("    sys.exit(", '    open("rubbish", "w").close()\n    sys.exit('),
        "server down: it left the file rubbish behind",
    ),
    "tries-for-ever": (
        toy.GOOD.replace(
            "except Exception as error:",
            "except Exception as error:\n    import time; time.sleep(60)",
        ),
        "server down: it was not done 1",
    ),
}
"""Name to program and what is said of it; see `toy.GOOD`."""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every program, judged in one run."""
    folder = tmp_path_factory.mktemp("toy")
    programs = {name: program for name, (program, _) in PROGRAMS.items()} | {"good": toy.GOOD}
    options = toy.make(folder, programs)
    finished = subprocess.run(
        samplegen_command("verify", "--json", "--cache", folder / "cache", *options),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return {verdict["operation"]: verdict for verdict in json.loads(finished.stdout)}


@pytest.mark.timeout(320)
@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str, verdicts: dict[str, dict[str, Any]]) -> None:
    verdict = verdicts[name]
    assert verdict["status"] == "failed"
    assert PROGRAMS[name][1] in verdict["reason"], verdict["reason"]


@pytest.mark.timeout(320)
def test_the_verdict_names_the_faults_and_when_they_were_met(
    verdicts: dict[str, dict[str, Any]],
) -> None:
    faults = verdicts["good"]["faults"]
    assert verdicts["good"]["status"] == "passed"
    assert faults["names"] == [fault.name for fault in ANY_SERVER if "rest" in fault.transports]
    assert faults["proved_at"] >= verdicts["good"]["judged_at"]


def test_what_was_proved_is_kept_until_something_changes(tmp_path: Path, samplegen: Run) -> None:
    options = toy.make(tmp_path, {"good": toy.GOOD})

    def proved() -> str:
        finished = samplegen("verify", "--json", "--cache", "cache", *options, cwd=tmp_path)
        (verdict,) = json.loads(finished.stdout)
        assert verdict["status"] == "passed", verdict["reason"]
        return str(verdict["faults"]["proved_at"])

    first = proved()
    assert proved() == first
    with (tmp_path / "templates/toy/toy/good.py.jinja").open("a") as program:
        program.write("# changed\n")
    assert proved() > first


def test_a_table_row_of_an_api_is_met_by_the_operations_it_concerns() -> None:
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


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        (Outcome(1, "", "ConnectionError: refused\n", 1), []),
        (Outcome(1, "live: true\n", "not ready\n", 1), []),
        (Outcome(0, "", "refused\n", 1), ["it ended with status 0: refused; expected status 1"]),
        (
            Outcome(-11, "", "refused\n", 1),
            ["it was ended by signal 11: refused; expected status 1"],
        ),
        (Outcome(None, "", "", 14), ["it was not done 14 s after its start"]),
        (Outcome(1, "", "", 1), ["it printed 0 lines to stderr; expected one"]),
        (Outcome(1, "", "a\nb\n", 1), ["it printed 2 lines to stderr; expected one"]),
        *(
            (Outcome(1, "", line, 1), ["what it printed to stderr is no message for a reader"])
            for line in (
                " \n",
                "?\n",
                "x" * 3000,
                "bell\a rings\n",
                "Traceback (most recent call last): no\n",
                "goroutine 1 [running]: main.main()\n",
                "Exception in thread main at Main.main(Main.java:7)\n",
            )
        ),
    ],
)
def test_one_readable_line_and_status_1(outcome: Outcome, found: list[str]) -> None:
    catalogue = Catalogue()
    expected = catalogue.spec.operation("health").expect
    assert complaints(Finished(outcome), expected) == found


def test_a_reserved_port_refuses_connections_and_is_reserved_once() -> None:
    with reserved(20_001) as port, reserved(port) as other:
        assert other != port
        for number in (port, other):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", number), timeout=5)


def test_who_only_waits_lends_the_slot() -> None:
    free = threading.Semaphore(1)
    first, second = Slot(free), Slot(free)
    with first.held():
        with first.lent(), second.held():
            time.sleep(0.01)
        assert not free.acquire(blocking=False)
    assert first.waited >= 0.01
    assert free.acquire(blocking=False)
