"""The start: `samplegen`, or `python -m samplegen`."""

import io
import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    """Ends as Ctrl-C does, so that whatever was started is ended, too."""
    sys.exit(128 + signum)


def main() -> NoReturn:
    """Runs the command line and exits with its status."""
    # Looking for plugins of pydantic reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    signal.signal(signal.SIGTERM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a locale cannot print is no failure
            stream.reconfigure(errors="backslashreplace")
    try:
        from samplegen.cli import run

        status = run()
    except KeyboardInterrupt:  # while Python was still importing
        status = 128 + signal.SIGINT
    sys.exit(status)


if __name__ == "__main__":
    main()
