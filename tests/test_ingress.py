"""Samples in front of an nginx that terminates TLS and checks who calls, built and run for real."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samplegen.catalogue import Catalogue
from samplegen.connection.given import connection
from samplegen.connection.model import Connection
from samplegen.judge.machine import processes
from samplegen.judge.machine.processes import Outcome, Processes
from samplegen.judge.machine.requirements import Versions
from samplegen.judge.machine.workshop import Workshop
from samplegen.render.clients import Client
from samplegen.render.view import view
from samplegen.selection import default_cache
from samplegen.spec.operation import Operation
from samplegen.spec.tensors import Tensor
from tests import ingress
from tests.conftest import Run, missing
from tests.ingress import API_KEY, TOKEN, Ingress
from tests.server import zoo
from tests.server.process import Server, running

CATALOGUE = Catalogue()
CLIENTS = CATALOGUE.clients.all()
TRITON = {"cpp/triton-grpc", "cpp/triton-http"}
"""Clients that no package manager has."""
SECRETS = {"KSERVE_TOKEN": TOKEN, "API_KEY": API_KEY}
TENANT = "blue 'n\" $(x) `y` \\n"
ASKED = {
    "bearer_token_env": "KSERVE_TOKEN",
    "header": [f"X-Tenant: {TENANT}"],
    "header_env": ["X-Key=API_KEY"],
    "authority": "models.example",
    "max_message_size": 64,
    "deadline": 9,
}

pytestmark = [pytest.mark.timeout(600), pytest.mark.processes]
each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingress]:
    folder = tmp_path_factory.mktemp("ingress")
    with running(folder / "server.log") as server, ingress.started(server, folder) as front:
        yield front


def reach(front: Ingress, kind: str) -> dict[str, Any]:
    """What `connection` takes, and the command line, for one of the servers of the ingress."""
    files = {
        "cacert": str(front.folder / "ca.pem"),
        "cert": str(front.folder / "client.pem"),
        "key": str(front.folder / "client.key"),
    }
    return {
        "mutual": {"grpc_port": front.mutual, "rest_port": front.mutual, **files, **ASKED},
        "tls": {"grpc_port": front.tls, "rest_port": front.tls, "cacert": files["cacert"]},
        "plain": {"grpc_port": front.plain_grpc, "rest_port": front.plain_rest, **ASKED},
    }[kind]


def connected(front: Ingress, kind: str) -> Connection:
    return connection(CATALOGUE.spec.api.connection, host="localhost", **reach(front, kind))


def arguments(values: dict[str, Any]) -> list[str]:
    """The same on the command line."""
    options = []
    for name, value in values.items():
        if not name.endswith("_port"):
            for one in value if isinstance(value, list) else [value]:
                options += [f"--{name.replace('_', '-')}", str(one)]
    return [*options, "--endpoint", f"localhost:{values['grpc_port']}:{values['rest_port']}"]


@each_client
@pytest.mark.parametrize("kind", ["mutual", "tls", "plain"])
def test_samples_reach_the_server(
    front: Ingress, samplegen: Run, tmp_path: Path, kind: str, client: Client
) -> None:
    with front.watch() as requests:
        finished = samplegen(
            *("verify", "health", "infer-array", "--client", client.name, "--json"),
            *("--verdicts", tmp_path / "verdicts.json"),
            *arguments(reach(front, kind)),
            timeout=500,
            **SECRETS,
        )
    verdicts = json.loads(finished.stdout)
    if reasons := [v["reason"] for v in verdicts if v["status"] == "skipped"]:
        missing(reasons[0], in_ci=client.name not in TRITON)
    assert [v["status"] for v in verdicts] == ["passed", "passed"], finished.stderr
    assert TOKEN not in finished.stdout + finished.stderr

    calls = 4  # of samples; the judge itself asks over REST, too, before
    sent = requests[-calls:]
    assert all(("GRPCInferenceService" in r["uri"]) == (client.transport == "grpc") for r in sent)
    assert {r["status"] for r in requests} == {200}
    unasked = {"client": "", "tenant": "", "key": "", "token": ""}
    asked = {"client": "", "tenant": TENANT, "key": API_KEY, "token": f"Bearer {TOKEN}"}
    expected = {
        "mutual": {"host": "models.example", **asked, "client": "CN=a client"},
        "tls": {"host": "localhost", **unasked},
        "plain": {"host": "models.example", **asked},
    }[kind]
    for request in requests:
        assert request == {"uri": request["uri"], "status": 200, **expected}


def built(client: Client, operation: Operation, connection: Connection, place: Path) -> list[str]:
    """The command that runs a sample; folders that it names are put in `place`, see `run`."""
    versions = Versions()
    if lacking := [r for r in client.requirements if versions.of(r) is None]:
        reason = f"{lacking[0].name} is missing; type: {lacking[0].install}"
        missing(reason, in_ci=client.name not in TRITON)
    text = CATALOGUE.renderer.render(client, view(CATALOGUE.spec.api, operation, connection)).text
    assert not any(secret in text for secret in SECRETS.values())
    name = Path(client.sample(operation)).name
    workshop = Workshop(default_cache(), CATALOGUE.building, versions, Processes())
    folder = workshop.written(client, name, text)
    for commands in (client.language.format, client.language.lint, client.language.build):
        folder = workshop.step(client, name, folder, commands)
    folders, values = workshop.ingredients(client, folder)
    for shown, path in folders.items():
        (place / shown).unlink(missing_ok=True)
        (place / shown).symlink_to(path)
    known = {**values, **{shown: place / shown for shown in folders}, "file": folder / name}
    return [argument.format_map(known) for argument in client.language.run]


def run(command: list[str], place: Path, secrets: dict[str, str]) -> Outcome:
    """Runs it in a folder beside those that it names, as the judge does."""
    home = place / "home"
    home.mkdir(exist_ok=True)
    return Processes().run(command, home, processes.environment(home, secrets), 60)


def complaint(outcome: Outcome) -> str:
    """The one line in which a sample says what is wrong."""
    assert outcome.status == 1, outcome
    assert len(outcome.stderr.splitlines()) == 1, outcome
    assert "Traceback" not in outcome.stderr
    assert not any(secret in outcome.stderr for secret in SECRETS.values())
    return outcome.stderr


@each_client
def test_who_may_not_come_in_is_told_in_one_line(
    front: Ingress, tmp_path: Path, client: Client
) -> None:
    command = built(
        client, CATALOGUE.spec.operation("health"), connected(front, "mutual"), tmp_path
    )
    assert run(command, tmp_path, SECRETS).status == 0
    for name in SECRETS:
        others = {key: value for key, value in SECRETS.items() if key != name}
        assert f"{name} is not set" in complaint(run(command, tmp_path, others))
        assert f"{name} is not set" in complaint(run(command, tmp_path, {**SECRETS, name: ""}))
    complaint(run(command, tmp_path, {**SECRETS, "KSERVE_TOKEN": "wrong"}))
    for name, secret in SECRETS.items():
        with front.watch() as requests:
            found = run(command, tmp_path, {**SECRETS, name: f"{secret}\nx-tenant: red"})
        assert complaint(found).endswith(f"{name} is not set, or not to one line of text\n")
        assert requests == []
    with front.other("ca.pem"):
        complaint(run(command, tmp_path, SECRETS))
    with front.other("client.pem", "client.key"):
        complaint(run(command, tmp_path, SECRETS))
    assert run(command, tmp_path, SECRETS).status == 0


@each_client
def test_no_other_password_takes_the_place_of_the_token(
    front: Ingress, tmp_path: Path, client: Client
) -> None:
    """The home of a reader may have a `.netrc`, which curl and requests know."""
    command = built(client, CATALOGUE.spec.operation("health"), connected(front, "plain"), tmp_path)
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine localhost login somebody password else\n")
    netrc.chmod(0o600)
    found = run(command, tmp_path, SECRETS)
    assert (found.status, found.stderr) == (0, "")


COLUMNS = 2_000_000


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose model takes 8 MB and answers with them."""
    folder = tmp_path_factory.mktemp("wide")
    zoo.write(zoo.same("FP32", [1, COLUMNS]), folder / "wide")
    with running(
        folder / "server.log", ("--model_name", "wide", "--model_path", folder / "wide")
    ) as server:
        yield server


@each_client
def test_large_messages_need_a_limit_that_is_large_enough(
    wide: Server, tmp_path: Path, client: Client
) -> None:
    operation = replace(
        CATALOGUE.spec.operation("infer-array"),
        model="wide",
        inputs=(Tensor(name="x", datatype="FP32", shape=(1, COLUMNS), cycle=7),),
        outputs=(Tensor(name="y", datatype="FP32", shape=(1, COLUMNS)),),
    )
    ports = {"grpc_port": wide.port, "rest_port": wide.rest_port, "host": "127.0.0.1"}
    documented = replace(CATALOGUE.spec.api.connection, **ports)  # type: ignore[arg-type]

    large = run(
        built(client, operation, replace(documented, max_message_size=16), tmp_path), tmp_path, {}
    )
    assert (large.status, large.stderr) == (0, "")
    shape, first = large.stdout.splitlines()[:2]
    assert re.findall(r"\d+", shape) == ["1", str(COLUMNS)]
    assert re.findall(r"\d", first.replace(".0", ""))[:8] == list("01234560")

    if client.transport == "grpc":
        # tritonclient sets no limit by itself.
        unlimited = "triton" in client.name
        limited = replace(documented, max_message_size=4) if unlimited else documented
        complaint(run(built(client, operation, limited, tmp_path), tmp_path, {}))
