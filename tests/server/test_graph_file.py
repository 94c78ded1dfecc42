"""Graph files: those of one inference are read, all others refused by what they have too much."""

from pathlib import Path

import pytest
from samplegen_server import graph_file
from samplegen_server.graph_file import GraphError, Plan

from tests.server import graphs

TEXT = graphs.text("dummy", {"in": "b"}, {"out": "a"})


def test_plan() -> None:
    assert graph_file.parse(TEXT) == Plan("dummy", 1, {"in": "b"}, {"out": "a"})


def test_several_streams_keep_their_order() -> None:
    text = graphs.text("two", {"q": "second", "p": "first"}, {"d": "difference", "t": "total"})
    plan = graph_file.parse(text)
    assert list(plan.inputs.items()) == [("q", "second"), ("p", "first")]
    assert list(plan.outputs.items()) == [("d", "difference"), ("t", "total")]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1", 1), ("7", 7), ("", None), ("0", None), ("latest", None), (" 2 ", 2), ("-1", None)],
)
def test_version(version: str, expected: int | None) -> None:
    text = graphs.text("dummy", {"in": "b"}, {"out": "a"}, version)
    assert graph_file.parse(text).servable_version == expected


def test_options_in_the_older_form_and_tags_that_are_tensors_names() -> None:
    text = """
    input_stream: "OVTENSOR:in"
    output_stream: "OVTENSOR:0:out"
    num_threads: 2
    node {
      name: "session"
      calculator: "OpenVINOModelServerSessionCalculator"
      output_side_packet: "SESSION:s"
      options { [mediapipe.OpenVINOModelServerSessionCalculatorOptions.ext] {
        servable_name: "m"
      } }
    }
    node {
      calculator: "OpenVINOInferenceCalculator"
      input_side_packet: "SESSION:s"
      input_stream: "X:in"
      output_stream: "OVTENSOR_Y:out"
      options { [mediapipe.OpenVINOInferenceCalculatorOptions.ext] {
        tag_to_output_tensor_names { key: "OVTENSOR_Y" value: "y" }
      } }
    }
    """
    assert graph_file.parse(text) == Plan("m", None, {"in": "X"}, {"out": "y"})


NODE = 'node { calculator: "OpenVINOInferenceCalculator" }'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "0 nodes of OpenVINOModelServerSessionCalculator, expected one"),
        ("{", "no graph that is supported: 1:1"),
        (TEXT + NODE, "2 nodes of OpenVINOInferenceCalculator, expected one"),
        (
            TEXT + 'node { calculator: "PythonExecutorCalculator" }',
            "PythonExecutorCalculator is not supported, only",
        ),
        (
            TEXT + "node {\n  calculator: 'HttpLLMCalculator'\n  node_options: {"
            " [type.googleapis.com / mediapipe.LLMCalculatorOptions]: { models_path: './' } } }",
            "HttpLLMCalculator is not supported, only",
        ),
        (TEXT + 'executor { name: "x" }', 'no field named "executor"'),
        ("# OVMS_GRAPH_QUEUE_MAX_SIZE: AUTO\n" + TEXT, "OVMS_GRAPH_QUEUE_MAX_SIZE is not"),
        (TEXT.replace('servable_name: "dummy"', ""), 'has no "servable_name"'),
        (TEXT.replace("input_side_packet", "output_side_packet"), "does not take the session"),
        (TEXT.replace('input_stream: "in"', ""), "needs an input_stream"),
        (TEXT.replace('output_stream: "out"', ""), "needs an input_stream and an output_stream"),
        (TEXT.replace('"B:in"', '"B:other"'), "takes 'other', which is no input_stream"),
        (TEXT.replace('"A:out"', '"A:other"'), "does not give the graph's output_stream 'out'"),
        (TEXT.replace('stream: "in"', 'stream: "IMAGE:in"'), "stream 'IMAGE:in': only tensors of"),
        (TEXT.replace('stream: "in"', 'stream: "REQUEST:in"'), "stream 'REQUEST:in': only"),
        (TEXT.replace('"B:in"', '"TENSOR:in"'), "stream 'TENSOR:in': only tensors of OpenVINO"),
        (TEXT.replace('"B:in"', '"OVTENSORS:in"'), "stream 'OVTENSORS:in': only tensors of"),
        (TEXT.replace('key: "B"', 'key: "C"'), "has no stream with the tag C"),
        (TEXT.replace('stream: "in"', 'stream: "In"'), "stream 'In': expected such as TAG:name"),
        (
            TEXT.replace('stream: "in"', 'stream: "in"\ninput_stream: "in"'),
            "two streams have the name 'in'",
        ),
        (
            TEXT.replace('stream: "in"', 'stream: "in"\ninput_stream: "more"'),
            "does not take the graph's input_stream 'more'",
        ),
    ],
)
def test_others_are_refused(text: str, reason: str) -> None:
    with pytest.raises(GraphError) as caught:
        graph_file.parse(text)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_pages_example_is_a_graph() -> None:
    page = (Path(__file__).parents[2] / "site" / "server.md").read_text()
    text = page.partition("```proto\n")[2].partition("```")[0]
    assert graph_file.parse(text) == Plan("dummy", None, {"in": "b"}, {"out": "a"})


def test_graph_queue_of_size_zero_is_no_queue() -> None:
    assert graph_file.parse("# OVMS_GRAPH_QUEUE_MAX_SIZE: 0\n" + TEXT).servable_name == "dummy"


def test_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"graph\.pbtxt: .*No such file"):
        graph_file.read(tmp_path / "graph.pbtxt")
    (tmp_path / "graph.pbtxt").write_bytes(b"\xff")
    with pytest.raises(GraphError, match=r"graph\.pbtxt: .*decode"):
        graph_file.read(tmp_path / "graph.pbtxt")
