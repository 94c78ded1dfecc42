"""Commands of the clients, and how they end."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from samplegen.errors import SamplegenError
from samplegen.judge.machine.processes import Outcome, Processes
from samplegen.render.clients import FILES, Command

_COMPLAINT = re.compile(r":\d+: |\berror\b", re.IGNORECASE)
"""A line that names a place or an error, among those that only lead up to it."""


class CommandFailed(SamplegenError):
    """A command could not be started, or did not succeed."""

    def __init__(self, reason: str, outcome: Outcome | None = None) -> None:
        super().__init__(reason)
        self.outcome = outcome


def execute(
    running: Processes,
    command: Command,
    values: Mapping[str, str],
    folder: Path,
    env: Mapping[str, str],
    timeout: float,
    largest_file: int | None = None,
) -> Outcome:
    """Runs a command in `folder`.

    Raises:
        CommandFailed: It cannot be started.
    """
    arguments = [argument.format_map(values) for argument in command]
    limits = {} if largest_file is None else {"largest_file": largest_file}
    try:
        return running.run(arguments, folder, env, timeout, **limits)
    except (FileNotFoundError, PermissionError) as error:
        raise CommandFailed(f"{command[0]} cannot be started: {error.strerror}") from error


def ending(outcome: Outcome) -> str:
    """How a process ended, and the first line that looks like an error."""
    if outcome.status is None:
        return f"it was not done after {outcome.seconds:.0f} s"
    lines = [*outcome.stderr.splitlines(), *outcome.stdout.splitlines()]
    printed = [line for line in lines if line.strip()]
    complaint = next((line for line in printed if _COMPLAINT.search(line)), None)
    complaint = complaint or next(iter(printed), "")
    ending = (
        f"was ended by signal {-outcome.status}"
        if outcome.status < 0
        else f"ended with status {outcome.status}"
    )
    return f"{ending}: {complaint}" if complaint else ending


def require(prefix: str, command: Command, outcome: Outcome) -> None:
    """Raises CommandFailed, with the prefix before its reason, unless a command succeeded."""
    if outcome.status != 0:
        raise CommandFailed(f"{prefix}{command[0]} {ending(outcome)}", outcome)


def with_files(command: Command, files: Sequence[Path]) -> Command:
    """The command with the files in their place; braces in their paths stay as they are."""
    paths = [str(file).replace("{", "{{").replace("}", "}}") for file in files]
    return tuple(
        word for argument in command for word in (paths if argument == FILES else [argument])
    )


def filled(variables: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Variables of an environment, with values in place of {names}."""
    return {name: value.format_map(values) for name, value in variables.items()}
