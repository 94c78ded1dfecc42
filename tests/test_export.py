"""What a project consists of, and how it is written; tests/test_exported.py builds them."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from samplegen.catalogue import Catalogue, Cell
from samplegen.connection.model import Tls, with_values
from samplegen.errors import SamplegenError
from samplegen.project import project_files, write_project
from tests.conftest import ROOT, Run, need

CATALOGUE = Catalogue()
CONNECTION = CATALOGUE.spec.api.connection


def cell(operation: str, client: str) -> Cell:
    return Cell(CATALOGUE.spec.operation(operation), CATALOGUE.clients.client(client))


def test_a_project_has_the_sample_what_builds_it_and_what_it_sends(
    samplegen: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "new/project"
    finished = samplegen("export", "infer-image", "--client", "java/grpc", folder)
    assert (finished.returncode, finished.stdout) == (0, "")
    assert str(folder / "README.md") in finished.stderr
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    assert sorted(files) == [
        ".gitignore",
        "README.md",
        "digit-7.png",
        "inference.proto",
        "pom.xml",
        "src/main/java/Main.java",
    ]
    same = {
        "src/main/java/Main.java": "site/samples/java/grpc/infer-image.java",
        "digit-7.png": "spec/data/digit-7.png",
        "inference.proto": "spec/inference.proto",
        "pom.xml": "templates/java/grpc/project/pom.xml",
    }
    for name, original in same.items():
        assert files[name].read_bytes() == (ROOT / original).read_bytes()


def test_only_a_client_that_makes_stubs_gets_the_contract() -> None:
    files = project_files(CATALOGUE, cell("health", "python/tritonclient-grpc"), {}, CONNECTION)
    assert sorted(files) == [".gitignore", "README.md", "health.py", "requirements.txt"]


def test_program_and_readme_name_the_readers_own_server() -> None:
    connection = with_values(CONNECTION, host="gpu7", rest_port=8080, model="cats")
    files = project_files(CATALOGUE, cell("infer-array", "curl/rest"), {}, connection)
    assert b"http://gpu7:8080/v2/models/cats/" in files["infer-array.sh"]
    assert b"`gpu7:8080` over REST" in files["README.md"]


SECURE = (
    *("--cacert", "ca.pem", "--cert", "keys/my client.pem", "--key", "keys/my client.key"),
    *("--bearer-token-env", "KSERVE_TOKEN", "--header-env", "x-key=API_KEY"),
    *("--authority", "models.example", "--max-message-size", "64"),
)


def test_the_readme_says_which_secrets_and_files_must_be_there(
    samplegen: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    secrets = {"KSERVE_TOKEN": "t0ken", "API_KEY": "k3y"}
    command = ("export", "health", "--client", "python/requests", folder, *SECURE)
    finished = samplegen(*command, **secrets)
    assert finished.returncode == 0, finished.stderr
    assert "note: --max-message-size changes nothing over REST" in finished.stderr
    readme = (folder / "README.md").read_text()
    for words in ("ca.pem", "keys/my client.pem", "keys/my client.key", *secrets):
        assert f"`{words}`" in readme
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert files == {".gitignore", "README.md", "health.py", "requirements.txt"}
    for file in files:
        assert not any(secret in (folder / file).read_text() for secret in secrets.values())

    finished = samplegen(*command, "--force", "--client", "go/grpc")
    assert "note" not in finished.stderr


@pytest.mark.processes
@pytest.mark.parametrize(
    ("key", "ignored"),
    [
        ("client.key", True),
        ("./client.key", True),
        ("keys/a *[1]?\\ .key", True),
        ("#!.key", True),
        ("../client.key", False),
        ("/etc/client.key", False),
        ("a\nb", False),
    ],
)
def test_a_key_in_the_project_stays_out_of_git(tmp_path: Path, key: str, ignored: bool) -> None:
    """As git itself sees it."""
    need("git")
    connection = with_values(CONNECTION, tls=Tls(cert="client.pem", key=key))
    files = project_files(CATALOGUE, cell("health", "go/http"), {}, connection)
    lines = files.get(".gitignore", b"").decode().splitlines()
    assert len(lines) == ignored
    if ignored:
        write_project(files, tmp_path / "project", force=False)
        git = ["git", "-C", str(tmp_path / "project")]
        subprocess.run([*git, "init", "--quiet"], check=True, timeout=30)
        command = [*git, "check-ignore", "--quiet", "--", key]
        assert subprocess.run(command, timeout=30).returncode == 0
        command[-1] = f"another{Path(key).suffix}"
        assert subprocess.run(command, timeout=30).returncode == 1


def test_an_operation_may_come_from_elsewhere() -> None:
    made = replace(cell("infer-array", "go/http").operation, name="mine", title="*Mine* `$(id)`")
    chosen = Cell(made, CATALOGUE.clients.client("go/http"))
    files = project_files(CATALOGUE, chosen, {"data.bin": b"\0"}, CONNECTION)
    assert files["data.bin"] == b"\0"
    assert files["README.md"].startswith(rb"# \*Mine\* \`\$(id)\`")


@pytest.mark.parametrize("name", CATALOGUE.clients.names)
def test_what_the_readme_names_is_there(name: str) -> None:
    chosen = cell("infer-image", name)
    files = project_files(CATALOGUE, chosen, {"digit-7.png": b""}, CONNECTION)
    project = chosen.client.language.project
    assert project is not None
    readme = files["README.md"].decode()
    assert project.run.format(operation="infer-image") in readme
    assert readme.endswith("status 1.\n")
    for named in ("inference.proto", "requirements.txt"):
        assert (named in readme) == (named in files)


def test_a_project_brings_the_versions_that_the_judge_runs_with() -> None:
    pins = set((ROOT / "constraints.txt").read_text().splitlines())
    for file in ROOT.glob("templates/python/*/project/requirements.txt"):
        names = re.sub(r"\[\w+\]", "", file.read_text()).splitlines()
        assert set(names) <= pins, file


def test_what_is_there_stays_unless_it_is_told_otherwise(samplegen: Run, tmp_path: Path) -> None:
    mine = {"README.md": b"mine", "notes/todo.txt": b"mine, too"}
    for name, content in mine.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "health.sh").symlink_to("nowhere")
    command = ("export", "health", "--client", "curl/rest", tmp_path)
    finished = samplegen(*command)
    assert finished.returncode == 1
    assert finished.stderr == (
        f"error: {tmp_path}/README.md and 1 more: already there; "
        "name another folder, or replace with --force\n"
    )
    assert {p.name for p in tmp_path.iterdir()} == {"README.md", "notes", "health.sh"}
    assert all((tmp_path / name).read_bytes() == content for name, content in mine.items())

    assert samplegen(*command, "--force").returncode == 0
    assert (tmp_path / "health.sh").read_bytes() == (
        ROOT / "site/samples/curl/rest/health.sh"
    ).read_bytes()
    assert (tmp_path / "notes/todo.txt").read_bytes() == b"mine, too"


def test_a_new_folder_appears_as_a_whole_or_not(tmp_path: Path) -> None:
    with pytest.raises(SamplegenError, match="cannot be written: "):
        write_project({"a": b"", "b": b"", "b/c": b""}, tmp_path / "folder", force=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("helth", "--client", "go/grcp", "DIR"), 2, "did you mean 'health'?"),
        (("helth", "--client", "go/grcp", "DIR"), 2, "did you mean 'go/grpc'?"),
        (("health", "DIR"), 2, "Missing option '--client'"),
        (
            ("http://gpu7:8000", "--client", "go/grpc", "DIR"),
            2,
            "samplegen model http://gpu7:8000 NAME --client go/grpc --export",
        ),
        (("health", "--client", "go/grpc", "/proc/folder"), 1, "/proc/folder: cannot be written"),
        (("health", "--client", "go/grpc", "/dev/null"), 1, "cannot be written"),
        (("health", "--client", "go/grpc", "DIR", "--host", "a b"), 2, "expected a host name"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line(
    samplegen: Run, tmp_path: Path, arguments: tuple[str, ...], status: int, message: str
) -> None:
    arguments = tuple(a.replace("DIR", str(tmp_path / "folder")) for a in arguments)
    finished = samplegen("export", *arguments)
    assert (finished.returncode, finished.stdout) == (status, "")
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (tmp_path / "folder").exists()


def test_a_language_says_what_a_project_is_made_of(samplegen: Run, tmp_path: Path) -> None:
    own = tmp_path / "templates/go"
    own.mkdir(parents=True)
    language = (ROOT / "templates/go/language.yaml").read_text()
    (own / "language.yaml").write_text(language.partition("\nproject:")[0])
    command = ("--templates", tmp_path / "templates", tmp_path / "folder")
    finished = samplegen("export", "health", "--client", "go/http", *command)
    assert finished.returncode == 1
    assert "templates/go/language.yaml has no 'project'" in finished.stderr
    (own / "language.yaml").write_text(language.replace("go run .", "go run {file}"))
    finished = samplegen("export", "health", "--client", "go/http", *command)
    assert "expected {operation}" in finished.stderr
