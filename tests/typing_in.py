"""Doing by hand what the README of an exported project says."""

import os
import re
import subprocess
import sys
from pathlib import Path


def fresh_shell(home: Path) -> dict[str, str]:
    """What a reader's shell has: how to reach the net and find libraries, and nothing of ours.

    The projects share what they download, in folders below `home` that are empty at first.
    """
    ours = re.compile("(SAMPLEGEN|PYTHON|VIRTUAL_ENV|GO).*")
    kept = {name: value for name, value in os.environ.items() if not ours.fullmatch(name)}
    programs = str(Path(sys.executable).parent)
    return {
        **kept,
        "PATH": os.pathsep.join(p for p in kept["PATH"].split(os.pathsep) if p != programs),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        # Where the machine is told from where to download.
        "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME", str(Path.home() / ".config")),
        "MAVEN_OPTS": f"-Dmaven.repo.local={home / 'maven'}",
        "GOFLAGS": "-modcacherw",
    }


def typed(readme: str) -> list[str]:
    """The blocks of lines that a README tells to type."""
    return re.findall(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)


def type_in(lines: str, folder: Path, shell: dict[str, str]) -> str:
    finished = subprocess.run(
        ["sh", "-e", "-c", lines],
        cwd=folder,
        env=shell,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=400,
    )
    assert finished.returncode == 0, f"{lines}\n{finished.stdout}{finished.stderr}"
    return finished.stdout


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
