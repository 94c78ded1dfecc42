"""Shards on a Dask cluster: each worker starts a server of its own and judges its part against it.

The only module that knows Dask.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from distributed import Client, as_completed

from samplegen.catalogue import Catalogue
from samplegen.errors import SamplegenError
from samplegen.judge.machine.processes import Processes
from samplegen.judge.results.shards import Key, missing
from samplegen.judge.results.verdicts import Verdict, read

_CONNECT_SECONDS = 10
_SHARDS_A_THREAD = 2
"""Several shards for each thread: a worker that dies loses little, and none waits for long."""
_SHARD_SECONDS = 3600
_SHOWN_LINES = 5
_COSTS = "costs.json"


@dataclass(frozen=True)
class Work:
    """A `samplegen verify` that a worker runs in a folder of its own."""

    arguments: tuple[str, ...]
    """Operations and options; the folders below are named by relative paths."""
    files: dict[str, bytes]
    """The files that the options name: path to content."""


def packed(
    arguments: Sequence[str], catalogue: Catalogue, samples: Path | None, costs: Path
) -> Work:
    """Work with all the files it needs, for workers that do not share our disk.

    Args:
        arguments: Which samples to judge, and against what.
        catalogue: Whose spec and templates go along, the packaged ones too.
        samples: The folder of the published samples, if there is one.
        costs: The verdicts of an earlier run, if there were any.
    """
    options = list(arguments)
    files = {_COSTS: costs.read_bytes()} if costs.is_file() else {}
    options += ["--costs", _COSTS]
    folders = {
        "--spec": catalogue.spec.layers.folders,
        "--templates": catalogue.clients.layers.folders,
        "--samples": (samples,) if samples else (),
    }
    for option, paths in folders.items():
        for number, folder in enumerate(paths, 1):
            name = f"{option.lstrip('-')}-{number}"
            options += [option, name]
            for path in folder.rglob("*"):
                if path.is_file():
                    files[f"{name}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return Work(tuple(options), files)


def judge(
    address: str,
    work: Work,
    digests: Mapping[Key, str],
    judged: Callable[[Verdict], None],
) -> list[Verdict]:
    """Judges the cells on the cluster.

    Dask itself hands the shard of a worker that died to another one.

    Args:
        address: Of the scheduler, such as `tcp://10.0.0.5:8786`.
        work: What a worker runs, but for `--shard`.
        digests: The cells, and the SHA-256 of each sample.
        judged: Called with each verdict as it arrives.

    Returns:
        One verdict for each cell, in the order of `digests`; a failure where none arrived.

    Raises:
        SamplegenError: There is no scheduler, or it has no workers.
    """
    found: dict[Key, Verdict] = {}
    lost: list[str] = []
    with _client(address) as client:
        threads = sum(client.nthreads().values())
        count = max(1, min(len(digests), _SHARDS_A_THREAD * threads))
        shards = [f"{index}/{count}" for index in range(1, count + 1)]
        futures = client.map(_run, [work] * count, shards, pure=False)
        for future in as_completed(futures):
            if future.status != "finished":
                lost.append(" ".join(str(future.exception()).split()))
                continue
            for verdict in future.result():
                found[verdict.cell] = verdict
                judged(verdict)
    reason = f"no verdict: {'; '.join(dict.fromkeys(lost)) or 'its shard gave none'}"
    return [found.get(key) or missing(key, reason) for key in digests]


def _client(address: str) -> Client:
    try:
        client = Client(address, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        message = f"--dask: no scheduler answers at {address}; start it: dask scheduler"
        raise SamplegenError(message) from error
    try:
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
    except TimeoutError as error:
        client.close()
        message = f"--dask: the scheduler at {address} has no workers; start some: dask worker"
        raise SamplegenError(f"{message} {address}") from error
    return client


def _run(work: Work, shard: str) -> tuple[Verdict, ...]:
    """Judges a shard on the worker; returns its verdicts.

    Raises:
        RuntimeError: The run ended without verdicts; with the last lines it printed.
    """
    with tempfile.TemporaryDirectory(prefix="samplegen-shard-") as name:
        folder, kept = Path(name), "verdicts.json"
        for path, content in work.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        verify = [sys.executable, "-m", "samplegen", "verify", *work.arguments]
        # One job: the worker's other threads have shards of their own.
        own = ["--shard", shard, "--jobs", "1", "--verdicts", kept]
        command = [*_dies_with_us(), *verify, *own]
        outcome = Processes().run(command, folder, os.environ, _SHARD_SECONDS)
        if not (folder / kept).is_file():
            last = "; ".join(outcome.stderr.strip().splitlines()[-_SHOWN_LINES:])
            raise RuntimeError(f"shard {shard} ended with status {outcome.status}: {last}")
        return read(folder / kept)


def _dies_with_us() -> Iterator[str]:
    """What makes Linux end the run with a worker that is killed, so that nothing is left behind."""
    if setpriv := shutil.which("setpriv"):
        yield from (setpriv, "--pdeathsig", "TERM")
