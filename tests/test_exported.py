"""Every exported project, built and run by typing what its README says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from samplegen.catalogue import Catalogue
from samplegen.judge.gates.output import differences
from samplegen.judge.machine.requirements import Versions
from samplegen.judge.servers import started
from samplegen.judge.servers.started import Target
from tests.conftest import Run, missing
from tests.typing_in import content, fresh_shell, type_in, typed

pytestmark = pytest.mark.slow

CATALOGUE = Catalogue()
VERSIONS = Versions()
OPERATION = CATALOGUE.spec.operation("infer-image")
"""It has data, which must travel with the project."""
CLIENTS = {client.name: client for client in CATALOGUE.clients.all()}


@pytest.fixture(scope="module")
def server() -> Iterator[Target]:
    with started.started(CATALOGUE.spec.api) as target:
        yield target


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return fresh_shell(tmp_path_factory.mktemp("home"))


IN_NO_REGISTRY = {"cpp/triton-grpc", "cpp/triton-http"}
"""Their library cannot be installed where CI runs."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("client", CLIENTS)
def test_its_readme_builds_and_runs_it(
    client: str, server: Target, shell: dict[str, str], samplegen: Run, tmp_path: Path
) -> None:
    for requirement in CLIENTS[client].requirements:
        if VERSIONS.of(requirement) is None:
            assert not requirement.in_project, "what a project brings is part of the tests"
            text = f"{requirement.name} is missing; type: {requirement.install}"
            missing(text, in_ci=client not in IN_NO_REGISTRY)
    folder = tmp_path / "project"
    ports = server.connection.grpc_port, server.connection.rest_port
    address = f"--grpc-port={ports[0]}", f"--rest-port={ports[1]}"
    exported = samplegen("export", OPERATION.name, folder, "--client", client, *address)
    assert exported.returncode == 0, exported.stderr
    written = content(folder)

    *build, run = typed((folder / "README.md").read_text())
    for lines in build:
        type_in(lines, folder, shell)
    found = differences(type_in(run, folder, shell), OPERATION.expect)
    assert not found

    type_in("git init --quiet", folder, shell)
    tracked = type_in("git ls-files --others --exclude-standard", folder, shell).splitlines()
    assert sorted(tracked) == sorted(written), "what was built is ignored"
    assert {name: (folder / name).read_bytes() for name in tracked} == written
