"""Metadata as servers send it, and tensors that a reader names."""

import pytest

from samplegen.errors import SamplegenError, UsageError
from samplegen.served import metadata, operation
from samplegen.served.metadata import Given, TensorMetadata, parse_tensors

X = {"name": "x", "datatype": "FP32", "shape": [-1, 4]}


@pytest.mark.parametrize(
    "extra",
    [
        {"versions": None, "platform": ""},
        {"versions": None, "platform": None},
        {"versions": [], "platform": None},
        {},
        {"versions": ["1"], "parameters": None},
    ],
)
def test_null_counts_as_absent(extra: dict[str, object]) -> None:
    tensor = {**X, "parameters": None, "labels": None}
    read = metadata.read({"name": "m", "inputs": [tensor], "outputs": [X], **extra}, "here")
    assert read.versions == tuple(extra.get("versions") or ())  # type: ignore[arg-type]
    assert read.platform == ""
    assert read.inputs == (TensorMetadata(name="x", datatype="FP32", shape=(-1, 4)),)


@pytest.mark.parametrize("shape", [[], [-1], [-1, -1], [1, -1, 3], [-1, 1, -1]])
def test_any_dimension_may_be_open(shape: list[int]) -> None:
    tensor = {**X, "shape": shape}
    read = metadata.read({"name": "m", "inputs": [tensor], "outputs": [tensor]}, "here")
    assert read.outputs[0].shape == tuple(shape)


@pytest.mark.parametrize("nothing", [{}, {"inputs": None, "outputs": None}])
def test_what_a_server_does_not_describe_is_named_by_the_reader(nothing: dict[str, None]) -> None:
    tree: dict[str, object] = {"name": "iris", "versions": [], "platform": "", **nothing}
    with pytest.raises(SamplegenError, match="inputs is missing; name them: --input-tensor"):
        metadata.read(tree, "here")
    tree |= {"inputs": [], "outputs": []}
    with pytest.raises(SamplegenError, match=r"found 0 tensors.*--output-tensor NAME"):
        metadata.read(tree, "here")
    given = Given(
        parse_tensors("--input-tensor", ["input:0:FP32:1,4"]),
        parse_tensors("--output-tensor", ["y:BYTES:-1", "z:INT64:"]),
    )
    read = metadata.read(tree, "here", given)
    assert read.inputs == (TensorMetadata(name="input:0", datatype="FP32", shape=(1, 4)),)
    assert [tensor.shape for tensor in read.outputs] == [(-1,), ()]


def test_a_named_tensor_takes_the_place_of_the_server_s() -> None:
    given = Given(outputs=parse_tensors("--output-tensor", ["x:INT32:2"]))
    read = metadata.read({"name": "m", "inputs": [X], "outputs": [X]}, "here", given)
    assert read.inputs[0].datatype == "FP32"
    assert read.outputs == (TensorMetadata(name="x", datatype="INT32", shape=(2,)),)


@pytest.mark.parametrize(
    "text", ["x", "x:FP32", ":FP32:1", "x::1", "x:FP32:a", "x:FP32:1,", "x:FP32:-2"]
)
def test_what_names_no_tensor(text: str) -> None:
    with pytest.raises(UsageError, match=r"--input-tensor: found .*; expected NAME:DATATYPE:SHAPE"):
        parse_tensors("--input-tensor", [text])


@pytest.mark.parametrize("tree", [None, [], {}, "x", {"max_batch_size": None}, {"config": {}}])
def test_a_server_that_tells_nothing_of_how_a_model_is_called(tree: object) -> None:
    assert metadata.read_configuration(tree) == metadata.ORDINARY
    assert metadata.ORDINARY.uncallable is None


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ({"sequence_batching": {}}, "correlation ID"),
        ({"model_transaction_policy": {"decoupled": True}}, "over a stream"),
    ],
)
def test_what_no_sample_can_call_is_said_before_a_program_is_made(
    tree: dict[str, object], reason: str
) -> None:
    model = metadata.read({"name": "m", "inputs": [X], "outputs": [X]}, "here")
    configuration = metadata.read_configuration(tree)
    with pytest.raises(SamplegenError, match=f"no sample can call 'm': .*{reason}"):
        operation.make(model, "m", "", {}, configuration)


def test_a_batch_is_no_longer_than_the_model_takes() -> None:
    y = {**X, "name": "y"}
    model = metadata.read({"name": "m", "inputs": [X, y], "outputs": [X]}, "here")
    batches = metadata.read_configuration({"max_batch_size": 8})
    equal = {"x": (8, 4), "y": (8, 4)}
    assert operation.make(model, "m", "", equal, batches).inputs[0].shape == (8, 4)
    with pytest.raises(UsageError, match="a batch of 9 for 'x'; the model takes at most 8"):
        operation.make(model, "m", "", {"x": (9, 4), "y": (9, 4)}, batches)
    with pytest.raises(UsageError, match=r"different sizes: 'x' \[2\], 'y' \[1\]"):
        operation.make(model, "m", "", {"x": (2, 4)}, batches)


@pytest.mark.parametrize("tree", [None, [], {}, {"name": 1}, "triton", {"name": "t", "version": 2}])
def test_a_server_that_says_nothing_of_itself(tree: object) -> None:
    assert metadata.read_server(tree) == metadata.UNKNOWN
