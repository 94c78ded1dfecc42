"""The files that CONTRIBUTING.md tells a reader to write, and the commands to type."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"
_FILE = re.compile(r"^`(javascript/[\w./]+)`.*?\n\n```\w+\n(.*?\n)```", re.M | re.S)
_COMMAND = re.compile(r"^(samplegen .* --templates mine.*)$", re.M)


def files() -> dict[str, str]:
    """Path below `mine/` to text."""
    return dict(_FILE.findall(PAGE.read_text()))


def commands() -> list[list[str]]:
    """The arguments of samplegen, in order."""
    return [command.split()[1:] for command in _COMMAND.findall(PAGE.read_text())]


def write(folder: Path) -> None:
    """Does what the page says."""
    for name, text in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
