"""What samples must print at the server that answers differently, computed without any server."""

from pathlib import Path

import cv2
import numpy as np
import openvino as ov
import pytest

from samplegen.catalogue import Catalogue
from samplegen.spec.operation import Expectation, Operation
from tests.conftest import ROOT
from tests.server.asking import ASK, Input, Question
from tests.server.process import running

OTHER = ROOT / "spec/other"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue()


def values(operation: Operation, label: str) -> Expectation:
    (line,) = (line for line in operation.other if line.label == label)
    return line


def test_infer_array_is_three_times_each_element_less_one(catalogue: Catalogue) -> None:
    operation = catalogue.spec.operation("infer-array")
    (tensor,) = operation.inputs
    line = values(operation, "a")
    assert np.allclose(line.values, 3 * np.array(tensor.elements) - 1, atol=line.tolerance)


def test_infer_image_is_what_the_other_model_sees(catalogue: Catalogue) -> None:
    operation = catalogue.spec.operation("infer-image")
    image = cv2.imread(str(catalogue.spec.data(operation.files[0])), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    small = cv2.resize(image.astype(np.float32), (8, 8)).reshape(1, 8, 8, 1)
    exact = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY"}
    model = ov.Core().compile_model(OTHER / "digits/1/model.xml", "CPU", exact)
    probabilities = model([small])[0][0]
    assert values(operation, "class").value == (int(probabilities.argmax()),)
    line = values(operation, "probability")
    assert np.allclose(line.values, probabilities.max(), atol=line.tolerance)
    # The bundled model calls it a seven, with the square of each of these, so to say.
    root = (probabilities**2 / (probabilities**2).sum()).max()
    assert np.allclose(operation.expect[1].values, root, atol=operation.expect[1].tolerance)


def test_model_metadata_is_what_the_models_say(catalogue: Catalogue) -> None:
    operation = catalogue.spec.operation("model-metadata")
    model = ov.Core().read_model(OTHER / "dummy/1/model.xml")
    names = {"f32": "FP32", "i64": "INT64"}
    for kind, ports in (("input", model.inputs), ("output", model.outputs)):
        for port in ports:
            sizes = [size.get_length() if size.is_static else -1 for size in port.partial_shape]
            shown = f"{names[port.element_type.get_type_name()]} {sizes}"
            assert values(operation, f"{kind} {port.any_name}").value == (shown,)
    assert values(operation, "versions").value == tuple(sorted(p.name for p in folders("dummy")))


def folders(model: str) -> list[Path]:
    return [path for path in (OTHER / model).iterdir() if path.is_dir()]


@pytest.mark.processes
def test_the_other_server_tells_other_metadata_and_another_version_answers_otherwise(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    api = catalogue.spec.api
    arguments = [part.format(spec=catalogue.spec.folder) for part in api.server.other]
    ten = np.arange(10, dtype=np.float32)
    with running(tmp_path / "log", arguments) as server:
        metadata = server.rest("GET", "/v2").json()
        operation = catalogue.spec.operation("server-metadata")
        for label in ("name", "version"):
            assert (metadata[label],) == values(operation, label).value
        platform = server.rest("GET", "/v2/models/dummy").json()["platform"]
        assert (platform,) == values(catalogue.spec.operation("model-metadata"), "platform").value
        for version, factor in (("1", 3), ("2", 5), ("", 5)):
            for ask in ASK.values():
                question = Question(
                    "dummy", [Input("b", "FP32", [1, 10], raw=ten.tobytes())], version
                )
                outputs = ask(server, question).outputs or {}
                assert list(outputs) == ["Sizes", "a"], "the one that samples read is not the first"
                found = np.frombuffer(outputs["a"].raw, np.float32)
                assert np.allclose(found, factor * ten - 1)
