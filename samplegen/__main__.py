"""The start: `samplegen`, or `python -m samplegen`."""

import gc
import io
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

_ALLOCATIONS = 100_000
"""How many more objects are made than freed before garbage is looked for. Imports make many that
stay; with Python's 700, some percent of a short command's time go into looking at them."""
_received: list[int] = []
"""Signals that asked for the end."""


def _end(signum: int, frame: FrameType | None) -> NoReturn:
    """Unwinds the stack, so that whatever was started is ended, too."""
    _received.append(signum)
    if signum == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + signum)


def _forget_unwritten() -> None:
    """Drops output that could not be written, which was an error by now.

    At its end Python would try once more, and fail with a status of its own, 120.
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None: it was closed at the start
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def main() -> NoReturn:
    """Runs the command line and exits with its status, or 128 and the signal that ended it."""
    gc.set_threshold(_ALLOCATIONS)
    # Looking for plugins of pydantic reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    signal.signal(signal.SIGTERM, _end)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a shell may ignore it
        signal.signal(signal.SIGINT, _end)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a locale cannot print is no failure
            stream.reconfigure(errors="backslashreplace")
    try:
        from samplegen.cli import run

        status = run()
    except KeyboardInterrupt:  # while Python was still importing
        status = 128 + signal.SIGINT
    except OSError:  # what is wrong cannot be written to stderr
        status = 1
    _forget_unwritten()
    # Python drops an exception that is raised in a finalizer or in a callback of the import system.
    sys.exit(128 + _received[0] if _received else status)


if __name__ == "__main__":
    main()
