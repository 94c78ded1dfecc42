"""Where the time of `samplegen verify` goes, against its bars; ends with 1 if one is missed.

    python bench/verify.py [--cold] [CLIENT]...

Runs the whole matrix, or some clients of it, with warm caches, and one operation in each language;
with --cold, before that, from nothing: an empty cache folder, so dependencies are downloaded, too.
Measure on a machine that does nothing else.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from samplegen.catalogue import Catalogue

ROOT = Path(__file__).parents[1]
BARS = {"cold": 600.0, "warm": 60.0, "one": 5.0}
"""Seconds on two cores: from nothing, with warm caches, and one operation in one language."""
OPERATION = "infer-array"

Verdicts = list[dict[str, Any]]


def main() -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help="such as go, or go/http")
    parser.add_argument("--cold", action="store_true", help="measure from nothing, too")
    flags = parser.parse_args()
    clients = [word for name in flags.clients for word in ("--client", name)]
    missed = []
    with tempfile.TemporaryDirectory() as empty:
        cache = empty if flags.cold else None
        if flags.cold:
            missed += measured("from nothing", BARS["cold"], clients, cache)
        else:
            missed += measured("with whatever is cold", BARS["cold"], clients, cache, False)
        missed += measured("warm", BARS["warm"], clients, cache)
        for language in languages(flags.clients):
            named = [OPERATION, "--client", language]
            missed += measured(f"{OPERATION} in {language}, warm", BARS["one"], named, cache, False)
    for title in missed:
        print(f"missed: {title}", file=sys.stderr)
    return 1 if missed else 0


def measured(
    title: str, bar: float, arguments: list[str], cache: str | None, details: bool = True
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


def verify(arguments: list[str], cache: str | None) -> tuple[float, float, Verdicts]:
    """Seconds, CPU seconds and verdicts of a run."""
    command = [sys.executable, "-m", "samplegen", "verify", "--json", *arguments]
    with tempfile.TemporaryDirectory() as folder:
        command += ["--verdicts", f"{folder}/verdicts.json"]
        command += ["--cache", cache] if cache else []
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
