"""What is on this machine of the programs and libraries that samples need."""

import os
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from samplegen.judge import processes
from samplegen.render.clients import Client, Requirement

_VERSION = re.compile(r"\d+(\.\w+)+")
_CHECK_SECONDS = 60
"""How long the check of a requirement may take."""


@dataclass(frozen=True)
class Finding:
    """Whether a requirement is there."""

    requirement: Requirement
    version: str | None
    """None: it is missing."""
    clients: tuple[str, ...]
    """Who needs it."""


def examine(clients: Sequence[Client], jobs: int) -> list[Finding]:
    """What the clients need, each requirement once, in their order."""
    users: dict[Requirement, list[str]] = {}
    for client in clients:
        for requirement in client.requirements:
            users.setdefault(requirement, []).append(client.name)
    found = versions(users, jobs)
    return [Finding(r, found[r], tuple(names)) for r, names in users.items()]


def versions(needed: Iterable[Requirement], jobs: int) -> dict[Requirement, str | None]:
    """The version of each requirement, None where it is missing; each is checked once."""
    unique = list(dict.fromkeys(needed))
    with ThreadPoolExecutor(jobs) as pool:
        return dict(zip(unique, pool.map(version, unique), strict=True))


def version(requirement: Requirement) -> str | None:
    """The version that its check prints, empty if that is none; None if it is not there."""
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
    number = _VERSION.search(outcome.stdout or outcome.stderr)
    return number[0] if number else ""
