"""Make the bundled models and the sample images, the same bytes on every run on one machine.

``dummy`` adds one to its input. ``digits`` reads a handwritten digit: a small perceptron trained on
scikit-learn's bundled digits, written as OpenVINO IR by hand, so that no training framework is
needed to make it. Run ``python server/training/make_models.py``; it prints the accuracy on the
part of the digits that training never saw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import openvino as ov
from openvino import opset13 as ops
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

ROOT = Path(__file__).resolve().parents[2]
SEED = 7
GREY = 15
"""Grey levels (of 0 to 255) for one of the data set's levels 0 to 16, at most 240."""
ZOOM = 8
"""Pixels of a sample image, each way, for one pixel of the data set."""
SHOWN = (0, 3, 7)
"""The digits that become sample images."""
SURE = 0.95
"""The probability a sample image should have: high, yet no number that a program could guess."""

OTHER_NAMES = (4, 7, 9, 1, 8, 0, 6, 2, 5, 3)
"""What the other model calls the digits."""


@dataclass(frozen=True)
class Digits:
    """Part of the data set: grey levels UINT8 [N,8,8,1] of 0 to 240, and labels [N]."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]


def split() -> tuple[Digits, Digits]:
    """The digits to train on and the digits held out, a quarter of the set."""
    bunch = load_digits()
    images = (bunch.images * GREY).astype(np.uint8)[..., np.newaxis]
    parts = train_test_split(
        images, bunch.target, test_size=0.25, random_state=SEED, stratify=bunch.target
    )
    return Digits(parts[0], parts[2]), Digits(parts[1], parts[3])


def dummy() -> ov.Model:
    """Input ``b`` FP32 [1,10], output ``a`` = b + 1."""
    b = ops.parameter([1, 10], ov.Type.f32, name="b")
    b.output(0).set_names({"b"})
    a = ops.add(b, ops.constant(np.float32(1)))
    a.output(0).set_names({"a"})
    return ov.Model([ops.result(a, name="a")], [b], "dummy")


def other_dummy(factor: float) -> ov.Model:
    """Input ``b`` FP32 [-1,10]; outputs ``Sizes`` INT64 [2] and ``a`` = factor * b - 1."""
    b = ops.parameter([-1, 10], ov.Type.f32, name="b")
    b.output(0).set_names({"b"})
    sizes = ops.shape_of(b)
    sizes.output(0).set_names({"Sizes"})
    a = ops.subtract(ops.multiply(b, ops.constant(np.float32(factor))), ops.constant(np.float32(1)))
    a.output(0).set_names({"a"})
    return ov.Model([ops.result(sizes, name="Sizes"), ops.result(a, name="a")], [b], "dummy")


def digits(known: Digits, names: Sequence[int] = range(10), heat: float = 1) -> ov.Model:
    """Input ``image`` FP32 [1,8,8,1] NHWC of 0 to 255, output ``probabilities`` FP32 [1,10].

    It may be given another batch size when it is loaded.

    Args:
        known: What it learns from.
        names: The class that it calls each digit.
        heat: How unsure it is: what the exponents of the softmax are divided by.
    """
    brightest = 16 * GREY
    features = known.images.reshape(len(known.images), -1) / brightest
    perceptron = MLPClassifier((64,), alpha=1e-2, max_iter=400, random_state=SEED)
    perceptron.fit(features, known.labels)

    image = ops.parameter([1, 8, 8, 1], ov.Type.f32, name="image")
    image.output(0).set_names({"image"})
    image.set_layout(ov.Layout("NHWC"))
    flat = ops.reshape(image, ops.constant(np.array([-1, 64], np.int64)), special_zero=False)
    values = ops.divide(flat, ops.constant(np.float32(brightest)))
    for layer, (weights, bias) in enumerate(
        zip(perceptron.coefs_, perceptron.intercepts_, strict=True)
    ):
        if layer > 0:
            values = ops.relu(values)
        product = ops.matmul(values, ops.constant(weights.astype(np.float32)), False, False)
        values = ops.add(product, ops.constant(bias.astype(np.float32)))
    if heat != 1:
        values = ops.divide(values, ops.constant(np.float32(heat)))
    if list(names) != list(range(10)):
        values = ops.gather(values, ops.constant(np.argsort(names)), ops.constant(1))
    probabilities = ops.softmax(values, 1)
    probabilities.output(0).set_names({"probabilities"})
    return ov.Model([ops.result(probabilities, name="probabilities")], [image], "digits")


def predict(model: ov.Model, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Probabilities [N,10] for images UINT8 [N,8,8,1]."""
    compiled = ov.compile_model(model, "CPU")
    return np.concatenate([compiled([image[np.newaxis].astype(np.float32)])[0] for image in images])


def write_images(folder: Path, unseen: Digits, probabilities: npt.NDArray[np.float32]) -> None:
    """Write an unseen image of each digit in `SHOWN` as PNG, and the 7 as JPEG, too.

    Of all images of a digit it is the one whose probability is nearest to `SURE`.

    Each pixel is blown up to a square, so that resizing to 8x8 gives exactly the pixels back: the
    bilinear filter reads the middle of each square.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for digit in SHOWN:
        distance = np.abs(probabilities[:, digit] - SURE)
        index = np.where(unseen.labels == digit, distance, np.inf).argmin()
        image = np.kron(unseen.images[index, :, :, 0], np.ones((ZOOM, ZOOM), np.uint8))
        cv2.imwrite(str(folder / f"digit-{digit}.png"), image)
    cv2.imwrite(str(folder / "digit-7.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 95])


def make(models: Path, other: Path, data: Path) -> float:
    """Write models and images; return the held-out accuracy.

    Args:
        models: Where the bundled models go.
        other: Where models of the same names go that answer differently.
        data: Where the images go.
    """
    known, unseen = split()
    made = {
        models / "dummy/1": dummy(),
        models / "digits/1": digits(known),
        other / "dummy/1": other_dummy(3),
        other / "dummy/2": other_dummy(5),
        other / "digits/1": digits(known, OTHER_NAMES, heat=2),
    }
    for folder, model in made.items():
        folder.mkdir(parents=True, exist_ok=True)
        ov.serialize(model, folder / "model.xml")
    probabilities = predict(made[models / "digits/1"], unseen.images)
    write_images(data, unseen, probabilities)
    return float((probabilities.argmax(axis=1) == unseen.labels).mean())


if __name__ == "__main__":
    accuracy = make(
        ROOT / "server/samplegen_server/models", ROOT / "spec/other", ROOT / "spec/data"
    )
    print(f"digits: {accuracy:.1%} of the held-out digits read rightly")
