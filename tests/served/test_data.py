"""Data of a reader's files: read, checked, and sent by the programs."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samplegen.errors import UsageError
from samplegen.served import data, metadata, operation
from samplegen.served.metadata import TensorMetadata

X = TensorMetadata(name="x", datatype="FP32", shape=(-1, 4))
WORDS = TensorMetadata(name="words=", datatype="BYTES", shape=(-1,))
ONE = TensorMetadata(name="one", datatype="BYTES", shape=(1,))
FLAGS = TensorMetadata(name="flags", datatype="BOOL", shape=(2,))
SCALAR = TensorMetadata(name="scalar", datatype="INT64", shape=())
INPUTS = (X, WORDS, ONE, FLAGS, SCALAR)


def read(*texts: str, **shapes: tuple[int, ...]) -> dict[str, data.Data]:
    return data.read(texts, INPUTS, shapes)


def test_files_of_each_kind(tmp_path: Path) -> None:
    np.save(tmp_path / "a=b.npy", np.arange(8, dtype=np.float64).reshape(2, 4))
    (tmp_path / "words.txt").write_text("good morning\r\n\nGrüße 😀\n", encoding="utf-8")
    (tmp_path / "one.TXT").write_text("two\nlines\n", encoding="utf-8")
    (tmp_path / "flags.json").write_text("[true, false]")
    (tmp_path / "scalar.json").write_text("9007199254740993")
    found = read(
        f"x={tmp_path / 'a=b.npy'}", f"words=={tmp_path / 'words.txt'}",
        f"one={tmp_path / 'one.TXT'}", f"flags={tmp_path / 'flags.json'}",
        f"scalar={tmp_path / 'scalar.json'}",
    )  # fmt: skip
    assert found == {
        "x": data.Data((0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0), (2, 4)),
        "words=": data.Data(("good morning", "", "Grüße 😀"), (3,)),
        "one": data.Data(("two\nlines\n",), (1,)),
        "flags": data.Data((True, False), (2,)),
        "scalar": data.Data((9007199254740993,), ()),
    }


@given(rows=st.lists(st.lists(st.integers(-9, 9), min_size=4, max_size=4), min_size=1, max_size=5))
def test_lists_in_lists_and_a_flat_list_are_alike(
    rows: list[list[int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("rows") / "x.json"
    file.write_text(json.dumps(rows))
    nested = read(f"x={file}")["x"]
    file.write_text(json.dumps([element for row in rows for element in row]))
    assert read(f"x={file}")["x"] == nested
    assert nested.shape == (len(rows), 4)
    assert all(isinstance(element, float) for element in nested.elements)


WRONG = {
    "x=missing.npy": "No such file",
    "x": "expected INPUT=FILE",
    "y=a.json": "no input 'y'",
    "x=cat.gif": "expected a file of .npy, .json, .txt, .png, .jpg, .jpeg",
    "x=cat.png": r"an image cannot be laid out as \[-1, 4\]: expected one image of 1 or 3 channels",
    "one=cat.png": "'one' takes BYTES, and an encoded image is no text",
    "x=three.json": r"found the shape \[3\]; 'x' takes \[-1, 4\]",
    "x=deep.json": r"found the shape \[2, 2\]; 'x' takes \[-1, 4\]",
    "x=ragged.json": "lists of different lengths",
    "x=text.json": "found 'a'; expected elements of the datatype FP32",
    "x=nan.npy": "found nan, for which JSON has no number",
    "x=pickled.npy": "allow_pickle",
    "x=no.json": "no.json: Expecting value",
    "x=object.json": "expected elements of the datatype FP32",
    "one=latin.txt": "not UTF-8",
    "flags=scalar.json": r"expected elements of the datatype BOOL",
    "scalar=flags.json": r"expected elements of the datatype INT64",
    "x=many.npy": "found 4,004 elements; a program holds at most 4,000",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_sent(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = {"three": "[1, 2, 3]", "deep": "[[1, 2], [3, 4]]", "ragged": "[[1, 2], [3]]"}
    files |= {"text": '["a", "b", "c", "d"]', "no": "nothing", "object": '{"a": 1}'}
    for name, content in (files | {"scalar": "7", "flags": "[true, false]"}).items():
        Path(f"{name}.json").write_text(content)
    np.save("nan.npy", np.array([[np.nan, 1, 2, 3]]))
    np.save("pickled.npy", np.array([{}, 1, 2, 3], dtype=object))
    np.save("many.npy", np.zeros((1001, 4)))
    Path("latin.txt").write_bytes(b"Gr\xfc\xdfe")
    with pytest.raises(UsageError, match=WRONG[text]):
        read(text)


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as failure:
        read("x=no.npy", "y=no.npy", f"one={tmp_path}/no.txt")
    assert len(failure.value.problems) == 3


def test_the_operation_sends_it(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text("[[1, 2.5, 3, 4], [5, 6, 7, 8]]")
    tensor = {"name": "x", "datatype": "FP32", "shape": [-1, 4]}
    model = metadata.read({"name": "m", "inputs": [tensor], "outputs": [tensor]}, "here")
    (sent,) = data.read([f"x={file}"], model.inputs, {}).values()
    made = operation.make(
        model, "m", "", {"x": sent.shape}, metadata.ORDINARY, {"x": sent.elements}
    )
    assert made.inputs[0].shape == (2, 4)
    assert made.inputs[0].data == (1.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)
