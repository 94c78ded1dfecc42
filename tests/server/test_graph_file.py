"""Graph files: those of one inference are read, all others refused by what they have too much."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    [
        ("1", 1),
        ("7", 7),
        ("007", 7),
        ("", None),
        ("0", None),
        ("000", None),
        ("latest", None),
        (" 2 ", 2),
        ("-1", None),
        (str(2**32), None),
        ("9" * 5000, None),
    ],
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


SESSION = 'calculator: "OpenVINOModelServerSessionCalculator"'
EXTENSION = '[mediapipe.OpenVINOModelServerSessionCalculatorOptions.ext] { servable_name: "other" }'
OPTIONS = (
    "  node_options: { [type.googleapis.com / "
    'mediapipe.OpenVINOModelServerSessionCalculatorOptions]: { servable_name: "other" } }\n'
)
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
        (TEXT.replace("output_side_packet", "input_side_packet"), "does not take the session"),
        (TEXT.replace('input_side_packet: "SESSION:session"', ""), "does not take the session"),
        (
            TEXT.replace('input_side_packet: "SESSION:session"', 'input_side_packet: "SESSION:s"'),
            "does not take the session",
        ),
        (TEXT.replace("SESSION:", "OTHER:"), "side packet 'OTHER:session' of OpenVINOModelServer"),
        (
            TEXT.replace(
                '_side_packet: "SESSION:session"',
                '_side_packet: "SESSION:session"\n  input_side_packet: "LLM:llm"',
            ),
            "side packet 'LLM:llm' of OpenVINOModelServerSessionCalculator is not supported",
        ),
        (
            TEXT.replace(
                'input_side_packet: "', 'output_side_packet: "SESSION:s"\ninput_side_packet: "'
            ),
            "OpenVINOInferenceCalculator has 2 side packets, expected 1",
        ),
        ('input_side_packet: "x"\n' + TEXT, 'no field named "input_side_packet"'),
        ('output_side_packet: "x"\n' + TEXT, 'no field named "output_side_packet"'),
        (
            TEXT.replace(SESSION, SESSION + '\n  input_stream: "X:in"'),
            "stream 'X:in': OpenVINOModelServerSessionCalculator has none",
        ),
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
            "2 streams have the name 'in'",
        ),
        (
            TEXT.replace('"B:in"', '"B:in"\n  input_stream: "C:in"'),
            "2 streams have the name 'in'",
        ),
        (
            TEXT.replace('"A:out"', '"A:out"\n  output_stream: "C:out"'),
            "2 streams have the name 'out'",
        ),
        (TEXT.replace('"B:in"', '"B:in"\n  input_stream: "B:more"'), "2 streams have the tag B"),
        (
            TEXT.replace('"B:in"', '"B:in"\n  input_stream: "B:1:more"'),
            "OpenVINOInferenceCalculator has 2 input_streams with the tag B",
        ),
        (
            TEXT.replace('stream: "in"', 'stream: "OVTENSOR:in"\ninput_stream: "OVTENSOR:more"'),
            "2 streams have the tag OVTENSOR, expected such as OVTENSOR:1:name",
        ),
        (TEXT.replace('"B:in"', '"in"'), "has an input_stream without a tag"),
        (TEXT.replace('"A:out"', '"out"'), "has an output_stream without a tag"),
        (TEXT.replace('"B:in"', '"MPTENSOR:in"'), "stream 'MPTENSOR:in': only tensors of OpenVINO"),
        (
            TEXT.replace('"A:out"', '"A:in"'),
            "takes and gives a stream of one name, 'in'",
        ),
        (
            TEXT.replace("  node_options: {", OPTIONS + "  node_options: {", 1),
            "OpenVINOModelServerSessionCalculator has options 2 times, expected once",
        ),
        (
            TEXT.replace(
                "  node_options: {", "  options { " + EXTENSION + " }\n  node_options: {", 1
            ),
            "OpenVINOModelServerSessionCalculator has options 2 times, expected once",
        ),
        (
            TEXT.replace("ServerSessionCalculatorOptions", "ServerNoCalculatorOptions"),
            "no graph that is supported",
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


PACKED = """
input_stream: "in"
output_stream: "out"
node {
  calculator: "OpenVINOModelServerSessionCalculator"
  output_side_packet: "SESSION:s"
  %s
}
node {
  calculator: "OpenVINOInferenceCalculator"
  input_side_packet: "SESSION:s"
  input_stream: "B:in"
  output_stream: "A:out"
}
"""


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            'node_options { type_url: "type.googleapis.com/mediapipe.'
            'OpenVINOModelServerSessionCalculatorOptions" value: "\\377\\377" }',
            "OpenVINOModelServerSessionCalculator has options that cannot be read",
        ),
        ('node_options { type_url: "a/b" value: "" }', "Calculator has options of 'b'"),
        (
            "options { [mediapipe.OpenVINOInferenceCalculatorOptions.ext] { } }",
            "has options of 'mediapipe.OpenVINOInferenceCalculatorOptions'",
        ),
    ],
)
def test_options_that_are_not_the_nodes(options: str, reason: str) -> None:
    with pytest.raises(GraphError) as caught:
        graph_file.parse(PACKED % options)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "comment",
    [
        '# calculator: "PythonExecutorCalculator"',
        'num_threads: 4  # calculator: "PythonExecutorCalculator"',
        "# it's not closed",
        '# "neither is this',
    ],
)
def test_comments_say_nothing(comment: str) -> None:
    for text in (f"{comment}\n{TEXT}", f"{TEXT}\n{comment}"):
        assert graph_file.parse(text) == Plan("dummy", 1, {"in": "b"}, {"out": "a"})


def test_what_stands_in_a_string_is_no_comment() -> None:
    text = TEXT.replace('"dummy"', '"#1"') + 'node { name: "#" calculator: "Other" }'
    with pytest.raises(GraphError, match="Other is not supported"):
        graph_file.parse(text)
    assert graph_file.parse(TEXT.replace('"dummy"', '"#1"')).servable_name == "#1"


PIECES = ["{", "}", '"', "'", "\\", "\\377", "#", ":", "[", "]", "\n", "\0", "\ud800", "é", "-1"]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(TEXT)), st.integers(0, 40), st.sampled_from([*PIECES, ""])),
        min_size=1,
        max_size=4,
    )
)
def test_any_text_is_a_graph_or_an_error_of_one_line(edits: list[tuple[int, int, str]]) -> None:
    text = TEXT
    for start, count, piece in edits:
        text = text[:start] + piece + text[start + count :]
    try:
        graph_file.parse(text)
    except GraphError as error:
        assert "\n" not in str(error)


def test_the_pages_example_is_a_graph() -> None:
    page = (Path(__file__).parents[2] / "site" / "server.md").read_text()
    text = page.partition("```proto\n")[2].partition("```")[0]
    assert graph_file.parse(text) == Plan("dummy", None, {"in": "b"}, {"out": "a"})


def test_graph_queue_of_size_zero_is_no_queue() -> None:
    assert graph_file.parse("# OVMS_GRAPH_QUEUE_MAX_SIZE: 0\n" + TEXT).servable_name == "dummy"


def test_file_is_named(tmp_path: Path) -> None:
    for name in ("\ud800", "\0", "a" * 300):
        with pytest.raises(GraphError):
            graph_file.read(tmp_path / name)
    with pytest.raises(GraphError, match=r"graph\.pbtxt: .*No such file"):
        graph_file.read(tmp_path / "graph.pbtxt")
    (tmp_path / "graph.pbtxt").write_bytes(b"\xff")
    with pytest.raises(GraphError, match=r"graph\.pbtxt: .*decode"):
        graph_file.read(tmp_path / "graph.pbtxt")
