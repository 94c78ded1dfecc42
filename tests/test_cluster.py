"""Shards on a Dask cluster on this machine: a worker that is killed loses nothing."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from samplegen import cli
from samplegen.catalogue import Catalogue
from samplegen.errors import SamplegenError
from samplegen.judge import cluster
from samplegen.judge.results.verdicts import Verdict, read
from tests import ingress, toy
from tests.server.process import running

pytestmark = pytest.mark.processes

NAMES = [f"op-{letter}" for letter in "abcd"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def program(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python module that runs as a process; its group is gone at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


@pytest.fixture
def scheduler() -> Iterator[str]:
    port = free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    with program("distributed.cli.dask_scheduler", *options):
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "the scheduler did not start"
                time.sleep(0.05)
        yield f"tcp://127.0.0.1:{port}"


def worker(
    address: str, folder: Path, **environment: str
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """A worker of one thread, without the nanny that would start it again."""
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    return program(
        "distributed.cli.dask_worker",
        address,
        *options,
        "--local-directory",
        str(folder),
        SAMPLEGEN_CACHE=str(folder / "cache"),
        **environment,
    )


def test_a_killed_worker_loses_nothing(scheduler: str, tmp_path: Path) -> None:
    options = toy.make(tmp_path / "toy", dict.fromkeys(NAMES, toy.GOOD))
    catalogue = Catalogue([Path(options[1])], [Path(options[3])])
    cells = [cell for cell in catalogue.cells if cell.client.name == "toy/toy"]
    digests = {cell.key: catalogue.digest(cell) for cell in cells}
    work = cluster.packed(["--client", "toy"], catalogue, None, tmp_path / "no-costs.json")
    heard: list[Verdict] = []
    found: list[Verdict] = []
    with worker(scheduler, tmp_path / "one") as one, worker(scheduler, tmp_path / "two") as two:

        def judged(verdict: Verdict) -> None:
            if not heard:
                one.kill()
            heard.append(verdict)

        thread = threading.Thread(
            target=lambda: found.extend(cluster.judge(scheduler, work, digests, judged))
        )
        thread.start()
        thread.join(100)
        assert not thread.is_alive()
        assert one.wait(5) == -signal.SIGKILL
        assert two.poll() is None
    assert [(verdict.operation, verdict.status) for verdict in found] == [
        (name, "passed") for name in NAMES
    ]
    assert Counter(verdict.operation for verdict in heard) == Counter(NAMES)


def test_verify_judges_on_a_cluster(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = {"good": toy.GOOD, "bad": 'print("answer: 41")\n'}
    options = [str(option) for option in toy.make(tmp_path / "toy", programs)]
    monkeypatch.chdir(tmp_path)
    with worker(scheduler, tmp_path / "one"):
        assert cli.run(["verify", *options, "--dask", scheduler]) == 1
    verdicts = read(tmp_path / "build/verdicts.json")
    assert {v.operation: v.status for v in verdicts} == {"good": "passed", "bad": "failed"}


def test_a_worker_reaches_a_server_that_asks_who_comes(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KSERVE_TOKEN", "the workers know it")
    with (
        running(tmp_path / "server.log") as server,
        ingress.started(server, tmp_path) as front,
        worker(scheduler, tmp_path / "one", KSERVE_TOKEN=ingress.TOKEN),
    ):
        monkeypatch.chdir(front.folder)
        asked = ["verify", "health", "--client", "python/requests", "--dask", scheduler]
        asked += ["--endpoint", f"localhost:{front.mutual}:{front.mutual}", "--cacert", "ca.pem"]
        asked += ["--cert", "client.pem", "--key", "client.key", "--authority", "models.example"]
        asked += ["--bearer-token-env", "KSERVE_TOKEN", "--deadline", "5"]
        assert cli.run(asked) == 0
    (verdict,) = read(front.folder / "build/verdicts.json")
    assert verdict.status == "passed"


def test_a_shard_that_cannot_run_is_red_and_says_why(scheduler: str, tmp_path: Path) -> None:
    work = cluster.Work(("--client", "nobody"), {})
    with worker(scheduler, tmp_path / "one"):
        (verdict,) = cluster.judge(scheduler, work, {("a", "b/c"): ""}, lambda verdict: None)
    assert verdict.status == "failed"
    assert "no client 'nobody'" in verdict.reason


def test_no_scheduler_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(SamplegenError, match="no scheduler answers at"):
        cluster.judge(address, cluster.Work((), {}), {}, lambda verdict: None)


def test_no_worker_is_one_message(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1)
    with pytest.raises(SamplegenError, match="has no workers; start some"):
        cluster.judge(scheduler, cluster.Work((), {}), {}, lambda verdict: None)
