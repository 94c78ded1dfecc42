"""Where the time of `samplegen verify` goes, against its bars; ends with 1 if one is missed.

    python bench/verify.py [--cold] [--large] [CLIENT]...

Runs the whole matrix, or some clients of it, with warm caches, and one operation in each language;
with --cold, before that, from nothing: with a cache folder that holds downloads only, which are
fetched before and timed by themselves. With --large, the matrix has hundreds of samples: the
same operations again under other names and with other numbers. Measure on a machine that does
nothing else.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from samplegen.catalogue import Catalogue
from samplegen.errors import SamplegenError
from samplegen.judge.machine.processes import Processes
from samplegen.judge.machine.requirements import Versions
from samplegen.judge.machine.workshop import Workshop
from samplegen.resources import PACKAGED

ROOT = Path(__file__).parents[1]
BARS = {"cold": 240.0, "warm": 15.0, "one": 5.0}
"""Seconds on two cores: from nothing, with warm caches, and one operation in one language."""
LARGE_BARS = {"cold": 1500.0, "warm": 120.0, "one": 5.0}
"""Likewise, of the large matrix."""
OPERATIONS = 48
"""Those of the large matrix: 480 samples, of the ten clients that a usual machine has."""
DOWNLOADS = ("go/pkg/mod", "maven")
"""Where tools keep what they have downloaded, below the cache folder."""
OPERATION = "infer-array"

Verdicts = list[dict[str, Any]]


def main() -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help="such as go, or go/http")
    parser.add_argument("--cold", action="store_true", help="measure from nothing, too")
    parser.add_argument("--large", action="store_true", help="measure hundreds of samples")
    flags = parser.parse_args()
    bars = LARGE_BARS if flags.large else BARS
    options = [word for name in flags.clients for word in ("--client", name)]
    missed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own = enlarged(folder) if flags.large else []
        cache = folder / "cache"
        if flags.cold:
            started = time.monotonic()
            download(folder / "before", cache, flags.clients)
            print(f"downloads, and what needs them: {time.monotonic() - started:.1f} s")
            missed += measured("from nothing", bars["cold"], own + options, cache)
        else:
            title = "with whatever is cold"
            missed += measured(title, bars["cold"], own + options, None, details=False)
        kept = cache if flags.cold else None
        missed += measured("warm", bars["warm"], own + options, kept)
        for language in languages(flags.clients):
            named = [OPERATION, "--client", language]
            title = f"{OPERATION} in {language}, warm"
            missed += measured(title, bars["one"], own + named, kept, details=False)
    for title in missed:
        print(f"missed: {title}", file=sys.stderr)
    return 1 if missed else 0


def download(before: Path, cache: Path, clients: Iterable[str]) -> None:
    """Makes a cache folder that holds what clients download, and nothing that was made of it."""
    catalogue, running = Catalogue(), Processes()
    workshop = Workshop(before, catalogue.building, Versions(running), running)
    for client in catalogue.clients.all():
        wanted = [*clients]
        if not wanted or client.name in wanted or client.name.partition("/")[0] in wanted:
            with contextlib.suppress(SamplegenError):  # its samples are skipped or fail
                workshop.prepared(client)
    for name in DOWNLOADS:
        if (before / name).is_dir():
            (cache / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(before / name, cache / name)
    shutil.rmtree(before)


def enlarged(folder: Path) -> list[str]:
    """Writes a spec of many operations, and its samples; returns the options that name them.

    They are those of the packaged spec, and copies with other names, titles and numbers.
    """
    spec = folder / "spec"
    shutil.copytree(PACKAGED / "spec", spec)
    originals = Catalogue().spec.operations()
    for number in range(len(originals), OPERATIONS):
        name = originals[number % len(originals)].name
        values = yaml.safe_load((spec / f"{name}.yaml").read_text(encoding="utf-8"))
        values["title"] += f", number {number}"
        values["order"] = 1000 + number
        if name == OPERATION:
            shift(values, number)
        text = yaml.safe_dump(values, sort_keys=False)
        (spec / f"{name}-{number}.yaml").write_text(text, encoding="utf-8")
    samples = folder / "samples"
    command = [sys.executable, "-m", "samplegen", "generate", "--spec", str(spec)]
    command += ["--output", str(samples)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=600)
    return ["--spec", str(spec), "--samples", str(samples)]


def shift(operation: dict[str, Any], by: int) -> None:
    """Makes the numbers that are sent larger, and with them what is expected of both servers."""
    operation["inputs"][0]["data"] = [number + by for number in operation["inputs"][0]["data"]]
    for key, factor in (("expect", 1), ("other", 3)):
        line = operation[key][0]
        line["value"] = [number + factor * by for number in line["value"]]


def measured(
    title: str, bar: float, arguments: list[str], cache: Path | None, details: bool = True
) -> list[str]:
    """Prints one run against its bar; returns the title if that was missed."""
    seconds, cpu, verdicts = verify(arguments, cache)
    count = sum(verdict["status"] == "passed" for verdict in verdicts)
    verb = "meets" if seconds <= bar else "MISSES"
    print(f"{title}: {seconds:.1f} s {verb} the bar of {bar:.0f} s; {cpu:.1f} s of CPU, ", end="")
    print(f"{count} of {len(verdicts)} samples passed")
    if details:
        table("gate", by_gate(verdicts))
        table("client", by_client(verdicts))
    failed = [verdict for verdict in verdicts if verdict["status"] == "failed"]
    for verdict in failed:
        print(f"  failed: {verdict['operation']} × {verdict['client']}: {verdict['reason']}")
    return [title] if seconds > bar or failed or not count else []


def verify(arguments: list[str], cache: Path | None) -> tuple[float, float, Verdicts]:
    """Seconds, CPU seconds and verdicts of a run."""
    command = [sys.executable, "-m", "samplegen", "verify", "--json", *arguments]
    with tempfile.TemporaryDirectory() as folder:
        command += ["--verdicts", f"{folder}/verdicts.json"]
        command += ["--cache", str(cache)] if cache else []
        before, started = os.times(), time.monotonic()
        finished = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=3600
        )
        seconds, after = time.monotonic() - started, os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    return seconds, cpu, json.loads(finished.stdout or "[]")


def by_gate(verdicts: Verdicts) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for verdict in verdicts:
        for gate, seconds in verdict["gate_seconds"].items():
            found[gate] += seconds
    return found


def by_client(verdicts: Verdicts) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for verdict in verdicts:
        found[verdict["client"]] += verdict["seconds"]
    return found


def table(kind: str, sums: dict[str, float]) -> None:
    """Prints the sums, the largest first, in seconds of a worker."""
    whole = sum(sums.values()) or 1
    for name, seconds in sorted(sums.items(), key=lambda item: -item[1]):
        print(f"  {kind} {name:25} {seconds:8.1f} s {seconds / whole:6.1%}")


def languages(named: Iterable[str]) -> list[str]:
    """The languages of the clients that are named, else all."""
    found = list(named) or [client.name for client in Catalogue().clients.all()]
    return list(dict.fromkeys(name.partition("/")[0] for name in found))


if __name__ == "__main__":
    sys.exit(main())
