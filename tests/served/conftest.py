"""A server with a model of every kind of input, started once."""

import json
from collections.abc import Iterator

import pytest

from tests import ingress
from tests.ingress import Ingress
from tests.served import zoo
from tests.server.process import Server, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("zoo")
    zoo.write_all(folder / "models")
    entries = [
        {"config": {"name": path.name, "base_path": str(path)}}
        for path in sorted((folder / "models").iterdir())
    ]
    config = folder / "config.json"
    config.write_text(json.dumps({"model_config_list": entries}))
    with running(folder / "log", ("--config_path", config)) as one:
        yield one


@pytest.fixture(scope="session")
def front(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingress]:
    """An nginx before it, which asks who comes."""
    with ingress.started(server, tmp_path_factory.mktemp("ingress")) as front:
        yield front
