"""Models that are made on the spot."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset1
from openvino import opset13 as ops

BLOCKS = ((3, 64), (4, 128), (6, 256), (3, 512))
"""ResNet-50's stages: how many blocks, and how wide."""


def parameter(name: str, datatype: ov.Type, shape: Sequence[int | ov.Dimension]) -> ov.Node:
    """An input."""
    node = ops.parameter(ov.PartialShape(list(shape)), datatype, name=name)
    node.output(0).set_names({name})
    return node


def result(node: ov.Node, name: str) -> ov.Node:
    """An output."""
    node.output(0).set_names({name})
    return ops.result(node, name=name)


def resnet() -> ov.Model:
    """ResNet-50's topology with random weights: input FP32 [1,3,224,224], 4.1 GMACs."""
    random = np.random.default_rng(50)

    def convolution(node: ov.Node, width: int, kernel: int, stride: int) -> ov.Node:
        depth = node.output(0).partial_shape[1].get_length()
        # Gaussian weights of this size keep the activations' variance from layer to layer.
        scale = (2 / (depth * kernel * kernel)) ** 0.5
        shape = (width, depth, kernel, kernel)
        weights = random.standard_normal(shape, np.float32) * np.float32(scale)
        pad = [kernel // 2] * 2
        node = ops.convolution(node, ops.constant(weights), [stride] * 2, pad, pad, [1, 1])
        bias = random.standard_normal((1, width, 1, 1), np.float32) * np.float32(0.1)
        return ops.add(node, ops.constant(bias))

    def block(node: ov.Node, width: int, stride: int) -> ov.Node:
        inner = ops.relu(convolution(node, width, 1, 1))
        inner = ops.relu(convolution(inner, width, 3, stride))
        inner = convolution(inner, width * 4, 1, 1)
        if node.output(0).partial_shape != inner.output(0).partial_shape:
            node = convolution(node, width * 4, 1, stride)
        # Half of the sum: without normalisation it would double in each block.
        return ops.relu(ops.multiply(ops.add(node, inner), ops.constant(np.float32(0.5))))

    image = parameter("image", ov.Type.f32, [1, 3, 224, 224])
    node = ops.relu(convolution(image, 64, 7, 2))
    node = opset1.max_pool(node, [2, 2], [1, 1], [1, 1], [3, 3])
    for stage, (count, width) in enumerate(BLOCKS):
        for index in range(count):
            node = block(node, width, 2 if stage and not index else 1)
    node = ops.reduce_mean(node, ops.constant(np.array([2, 3], np.int64)), keep_dims=False)
    weights = random.standard_normal((2048, 1000), np.float32) * np.float32(2048**-0.5)
    scores = ops.matmul(node, ops.constant(weights), False, False)
    return ov.Model([result(scores, "scores")], [image], "resnet")


def write(model: ov.Model, base: Path, version: int = 1) -> None:
    """Put a model into a repository; it appears there whole."""
    hidden = base / f".{version}"
    hidden.mkdir(parents=True)
    ov.serialize(model, hidden / "model.xml")
    hidden.rename(base / str(version))


def write_config(file: Path, models: Mapping[str, Path]) -> None:
    """Write a config file that serves these folders; it appears whole."""
    entries = [{"config": {"name": name, "base_path": str(path)}} for name, path in models.items()]
    hidden = file.with_suffix(".new")
    hidden.write_text(json.dumps({"model_config_list": entries}))
    hidden.replace(file)
