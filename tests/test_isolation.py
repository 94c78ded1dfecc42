"""The best isolation that is to be had, and what is said where it is not the best there is."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from samplegen.judge.machine import isolation
from samplegen.judge.machine.isolation import Isolation
from samplegen.judge.machine.starter.messages import Mode
from samplegen.judge.machine.worlds import Starter, WorldError

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's"),
    pytest.mark.processes,
]

ROOT = Path(__file__).parents[1]
ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
FORBID = """
echo 0 >/proc/sys/user/max_user_namespaces
exec setpriv --bounding-set -all --no-new-privs "$@"
"""
WITHOUT_NAMESPACES = ("unshare", "--user", "--map-root-user", "sh", "-c", FORBID, "--")
"""Starts a program that may make no namespace, as in most containers."""


def forbidding() -> Sequence[str]:
    """What forbids namespaces, unless this machine does so by itself."""
    allowed = subprocess.run([*WITHOUT_NAMESPACES[:3], "true"], capture_output=True, timeout=20)
    return WITHOUT_NAMESPACES if allowed.returncode == 0 else ()


def test_the_best_is_used() -> None:
    with isolation.opened() as (starter, found), starter.world(()) as world:
        ended = world.run(["sh", "-c", "echo $$"], ENV, 20)
        assert (found.level == "process") == (int(ended.stdout) > 10)
    assert found == isolation.available()
    if found.level == "namespaces":
        assert (found.reasons, found.remedy) == ((), "")
    else:
        assert found.reasons
        assert found.remedy


def test_process_level_is_always_there() -> None:
    with isolation.opened("process") as (starter, found), starter.world(()) as world:
        assert found.level == "process"
        assert world.run(["echo", "1"], ENV, 20).stdout == "1\n"


def test_where_namespaces_are_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    before = forbidding()

    def restricted(mode: Mode, prefix: Sequence[str] = ()) -> Starter:
        return Starter(mode, (*before, *prefix))

    monkeypatch.setattr(isolation, "Starter", restricted)
    with isolation.opened() as (starter, found), starter.world(()) as world:
        assert found.level in (("process",) if before else ("sudo", "process"))
        assert world.run(["echo", "1"], ENV, 20).stdout == "1\n"
    assert any(reason.startswith("namespaces: unshare") for reason in found.reasons), found
    assert found.remedy
    with pytest.raises(WorldError, match="unshare"), isolation.opened("namespaces"):
        pass


@pytest.mark.parametrize(
    ("uid", "path", "value", "remedy"),
    [
        (1000, "apparmor", "1", "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        (1000, "apparmor", "0", "sudo run without a password"),
        (1000, "container", "", "--privileged"),
        (1000, "none", "", "sudo run without a password"),
        (0, "container", "", "--privileged"),
        (0, "none", "", "outside of the chroot"),
    ],
)
def test_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, uid: int, path: str, value: str, remedy: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    (tmp_path / path).write_text(f"{value}\n", encoding="utf-8")
    setting = (str(tmp_path / "apparmor"), *isolation._SETTINGS[0][1:])
    monkeypatch.setattr(isolation, "_SETTINGS", (setting,))
    monkeypatch.setattr(isolation, "_OF_CONTAINERS", (str(tmp_path / "container"),))
    assert remedy in isolation._described("process", ["x"]).remedy


def test_namespaces_need_no_remedy() -> None:
    """Not even where root could not make them in the simplest way."""
    assert isolation._described("namespaces", ["x"]) == Isolation("namespaces")


SCRIPT = """
import os, sys
from samplegen.judge.machine import isolation
with isolation.opened(sys.argv[1] if len(sys.argv) > 1 else None) as (starter, found):
    with starter.world(()) as world:
        command = ["sh", "-c", "id -u; touch made; grep CapEff /proc/self/status"]
        ended = world.run(command, {"PATH": os.defpath}, 20)
        assert ended.stdout.split() == [str(os.getuid()), "CapEff:", "0" * 16], ended
        assert {e.name for e in ended.left} >= {f"{world.folder}/made"}, ended
print(found.level)
"""


def as_other_user(tmp_path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs the script as an ordinary user, with an interpreter that such a one can run."""
    user: dict[str, int | list[int]] = {}
    if os.geteuid() == 0:
        user = {"user": 65534, "group": 65534, "extra_groups": []}
    for python in (sys.executable, *filter(None, [shutil.which("python3", path="/usr/bin")])):
        tried = subprocess.run(
            ["sh", "-c", f"cd {ROOT} && {python} -c 'import samplegen.judge'"],
            capture_output=True,
            cwd="/",
            timeout=20,
            **user,  # type: ignore[call-overload]
        )
        if tried.returncode == 0:
            return subprocess.run(  # type: ignore[no-any-return]
                [python, "-c", SCRIPT, *arguments],
                capture_output=True,
                text=True,
                cwd=ROOT,
                env=ENV,
                timeout=60,
                **user,  # type: ignore[call-overload]
            )
    pytest.skip("no interpreter that another user can run; type: sudo apt install python3")


def test_ordinary_user(tmp_path: Path) -> None:
    ended = as_other_user(tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() in ("namespaces", "sudo", "process")
    assert as_other_user(tmp_path, "process").stdout == "process\n"


def test_sudo(tmp_path: Path) -> None:
    """Makes the worlds as root, and has the program run as who asks for them."""
    if subprocess.run(["sh", "-c", "sudo -n true"], capture_output=True, timeout=20).returncode:
        pytest.skip("sudo asks for a password, or is missing")
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, "sudo"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (0, "sudo\n"), ended.stderr
