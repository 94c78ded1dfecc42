"""A locale whose numbers look otherwise, so that samples can be run in it on any machine."""

import shutil
from pathlib import Path

from samplegen.judge.machine import processes
from samplegen.judge.machine.processes import Processes

NAME = "de_DE.UTF-8"
"""It has a comma where C has a point."""
_SECONDS = 60


class Unavailable(Exception):
    """This machine cannot make the locale."""


def make(folder: Path, running: Processes) -> None:
    """Compiles the locale into a folder, for `LOCPATH`.

    Raises:
        Unavailable: There is no `localedef`, or it has not the sources of the locale.
    """
    if shutil.which("localedef") is None:
        raise Unavailable
    command = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(folder / NAME)]
    outcome = running.run(command, folder, processes.environment(folder), _SECONDS)
    if outcome.status != 0:
        raise Unavailable


def environment(folder: Path | None) -> dict[str, str]:
    """Variables of a machine elsewhere: language, time zone, and the order of Python's sets.

    Args:
        folder: That of the locale; None: there is none.
    """
    where = {} if folder is None else {"LOCPATH": str(folder)}
    return {
        "LANG": NAME,
        "LC_ALL": NAME,
        "TZ": "Asia/Kathmandu",
        "PYTHONHASHSEED": "4711",
        "COLUMNS": "40",
        **where,
    }
