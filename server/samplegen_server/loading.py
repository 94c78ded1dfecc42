"""Reading a model's file: its tensors named, laid out and shaped as it was asked for."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import openvino as ov

from samplegen_server.folders import MAPPING, Source
from samplegen_server.introspection import LoadError, batch_index
from samplegen_server.model_options import ANY_INPUT, ModelConfig
from samplegen_server.paths import is_file

log = logging.getLogger(__name__)

T = TypeVar("T")

Names = Mapping[str, str]
"""OpenVINO's name of a tensor to that which clients use."""

core = ov.Core()


@dataclass(frozen=True)
class Prepared:
    """A model that is ready to be compiled."""

    model: ov.Model
    inputs: Sequence[str]
    """Their names, as clients use them, in OpenVINO's order."""
    outputs: Sequence[str]
    """The same."""
    handed_on: frozenset[int]
    """The places of the outputs that are inputs; OpenVINO has one tensor for both."""


def prepare(source: Source) -> Prepared:
    """Read a model, and do to it what its options ask for.

    Raises:
        LoadError: It cannot be read, or the options do not fit it.
        RuntimeError: OpenVINO refuses the options.
    """
    model = _read(source)
    _name_outputs(model)
    inputs, outputs = _names(model, source.folder / MAPPING)
    model = _adapt(model, source.config, inputs, outputs)
    return Prepared(
        model,
        [inputs[port.any_name] for port in model.inputs],
        [outputs[port.any_name] for port in model.outputs],
        frozenset(
            place
            for place, port in enumerate(model.outputs)
            if port.node.input_value(0).get_node().get_type_name() == "Parameter"
        ),
    )


def _read(source: Source) -> ov.Model:
    path = source.picked.path
    if path is None:
        raise LoadError(source.problem)
    if path.suffix == ".xml" and b"<net" not in _head(path):  # said better than by OpenVINO
        raise LoadError(f"{path} is no OpenVINO IR: it has no <net ...> at its beginning")
    try:
        model = core.read_model(path)
    except RuntimeError as error:
        advice = f"{path} cannot be read as {source.picked.format}"
        raise LoadError(f"{advice}: {reason(error)}") from error
    if not model.inputs or not model.outputs:
        missing = "outputs" if model.inputs else "inputs"
        raise LoadError(f"{path} has no {missing}: a model needs at least one of each")
    return model


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1 << 12)
    except OSError as error:
        raise LoadError(f"{path} cannot be read: {error.strerror}") from error


def _name_outputs(model: ov.Model) -> None:
    """Name outputs that have no name by their place, as OpenVINO Model Server does."""
    for place, port in enumerate(model.outputs):
        if not port.names:
            port.add_names({f"out_{place}"})
    for place, port in enumerate(model.inputs):
        if not port.names:
            raise LoadError(f"input {place} has no name, so that no request could name it")


def _names(model: ov.Model, mapping: Path) -> tuple[Names, Names]:
    """The names that clients use for inputs and outputs: those of a mapping file, if there is one.

    A file that cannot be used leaves the names as they are, as in OpenVINO Model Server.

    Raises:
        LoadError: Two would have the same name.
    """
    wanted: dict[str, dict[str, str]] = {}
    if is_file(mapping):
        try:
            wanted = _parse_mapping(mapping.read_text())
        except (OSError, ValueError) as error:
            log.error("%s has no effect, all tensors keep their own names: %s", mapping, error)
    found = []
    for key, ports in (("inputs", model.inputs), ("outputs", model.outputs)):
        names = {port.any_name: port.any_name for port in ports}
        for old, new in wanted.get(key, {}).items():
            named = [port.any_name for port in ports if old in port.names]
            names.update(dict.fromkeys(named, new))
            if not named:
                known = ", ".join(sorted(names))
                log.warning("%s: %r is none of the %s: %s", mapping, old, key, known)
        if len(set(names.values())) < len(names):
            raise LoadError(f"{mapping}: two {key} have the same name")
        found.append(names)
    return found[0], found[1]


def _parse_mapping(text: str) -> dict[str, dict[str, str]]:
    """A mapping file's content.

    Raises:
        ValueError: It is none.
    """
    tree = json.loads(text)
    expected = f'expected {{"inputs": {{"tensor": "name"}}, "outputs": ...}}, found {text[:80]!r}'
    if not isinstance(tree, dict) or tree.keys() - {"inputs", "outputs"}:
        raise ValueError(expected)
    for names in tree.values():
        if not isinstance(names, dict) or not all(isinstance(new, str) for new in names.values()):
            raise ValueError(expected)
    return tree


def _adapt(model: ov.Model, config: ModelConfig, inputs: Names, outputs: Names) -> ov.Model:
    """Apply the layouts, shapes and batch size that were asked for, in this order."""
    known = {*inputs.values(), *outputs.values()}
    layouts = _by_name(config.layouts, inputs, known, "layout")
    if layouts:
        steps = ov.preprocess.PrePostProcessor(model)
        for end, ports, names in (
            (steps.input, model.inputs, inputs),
            (steps.output, model.outputs, outputs),
        ):
            for place, port in enumerate(ports):
                layout = layouts.get(names[port.any_name])
                if layout is not None:
                    end(place).tensor().set_layout(ov.Layout(layout.tensor))
                    end(place).model().set_layout(ov.Layout(layout.model))
        model = steps.build()
    shapes = _by_name(config.shapes, inputs, set(inputs.values()), "shape")
    wanted = {
        port: ov.PartialShape(
            [ov.Dimension(size.low, size.high) for size in shapes[inputs[port.any_name]]]
        )
        for port in model.inputs
        if inputs[port.any_name] in shapes
    }
    if not shapes and config.batch_size is not None:
        for port in model.inputs:
            index = batch_index(port)
            if index is not None:
                sizes = port.partial_shape
                sizes[index] = ov.Dimension(config.batch_size.low, config.batch_size.high)
                wanted[port] = sizes
        if not wanted:
            raise LoadError("batch_size is given, but no input has a batch dimension")
    if wanted:
        model.reshape(wanted)
    return model


def _by_name(options: Mapping[str, T], inputs: Names, known: set[str], what: str) -> dict[str, T]:
    """Options by the name that clients use; one without a name is for a model's only input."""
    options = dict(options)
    anonymous = options.pop(ANY_INPUT, None)
    if anonymous is not None:
        if len(inputs) != 1:
            raise LoadError(f"{what} without an input's name, but the model has several inputs")
        options[next(iter(inputs.values()))] = anonymous
    for name in options.keys() - known:
        raise LoadError(f"{what} for {name!r}, but the model has {', '.join(sorted(known))}")
    return options


def reason(error: Exception) -> str:
    """The last line of OpenVINO's message: those before it tell where in its source it came up."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
