"""Commands that are told to end in the middle of their work, at an exact moment of it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from samplegen.cli import COMMANDS
from samplegen.judge.results import verdicts
from tests.test_verdicts import PASSED

pytestmark = pytest.mark.processes

CURL = ("--client", "curl/rest")
SIGNALS = [signal.SIGINT, signal.SIGTERM]

MOMENTS: dict[str, tuple[Sequence[str], str, str]] = {
    "init": (["new"], "os.rename", "docs"),
    "list": ([], "open", "client.yaml"),
    "show": (["health", *CURL], "open", "health.sh.jinja"),
    "model": (["http://127.0.0.1:9", "m"], "socket.connect", ""),
    "conform": (["http://127.0.0.1:9"], "socket.connect", ""),
    "export": (["health", "new", *CURL], "os.rename", "new"),
    "record": ([], "open", "api.yaml"),
    "generate": (["--output=new"], "os.rename", "python"),
    "verify": (["health", *CURL], "subprocess.Popen", ""),
    "merge": (["verdicts.json", "--operation=health", *CURL], "os.rename", "verdicts.json"),
    "overlay": (["-o", "new"], "os.rename", "new"),
    "doctor": ([], "subprocess.Popen", ""),
    "serve": ([], "os.exec", ""),
    "schema": (["--output=new"], "os.rename", "new"),
    "mcp": ([], "import", "samplegen.commands.assisting"),
    "completion": (["bash"], "import", "click.shell_completion"),
}
"""What to type, and an audit event (Python, "Audit events table") in the middle of the work."""

TOLD = """
import os, sys
name, text, signum = {event!r}, {text!r}, {signum}
told = []

def hook(event, arguments):
    if event == name and not told and text in str(arguments):
        told.append(event)
        os.kill(os.getpid(), signum)

sys.addaudithook(hook)
sys.argv[0] = "samplegen"
from samplegen.__main__ import main

try:
    main()
finally:
    print("told:", told, file=sys.stderr)
"""


def told(
    event: str, text: str, signum: int, *words: str, cwd: Path
) -> "subprocess.CompletedProcess[str]":
    """Runs the command line, which gets a signal the first time that `event` names `text`."""
    return subprocess.run(
        [sys.executable, "-c", TOLD.format(event=event, text=text, signum=int(signum)), *words],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "XDG_CACHE_HOME": str(cwd / "cache")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("signum", SIGNALS, ids=lambda signum: signum.name)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_told_to_end(
    command: str, signum: signal.Signals, tmp_path: Path
) -> None:
    verdicts.write(tmp_path / "verdicts.json", [replace(PASSED, sha256="")])
    words, event, text = MOMENTS[command]
    finished = told(event, text, signum, command, *words, cwd=tmp_path)
    assert f"told: ['{event}']" in finished.stderr, "the moment never came"
    assert finished.returncode == 128 + signum, finished.stderr
    assert "Traceback" not in finished.stderr
    assert ("interrupted; nothing was left half-written" in finished.stderr) == (
        signum == signal.SIGINT
    )
    half = [path for path in tmp_path.rglob(".*") if re.search(r"\.[a-z0-9_]{8}$", path.name)]
    assert not half


@pytest.mark.parametrize("signum", SIGNALS, ids=lambda signum: signum.name)
def test_what_python_drops_still_counts(signum: signal.Signals) -> None:
    script = """
import os, sys
from samplegen import __main__, cli

def run():
    try:
        os.kill(os.getpid(), int(sys.argv[1]))
    except BaseException:  # as in a finalizer
        return 0
    return 1

cli.run = run
__main__.main()
"""
    finished = subprocess.run([sys.executable, "-c", script, str(int(signum))], timeout=30)
    assert finished.returncode == 128 + signum


def test_an_ignored_interrupt_stays_ignored(tmp_path: Path) -> None:
    """As of a background job of a shell."""
    inner = TOLD.format(event="open", text="client.yaml", signum=int(signal.SIGINT))
    outer = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    outer += "os.execv(sys.executable, [sys.executable, '-c', *sys.argv[1:]])"
    finished = subprocess.run(
        [sys.executable, "-c", outer, inner, "list"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "told: ['open']" in finished.stderr
    assert finished.returncode == 0, finished.stderr


def test_every_command_has_its_moment() -> None:
    assert MOMENTS.keys() == set(COMMANDS)
