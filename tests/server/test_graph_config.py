"""Where graphs are found: in either list of a config file, and by flags."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from samplegen_server import config, errors
from samplegen_server.contract import InferRequest
from samplegen_server.graph_config import GraphConfig
from samplegen_server.graphs import Graphs
from samplegen_server.model_options import ConfigError, ModelConfig
from samplegen_server.repository import Repository
from samplegen_server.service import Service

from tests.server import graphs

TEXT = graphs.text("m", {"in": "x"}, {"out": "y"})


def write(folder: Path, **tree: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.json"
    path.write_text(json.dumps({"model_config_list": [], **tree}))
    return path


def found(path: Path) -> dict[str, GraphConfig | None]:
    return {one.name: one.graph for one in config.read_file(path)}


def test_names_and_defaults(tmp_path: Path) -> None:
    entries = [
        {"name": "one"},
        {"name": "two", "base_path": "b"},
        {"name": "three", "base_path": "/abs", "graph_path": "g.pbtxt", "subconfig": "s.json"},
        {"name": "four", "base_path": "b", "graph_path": "/abs/g.pbtxt"},
    ]
    assert found(write(tmp_path, mediapipe_config_list=entries)) == {
        "one": GraphConfig(tmp_path / "one/graph.pbtxt", tmp_path / "one/subconfig.json"),
        "two": GraphConfig(tmp_path / "b/graph.pbtxt", tmp_path / "b/subconfig.json"),
        "three": GraphConfig(Path("/abs/g.pbtxt"), Path("/abs/s.json")),
        "four": GraphConfig(Path("/abs/g.pbtxt"), tmp_path / "b/subconfig.json"),
    }


def test_graphs_among_the_models(tmp_path: Path) -> None:
    graphs.write(tmp_path / "g", TEXT)
    graphs.write(tmp_path / "mesh" / "1", TEXT)
    graphs.write(tmp_path / "other", TEXT, "named.pbtxt")
    (tmp_path / "m").mkdir()
    entries = [
        {"config": {"name": "graph", "base_path": "g"}},
        {"config": {"name": "mesh", "base_path": "mesh"}},
        {"config": {"name": "named", "base_path": "other", "graph_path": "named.pbtxt"}},
        {"config": {"name": "model", "base_path": "m"}},
    ]
    files = {
        name: graph and graph.file
        for name, graph in found(write(tmp_path, model_config_list=entries)).items()
    }
    assert files == {
        "graph": tmp_path / "g/graph.pbtxt",
        "mesh": tmp_path / "mesh/1/graph.pbtxt",
        "named": tmp_path / "other/named.pbtxt",
        "model": None,
    }


def test_one_graph_by_flags_brings_its_models(tmp_path: Path) -> None:
    graphs.write(tmp_path, TEXT)
    entries = [{"config": {"name": "m", "base_path": "models/m"}}]
    (tmp_path / "subconfig.json").write_text(json.dumps({"model_config_list": entries}))
    one, other = config.read_flags("g", {"model_path": str(tmp_path)})
    assert (one.name, one.graph and one.graph.file) == ("g", tmp_path / "graph.pbtxt")
    assert (other.name, other.base_path, other.graph) == ("m", tmp_path / "models/m", None)


def test_model_of_the_same_name_is_served(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        model_config_list=[{"config": {"name": "x", "base_path": "m"}}],
        mediapipe_config_list=[{"name": "x"}],
    )
    (one,) = config.read_file(path)
    assert one.graph is None
    assert "the name 'x' is taken, its graph is not served" in one.warnings[0]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({}, '"mediapipe_config_list" is {}, expected a list'),
        ([1], "mediapipe_config_list[0]: 1 is no graph"),
        ([{}], 'mediapipe_config_list[0]: a graph has no "name"'),
        ([{"name": ""}], 'mediapipe_config_list[0]: a graph has no "name"'),
        ([{"name": 1}], 'mediapipe_config_list[0]: "name" is 1, expected a text'),
        ([{"name": "x", "path": "y"}], '"path" is not supported, expected name, base_path'),
        ([{"name": "x", "graph_path": 1}], '"graph_path" is 1, expected a text'),
    ],
)
def test_strange_lists(tmp_path: Path, value: object, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.read_file(write(tmp_path, mediapipe_config_list=value))
    assert problem in str(caught.value)


def test_graph_path_that_is_no_text(tmp_path: Path) -> None:
    entry = {"config": {"name": "x", "base_path": "y", "graph_path": 1}}
    with pytest.raises(ConfigError, match='x: "graph_path" is 1, expected a text'):
        config.read_file(write(tmp_path, model_config_list=[entry]))


def test_graphs_follow_their_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    file = graphs.write(tmp_path, TEXT)
    one = ModelConfig("g", tmp_path, graph=GraphConfig(file, tmp_path / "none.json"))
    model = ModelConfig("m", tmp_path)
    configs = [one, model]
    served = Graphs()
    read = served.taking_theirs(lambda: configs)
    assert read() == [model]
    graph = served.get("g")
    assert graph is not None and graph.is_available
    read()
    assert served.get("g") is graph
    file.write_text("nothing of the kind")
    read()
    assert served.statuses()["g"].error == "FAILED_PRECONDITION"
    read()
    file.write_text(TEXT)
    read()
    assert served.statuses()["g"].state == "AVAILABLE"
    del configs[0]
    read()
    read()
    assert served.statuses()["g"].state == "END"
    told = [record.getMessage() for record in caplog.records]
    assert [line.split(":")[0] for line in told] == [
        "graph g is available",
        "graph g",
        "graph g is available",
        "graph g is retired",
    ]


def test_retired_graph_says_so(tmp_path: Path) -> None:
    file = graphs.write(tmp_path, TEXT)
    served = Graphs()
    served.update([ModelConfig("g", tmp_path, graph=GraphConfig(file, file))])
    served.update([])
    service = Service(Repository(lambda: []), "1", graphs=served)
    assert service.model_ready("g", "") is False
    with pytest.raises(errors.GraphRetired):
        asyncio.run(service.infer(InferRequest("g")))
    with pytest.raises(errors.GraphRetired):
        service.open_stream(InferRequest("g"))
