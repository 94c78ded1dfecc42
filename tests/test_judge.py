"""The judge catches what is wrong with a sample, says why, and leaves nothing behind."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from samplegen import cli
from samplegen.judge.machine import isolation
from tests import toy
from tests.conftest import Run, samplegen_command
from tests.server.process import free_ports

pytestmark = pytest.mark.processes

FAULTS = {
    "exits-1": ('import sys\nsys.exit("no luck")\n', "run: ended with status 1: no luck"),
    "crashes": ("import os\nos.abort()\n", "run: was ended by signal 6"),
    "hangs": ("import time\ntime.sleep(60)\n", "run: it was not done after 5 s"),
    "hangs-after-output": (
        toy.GOOD + "import time, sys\nsys.stdout.flush()\ntime.sleep(60)\n",
        "run: it was not done after 5 s",
    ),
    "warns": (
        toy.GOOD + 'import sys\nprint("hm", file=sys.stderr)\n',
        "run: it printed to stderr, yet ended well",
    ),
    "leaves-a-child": (
        toy.GOOD + 'import subprocess\nsubprocess.Popen(["sleep", "60"])\n',
        "run: it left a process running: sleep 60",
    ),
    "leaves-a-daemon": (
        toy.GOOD + "import subprocess\n"
        'subprocess.Popen(["setsid", "env", "-i", "/bin/sh", "-c", "sleep 60 & exit"]).wait()\n',
        "run: it left a process running: sleep 60",
    ),
    "leaves-a-child-in-a-session-of-its-own": (
        toy.GOOD + 'import subprocess\nsubprocess.Popen(["setsid", "sleep", "60"])\n',
        "run: it left a process running",
    ),
    "leaves-a-file": (
        toy.GOOD + 'open("rubbish.txt", "w").close()\n',
        "run: it left the file rubbish.txt behind",
    ),
    "asks-nothing": ("pass\n", "wire: request missing: Toy"),
    "prints-nothing": (
        toy.GOOD.replace('print("answer:", answer)', "pass"),
        "output: missing: 'answer: 42'",
    ),
    "prints-more": (toy.GOOD + 'print("more")\n', "output: line 2: unexpected 'more'"),
    "prints-another": (
        toy.GOOD.replace('print("answer:", answer)', 'print("answer:", answer - 1)'),
        "output: line 1: found 'answer: 41'; expected 'answer: 42'",
    ),
    "prints-a-float": (
        toy.GOOD.replace('print("answer:", answer)', 'print("answer:", float(answer))'),
        "output: line 1: found 'answer: 42.0'; expected 'answer: 42'",
    ),
    "does-not-compile": ("def\n", "build: "),
    "reads-stdin": ("input()\n", "run: it was not done after 5 s"),
    "calls-another-server": (
        toy.GOOD + "import socket\nsocket.socket().connect_ex(('127.0.0.1', 19123))\n",
        "run: it called 127.0.0.1:19123, which is not its server",
    ),
    "leaves-a-folder-elsewhere": (
        toy.GOOD + 'import os\nos.mkdir("/tmp/rubbish")\n',
        "run: it left the folder rubbish behind",
    ),
    "takes-much-memory": (
        toy.GOOD + "import time\nblock = b'x' * (2**30 + 2**28)\ntime.sleep(1)\n",
        "run: it held more memory than a sample may",
    ),
    "starts-many-processes": (
        toy.GOOD + "import os, time\n"
        "for _ in range(300):\n    if not os.fork():\n        time.sleep(3)\n        os._exit(0)\n"
        "time.sleep(1)\n",
        "run: it started more processes than a sample may",
    ),
    "prints-without-end": (
        "while True:\n    print('x' * 1000)\n",
        "run: it printed more than a sample may",
    ),
    "reads-a-secret": (
        "import os\n" + toy.GOOD.replace("answer)", 'answer + ("A_SECRET" in os.environ))'),
        None,
    ),
}
"""Name to program and the start of the reason it fails for; None where it must pass."""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every faulty program and a good one, judged in one run."""
    folder = tmp_path_factory.mktemp("toy")
    programs = {name: program for name, (program, _) in FAULTS.items()} | {"good": toy.GOOD}
    options = toy.make(folder, programs)
    finished = subprocess.run(
        samplegen_command("verify", "--json", *options),
        cwd=folder,
        env={**os.environ, "A_SECRET": "x"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert finished.returncode == 1
    return {verdict["operation"]: verdict for verdict in json.loads(finished.stdout)}


def test_a_good_program_passes_its_gates(verdicts: dict[str, dict[str, Any]]) -> None:
    verdict = verdicts["good"]
    assert verdict["status"] == "passed"
    assert verdict["gates"] == ["build", "run", "wire", "output", "meaning", "faults"]
    assert verdict["output"] == "answer: 42\n"
    assert verdict["versions"]["server"] == "toy 1.0"


def test_gates_that_were_not_tried_are_named(verdicts: dict[str, dict[str, Any]]) -> None:
    assert verdicts["good"]["not_tried"] == {
        "identity": "there is no folder of published samples",
        "format": "toy-formatter is missing; type: make a toy",
        "lint": "the language names no linter",
    }
    assert "format: toy-formatter is missing; type: make a toy" in verdicts["good"]["reason"]


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str, verdicts: dict[str, dict[str, Any]]) -> None:
    _, reason = FAULTS[name]
    verdict = verdicts[name]
    if reason is None:
        assert verdict["status"] == "passed", verdict["reason"]
        return
    assert verdict["status"] == "failed"
    assert verdict["reason"].startswith(reason)
    assert verdict["gate"] == reason.partition(":")[0]
    (first, *_) = verdict["findings"]
    assert first["message"] in verdict["reason"]
    assert f"{name}.py" in verdict["log"]
    assert "   1 | " in verdict["log"], "the log shows the program's lines"
    assert "the server's log, its last lines:\na toy listens" in verdict["log"]


def test_failures_are_shown_with_the_program_and_its_output(tmp_path: Path, samplegen: Run) -> None:
    options = toy.make(tmp_path, {"wrong": 'print("answer: 41")\n'})
    finished = samplegen("verify", *options, cwd=tmp_path)
    assert finished.returncode == 1
    assert "✗ wrong × toy/toy: wire: request missing: Toy" in finished.stderr
    assert '   1 | print("answer: 41")' in finished.stderr
    assert "0 passed, 1 failed" in finished.stdout


def test_a_stale_or_missing_published_sample_fails(tmp_path: Path, samplegen: Run) -> None:
    options = toy.make(tmp_path, {"good": toy.GOOD, "other": toy.GOOD})
    samples = tmp_path / "site/samples/toy/toy"
    made = toy_generate(samplegen, tmp_path, options)
    assert made.returncode == 0, made.stderr
    (samples / "good.py").write_text(toy.GOOD + "#")
    (samples / "other.py").unlink()
    finished = samplegen("verify", "--json", *options, cwd=tmp_path)
    reasons = {v["operation"]: v["reason"] for v in json.loads(finished.stdout)}
    assert finished.returncode == 1
    assert reasons["good"].startswith("identity: site/samples/toy/toy/good.py is stale")
    assert reasons["other"].startswith("identity: site/samples/toy/toy/other.py is missing")


def toy_generate(run: Run, folder: Path, options: list[str | Path]) -> Any:
    """Generates the toy's own samples: the packaged clients have no template of its forms."""
    templates = Path(__file__).parents[1] / "templates"
    for packaged in templates.glob("*/*/client.yaml"):
        own = folder / "templates" / packaged.relative_to(templates)
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(f"{packaged.read_text()}\nomits: {{good: no toys, other: no toys}}\n")
    return run("generate", *options[:4], cwd=folder)


@pytest.mark.parametrize(("level", "busy"), [(None, True), ("process", True), ("process", False)])
def test_documented_ports_may_be_busy(
    level: str | None,
    busy: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without a network of their own, samples run on other ports, and the verdict says so."""
    monkeypatch.chdir(tmp_path)
    if level is not None:
        monkeypatch.setattr(isolation, "_ways", lambda: [(level, level)])
    api = tmp_path / "spec/api.yaml"
    options = [str(option) for option in toy.make(tmp_path, {"good": toy.GOOD})]
    (port,) = free_ports(1)
    api.write_text(api.read_text().replace(str(toy.REST_PORT), str(port)))
    with contextlib.ExitStack() as stack:
        if busy:
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        cli.run(["verify", "--json", *options])
    (verdict,) = json.loads(capsys.readouterr().out)
    alone = verdict["isolation"] != "process"
    assert alone == (level is None)
    assert verdict["status"] == "passed", verdict["reason"]
    assert verdict["documented_addresses"] == (alone or not busy)


def test_a_server_that_dies_half_way_is_named_as_the_cause(tmp_path: Path, samplegen: Run) -> None:
    program = (
        "import contextlib, sys, urllib.request\n"
        "with contextlib.suppress(OSError):\n"
        f'    urllib.request.urlopen("http://localhost:{toy.REST_PORT}/die", timeout=5)\n'
        'sys.exit("connection lost")\n'
    )
    options = toy.make(tmp_path, {"kills": program})
    finished = samplegen("verify", *options, cwd=tmp_path)
    assert finished.returncode == 1
    assert "the server ended with status 3" in finished.stderr
    assert "a bug in the toy server" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_server_that_does_not_come_up_is_one_message(tmp_path: Path, samplegen: Run) -> None:
    options = toy.make(tmp_path, {"good": toy.GOOD})
    (tmp_path / "server.py").write_text('raise SystemExit("no such model")\n')
    finished = samplegen("verify", *options, cwd=tmp_path)
    assert finished.returncode == 1
    assert "the toy server ended with status 1 before it was ready" in finished.stderr
    assert "no such model" in finished.stderr


def test_a_required_client_may_not_miss_a_gate(tmp_path: Path, samplegen: Run) -> None:
    options = toy.make(tmp_path, {"good": toy.GOOD})
    assert samplegen("verify", *options, cwd=tmp_path).returncode == 0
    finished = samplegen("verify", "--require", "toy", *options, cwd=tmp_path)
    assert finished.returncode == 1
    assert "good × toy/toy is required, but not fully judged: identity: " in finished.stderr


def test_a_program_may_take_the_time_that_its_reader_allows(tmp_path: Path, samplegen: Run) -> None:
    """The toy language gives it 5 seconds."""
    slow = (
        "import time\nend = time.process_time() + 3.6\nwhile time.process_time() < end:\n    pass\n"
        'time.sleep(2)\nprint("answer: 41")\n'
    )
    options = toy.make(tmp_path, {"slow": slow})
    (port,) = free_ports(1)
    server = subprocess.Popen([sys.executable, tmp_path / "server.py", str(port)])
    try:
        wait_for(lambda: answers(port))
        judged = samplegen(
            *("verify", "slow", *options, "--deadline", "7", "--json"),
            *("--endpoint", f"localhost:1:{port}"),
            cwd=tmp_path,
        )
    finally:
        server.kill()
        server.wait(10)
    (verdict,) = json.loads(judged.stdout)
    assert verdict["gates"] == ["build", "run"], verdict["reason"]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_process_and_no_half_file(
    signum: signal.Signals, tmp_path: Path
) -> None:
    marker = f"hangs-{os.getpid()}-{signum.value}"
    program = "import time\ntime.sleep(60)\n"
    (tmp_path / "toy").mkdir()
    options = toy.make(tmp_path / "toy", {marker: program, "waits": program})
    with subprocess.Popen(
        samplegen_command("verify", *options),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_for(lambda: running(marker))
            started = children(process.pid)
            process.send_signal(signum)
            _, stderr = process.communicate(timeout=20)
        finally:
            process.kill()
    assert len(started) > 1
    assert process.returncode == 128 + signum
    assert "Traceback" not in stderr
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy"]


def test_a_run_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    marker = f"hangs-{os.getpid()}-killed"
    options = toy.make(tmp_path, {marker: "import time\ntime.sleep(60)\n"})
    with subprocess.Popen(
        samplegen_command("verify", *options), cwd=tmp_path, stdin=subprocess.DEVNULL
    ) as process:
        wait_for(lambda: running(marker))
        started = children(process.pid)
        process.kill()
    assert len(started) > 2
    wait_for(lambda: not any(alive(pid) for pid in started))


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody has waited for yet does not."""
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        return stat.rpartition(")")[2].split()[0] not in "ZX"
    return False


def running(name: str) -> bool:
    """Whether a process has `name` in its arguments."""
    for arguments in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"{name}.py" in arguments.read_text(errors="replace"):
                return True
    return False


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def children(pid: int) -> set[int]:
    """The processes that a process started, and those that they started."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*"):
        # A process or thread may end while we look.
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                found |= {int(child), *children(int(child))}
    return found


def wait_for(condition: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
