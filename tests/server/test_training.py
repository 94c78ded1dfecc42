"""The bundled models and sample images are what the script in the repo makes."""

import importlib.util
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import openvino as ov
import pytest

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "server" / "samplegen_server" / "models"
DATA = ROOT / "spec" / "data"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "server" / "training" / "make_models.py"
    spec = importlib.util.spec_from_file_location("make_models", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_training_anew_gives_the_same_model(script: ModuleType, tmp_path: Path) -> None:
    accuracy = script.make(tmp_path / "models", tmp_path / "other", tmp_path / "data")
    assert accuracy > 0.97
    _, unseen = script.split()
    kept, made = (
        script.predict(ov.Core().read_model(folder / "digits/1/model.xml"), unseen.images[:100])
        for folder in (MODELS, tmp_path / "models")
    )
    assert np.allclose(kept, made, atol=0.05)  # another processor rounds otherwise, step by step
    other = script.predict(
        ov.Core().read_model(tmp_path / "other/digits/1/model.xml"), unseen.images[:100]
    )
    expected = np.sqrt(made)  # twice the heat: the root of each probability, and their sum is 1
    expected /= expected.sum(axis=1, keepdims=True)
    assert np.allclose(other[:, list(script.OTHER_NAMES)], expected, atol=1e-4)


def test_sample_images_are_those_the_bundled_model_picks(
    script: ModuleType, tmp_path: Path
) -> None:
    _, unseen = script.split()
    model = ov.Core().read_model(MODELS / "digits/1/model.xml")
    script.write_images(tmp_path, unseen, script.predict(model, unseen.images))
    for path in DATA.glob("digit-*.png"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_accuracy_of_the_model_that_is_bundled(script: ModuleType) -> None:
    _, unseen = script.split()
    model = ov.Core().read_model(MODELS / "digits/1/model.xml")
    read = script.predict(model, unseen.images).argmax(axis=1)
    assert (read == unseen.labels).mean() > 0.97


@pytest.mark.parametrize("digit", [0, 3, 7])
def test_image_shrinks_to_a_digit_that_training_never_saw(script: ModuleType, digit: int) -> None:
    known, unseen = script.split()
    image = cv2.imread(str(DATA / f"digit-{digit}.png"), cv2.IMREAD_UNCHANGED)
    assert image is not None and image.shape == (64, 64)
    small = cv2.resize(image.astype(np.float32), (8, 8))
    same = [
        label
        for pixels, label in zip(unseen.images, unseen.labels, strict=True)
        if np.array_equal(pixels[..., 0], small)
    ]
    assert same == [digit]
    assert not any(np.array_equal(pixels[..., 0], small) for pixels in known.images)


def test_bundled_files_are_small() -> None:
    files = [path for folder in (MODELS, DATA) for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1 << 20
