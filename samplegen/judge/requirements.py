"""What is on this machine of the programs and libraries that samples need."""

import os
import re
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from samplegen.clients import Requirement
from samplegen.judge import processes

_VERSION = re.compile(r"\d+(\.\w+)+")
_CHECK_SECONDS = 60
"""How long the check of a requirement may take."""


def versions(needed: Iterable[Requirement], jobs: int) -> dict[Requirement, str | None]:
    """The version of each requirement, None where it is missing; each is checked once."""
    unique = list(dict.fromkeys(needed))
    with ThreadPoolExecutor(jobs) as pool:
        return dict(zip(unique, pool.map(version, unique), strict=True))


def version(requirement: Requirement) -> str | None:
    """The version that the check of a requirement prints; None if it is not there."""
    values = {"python": sys.executable}
    command = [argument.format_map(values) for argument in requirement.check]
    if processes.find(command[0]) is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The machine's own settings count: they may say where a library is.
        env = {**os.environ, **processes.environment(folder)}
        outcome = processes.run(command, folder, env, _CHECK_SECONDS)
    if outcome.status != 0:
        return None
    printed = outcome.stdout or outcome.stderr
    number = _VERSION.search(printed)
    return number[0] if number else next(iter(printed.splitlines()), "")
