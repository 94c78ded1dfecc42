"""Model options: from flags, and from a config file."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samplegen_server import config
from samplegen_server.config import ANY_INPUT, ConfigError, Layout, VersionPolicy
from samplegen_server.tensors import Dimension


def fixed(*sizes: int) -> tuple[Dimension, ...]:
    return tuple(Dimension(size, size) for size in sizes)


def write(folder: Path, *models: Any, **others: Any) -> Path:
    path = folder / "config.json"
    tree = {"model_config_list": [{"config": model} for model in models], **others}
    path.write_text(json.dumps(tree))
    return path


def test_config_file(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {
            "name": "a",
            "base_path": "models/a",
            "batch_size": "1:8",
            "shape": {"x": "(1,-1)", "y": "(2, 3:4)"},
            "layout": "NHWC:NCHW",
            "nireq": 2,
            "target_device": "CPU",
            "plugin_config": {"NUM_STREAMS": 2, "ENABLE_CPU_PINNING": False},
            "model_version_policy": {"specific": {"versions": [1, 3]}},
        },
        {"name": "b", "base_path": "/absolute"},
    )
    a, b = config.read_file(path)
    assert a.base_path == tmp_path / "models/a", "relative to the file"
    assert a.batch_size == Dimension(1, 8)
    assert a.shapes == {"x": (*fixed(1), Dimension(0, -1)), "y": (*fixed(2), Dimension(3, 4))}
    assert a.layouts == {ANY_INPUT: Layout("NHWC", "NCHW")}
    assert a.plugin_config == {"NUM_STREAMS": "2", "ENABLE_CPU_PINNING": "NO"}
    assert a.version_policy == VersionPolicy(specific=frozenset({1, 3}))
    assert b == config.ModelConfig("b", Path("/absolute"))


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [
        ({"latest": {"num_versions": 2}}, {3, 4}),
        ({"latest": {}}, {4}),
        ({"all": {}}, {1, 3, 4}),
        ({"specific": {"versions": [1, 2]}}, {1}),
    ],
)
def test_version_policy(tmp_path: Path, policy: Any, chosen: set[int]) -> None:
    path = write(tmp_path, {"name": "a", "base_path": "a", "model_version_policy": policy})
    (model,) = config.read_file(path)
    assert model.version_policy.choose({1, 3, 4}) == chosen


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"base_path": "a"}, 'a model has no "name"'),
        ({"name": "a"}, 'a: no "base_path"'),
        ({"name": "a", "base_path": 7}, 'a: no "base_path"'),
        ({"name": "a", "base_path": "a", "idle": 1}, "a: idle is not supported"),
        ({"name": "a", "base_path": "a", "shape": "auto"}, "a: shape: auto is not supported"),
        ({"name": "a", "base_path": "a", "shape": 7}, "a: shape: 7 cannot be used"),
        ({"name": "a", "base_path": "a", "shape": "(1,2:1)"}, "'2:1' is no size"),
        ({"name": "a", "base_path": "a", "layout": "nhwc"}, "'nhwc' is no layout"),
        ({"name": "a", "base_path": "a", "layout": ":"}, "':' is no layout"),
        ({"name": "a", "base_path": "a", "nireq": -1}, "-1 is no number"),
        ({"name": "a", "base_path": "a", "nireq": 100_001}, "100001 is no number"),
        ({"name": "a", "base_path": "a", "batch_size": "many"}, "'many' is no size"),
        ({"name": "a", "base_path": "a", "target_device": ""}, "'' is no text"),
        ({"name": "a", "base_path": "a", "plugin_config": []}, "[] cannot be used"),
        ({"name": "a", "base_path": "a", "model_version_policy": {}}, "expected one of"),
        ({"name": "a", "base_path": "a", "model_version_policy": []}, "expected one of"),
        (
            {
                "name": "a",
                "base_path": "a",
                "model_version_policy": {"latest": {"num_versions": 0}},
            },
            "expected one of",
        ),
    ],
)
def test_option_that_cannot_be_used(tmp_path: Path, options: Any, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.read_file(write(tmp_path, options))
    assert text in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("[]", "no JSON object"),
        ("{}", 'no "model_config_list"'),
        ('{"model_config_list": [7]}', 'no {"config": {...}}'),
        (
            '{"model_config_list": [], "pipeline_config_list": [{}]}',
            '"pipeline_config_list" is not',
        ),
        (
            '{"model_config_list": [], "mediapipe_config_list": [{"name": "a"}]}',
            '"mediapipe_config_list" is not supported',
        ),
    ],
)
def test_file_that_is_no_configuration(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        config.read_file(path)


def test_list_that_is_not_supported_may_be_empty(tmp_path: Path) -> None:
    assert config.read_file(write(tmp_path, mediapipe_config_list=[])) == []


def test_list_of_metrics_is_refused(tmp_path: Path) -> None:
    metrics = {"enable": True, "metrics_list": ["ovms_streams"]}
    with pytest.raises(ConfigError, match='"metrics_list" is not supported'):
        config.wants_metrics(write(tmp_path, monitoring={"metrics": metrics}))


def test_two_models_of_one_name(tmp_path: Path) -> None:
    model = {"name": "a", "base_path": "a"}
    with pytest.raises(ConfigError, match="two models have the name 'a'"):
        config.read_file(write(tmp_path, model, model))


dimensions = st.one_of(
    st.just(Dimension(0, -1)),
    st.integers(0, 10**9 - 1).map(lambda size: Dimension(size, size)).filter(lambda d: d.high > 0),
)


@settings(deadline=None)
@given(st.lists(dimensions, min_size=1, max_size=6))
def test_shape_is_read_as_it_is_written(shape: list[Dimension]) -> None:
    text = f"({','.join(map(str, shape))})"
    assert config.parse_shape(text, "shape") == tuple(shape)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_text_is_a_shape_or_an_error(text: str) -> None:
    for parse in (config.parse_shape, config.parse_layout, config.parse_dimension):
        try:
            parse(text, "option")
        except ConfigError as error:
            assert str(error).startswith("option: ")
