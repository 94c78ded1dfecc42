"""How fast the bundled server is, next to its peers and to OpenVINO without a server.

    python bench/server.py --install     # once: the peers, each in an environment of its own
    python bench/server.py [--minutes 10] [--only TEXT] [--json FILE]

Every target takes its turn in every round, so that a noisy machine is noisy for all. What counts
are the ratios: taken in each round, then their median. h2load (Debian's nghttp2-client) makes the
load; a tritonclient gives a second view. Bars are against the best of the peers in each cell; over
gRPC, coming near to an RPC of the same library that does nothing meets them, too. Ends with status
1 when a bar is missed, or a peer is.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from serving import peers, processes
from serving.cells import Efforts, make_cells, make_models
from serving.load import Effort
from serving.report import report, write_json
from serving.targets import Bench

STARTS = 3
"""How often each server is started for its footprint."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--install", action="store_true", help="install the peers and end")
    parser.add_argument("--peers", type=Path, default=peers.default_folder(), metavar="DIR")
    parser.add_argument("--seconds", type=float, default=1.2, help="for dummy, a target and a cell")
    parser.add_argument("--count", type=int, default=24, help="requests, the same for resnet")
    parser.add_argument("--rounds", type=int, default=7, help="at most")
    parser.add_argument(
        "--minutes", type=float, default=10, help="no round begins that would end later"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="TEXT",
        help='only cells with this in their name, such as "dummy, gRPC", or "start" for the start',
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    return parser.parse_args()


def main() -> int:
    flags = arguments()
    processes.stop_servers_when_terminated()
    if flags.install:
        return 0 if peers.install(flags.peers) else 1
    if shutil.which("h2load") is None:
        print("h2load is missing: sudo apt install nghttp2-client", file=sys.stderr)
        return 1
    missing = [peer.name for peer in peers.PEERS if not peers.is_installed(flags.peers, peer)]
    if missing:
        print(f"{', '.join(missing)} left out: python bench/server.py --install", file=sys.stderr)
    end = time.monotonic() + flags.minutes * 60
    found = make_models(Path(tempfile.gettempdir(), "samplegen-bench-models"))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), flags.peers, found)
        footprints = None
        if not flags.only or "start" in flags.only:
            footprints = bench.footprints(STARTS)
        efforts = Efforts(Effort(seconds=flags.seconds), Effort(count=flags.count))
        cells = bench.run(make_cells(found, flags.only), flags.rounds, efforts, end)
    bars = report(cells, footprints)
    if flags.json:
        write_json(flags.json, cells, footprints, bars)
    return 0 if not missing and all(bar.is_met for bar in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
