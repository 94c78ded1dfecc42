"""Where graphs are found: in either list of a config file, and by flags."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from samplegen_server import config, errors
from samplegen_server.contract import InferRequest, VersionStatus
from samplegen_server.graph_config import GraphConfig
from samplegen_server.graphs import Graphs
from samplegen_server.model_options import ConfigError, ModelConfig
from samplegen_server.repository import Repository
from samplegen_server.service import Service
from samplegen_server.tensors import InputTensor

from tests.server import graphs, zoo

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
        "three": GraphConfig(Path("/abs/g.pbtxt"), Path("/abs/s.json"), is_named=True),
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
        ([{"name": "\ud800"}], "name: '\\ud800' is no text that a client could send"),
        ([{"name": "x", "path": "y"}], '"path" is not supported, expected name, base_path'),
        ([{"name": "x", "graph_path": 1}], '"graph_path" is 1, expected a text'),
    ],
)
def test_strange_lists(tmp_path: Path, value: object, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.read_file(write(tmp_path, mediapipe_config_list=value))
    (found,) = caught.value.problems
    assert problem in found
    assert found.startswith(f"{tmp_path / 'config.json'}: ")


def test_graph_path_that_is_no_text(tmp_path: Path) -> None:
    entry = {"config": {"name": "x", "base_path": "y", "graph_path": 1}}
    with pytest.raises(ConfigError, match='x: "graph_path" is 1, expected a text'):
        config.read_file(write(tmp_path, model_config_list=[entry]))


def status(served: Graphs) -> VersionStatus:
    graph = served.get("g")
    assert graph is not None
    return graph.status


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
    assert status(served).error == "FAILED_PRECONDITION"
    read()
    file.write_text(TEXT)
    read()
    assert status(served).state == "AVAILABLE"
    del configs[0]
    read()
    read()
    assert status(served).state == "END"
    told = [record.getMessage() for record in caplog.records]
    assert [line.split(":")[0] for line in told] == [
        "graph g is available",
        "graph g is not served",
        "graph g is available",
        "graph g is retired",
    ]


def test_options_of_models_have_no_effect_on_a_graph(tmp_path: Path) -> None:
    graphs.write(tmp_path / "g", TEXT)
    options = {"nireq": 2, "shape": "no shape", "plugin_config": {}}
    entry = {"config": {"name": "g", "base_path": "g", **options}}
    path = write(tmp_path, model_config_list=[entry])
    (one,) = config.read_file(path)
    assert one.graph is not None
    assert one.problem == ""
    assert one.warnings == tuple(f"{path}: {option} has no effect on a graph" for option in options)


def test_flags_of_models_are_refused_for_a_graph(tmp_path: Path) -> None:
    graphs.write(tmp_path, TEXT)
    flags = {"model_path": str(tmp_path), "nireq": "2", "layout": "NHWC"}
    with pytest.raises(ConfigError) as caught:
        config.read_flags("g", flags)
    assert sorted(caught.value.problems) == [
        f"--{flag} is for models, and {tmp_path} holds a graph; name its models in "
        f"{tmp_path / 'subconfig.json'}"
        for flag in ("layout", "nireq")
    ]
    (one,) = config.read_flags("g", {"model_path": str(tmp_path), "plugin_config": "{}"})
    assert one.warnings == ("--plugin_config has no effect on a graph",)


@pytest.mark.parametrize("key", ["base_path", "graph_path", "subconfig"])
@pytest.mark.parametrize(
    ("path", "problem"), [("../x", "has '..' in it"), ("s3://x/y", "is in a cloud storage")]
)
def test_paths_of_graphs_are_as_those_of_models(
    tmp_path: Path, key: str, path: str, problem: str
) -> None:
    (one,) = config.read_file(
        write(tmp_path, mediapipe_config_list=[{"name": "g", key: path}], model_config_list=[])
    )
    assert f"{key}: {path} {problem}" in one.problem


def test_graph_with_a_problem_is_not_served(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = graphs.write(tmp_path, TEXT)
    graph = GraphConfig(file, tmp_path / "none.json")
    one = ModelConfig("g", tmp_path, graph=graph, problem="it is wrong", warnings=("so is this",))
    served = Graphs()
    for _ in range(3):
        served.update([one])
    assert served.have_failed
    assert status(served).error == "FAILED_PRECONDITION"
    told = [f"{record.levelname} {record.getMessage()}" for record in caplog.records]
    assert told == [
        "WARNING graph g: so is this",
        "ERROR graph g is not served: it is wrong",
    ]
    served.update([ModelConfig("g", tmp_path, graph=graph)])
    assert not served.have_failed
    assert served.update([]) is None
    assert not served.have_failed, "it is not wanted any more"


def test_graph_says_what_has_no_effect(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = graphs.write(tmp_path, TEXT)
    graph = GraphConfig(file, tmp_path / "none.json")
    served = Graphs()
    for warnings in (("a",), ("a",), ("a", "b"), (), ("a",)):
        served.update([ModelConfig("g", tmp_path, graph=graph, warnings=warnings)])
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == [f"graph g: {text}" for text in ("a", "a", "b", "a")]


# --- Models that a graph brings along -------------------------------------------------------------


def subconfig(folder: Path, *names: str, **others: Any) -> Path:
    path = folder / "subconfig.json"
    entries = [{"config": {"name": name, "base_path": f"/models/{name}"}} for name in names]
    path.write_text(json.dumps({"model_config_list": entries, **others}))
    return path


def read(tmp_path: Path, **entry: str) -> dict[str, ModelConfig]:
    """A config file in a folder of its own that names the graph of `tmp_path`."""
    graphs.write(tmp_path, TEXT)
    path = write(
        tmp_path / "main",
        model_config_list=[{"config": {"name": "own", "base_path": "/own"}}],
        mediapipe_config_list=[{"name": "g", "base_path": str(tmp_path), **entry}],
    )
    return {one.name: one for one in config.read_file(path)}


def test_models_of_a_graph(tmp_path: Path) -> None:
    subconfig(tmp_path, "m", "n")
    found = read(tmp_path)
    assert list(found) == ["own", "g", "m", "n"]
    assert not any(one.warnings or one.problem for one in found.values())


def test_models_of_a_graph_as_modelmesh_has_them(tmp_path: Path) -> None:
    subconfig(tmp_path, "m").rename(tmp_path / "config.json")
    assert list(read(tmp_path)) == ["own", "g", "m"]
    subconfig(tmp_path, "n")
    assert list(read(tmp_path)) == ["own", "g", "n"]


def test_name_of_a_graphs_model_that_is_taken(tmp_path: Path) -> None:
    path = subconfig(tmp_path, "own", "g", "m")
    found = read(tmp_path)
    assert found["own"].base_path == Path("/own")
    assert found["g"].graph is not None
    assert found["g"].warnings == tuple(
        f"{path}: the name {name!r} is taken, this model is not served" for name in ("own", "g")
    )
    assert list(found) == ["own", "g", "m"]


def test_graphs_may_share_their_models(tmp_path: Path) -> None:
    graphs.write(tmp_path / "g", TEXT)
    graphs.write(tmp_path / "h", TEXT)
    entries = [{"config": {"name": "m", "base_path": "/m"}}]
    (tmp_path / "shared.json").write_text(json.dumps({"model_config_list": entries}))
    shared = [{"name": name, "subconfig": str(tmp_path / "shared.json")} for name in "gh"]
    found = config.read_file(write(tmp_path, mediapipe_config_list=shared))
    assert [one.name for one in found] == ["g", "h", "m"]
    assert not any(one.warnings for one in found)


def test_subconfig_that_is_not_there(tmp_path: Path) -> None:
    assert read(tmp_path)["g"].warnings == ()
    assert read(tmp_path, subconfig="no.json")["g"].warnings == (
        f"subconfig: {tmp_path / 'no.json'} is not there",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not valid JSON"),
        ("[]", "no JSON object"),
        ("{}", 'no "model_config_list"'),
        ('{"model_config_list": [{"config": {"name": "x"}}]}', 'x: no "base_path"'),
    ],
)
def test_subconfig_that_cannot_be_used_keeps_no_other_from_being_served(
    tmp_path: Path, text: str, problem: str
) -> None:
    path = tmp_path / "subconfig.json"
    path.write_text(text)
    found = read(tmp_path)
    assert list(found) == ["own", "g"]
    (warning,) = found["g"].warnings
    assert warning.startswith(str(path))
    assert problem in warning
    assert warning.endswith("; no models are read from there")
    with pytest.raises(ConfigError, match=re.escape(problem)):
        config.read_flags("g", {"model_path": str(tmp_path)})


def test_subconfig_names_models_only(tmp_path: Path) -> None:
    others = {"monitoring": {"metrics": {"enable": True}}, "mediapipe_config_list": [], "x": 1}
    path = subconfig(tmp_path, "m", **others)
    found = read(tmp_path)
    assert list(found) == ["own", "g", "m"]
    assert found["g"].warnings == tuple(
        f'{path}: "{key}" has no effect: a subconfig names models only, in "model_config_list"'
        for key in others
    )


def test_subconfigs_that_name_each_other(tmp_path: Path) -> None:
    """No loop comes of it: a graph brings neither a graph along nor the config file."""
    graphs.write(tmp_path, TEXT)
    entries = [{"config": {"name": "again", "base_path": str(tmp_path)}}]
    path = tmp_path / "subconfig.json"
    path.write_text(json.dumps({"model_config_list": entries}))
    found = read(tmp_path)
    assert list(found) == ["own", "g"]
    assert found["g"].warnings == (
        f"{path}: again is a graph, which is not served from a subconfig: graphs cannot bring "
        "graphs along",
    )
    main = write(tmp_path, mediapipe_config_list=[{"name": "g", "subconfig": "../config.json"}])
    assert "has '..' in it" in config.read_file(main)[0].problem
    main = write(tmp_path, mediapipe_config_list=[{"name": "g", "subconfig": str(main)}])
    (one,) = config.read_file(main)
    assert one.warnings == (
        f"subconfig: {main} is this very config file, which a graph cannot bring",
    )


def test_config_file_beside_a_graph_is_not_its_own(tmp_path: Path) -> None:
    graphs.write(tmp_path, TEXT)
    entries = [{"config": {"name": "g", "base_path": str(tmp_path)}}]
    (one,) = config.read_file(write(tmp_path, model_config_list=entries))
    assert one.graph is not None
    assert one.warnings == ()


def test_subconfig_of_what_is_no_graph(tmp_path: Path) -> None:
    entry = {"name": "m", "base_path": "m", "subconfig": "x.json"}
    path = write(tmp_path, model_config_list=[{"config": entry}])
    (one,) = config.read_file(path)
    assert one.graph is None
    assert one.warnings == (
        f"{path}: subconfig has no effect: there is no graph_path, and no graph.pbtxt in "
        f"{tmp_path / 'm'}",
    )
    graphs.write(tmp_path / "m", TEXT)
    (one,) = config.read_file(path)
    assert one.graph is not None
    assert one.graph.subconfig == tmp_path / "m" / "x.json"


# --- A name that changes its kind -----------------------------------------------------------------


def test_model_becomes_a_graph_and_a_model_again(tmp_path: Path) -> None:
    zoo.write(zoo.adding(1), tmp_path / "m", 1)
    zoo.write(zoo.adding(1), tmp_path / "x", 1)
    graphs.write(tmp_path / "g", graphs.text("m", {"in": "x"}, {"out": "y"}))
    path = tmp_path / "config.json"

    def configure(*pairs: tuple[str, str]) -> None:
        entries = [{"config": {"name": name, "base_path": base}} for name, base in pairs]
        path.write_text(json.dumps({"model_config_list": entries}))

    def request(name: str) -> InferRequest:
        tensor = InputTensor(name, "FP32", (1, 2), [1.0, 2.0])
        return InferRequest("s", inputs=[tensor])

    async def live() -> None:
        served = Graphs()
        repository = Repository(served.taking_theirs(lambda: config.read_file(path)))
        service = Service(repository, "1", graphs=served)
        for _ in range(2):
            configure(("m", "m"), ("s", "x"))
            await repository.reload()
            answer = await service.infer(request("x"))
            assert [output.name for output in answer.outputs] == ["y"]
            assert [one.state for one in service.config_status()["s"]] == ["AVAILABLE"]
            assert service.model_metadata("s", "").inputs[0].datatype == "FP32"
            with pytest.raises((errors.StreamNotFound, errors.GraphRetired)):
                service.open_stream(request("in"))

            configure(("m", "m"), ("s", "g"))
            await repository.reload()
            answer = await service.infer(request("in"))
            assert [output.name for output in answer.outputs] == ["out"]
            assert [one.state for one in service.config_status()["s"]] == ["AVAILABLE"]
            assert service.model_ready("s", "")
            assert service.model_metadata("s", "").inputs[0].datatype == "INVALID"
            service.open_stream(request("in"))

    asyncio.run(live())


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
