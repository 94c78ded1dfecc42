"""Fixtures: servers with the test models, each started once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import zoo
from tests.server.process import Server, running


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every test model."""
    folder = tmp_path_factory.mktemp("models")
    zoo.write_all(folder)
    for number in (1, 2, 3):
        zoo.write(zoo.adding(number), folder / "versions", number)
    broken = folder / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / "model.xml").write_text("<net>no model</net>")
    (folder / "nothing").mkdir()
    return folder


@pytest.fixture(scope="session")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with every test model, and the bundled ones."""
    folder = tmp_path_factory.mktemp("server")
    bundled = Path(zoo.BUNDLED)
    entries = [
        {"name": path.name, "base_path": str(path)}
        for path in (*sorted(models.iterdir()), *sorted(bundled.iterdir()))
    ]
    for entry in entries:
        if entry["name"] == "versions":
            entry["model_version_policy"] = {"all": {}}  # type: ignore[assignment]
    entries.append({"name": "group/dummy", "base_path": str(bundled / "dummy")})
    config = folder / "config.json"
    config.write_text(json.dumps({"model_config_list": [{"config": entry} for entry in entries]}))
    arguments = ("--config_path", config, "--max_message_bytes", 1 << 22)
    with running(folder / "log", arguments) as one:
        yield one
