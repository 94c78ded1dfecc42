"""Judged programs run on their own, see no secrets, and none outlives its time."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from samplegen.judge.machine import processes
from samplegen.judge.machine.processes import Outcome, Processes

pytestmark = pytest.mark.processes


def run(
    tmp_path: Path, *command: str, timeout: float = 20, extra: dict[str, str] | None = None
) -> Outcome:
    env = processes.environment(tmp_path, extra)
    return Processes().run(command, tmp_path, env, timeout)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody has waited for yet does not."""
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        return stat.rpartition(")")[2].split()[0] not in "ZX"
    return False


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_an_outcome_is_status_and_both_outputs(tmp_path: Path) -> None:
    outcome = run(tmp_path, "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (outcome.status, outcome.stdout, outcome.stderr) == (7, "out\n", "err\n")
    assert not outcome.left_behind
    assert 0 < outcome.seconds < 20


def test_a_signal_is_a_negative_status(tmp_path: Path) -> None:
    assert run(tmp_path, "sh", "-c", "kill -TERM $$").status == -signal.SIGTERM


def test_output_that_is_not_utf_8_is_shown_escaped(tmp_path: Path) -> None:
    assert run(tmp_path, "printf", "a\\377\\000b").stdout == "a\\xff\0b"


def test_a_program_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run(tmp_path, "no-such-program")
    assert processes.find("no-such-program") is None
    assert processes.find("sh") is not None


def test_the_time_limit_ends_the_whole_group(tmp_path: Path) -> None:
    script = "sh -c 'sleep 60 & echo $! $$; wait' & trap '' TERM; wait"
    outcome = run(tmp_path, "sh", "-c", script, timeout=0.5)
    assert outcome.status is None
    assert 0.5 <= outcome.seconds < 10
    started = [int(pid) for pid in outcome.stdout.split()]
    assert len(started) == 2
    assert eventually(lambda: not any(alive(pid) for pid in started))


def test_output_before_the_time_limit_is_kept(tmp_path: Path) -> None:
    assert run(tmp_path, "sh", "-c", "echo early; sleep 60", timeout=0.3).stdout == "early\n"


@pytest.mark.parametrize(
    "command",
    [
        "setsid sleep 60 & echo $!; sleep 0.2",
        "setsid sh -c 'setsid sleep 60 & echo $!'; sleep 0.2",
        "(setsid nohup sleep 60 </dev/null >/dev/null 2>&1 & echo $!); sleep 0.2",
    ],
)
def test_a_child_that_left_the_group_is_noticed_and_ended(command: str, tmp_path: Path) -> None:
    outcome = run(tmp_path, "sh", "-c", command)
    assert (outcome.status, outcome.left_behind) == (0, True)
    assert eventually(lambda: not alive(int(outcome.stdout)))


def test_what_left_the_group_is_ended_with_a_program_whose_time_is_up(tmp_path: Path) -> None:
    outcome = run(tmp_path, "sh", "-c", "setsid sleep 60 & echo $!; sleep 60", timeout=1)
    assert outcome.status is None
    assert eventually(lambda: not alive(int(outcome.stdout)))


def test_a_child_left_behind_is_noticed_and_ended(tmp_path: Path) -> None:
    outcome = run(tmp_path, "sh", "-c", "sleep 60 & echo $!")
    assert (outcome.status, outcome.left_behind) == (0, True)
    assert eventually(lambda: not alive(int(outcome.stdout)))


def test_a_child_that_has_ended_is_not_left_behind(tmp_path: Path) -> None:
    outcome = run(tmp_path, "sh", "-c", "true & exec sleep 0.2")
    assert (outcome.status, outcome.left_behind) == (0, False)


def test_huge_output_is_cut_and_does_not_fill_memory_or_disk(tmp_path: Path) -> None:
    outcome = run(tmp_path, "yes")
    assert outcome.status == -signal.SIGXFSZ
    assert outcome.stdout.startswith("y\ny\n")
    assert outcome.stdout.endswith("\n[cut here]\n")
    assert len(outcome.stdout) < 25_000


def test_a_file_cannot_fill_the_disk(tmp_path: Path) -> None:
    outcome = run(tmp_path, "sh", "-c", "yes >rubbish", timeout=5)
    assert outcome.status == 128 + signal.SIGXFSZ
    assert (tmp_path / "rubbish").stat().st_size <= 64 * 2**20


def test_our_own_files_are_not_limited(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    run(tmp_path, "true")
    with pytest.raises(FileNotFoundError):
        run(tmp_path, "no-such-program")
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == before


def test_stdin_is_empty(tmp_path: Path) -> None:
    outcome = run(tmp_path, "sh", "-c", "read line || echo nothing; cat")
    assert (outcome.status, outcome.stdout) == (0, "nothing\n")


def test_the_environment_has_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("A_SECRET", "GITHUB_TOKEN", "http_proxy", "PYTHONPATH", "LC_ALL", "LD_PRELOAD_"):
        monkeypatch.setenv(name, "s3cret")
    outcome = run(tmp_path, "env", extra={"MORE": "yes"})
    variables = dict(line.split("=", 1) for line in outcome.stdout.splitlines())
    assert variables.keys() == {
        "PATH", "HOME", "TMPDIR", "LANG", "TZ", "SAMPLEGEN_RUN", "MORE"
    }  # fmt: skip
    assert variables["HOME"] == variables["TMPDIR"] == str(tmp_path)
    assert "s3cret" not in outcome.stdout


def test_the_interpreters_own_programs_come_first_on_the_path(tmp_path: Path) -> None:
    path = processes.environment(tmp_path)["PATH"]
    assert path.split(os.pathsep)[0] == str(Path(sys.executable).parent)


def test_it_runs_in_the_folder_and_in_a_session_of_its_own(tmp_path: Path) -> None:
    outcome = run(tmp_path, sys.executable, "-c", "import os; print(os.getcwd(), os.getsid(0))")
    folder, session = outcome.stdout.split()
    assert folder == str(tmp_path)
    assert int(session) != os.getsid(0)


def test_a_group_ends_with_its_block_even_by_an_exception(tmp_path: Path) -> None:
    env = processes.environment(tmp_path)
    with (
        tempfile.TemporaryFile() as log,
        pytest.raises(RuntimeError, match="enough"),
        Processes().group(["sleep", "60"], tmp_path, env, log, log) as process,
    ):
        assert process.poll() is None
        raise RuntimeError("enough")
    assert process.returncode == -signal.SIGKILL


STOPPED = """
import sys, threading, time
from pathlib import Path
from samplegen.judge.machine import processes

folder = Path(sys.argv[1])
started = processes.Processes()
ends = []

def judge(number):
    script = f"sleep 60 & echo $! >{number}.tmp; mv {number}.tmp {number}; wait"
    try:
        started.run(["sh", "-c", script], folder, processes.environment(folder), 60)
    except processes.Interrupted:
        ends.append(number)

threads = [threading.Thread(target=judge, args=(n,)) for n in range(4)]
for thread in threads:
    thread.start()
while len([p for p in folder.iterdir() if p.suffix == ""]) < 4:
    time.sleep(0.01)
started.stop()
for thread in threads:
    thread.join(10)
judge(5)
print(sorted(ends))
"""


def test_stop_ends_every_group_and_starts_no_more(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", STOPPED, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=40,
    )
    assert (finished.stdout, finished.stderr) == ("[0, 1, 2, 3, 5]\n", "")
    started = [int(path.read_text()) for path in tmp_path.iterdir()]
    assert len(started) == 4
    assert eventually(lambda: not any(alive(pid) for pid in started))
