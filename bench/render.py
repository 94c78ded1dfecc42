"""How fast samples are rendered, and whether time and memory grow linearly.

    python bench/render.py [OPERATIONS...]
    python bench/render.py --peers
    python bench/render.py --against COMMIT

Renders a synthetic spec, by default of 1,000 and then 10,000 operations, through all clients. Each
operation differs from all others in its model, its tensor names and its data. Prints samples and
characters per CPU second and the peak memory of the process; each size runs in a process of its
own, and what is done once (reading and compiling templates, and what operations of one structure
share) is not counted.

With --peers, generators of snippets from npm run in turn with it on comparable requests, in all
their languages (`peers/measure.js`); with --against, the renderer of a commit. The median of the
ratios of all turns counts, since a machine is not equally fast all the time.

Ends with status 1 if a bar is missed: 100 MB, linear; 1.0 of snippetz's samples and 5 of its
characters; 1.0 of the commit's samples.
"""

import argparse
import io
import os
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).parent / "peers"
SIZES = (1_000, 10_000)
MEMORY_BAR = 100
GROWTH_BAR = 0.9
"""The rate at the largest size over that at the smallest; the rest is noise."""
BARS = {"snippetz": (1.0, 5.0), "commit": (1.0, 0.0)}
"""What is compared with to our samples and our characters over its own, at least."""
TURNS = 7
_REQUESTS = {"snippetz": 600, "httpsnippet": 400}
"""As many as take about as long as ours."""
_OURS = 600


@dataclass(frozen=True)
class Measured:
    """What one process rendered."""

    samples: float
    seconds: float
    """Of CPU."""
    characters: float
    memory: float = 0.0
    """Peak, in MB."""

    @property
    def rate(self) -> float:
        return self.samples / self.seconds

    @property
    def speed(self) -> float:
        """Millions of characters per CPU second."""
        return self.characters / self.seconds / 1e6


def _found(name: str, *modules: str) -> Any:
    """What is called so in the first of these modules that there is; commits differ in them."""
    module = next(module for module in modules if _exists(module))
    return getattr(import_module(module), name)


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def operations(catalogue: Any, count: int) -> Iterator[Any]:
    """`count` operations in the forms of the catalogue's own."""
    originals = catalogue.spec.operations()
    for number in range(count):
        original = originals[number % len(originals)]
        yield replace(
            original,
            name=f"{original.name}-{number}",
            summary=f"{original.summary} Number {number}.",
            model=original.model and f"model-{number}",
            inputs=tuple(
                replace(
                    tensor,
                    name=f"{tensor.name}{number}",
                    data=tensor.data and tuple(number + index for index in range(len(tensor.data))),
                )
                for tensor in original.inputs
            ),
            outputs=tuple(replace(t, name=f"{t.name}{number}") for t in original.outputs),
        )


def measure(count: int) -> None:
    """Prints samples, CPU seconds for rendering, characters and peak memory in MB."""
    catalogue = _found("Catalogue", "samplegen.catalogue", "samplegen.samples")()
    view: Callable[..., Any] = _found("view", "samplegen.render.view", "samplegen.view")
    clients = catalogue.clients.all()
    api = catalogue.spec.api
    for operation in operations(catalogue, 2 * len(catalogue.spec.operations())):
        for client in clients:
            catalogue.renderer.render(client, view(api, operation))
    samples = characters = 0
    seconds = 0.0
    for operation in operations(catalogue, count):
        started = time.process_time()
        seen = view(api, operation)
        for client in clients:
            characters += len(catalogue.renderer.render(client, seen).text)
            samples += 1
        seconds += time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(samples, seconds, characters, memory)


def ours(count: int, tree: Path = ROOT) -> Measured:
    """What the renderer of a working tree does in a process of its own."""
    path = os.pathsep.join((str(tree), str(tree / "server")))
    command = [sys.executable, str(Path(__file__).resolve()), "--measure", str(count)]
    return _measured(command, cwd=tree, env={**os.environ, "PYTHONPATH": path})


def peer(name: str) -> Measured:
    """What a generator from npm does."""
    node = _program("node")
    return _measured([node, str(PEERS / "measure.js"), name, str(_REQUESTS[name])])


def _measured(command: Sequence[str], **options: Any) -> Measured:
    finished = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, timeout=600, **options
    )
    return Measured(*(float(word) for word in finished.stdout.split()))


def _program(name: str) -> str:
    """`node` or `npm`, which come with the Python packages."""
    folders = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    program = shutil.which(name, path=folders)
    if program is None:
        sys.exit(f"{name} is not installed; type: make install")
    return program


def install() -> None:
    """Installs the peers in the versions of the lock file, unless they are there."""
    lock, installed = PEERS / "package-lock.json", PEERS / "node_modules/.package-lock.json"
    if installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    command = [_program("npm"), "ci", "--omit-lockfile-registry-resolved", *options]
    folders = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    subprocess.run(command, cwd=PEERS, env={**os.environ, "PATH": folders}, check=True, timeout=600)


def compare(others: dict[str, Callable[[], Measured]]) -> bool:
    """Runs ours and the others in turn and prints both ratios; returns whether all bars are met."""
    turns = []
    for _ in range(TURNS):
        turn = {"ours": ours(_OURS)}
        turn |= {name: other() for name, other in others.items()}
        turns.append(turn)
    for name in turns[0]:
        rate, speed = (median(getattr(turn[name], key) for turn in turns)
                       for key in ("rate", "speed"))  # fmt: skip
        print(f"{name:12} {rate:8,.0f} samples and {speed:5.1f} MB of source per CPU second")
    met = True
    for name in others:
        ratios = [
            median(getattr(turn["ours"], key) / getattr(turn[name], key) for turn in turns)
            for key in ("rate", "speed")
        ]
        bars = BARS.get(name, (0.0, 0.0))
        met &= all(ratio >= bar for ratio, bar in zip(ratios, bars, strict=True))
        wanted = f" (bars: {bars[0]:.1f}, {bars[1]:.1f})" if any(bars) else ""
        print(f"ours / {name}: {ratios[0]:.2f} in samples, {ratios[1]:.2f} in source{wanted}")
    return met


def against(commit: str) -> bool:
    """Compares with the renderer of a commit; returns whether ours is as fast."""
    command = [
        "git",
        "-C",
        str(ROOT),
        "archive",
        commit,
        "samplegen",
        "server",
        "spec",
        "templates",
    ]
    archive = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        return compare({"commit": lambda: ours(_OURS, Path(folder))})


def growth(sizes: Sequence[int]) -> bool:
    """Measures each size and compares the rates; returns whether all bars are met."""
    rates = []
    met = True
    for count in sizes:
        found = ours(count)
        rates.append(found.rate)
        met &= found.memory <= MEMORY_BAR
        print(
            f"{count:7,} operations: {found.samples:9,.0f} samples, {found.rate:8,.0f} and "
            f"{found.speed:.1f} MB of source per CPU second, peak {found.memory:.0f} MB "
            f"({found.memory / MEMORY_BAR:.2f} of the bar)"
        )
    if len(rates) > 1:
        grown = rates[-1] / rates[0]
        met &= grown >= GROWTH_BAR
        print(f"rate at {sizes[-1]:,} operations / rate at {sizes[0]:,}: {grown:.2f}")
    return met


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="How fast samples are rendered.")
    parser.add_argument("operations", type=int, nargs="*", default=SIZES)
    parser.add_argument("--peers", action="store_true", help="compare with generators from npm")
    parser.add_argument("--against", metavar="COMMIT", help="compare with a commit's renderer")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return 0
    if options.peers:
        install()
        return 0 if compare({name: partial(peer, name) for name in _REQUESTS}) else 1
    if options.against:
        return 0 if against(options.against) else 1
    return 0 if growth(options.operations) else 1


if __name__ == "__main__":
    sys.exit(main())
