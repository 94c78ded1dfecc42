"""Fuzz everything of the bundled server that parses, in process and over the network.

    python bench/fuzz.py [--seconds 60] [--rounds N] [--examples 100] [--seed N] [--out FILE]
    python bench/fuzz.py --replay FILE

Hypothesis makes requests, valid ones and such as are nearly so: JSON bodies, binary headers and
lengths, length-prefixed BYTES, shapes that overflow, images that are cut, huge or lie about their
size, raw protobuf messages, and frames of HTTP/1.1 and HTTP/2 that lie about their lengths. An
oracle that shares no code with the server says what each deserves. Exits with status 1 if the
server crashed, hung, took 256 MB more than at its start, answered a request that deserves an error,
refused one that does not, or answered wrongly; the request is then written to a file.
"""

import argparse
import contextlib
import itertools
import json
import shutil
import sys
import tempfile
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fuzzing.models import SPECS, make
from fuzzing.oracle import problem
from fuzzing.requests import REQUESTS, grpc_requests, rest_requests
from fuzzing.targets import MAX_MESSAGE, Finding, InProcess, OverNetwork
from fuzzing.wire import Wire
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from serving import models, processes

FRAMES = 5
"""In a round, so many times fewer frames that lie: for most, the server rightly says nothing."""


class Run:
    """Rounds of requests until the time is over, or something is found.

    Args:
        seconds: The time.
        seed: Of the first kind of request; each further one has the next.
        examples: In each round, of each kind of request.
    """

    def __init__(self, seconds: float, seed: int, examples: int) -> None:
        self._end = time.monotonic() + seconds
        self._seed = seed
        self.examples = examples
        self.last: dict[str, Any] = {}
        """The request that was sent last, ready to be written."""
        self.counts: dict[str, int] = {}
        self.fine = 0
        """How many deserved an answer and got it."""

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self._end

    def check(
        self,
        name: str,
        strategy: st.SearchStrategy[Any],
        one: Callable[[Any], None],
        share: int = 1,
    ) -> None:
        """Try some of the strategy's examples; the smallest that fails is the last one tried."""

        @settings(
            max_examples=max(1, self.examples // share),
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )
        @with_seed(self._seed)
        @given(strategy)
        def test(example: Any) -> None:
            if not self.is_over:
                self.counts[name] = self.counts.get(name, 0) + 1
                one(example)

        self._seed += 1
        test()

    def wire(self, target: InProcess | OverNetwork, wire: Wire) -> None:
        body = b64encode(wire.body).decode()
        self.last = {**asdict(wire), "body": body, "target": type(target).__name__}
        reply = target.ask(wire)
        self.fine += reply.is_fine
        text = problem(wire, reply, SPECS)
        if text is not None:
            raise Finding(text)

    def http1(self, target: OverNetwork, example: tuple[Wire, int]) -> None:
        wire, change = example
        claimed = max(0, len(wire.body) + change)
        body = b64encode(wire.body).decode()
        self.last = {**asdict(wire), "body": body, "target": "HTTP/1.1", "claimed": claimed}
        target.frame_http1(wire, claimed)

    def http2(self, target: OverNetwork, example: tuple[Wire, int, int]) -> None:
        wire, flag, change = example
        claimed = min(max(0, len(wire.body) + change), 2**32 - 1)
        body = b64encode(wire.body).decode()
        self.last = {
            **asdict(wire),
            "body": body,
            "target": "HTTP/2",
            "flag": flag,
            "claimed": claimed,
        }
        target.frame_http2(wire, flag, claimed)


def fuzz(run: Run, rounds: int, inside: InProcess, outside: OverNetwork) -> None:
    """Ask until the time is over, or so many rounds, if not 0.

    Raises:
        Finding: Something is wrong; `run.last` is the request.
    """
    changes = st.sampled_from([0, 0, -1, 1, -10, 10, 2**31, 2**32 - 1])
    for _ in range(rounds) if rounds else itertools.count():
        for kind, strategy in REQUESTS.items():
            run.check(f"in process: {kind}", strategy, lambda wire: run.wire(inside, wire))
            run.check(f"network: {kind}", strategy, lambda wire: run.wire(outside, wire))
            if run.is_over:
                return
        framed = st.tuples(rest_requests(), changes)
        run.check("network: HTTP/1.1 lengths", framed, lambda one: run.http1(outside, one), FRAMES)
        flagged = st.tuples(grpc_requests(), st.sampled_from([0, 0, 0, 1, 255]), changes)
        run.check("network: HTTP/2 frames", flagged, lambda one: run.http2(outside, one), FRAMES)


def replay(run: Run, saved: dict[str, Any], inside: InProcess, outside: OverNetwork) -> None:
    """Send the one request that a file holds.

    Raises:
        Finding: It still goes wrong.
    """
    body = b64decode(saved["body"])
    wire = Wire(saved["transport"], saved["model"], body, saved["headers"])
    if saved["target"] == "HTTP/1.1":
        outside.frame_http1(wire, saved["claimed"])
    elif saved["target"] == "HTTP/2":
        outside.frame_http2(wire, saved["flag"], saved["claimed"])
    else:
        run.wire(inside if saved["target"] == "InProcess" else outside, wire)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=0, help="default: as many as there is time")
    parser.add_argument("--examples", type=int, default=100, help="of each kind in each round")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: the time")
    parser.add_argument("--out", type=Path, default=Path("fuzz-finding.json"), metavar="FILE")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="send that request only")
    flags = parser.parse_args()
    processes.stop_servers_when_terminated()
    folder = Path(tempfile.mkdtemp())
    config = folder / "config.json"
    for name, spec in SPECS.items():
        models.write(make(spec), folder / name)
    models.write_config(config, {name: folder / name for name in SPECS})
    run = Run(flags.seconds, flags.seed, flags.examples)
    arguments = ("--config_path", config, "--max_message_bytes", MAX_MESSAGE)
    try:
        with (
            contextlib.closing(InProcess(config)) as inside,
            processes.running_ours(folder / "log", *arguments) as server,
            contextlib.closing(OverNetwork(server)) as outside,
        ):
            try:
                if flags.replay:
                    replay(run, json.loads(flags.replay.read_text()), inside, outside)
                else:
                    fuzz(run, flags.rounds, inside, outside)
            finally:
                growth = (outside.peak - outside.start_bytes) / 1e6
                print(f"seed {flags.seed}; {sum(run.counts.values()):,} requests: {run.counts}")
                print(f"{run.fine:,} of them got an answer; memory at most {growth:+.0f} MB")
    except Finding as finding:
        print(f"found: {finding}", file=sys.stderr)
        if not flags.replay:
            flags.out.write_text(json.dumps(run.last, indent=2) + "\n")
            print(f"python bench/fuzz.py --replay {flags.out}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
