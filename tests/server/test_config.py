"""Model options: from flags, and from a config file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samplegen_server import config, config_entry, model_options
from samplegen_server.config_json import ConfigUnreadable
from samplegen_server.model_options import ANY_INPUT, ConfigError, Layout, VersionPolicy
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
            "shape": {"x": "(1,-1)", "y": "(2, 3:4)"},
            "layout": "NHWC:NCHW",
            "nireq": 2,
            "target_device": "CPU",
            "plugin_config": {"NUM_STREAMS": 2, "ENABLE_CPU_PINNING": False},
            "model_version_policy": {"specific": {"versions": [1, 3]}},
        },
        {"name": "b", "base_path": "/absolute"},
        {"name": "c", "base_path": "/c", "batch_size": "1:8", "allow_cache": False},
    )
    a, b, c = config.read_file(path)
    assert a.base_path == tmp_path / "models/a", "relative to the file"
    assert a.shapes == {"x": (*fixed(1), Dimension(0, -1)), "y": (*fixed(2), Dimension(3, 4))}
    assert a.layouts == {ANY_INPUT: Layout("NHWC", "NCHW")}
    assert a.plugin_config == {"NUM_STREAMS": "2", "ENABLE_CPU_PINNING": "NO"}
    assert a.version_policy == VersionPolicy(specific=frozenset({1, 3}))
    assert b == model_options.ModelConfig("b", Path("/absolute"))
    assert c == model_options.ModelConfig("c", Path("/c"), batch_size=Dimension(1, 8))


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [
        ({"latest": {"num_versions": 2}}, {3, 4}),
        ({"latest": {"num_versions": 9}}, {1, 3, 4}),
        ({"all": {}}, {1, 3, 4}),
        ({"specific": {"versions": [1, 2]}}, {1}),
    ],
)
def test_version_policy(tmp_path: Path, policy: Any, chosen: set[int]) -> None:
    path = write(tmp_path, {"name": "a", "base_path": "a", "model_version_policy": policy})
    (model,) = config.read_file(path)
    assert model.version_policy.choose({1, 3, 4}) == chosen


POLICY = {"latest": {"num_versions": 1}}
NO_POLICIES: list[Any] = [
    {},
    [],
    None,
    {"latest": {}},
    {"latest": {"num_versions": 0}},
    {"latest": {"num_versions": "2"}},
    {"latest": {"num_versions": True}},
    {"latest": {"num_versions": 1, "more": 1}},
    {"all": {"versions": [1]}},
    {"all": {}, **POLICY},
    {"specific": {"versions": []}},
    {"specific": {"versions": [0]}},
    {"specific": {"versions": ["1"]}},
    {"newest": {}},
]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"base_path": "a"}, 'model_config_list[0]: a model has no "name"'),
        ({"name": "a"}, 'a: no "base_path"'),
        ({"name": "a", "base_path": 7}, 'a: no "base_path"'),
        ({"name": "a", "base_path": "a", "idle": 1}, 'a: "idle" is not supported, expected name'),
        ({"name": "a", "base_path": "a", "shapes": "1"}, "did you mean 'shape'?"),
        (
            {"name": "a", "base_path": "a", "custom_loader_options": {"loader_name": "x"}},
            '"custom_loader_options" is not supported: there are no custom loaders',
        ),
        ({"name": "a", "base_path": "a", "shape": 7}, "a: shape: 7 cannot be used"),
        ({"name": "a", "base_path": "a", "shape": {"x": [1]}}, "expected a text, or an object"),
        ({"name": "a", "base_path": "a", "layout": {"x": None}}, "layout: {'x': None} cannot"),
        ({"name": "a", "base_path": "a", "nireq": -1}, "-1 is no number"),
        ({"name": "\ud800", "base_path": "a"}, "is no text that a client could send"),
        ({"name": "a", "base_path": "a", "nireq": True}, "True is no number"),
        ({"name": "a", "base_path": "a", "batch_size": 1.5}, "1.5 is no size"),
        ({"name": "a", "base_path": "a", "target_device": ""}, "'' is no text"),
        ({"name": "a", "base_path": "a", "allow_cache": 1}, "1 is neither true nor false"),
        ({"name": "a", "base_path": "a", "plugin_config": []}, "[] cannot be used"),
        ({"name": "a", "base_path": "a", "plugin_config": {"K": [1]}}, "K is [1], expected a text"),
        *(
            ({"name": "a", "base_path": "a", "model_version_policy": policy}, "expected one of")
            for policy in NO_POLICIES
        ),
    ],
)
def test_option_of_the_wrong_kind(tmp_path: Path, options: Any, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.read_file(write(tmp_path, options))
    (problem,) = caught.value.problems
    assert text in problem
    assert str(tmp_path / "config.json") in problem


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"shape": "auto"}, "shape: auto is not supported"),
        ({"shape": "(1,2:1)"}, "'2:1' is no size"),
        ({"shape": "1,2"}, "shape: '1,2' is no shape"),
        ({"layout": "NHWX"}, "'NHWX' is no layout"),
        ({"layout": "NN"}, "'NN' is no layout"),
        ({"layout": ":"}, "':' is no layout"),
        ({"nireq": 100_001}, "100001 is no number"),
        ({"nireq": "0" * 20 + "100001"}, "100001' is no number"),
        ({"nireq": "9" * 5000}, "9' is no number"),
        ({"batch_size": "many"}, "'many' is no size"),
        ({"batch_size": "auto"}, "batch_size: auto is not supported"),
        ({"base_path": "s3://bucket/a"}, "s3://bucket/a is in a cloud storage"),
        ({"base_path": "../a"}, "../a has '..' in it"),
        (
            {"shape": "1", "layout": "X"},
            "'1' is no shape, expected such as (1,3,224,224); layout: ",
        ),
    ],
)
def test_value_that_cannot_be_used_keeps_no_other_model_from_being_served(
    tmp_path: Path, options: Any, text: str
) -> None:
    path = write(tmp_path, {"name": "a", "base_path": "a", **options}, {"name": "b", **BASE})
    a, b = config.read_file(path)
    assert a.problem.startswith(f"{path}: ")
    assert text in a.problem
    assert not b.problem


BASE = {"base_path": "b"}


def test_what_has_no_effect_is_said(tmp_path: Path) -> None:
    options = {"batch_size": 2, "shape": "(1,2)", "allow_cache": True}
    path = write(tmp_path, {"name": "a", **BASE, **options})
    (model,) = config.read_file(path)
    assert model.batch_size is None
    assert model.warnings == (
        f"{path}: batch_size has no effect, since there is a shape",
        f"{path}: allow_cache has no effect: models are compiled at every start",
    )


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, {"name": "a"}, {"name": "b", **BASE, "idle": 1}, pipelines=[], more=1)
    with pytest.raises(ConfigError) as caught:
        config.read_file(path)
    assert len(caught.value.problems) == 4
    assert all(str(path) in problem for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("nhwc:nchw", Layout("NHWC", "NCHW")),
        ("Nhwc", Layout("NHWC", "NHWC")),
        (" n h w c : n c h w ", Layout("NHWC", "NCHW")),
        ("n?...", Layout("N?...", "N?...")),
    ],
)
def test_layout_in_any_case(text: str, layout: Layout) -> None:
    assert model_options.parse_layout(text, "layout") == layout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ('{"model_config_list": [], "model_config_list": []}', "stands there twice"),
        ("[" * 100_000, "not valid JSON"),
        ('{"model_config": []}', "did you mean 'model_config_list'?"),
        ('{"model_config_list": [], "monitor": {}}', "did you mean 'monitoring'?"),
        ('{"model_config_list": [{"config": {}, "x": 1}]}', '"x" is not supported, expected conf'),
        ("[]", "no JSON object"),
        ("{}", 'no "model_config_list"'),
        ('{"model_config_list": [7]}', 'no {"config": {...}}'),
        (
            '{"model_config_list": [], "pipeline_config_list": [{}]}',
            '"pipeline_config_list" is not',
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


@pytest.mark.parametrize(
    ("monitoring", "text"),
    [
        (7, '"monitoring" is 7, expected an object'),
        ({"metrics": []}, '"metrics" is [], expected an object'),
        ({"metric": {}}, "did you mean 'metrics'?"),
        ({"metrics": {"enabled": True}}, "did you mean 'enable'?"),
        ({"metrics": {"enable": "yes"}}, "\"enable\" is 'yes', expected true or false"),
    ],
)
def test_monitoring_that_cannot_be_used(tmp_path: Path, monitoring: Any, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.wants_metrics(write(tmp_path, monitoring=monitoring))
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda path: None, "cannot be read: No such file"),
        (lambda path: path.mkdir(), "a folder, expected a config file"),
        (lambda path: path.write_bytes(b"\xff{}"), "not UTF-8"),
    ],
)
def test_file_that_cannot_be_read(tmp_path: Path, make: Callable[[Path], Any], text: str) -> None:
    make(tmp_path / "config.json")
    with pytest.raises(ConfigUnreadable, match=text):
        config.read_file(tmp_path / "config.json")


@pytest.mark.parametrize("digits", ["0", "2", "100000", "0" * 5000 + "2"])
def test_number_of_requests(tmp_path: Path, digits: str) -> None:
    (model,) = config.read_file(write(tmp_path, {"name": "a", **BASE, "nireq": digits}))
    assert model.nireq == int(digits.lstrip("0") or "0")


def test_path_that_cannot_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(ConfigUnreadable, match="cannot be read: File name too long"):
        config.read_file(tmp_path / ("a" * 300))
    path = write(tmp_path, *({"name": name, "base_path": name} for name in ("a" * 300, "b\0")))
    assert [model.problem for model in config.read_file(path)] == ["", ""]


@pytest.mark.parametrize("key", config_entry.UNSUPPORTED_OPTIONS)
def test_option_that_is_not_supported_has_its_reason(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.read_file(write(tmp_path, {"name": "a", **BASE, key: 1}))
    reason = config_entry.UNSUPPORTED_OPTIONS[key]
    assert f'a: "{key}" is not supported: {reason}' in str(caught.value)


def test_list_of_metrics_is_refused(tmp_path: Path) -> None:
    metrics = {"enable": True, "metrics_list": ["ovms_streams"]}
    with pytest.raises(ConfigError, match='"metrics_list" is not supported'):
        config.wants_metrics(write(tmp_path, monitoring={"metrics": metrics}))


def test_of_two_models_of_one_name_the_first_is_served(tmp_path: Path) -> None:
    models = ({"name": "a", "base_path": "1"}, {"name": "a", "base_path": "2"})
    (model,) = config.read_file(write(tmp_path, *models))
    assert model.base_path == tmp_path / "1"
    assert "two models have this name, the first is served" in model.warnings[0]


def test_flags_that_cannot_be_used_are_told_at_once(tmp_path: Path) -> None:
    flags = {"model_path": tmp_path, "shape": "{", "layout": "X", "nireq": "many"}
    with pytest.raises(ConfigError) as caught:
        config.read_flags("m", flags)
    texts = [problem.partition(":")[0] for problem in caught.value.problems]
    assert texts == ["--shape", "--nireq", "--layout"]


dimensions = st.one_of(
    st.just(Dimension(0, -1)),
    st.integers(0, 10**9 - 1).map(lambda size: Dimension(size, size)).filter(lambda d: d.high > 0),
)


@settings(deadline=None)
@given(st.lists(dimensions, min_size=1, max_size=6))
def test_shape_is_read_as_it_is_written(shape: list[Dimension]) -> None:
    text = f"({','.join(map(str, shape))})"
    assert model_options.parse_shape(text, "shape") == tuple(shape)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_text_is_a_shape_or_an_error(text: str) -> None:
    for parse in (
        model_options.parse_shape,
        model_options.parse_layout,
        model_options.parse_dimension,
    ):
        try:
            parse(text, "option")
        except ConfigError as error:
            assert str(error).startswith("option: ")
