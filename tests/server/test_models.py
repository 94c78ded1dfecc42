"""Loading models with OpenVINO Model Server's options."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops
from samplegen_server import config, errors, folders, validation
from samplegen_server.introspection import LoadError
from samplegen_server.models import Model, runtime_version
from samplegen_server.tensors import DTYPES, InputTensor

from tests.server import formats, zoo

OUTS = ["out_0", "out_1"]


def load_file(path: Path, **flags: str) -> Model:
    """A model from a path, with flags."""
    (one,) = config.read_flags("m", {"model_path": path, **flags})
    return Model(folders.find(one).sources[1], lambda waited, took: None)


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Model]:
    """Write a model and load it with flags."""

    def load(model: ov.Model, **flags: str) -> Model:
        ov.serialize(model, tmp_path / "model.xml")
        return load_file(tmp_path / "model.xml", **flags)

    return load


def infer(model: Model, **arrays: Any) -> dict[str, np.ndarray[Any, Any]]:
    names = {str(dtype): name for name, dtype in DTYPES.items()}
    inputs = [
        InputTensor(name, names[str(array.dtype)], array.shape, None)
        for name, array in arrays.items()
    ]
    raw = [array.tobytes() for array in arrays.values()]
    values = validation.values(model.inputs, inputs, raw)
    return {
        output.name: np.frombuffer(output.raw, DTYPES[output.datatype]).reshape(output.shape)
        for output in asyncio.run(model.infer(values))
    }


PLANAR = np.arange(48, dtype=np.float32).reshape(1, 3, 4, 4)


def test_layout_adds_a_transpose(load: Callable[..., Model]) -> None:
    model = load(zoo.same("FP32", [1, 3, 4, 4]), layout="NHWC:NCHW")
    assert model.inputs["x"].shape == (1, 4, 4, 3)
    assert model.inputs["x"].layout == "NHWC"
    found = infer(model, x=np.ascontiguousarray(PLANAR.transpose(0, 2, 3, 1)))
    assert np.array_equal(found["y"], PLANAR)


def test_layout_alone_only_names_the_dimensions(load: Callable[..., Model]) -> None:
    model = load(zoo.same("FP32", [1, 4, 4, 3]), layout="NHWC")
    assert (model.inputs["x"].shape, model.inputs["x"].layout) == ((1, 4, 4, 3), "NHWC")


def test_layout_of_the_model_is_kept(load: Callable[..., Model]) -> None:
    assert load(zoo.same("FP32", [1, 4, 4, 3], "NHWC")).inputs["x"].layout == "NHWC"
    assert load(zoo.same("FP32", [1, 4, 4, 3])).inputs["x"].layout == "N..."


def test_layout_of_an_output(load: Callable[..., Model]) -> None:
    model = load(zoo.same("FP32", [1, 3, 4, 4]), layout='{"y": "NHWC:NCHW"}')
    assert np.array_equal(infer(model, x=PLANAR)["y"], PLANAR.transpose(0, 2, 3, 1))


@pytest.mark.parametrize(
    ("flags", "shape"),
    [
        ({"shape": "(2,5)"}, (2, 5)),
        ({"shape": '{"x": "(2,-1)"}'}, (2, -1)),
        ({"shape": "(2,3:4)"}, (2, -1)),
        ({"batch_size": "8"}, (8, 2)),
        ({"batch_size": "-1"}, (-1, 2)),
        ({"batch_size": "0"}, (1, 2)),
        ({"batch_size": "8", "shape": "(2,5)"}, (2, 5)),
    ],
)
def test_shape_and_batch_size(
    load: Callable[..., Model], flags: dict[str, str], shape: tuple[int, ...]
) -> None:
    assert load(zoo.same("FP32", [1, 2]), **flags).inputs["x"].shape == shape


def test_dynamic_model_answers_in_every_size(load: Callable[..., Model]) -> None:
    model = load(zoo.same("FP32", [1, 2]), shape="(-1,-1)")
    for shape in ((1, 2), (3, 1), (2, 5)):
        array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        assert np.array_equal(infer(model, x=array)["y"], array)


@pytest.mark.parametrize(
    ("model", "flags", "text"),
    [
        (zoo.two, {"shape": "(1,3)"}, "several inputs"),
        (zoo.two, {"shape": '{"third": "(1,3)"}'}, "shape for 'third', but the model has first"),
        (zoo.two, {"layout": '{"third": "NC"}'}, "layout for 'third', but the model has"),
        (zoo.slow, {"shape": "(2,3)"}, ""),
        (zoo.two, {"target_device": "TOASTER"}, "TOASTER"),
        (zoo.two, {"plugin_config": '{"NO_SUCH_KEY": "1"}'}, "NO_SUCH_KEY"),
        (zoo.two, {"layout": "NCHW"}, "several inputs"),
        (lambda: zoo.adding(1), {"layout": "NCHW"}, ""),
    ],
)
def test_options_that_do_not_fit(
    load: Callable[..., Model], model: Callable[[], ov.Model], flags: dict[str, str], text: str
) -> None:
    with pytest.raises(LoadError) as caught:
        load(model(), **flags)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_mapping_gives_other_names(load: Callable[..., Model], tmp_path: Path) -> None:
    names = {"inputs": {"first": "a", "second": "b"}, "outputs": {"total": "sum"}}
    (tmp_path / "mapping_config.json").write_text(json.dumps(names))
    model = load(zoo.two(), shape='{"a": "(1,3)", "b": "(1,3)"}')
    assert list(model.inputs) == ["a", "b"]
    assert list(model.outputs) == ["difference", "sum"]
    one = np.ones((1, 3), np.float32)
    assert infer(model, a=one, b=one * 2)["sum"].tolist() == [[3, 3, 3]]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"inputs": 7}', '{"inputs": {"first": 7}}', '{"input": {"first": "x"}}']
)
def test_mapping_that_is_none_leaves_the_names(
    load: Callable[..., Model], tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "mapping_config.json").write_text(text)
    assert list(load(zoo.two()).inputs) == ["first", "second"]
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert f"{tmp_path / 'mapping_config.json'} has no effect" in record.getMessage()


def test_mapping_of_a_tensor_that_is_not_there_is_said(
    load: Callable[..., Model], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "mapping_config.json").write_text('{"outputs": {"sum": "x", "total": "y"}}')
    assert list(load(zoo.two()).outputs) == ["difference", "y"]
    (record,) = caplog.records
    assert "'sum' is none of the outputs: difference, total" in record.getMessage()


NAMES = re.compile(r' names="(?:total|difference|x)"')


def without_names(model: ov.Model, folder: Path, count: int) -> None:
    """Write a model as other tools do, without the names of its first tensors."""
    files = zoo.serialized(model)
    text = files["model.xml"].decode()
    for _ in range(count):
        text = NAMES.sub("", text, 1)
    (folder / "model.xml").write_text(text)
    (folder / "model.bin").write_bytes(files["model.bin"])


def test_mapping_of_an_output_that_is_an_input(load: Callable[..., Model], tmp_path: Path) -> None:
    names = {"inputs": {"x": "question"}, "outputs": {"x": "answer"}}
    (tmp_path / "mapping_config.json").write_text(json.dumps(names))
    x = zoo.parameter("x", "INT64", [1, 2])
    model = load(ov.Model([ops.result(x)], [x]), shape='{"question": "(1,3)"}')
    array = np.array([[2**60 + 1, -1, 0]])
    assert infer(model, question=array)["answer"].tolist() == array.tolist()


def test_mapping_may_call_an_output_as_an_input_is_called(
    load: Callable[..., Model], tmp_path: Path
) -> None:
    (tmp_path / "mapping_config.json").write_text('{"outputs": {"y": "x"}}')
    found = infer(load(zoo.adding(3)), x=np.zeros((1, 2), np.float32))
    assert {name: array.tolist() for name, array in found.items()} == {"x": [[3, 3]]}


def test_mapping_that_gives_two_tensors_one_name(
    load: Callable[..., Model], tmp_path: Path
) -> None:
    (tmp_path / "mapping_config.json").write_text('{"inputs": {"first": "second"}}')
    with pytest.raises(LoadError, match="two inputs have the same name"):
        load(zoo.two())


@pytest.mark.parametrize(
    ("count", "names"), [(0, ["difference", "total"]), (1, ["out_1", "total"]), (2, OUTS)]
)
def test_outputs_without_names_are_named_by_their_place(
    tmp_path: Path, count: int, names: list[str]
) -> None:
    without_names(zoo.two(), tmp_path, count)
    model = load_file(tmp_path / "model.xml")
    assert list(model.outputs) == names
    found = infer(model, first=np.ones((1, 2), np.float32), second=np.zeros((1, 2), np.float32))
    assert list(found) == names


def test_output_without_a_name_may_get_one_from_the_mapping(tmp_path: Path) -> None:
    without_names(zoo.two(), tmp_path, 2)
    (tmp_path / "mapping_config.json").write_text('{"outputs": {"out_1": "left over"}}')
    assert list(load_file(tmp_path / "model.xml").outputs) == ["left over", "out_0"]


@pytest.mark.parametrize("shape", [[1, 2], [zoo.ANY, 2]])
@pytest.mark.parametrize("datatype", sorted(DTYPES))
def test_input_that_is_an_output_too_keeps_every_bit(
    load: Callable[..., Model], datatype: str, shape: list[int | ov.Dimension]
) -> None:
    """OpenVINO reckons with fewer bits than INT64 and FP64 have, but what it hands on is whole."""
    second, first = (zoo.parameter(name, datatype, shape) for name in ("second", "first"))
    model = load(ov.Model([ops.result(second), ops.result(first)], [first, second]))
    size = DTYPES[datatype].itemsize
    bits = bytes(range(1, 2 * size + 1)) if datatype != "BOOL" else b"\1\0"
    arrays = {
        "first": np.frombuffer(bits, DTYPES[datatype]).reshape(1, 2),
        "second": np.frombuffer(bits[::-1], DTYPES[datatype]).reshape(1, 2),
    }
    for _ in range(2):
        found = infer(model, **arrays)
        assert {name: array.tobytes() for name, array in found.items()} == {
            "first": bits,
            "second": bits[::-1],
        }


@pytest.mark.parametrize(
    "texts",
    [[b""], [b"", b""], [b"a", b""], [b"", b"\xff"], [b"\xe4", b"\xff"], [b"ab", b"", b"c"]],
)
def test_empty_strings_are_empty(load: Callable[..., Model], texts: list[bytes]) -> None:
    """Not what OpenVINO's Python API finds in memory where nothing is."""
    model = load(zoo.same("BYTES", [zoo.ANY]))
    for _ in range(3):
        (output,) = asyncio.run(model.infer({"x": np.array([*texts, None], object)[:-1]}))
        assert output.values() == texts


def test_input_without_a_name_is_refused(tmp_path: Path) -> None:
    without_names(zoo.adding(1), tmp_path, 1)
    with pytest.raises(LoadError, match="input 0 has no name"):
        load_file(tmp_path / "model.xml")


@pytest.mark.parametrize("name", formats.FORMATS)
def test_format(tmp_path: Path, name: str) -> None:
    formats.write(tmp_path / "1", name)
    model = load_file(tmp_path)
    array = np.array([[-1, 2, -3, 4]], np.float32)
    (x,), (y,) = model.inputs, model.outputs
    assert infer(model, **{x: array})[y].tolist() == [[0, 2, 0, 4]]
    suffix = ":0" if name == "TensorFlow" else ""  # so are the tensors of a frozen graph called
    assert (x, y) == (f"x{suffix}", f"y{suffix}")


@pytest.mark.parametrize(
    ("file", "content", "text"),
    [
        ("model.xml", b"<html/>", "is no OpenVINO IR: it has no <net ...>"),
        ("model.xml", b"<net/>", "cannot be read as OpenVINO IR: "),
        ("model.onnx", b"\0\1\2", "cannot be read as ONNX: "),
        ("model.pdmodel", b"\0\1\2", "cannot be read as PaddlePaddle: "),
        ("model.pdmodel", b"", "model.pdmodel has no inputs"),
        ("model.pb", b"\0\1\2", "cannot be read as TensorFlow: "),
        ("saved_model.pb", b"\0\1\2", "cannot be read as TensorFlow SavedModel: "),
        ("model.tflite", b"\0\1\2", "cannot be read as TensorFlow Lite: "),
    ],
)
def test_file_that_is_no_model(tmp_path: Path, file: str, content: bytes, text: str) -> None:
    for name in ("model.bin", "model.pdiparams", file):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(LoadError) as caught:
        load_file(tmp_path / file)
    assert text in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_batch_size_without_a_batch(load: Callable[..., Model]) -> None:
    with pytest.raises(LoadError, match="batch_size is given, but no input has a batch"):
        load(zoo.same("FP32", []), batch_size="2")


def test_tiny_models_run_in_the_event_loop_and_slow_ones_do_not(
    load: Callable[..., Model],
) -> None:
    assert load(zoo.adding(1)).inline
    assert not load(zoo.slow()).inline
    assert not load(zoo.same("FP32", [zoo.ANY])).inline, "nobody knows how large it may become"


def test_plugin_config_and_nireq_reach_openvino(load: Callable[..., Model]) -> None:
    model = load(zoo.slow(), plugin_config='{"NUM_STREAMS": "2"}', nireq="3")
    assert model.streams == 2


def test_results_do_not_mix_side_by_side(load: Callable[..., Model]) -> None:
    model = load(zoo.slow(), nireq="2")

    async def ask() -> list[bytes]:
        values = [{"x": np.full((1, 1), number, np.float32)} for number in range(8)]
        answers = await asyncio.gather(*(model.infer(one) for one in values))
        return [answer[0].raw for answer in answers]

    raw = asyncio.run(ask())
    single = [
        infer(model, x=np.full((1, 1), number, np.float32))["y"].tobytes() for number in range(8)
    ]
    assert raw == single
    assert len(set(raw)) == 8


def test_closing_finishes_what_was_accepted(load: Callable[..., Model]) -> None:
    model = load(zoo.slow())

    async def ask() -> int:
        values = {"x": np.ones((1, 1), np.float32)}
        asked = [asyncio.ensure_future(model.infer(values)) for _ in range(4)]
        await asyncio.sleep(0)
        model.close()
        return len(await asyncio.gather(*asked))

    assert asyncio.run(ask()) == 4


def test_openvino_that_refuses_is_an_internal_error(load: Callable[..., Model]) -> None:
    model = load(zoo.refusing())
    with pytest.raises(errors.InferenceFailed):
        infer(model, x=np.zeros((1, 5), np.float32))


def test_version_looks_like_openvino_model_servers() -> None:
    year, *rest = runtime_version().split(".")
    assert int(year) >= 2026
    assert len(rest) == 3
