"""The exit status of every command: 0 fine, 1 problems, 2 wrong usage, 130 interrupted."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from samplegen import cli
from samplegen.catalogue import Catalogue
from samplegen.files import write
from samplegen.project import write_project
from samplegen.resources import starter
from tests.conftest import Run, samplegen_command
from tests.server.process import Server, running

pytestmark = pytest.mark.processes

GREET = ("greet", "--client", "python/urllib")
TORN = ("--templates", "torn", "--templates", "templates")
SILENT = ("--client", "python", "--templates", "silent", "--templates", "templates")
LACKING = ("--client", "python", "--templates", "lacking", "--templates", "templates")


@dataclass(frozen=True)
class Case:
    """A command line in a project, and the status that it must end with."""

    status: int
    command: str
    words: tuple[str, ...] = ()
    says: str = ""
    """Part of what goes to stderr."""


CASES = [
    Case(0, "init", ("new",)),
    Case(1, "init", (".",), "already there"),
    Case(1, "init", ("README.md/new",), "cannot be written"),
    Case(2, "init", ("one", "two"), "unexpected extra argument"),
    Case(0, "record"),
    Case(1, "record", ("--spec", "broken"), "greet.yaml:1:1: found the unknown key 'titel'"),
    Case(2, "record", ("greet",), "it has a form, and no steps to record"),
    Case(0, "list"),
    Case(1, "list", ("--spec", "broken"), "greet.yaml:1:1: found the unknown key 'titel'"),
    Case(2, "list", ("--spec", "nowhere"), "nowhere: no such folder"),
    Case(0, "show", GREET),
    Case(1, "show", (*GREET, "--spec", "broken"), "greet.yaml:1:1: "),
    Case(1, "show", (*GREET, *TORN), "greet.py.jinja:1: "),
    Case(1, "show", (*GREET, "--templates", "silent", "--templates", "templates"), "cannot speak"),
    Case(2, "show", ("greeet", "--client", "curl/rest"), "did you mean 'greet'?"),
    Case(2, "show", ("greet",), "--client"),
    Case(0, "export", (*GREET, "new")),
    Case(1, "export", (*GREET, "."), "already there"),
    Case(1, "export", (*GREET, "README.md/new"), "cannot be written"),
    Case(2, "export", ("greet", "new", "--client", "fortran/x"), "no client 'fortran/x'"),
    Case(0, "generate"),
    Case(0, "generate", ("--check",)),
    Case(1, "generate", ("--check", "--output", "elsewhere"), "elsewhere is not fresh"),
    Case(1, "generate", ("--output", "spec"), "holds files that samplegen did not write"),
    Case(1, "generate", TORN, "greet.py.jinja:1: "),
    Case(2, "generate", ("--rest-port", "0"), "--rest-port"),
    Case(0, "verify", ("--client", "python")),
    Case(0, "verify", LACKING),
    Case(1, "verify", ("--client", "python", "--spec", "wrong"), "greet × python/urllib"),
    Case(
        1,
        "verify",
        (*LACKING, "--require", "python"),
        "required, but not fully judged: a toy is missing",
    ),
    Case(0, "verify", (*SILENT, "--require", "python")),
    Case(1, "verify", ("--endpoint", "localhost:1:2"), "no server answers"),
    Case(1, "verify", ("--costs", "damaged.json"), "damaged.json: not a file of verdicts"),
    Case(1, "verify", ("--verdicts", "damaged.json"), "damaged.json: not a file of verdicts"),
    Case(1, "verify", ("--client", "python", "--junit", "README.md/x"), "cannot be written"),
    Case(2, "verify", ("--client", "fortran"), "no client 'fortran'"),
    Case(2, "verify", ("--samples", "nowhere"), "nowhere holds no samples.json"),
    Case(2, "verify", ("--shard", "3/2"), "--shard"),
    Case(0, "merge", ("judged.json", "--client", "python")),
    Case(1, "merge", ("empty.json",), "no verdict"),
    Case(1, "merge", ("judged.json", "judged2.json", "--client", "python"), "judged twice"),
    Case(1, "merge", ("damaged.json",), "damaged.json: not a file of verdicts"),
    Case(2, "merge", ("nowhere.json",), "nowhere.json: no such file"),
    Case(2, "merge", (), "FILE..."),
    Case(0, "doctor"),
    Case(0, "doctor", ("--require", "python")),
    Case(1, "doctor", ("--require", "python", *LACKING[2:]), "a toy is required, yet missing"),
    Case(1, "doctor", ("--spec", "torn-api"), "api.yaml:2:1: "),
    Case(2, "doctor", ("--require", "fortran"), "no client 'fortran'"),
    Case(0, "mcp"),
    Case(1, "mcp", ("--spec", "broken"), "greet.yaml:1:1: found the unknown key 'titel'"),
    Case(1, "mcp", ("--verdicts", "damaged.json"), "damaged.json: not a file of verdicts"),
    Case(2, "mcp", ("--http", "--port", "0"), "--port"),
    Case(0, "schema", ("--output", "new")),
    Case(1, "schema", ("--check", "--output", "new"), "new is not fresh"),
    Case(1, "schema", ("--output", "README.md"), "cannot be written"),
    Case(2, "schema", ("more",), "unexpected extra argument"),
    Case(0, "overlay"),
    Case(1, "overlay", ("-o", "README.md/new"), "cannot be written"),
    Case(2, "overlay", ("more",), "unexpected extra argument"),
    Case(0, "completion", ("bash",)),
    Case(2, "completion", ("tcsh",), "tcsh"),
]
READS_A_SPEC: dict[str, tuple[str, ...]] = {
    "list": (),
    "show": GREET,
    "export": (*GREET, "new"),
    "record": (),
    "generate": (),
    "verify": (),
    "merge": ("judged.json",),
    "overlay": (),
    "doctor": (),
    "serve": (),
    "mcp": (),
    "model": ("http://127.0.0.1:1", "m"),
    "conform": ("http://127.0.0.1:1",),
}
"""Commands, and the words that they need besides."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose samples were judged, with files that have mistakes beside it."""
    folder = tmp_path_factory.mktemp("original") / "project"
    write_project(starter(), folder, force=False)
    catalogue = Catalogue([folder / "spec"], [folder / "templates"])
    write(catalogue.files(), folder / "docs/samples")
    for name, old, new in (
        ("broken", "title:", "titel:"),
        ("wrong", "Hello, Ada! Hello", "Hullo"),
    ):
        shutil.copytree(folder / "spec", folder / name)
        change(folder / name / "greet.yaml", old, new)
    shutil.copytree(folder / "spec", folder / "torn-api")
    change(folder / "torn-api/api.yaml", "title:", "titel:")
    own = Path("python/urllib")
    for name in ("torn", "lacking", "silent"):
        (folder / name / own).mkdir(parents=True)
    (folder / "torn" / own / "greet.py.jinja").write_text("{{ nothing }}")
    needs = "requires: [{name: a toy, check: [no-such-tool], install: make one}]\n"
    client = (folder / "templates" / own / "client.yaml").read_text()
    (folder / "lacking" / own / "client.yaml").write_text(client + needs)
    omits = "omits: {greet: it cannot speak}\n"
    (folder / "silent" / own / "client.yaml").write_text(client + omits)
    (folder / "damaged.json").write_text("[{")
    (folder / "empty.json").write_text("[]")
    words = ("verify", "--client", "python", "--verdicts", "judged.json")
    subprocess.run(samplegen_command(*words), cwd=folder, check=True, timeout=60)
    shutil.copy(folder / "judged.json", folder / "judged2.json")
    return folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture
def project(original: Path, tmp_path: Path) -> Path:
    return shutil.copytree(original, tmp_path / "project")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server") / "log") as one:
        yield one


def ends(finished: "subprocess.CompletedProcess[str]", status: int, says: str) -> None:
    """Asserts the status, and that trouble is told in words, none of them on stdout as JSON."""
    assert finished.returncode == status, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
    assert says in finished.stderr
    if status:
        assert finished.stderr.strip()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.command}-{case.status}")
def test_a_command_ends_as_documented(case: Case, samplegen: Run, project: Path) -> None:
    ends(samplegen(case.command, *case.words, cwd=project), case.status, case.says)


@pytest.mark.parametrize(
    ("status", "model", "options", "says"),
    [
        (0, "dummy", (), ""),
        (0, "dummy", ("--client", "python/requests", "--run"), ""),
        (2, "dumy", (), "did you mean 'dummy'?"),
        (1, "dummy", ("--output", "file/x"), "cannot be written"),
        (2, "dummy", ("--client", "fortran"), "no client 'fortran'"),
        (2, "dummy", ("--shape", "x"), "--shape: found 'x'"),
    ],
)
def test_a_model_ends_as_documented(
    status: int, model: str, options: tuple[str, ...], says: str,
    server: Server, samplegen: Run, tmp_path: Path,
) -> None:  # fmt: skip
    (tmp_path / "file").touch()
    address = f"http://127.0.0.1:{server.rest_port}"
    ends(samplegen("model", address, model, *options, cwd=tmp_path), status, says)


def test_conform_ends_as_documented(server: Server, samplegen: Run, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{server.rest_port}"
    ends(samplegen("conform", address, cwd=tmp_path), 0, "")
    ends(samplegen("conform", address, "--model", "dumy", cwd=tmp_path), 2, "'dummy'?")
    ends(samplegen("conform", "http://127.0.0.1:1", cwd=tmp_path), 1, "no server answers")


def test_a_model_of_no_server(samplegen: Run, tmp_path: Path) -> None:
    nowhere = samplegen("model", "http://127.0.0.1:1", "m", cwd=tmp_path)
    ends(nowhere, 1, "no server answers")
    ends(samplegen("model", "nowhere", "m", cwd=tmp_path), 2, "ADDRESS: found 'nowhere'")


def test_serve_ends_as_its_server_does(samplegen: Run, tmp_path: Path) -> None:
    ends(samplegen("serve", "--", "--help", cwd=tmp_path), 0, "")
    ends(samplegen("serve", "--rest-port", "0", cwd=tmp_path), 2, "--rest-port")
    ends(samplegen("serve", "--", "--nonsense", cwd=tmp_path), 2, "--nonsense")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ends(samplegen("serve", "--grpc-port", port, cwd=tmp_path), 1, port)


def test_every_command_is_tested_for_every_status() -> None:
    tested = {(case.command, case.status) for case in CASES}
    elsewhere = {"model", "conform", "serve"}
    wanted = {(name, status) for name in {*cli.COMMANDS} - elsewhere for status in (0, 1, 2)}
    assert tested == wanted - {("completion", 1)}, "completion reads no file"


@pytest.mark.parametrize("command", READS_A_SPEC)
def test_mistakes_in_settings_are_problems_of_a_file(
    command: str, samplegen: Run, project: Path
) -> None:
    change(project / "samplegen.yaml", "spec: [spec]", "spec: [spec, nowhere]")
    finished = samplegen(command, *READS_A_SPEC[command], cwd=project)
    ends(finished, 1, "samplegen.yaml:2:14: nowhere: no such folder")
    change(project / "samplegen.yaml", "spec:", "specs:")
    finished = samplegen(command, *READS_A_SPEC[command], cwd=project)
    ends(finished, 1, "samplegen.yaml:2:1: found the unknown key 'specs'; did you mean 'spec'?")


def interrupted(words: tuple[str, ...], folder: Path, pipe: Path) -> tuple[int, str]:
    """The status and the messages of a command that got Ctrl-C while a read kept it waiting.

    tests/test_interrupts.py has the other moments.
    """
    pipe.unlink()
    os.mkfifo(pipe)
    with subprocess.Popen(
        samplegen_command(*words),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            writer = opened(pipe, process)
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=20)
            os.close(writer)
        finally:
            process.kill()
    return process.returncode, told


def opened(pipe: Path, process: "subprocess.Popen[str]") -> int:
    """Opens the pipe as soon as the process reads it."""
    for _ in range(600):
        assert process.poll() is None, "it did not read the pipe"
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.05)
    raise AssertionError("it did not read the pipe in time")


@pytest.mark.parametrize("command", READS_A_SPEC)
def test_an_interrupt_is_130_and_says_so(command: str, project: Path) -> None:
    words = (command, *READS_A_SPEC[command])
    status, told = interrupted(words, project, project / "spec/api.yaml")
    assert (status, told) == (130, "\ninterrupted; nothing was left half-written\n")
    assert not (project / "new").exists()


def test_what_a_locale_cannot_print_is_no_failure(samplegen: Run, project: Path) -> None:
    finished = samplegen("verify", "--client", "python", cwd=project, PYTHONIOENCODING="ascii")
    ends(finished, 0, "")
    assert "1 passed, 0 failed" in finished.stdout


def test_verdicts_are_kept_even_if_the_report_cannot_be_written(
    samplegen: Run, project: Path
) -> None:
    words = ("verify", "--client", "python", "--junit", "README.md/x")
    ends(samplegen(*words, cwd=project), 1, "README.md/x: cannot be written")
    assert '"passed"' in (project / "build/verdicts.json").read_text()


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("--help",), ("--version",)])
def test_a_full_disk_is_one_message(words: tuple[str, ...], unbuffered: str, project: Path) -> None:
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(
            samplegen_command(*words), cwd=project, stdout=full, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered, "NO_COLOR": "1"},
            text=True, timeout=60, check=False,
        )  # fmt: skip
    assert finished.returncode == 1
    assert finished.stderr.splitlines() == ["error: [Errno 28] No space left on device"]


def test_a_full_disk_for_messages_is_status_1(project: Path) -> None:
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(
            samplegen_command("shwo"), cwd=project, stdout=subprocess.PIPE, stderr=full,
            timeout=60, check=False,
        )  # fmt: skip
    assert (finished.returncode, finished.stdout) == (1, b"")
