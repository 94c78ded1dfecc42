"""A model behind an ingress that asks for a client certificate, a token and a header."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from samplegen.catalogue import Catalogue
from samplegen.judge.machine.requirements import Versions
from tests.conftest import Run, missing
from tests.ingress import API_KEY, TOKEN, Ingress
from tests.typing_in import fresh_shell, type_in, typed

pytestmark = pytest.mark.processes

SECRETS = {"KSERVE_TOKEN": TOKEN, "API_KEY": API_KEY}
VERSIONS = Versions()
TRUST = ("--cacert", "ca.pem")
IDENTITY = ("--cert", "client.pem", "--key", "client.key")
ASKED = (
    *("--bearer-token-env", "KSERVE_TOKEN", "--header-env", "X-Key=API_KEY"),
    *("--header", "X-Tenant: blue", "--authority", "models.example", "--deadline", "9"),
)
CLIENTS = (
    *("python/tritonclient-grpc", "python/requests", "go/grpc", "go/http"),
    *("java/http", "cpp/grpc", "curl/rest"),
)
"""Each language, each transport; tests/test_ingress.py has all of them."""


def model(samplegen: Run, front: Ingress, address: str, *options: Any, **secrets: str) -> Any:
    """What `samplegen model` says, asked where the keys are."""
    return samplegen("model", address, *options, cwd=front.folder, timeout=400, **secrets)


def chosen(*clients: str) -> list[str]:
    return [word for client in clients for word in ("--client", client)]


@pytest.mark.timeout(450)
@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_it_is_asked_and_called_through_the_ingress(
    scheme: str, front: Ingress, samplegen: Run
) -> None:
    other = "--grpc-port" if scheme == "https" else "--rest-port"
    clients = CLIENTS if scheme == "https" else ("python/requests", "go/grpc")
    with front.watch() as requests:
        done = model(
            samplegen,
            front,
            f"{scheme}://localhost:{front.mutual}",
            *("mixed", "--run", "--json"),
            *(other, front.mutual, *chosen(*clients), *TRUST, *IDENTITY, *ASKED),
            **SECRETS,
        )
    assert done.stdout, done.stderr
    verdicts = json.loads(done.stdout)
    for verdict in verdicts:
        if verdict["status"] == "skipped":
            missing(verdict["reason"])
        assert verdict["status"] == "passed", verdict
    assert len(verdicts) == len(clients)
    for request in requests:
        # Where the server has nothing to tell, it may say so.
        assert request["status"] in (200, 404)
        assert request["token"] == f"Bearer {TOKEN}"
        assert (request["host"], request["tenant"]) == ("models.example", "blue")
    assert TOKEN not in done.stdout + done.stderr


CLIENT_CERTIFICATE = "add --cert FILE and --key FILE"
AUTHORITIES = "add --cacert FILE, with the CA certificates that signed it"
ANOTHER_TOKEN = "add --bearer-token-env VARIABLE with a valid token"  # noqa: S105
REFUSED: list[tuple[str, str, tuple[str, ...], str]] = [
    ("https", "mutual", (*TRUST, *ASKED), CLIENT_CERTIFICATE),
    ("grpcs", "mutual", (*TRUST, *ASKED), CLIENT_CERTIFICATE),
    ("https", "mutual", (*TRUST, *IDENTITY), ANOTHER_TOKEN),
    ("grpcs", "mutual", (*TRUST, *IDENTITY), ANOTHER_TOKEN),
    ("https", "tls", (), AUTHORITIES),
    ("grpcs", "tls", (), AUTHORITIES),
    ("https", "tls", ("--cacert", "nowhere.pem"), "nowhere.pem: not a PEM file of certificates"),
    ("grpcs", "tls", ("--cacert", "ca.key"), "ca.key: not a PEM file of certificates"),
    ("https", "mutual", (*TRUST, "--cert", "ca.pem", "--key", "client.key"), "a certificate and"),
    ("http", "tls", (), "speaks TLS; write https://localhost:"),
    ("grpc", "tls", (), "speaks TLS; write grpcs://localhost:"),
    ("https", "plain_rest", TRUST, "does not speak TLS; write http://localhost:"),
    ("grpcs", "plain_grpc", TRUST, "does not speak TLS; write grpc://localhost:"),
    ("http", "plain_rest", (), ANOTHER_TOKEN),
    ("grpc", "plain_grpc", (), ANOTHER_TOKEN),
]


@pytest.mark.parametrize(("scheme", "port", "options", "hint"), REFUSED)
def test_what_is_refused_is_one_line_that_says_what_to_do(
    scheme: str, port: str, options: tuple[str, ...], hint: str, front: Ingress, samplegen: Run
) -> None:
    address = f"{scheme}://localhost:{getattr(front, port)}"
    done = model(samplegen, front, address, "mixed", *options, **SECRETS)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert hint in done.stderr
    assert TOKEN not in done.stderr


def test_a_certificate_is_for_a_host(front: Ingress, samplegen: Run) -> None:
    """127.1 is this machine, too."""
    done = model(samplegen, front, f"https://127.1:{front.tls}", "mixed", *TRUST)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "is for localhost, models.example, 127.0.0.1, not for 127.1; name one" in done.stderr


def test_a_secret_that_is_not_set(front: Ingress, samplegen: Run) -> None:
    address = f"http://localhost:{front.plain_rest}"
    done = model(samplegen, front, address, "mixed", *ASKED, API_KEY="a\nb: c")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "error: API_KEY is not set, or not to one line of text",
        "error: KSERVE_TOKEN is not set, or not to one line of text",
    ]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {**fresh_shell(tmp_path_factory.mktemp("home")), **SECRETS}


@pytest.mark.timeout(450)
@pytest.mark.parametrize("client", CLIENTS)
def test_its_project_is_built_and_run_by_its_readme(
    client: str, front: Ingress, shell: dict[str, str], samplegen: Run, tmp_path: Path
) -> None:
    for requirement in Catalogue().clients.client(client).requirements:
        if VERSIONS.of(requirement) is None:
            missing(f"{requirement.name} is missing; type: {requirement.install}")
    folder = tmp_path / "project"
    port = front.mutual
    done = model(
        samplegen,
        front,
        f"https://localhost:{port}",
        *("mixed", "--grpc-port", port),
        *("--client", client, "--export", folder, *TRUST, *IDENTITY, *ASKED),
        **SECRETS,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    readme = (folder / "README.md").read_text()
    for named in ("ca.pem", "client.pem", "client.key", *SECRETS):
        assert f"`{named}`" in readme
        if named.endswith((".pem", ".key")):
            shutil.copy(front.folder / named, folder)
    assert not any(TOKEN.encode() in file.read_bytes() for file in folder.rglob("*.*"))

    *build, run = typed(readme)
    for lines in build:
        type_in(lines, folder, shell)
    # Some shells say whom to trust; the program knows better.
    other = {
        name: str(front.folder / "other.pem") for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    }
    printed = type_in(run, folder, shell | other).replace(".0", "")
    assert "total: 0 2 2 4" in printed, printed
