"""Loading and running a model: the only module that knows OpenVINO."""

import asyncio
import json
import logging
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import numpy as np
import openvino as ov

from samplegen_server import errors
from samplegen_server.config import ANY_INPUT, ModelConfig
from samplegen_server.folders import MAPPING, Source
from samplegen_server.introspection import LoadError, describe, info_of, model_info
from samplegen_server.tensors import DTYPES, Array, OutputTensor, TensorInfo, pack_bytes
from samplegen_server.validation import Value

log = logging.getLogger(__name__)

INLINE_SECONDS = 0.001
"""A model faster than this runs in the event loop: handing it to a thread would cost more."""

PLUGIN_DEFAULTS = {"PERFORMANCE_HINT": "LATENCY"}
"""Used unless ``--plugin_config`` says otherwise."""

INLINE_DEFAULTS = {
    **PLUGIN_DEFAULTS,
    "INFERENCE_NUM_THREADS": "1",
    "ENABLE_CPU_PINNING": "NO",
}
"""The same for a model that runs in the event loop: to wake a second thread takes longer than to do
its share, and up to fifty times the processor time; and pinning would move the event loop's thread
to another core and back for each inference."""

core = ov.Core()

T = TypeVar("T")


def runtime_version() -> str:
    """OpenVINO's release and the start of its commit, as OpenVINO Model Server shows its own."""
    release, _, rest = ov.get_version().partition("-")
    commit = re.search(r"[0-9a-f]{9,}", rest)
    return f"{release}.{commit[0][:9]}" if commit else release


class Model:
    """A compiled model, ready to answer.

    Args:
        source: The model's file, and how to load it.
        observe: Told of each inference: seconds waited for its turn, and seconds it took.

    Raises:
        LoadError: It cannot be read, reshaped or compiled, or `config` does not fit it.
    """

    def __init__(self, source: Source, observe: Callable[[float, float], None]) -> None:
        config = source.config
        self._observe = observe
        self.current = 0
        """Inferences accepted and not yet answered."""
        try:
            model = _read(source)
            _name_outputs(model)
            _rename(model, source.folder / MAPPING)
            model = _prepare(model, config)
            self.inputs = describe(model.inputs)
            self.outputs = describe(model.outputs)
            self._ports = _Ports.of(model)
            self.model_info = model_info(model)
            self._compile(model, config, PLUGIN_DEFAULTS)
            self.inline = self._measure() < INLINE_SECONDS
            """Is one inference so short that the event loop may wait for it?"""
            if self.inline and config.target_device == "CPU":
                self._compile(model, config, INLINE_DEFAULTS)
        except (AttributeError, RuntimeError, TypeError, ValueError) as error:
            raise LoadError(_reason(error)) from error
        # More than there are slots, so that images are decoded while others are inferred.
        threads = self._slots.qsize() + (os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(threads, f"infer-{config.name}")

    async def infer(self, values: Mapping[str, Value]) -> list[OutputTensor]:
        """Call for the values that are left to be called for, and run the model.

        The work is handed to a thread before the first time this gives way to the event loop, so
        that `close` cannot come in between.

        Args:
            values: What to feed each input with, as `validation.values` made it.

        Returns:
            All outputs, in alphabetical order.

        Raises:
            ServerError: A value cannot be made, or OpenVINO refuses.
        """
        if self.inline and not any(map(callable, values.values())):
            return self._infer(values)
        self.current += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._infer, values)
        finally:
            self.current -= 1

    def close(self) -> None:
        """Take no more work; what was accepted is still finished."""
        self._threads.shutdown(wait=False)

    def _compile(self, model: ov.Model, config: ModelConfig, defaults: dict[str, str]) -> None:
        if "NUM_STREAMS" in config.plugin_config:  # which the hint would contradict
            defaults = {key: text for key, text in defaults.items() if key != "PERFORMANCE_HINT"}
        compiled = core.compile_model(
            model, config.target_device, {**defaults, **config.plugin_config}
        )
        self.streams: int = compiled.get_property("NUM_STREAMS")
        """Inferences that OpenVINO runs side by side."""
        self._slots: SimpleQueue[_Slot] = SimpleQueue()
        for _ in range(config.nireq or compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")):
            self._slots.put(_Slot(compiled, self.inputs, self.outputs, self._ports))

    def _infer(self, values: Mapping[str, Value]) -> list[OutputTensor]:
        arrays = {name: value() if callable(value) else value for name, value in values.items()}
        start = time.perf_counter()
        slot = self._slots.get()
        turn = time.perf_counter()
        try:
            outputs = slot.infer(arrays)
            self._observe(turn - start, time.perf_counter() - turn)
            return outputs
        except RuntimeError as error:
            raise errors.InferenceFailed(_reason(error)) from error
        finally:
            self._slots.put(slot)

    def _measure(self) -> float:
        """Seconds one inference takes, infinite when the inputs' sizes are not known."""
        if not all(size.is_static for info in self.inputs.values() for size in info.dimensions):
            return float("inf")
        if any(info.datatype not in DTYPES for info in self.inputs.values()):
            return float("inf")
        arrays = {
            name: np.zeros(info.shape, DTYPES[info.datatype]) for name, info in self.inputs.items()
        }
        slot = self._slots.get()
        fastest = float("inf")
        for _ in range(3):  # the first also pays for memory and caches
            start = time.perf_counter()
            slot.infer(arrays)
            fastest = min(fastest, time.perf_counter() - start)
            if fastest > 100 * INLINE_SECONDS:
                break
        self._slots.put(slot)
        return fastest


@dataclass(frozen=True)
class _Ports:
    """Where inputs and outputs stand: of an output that is an input, the name is not enough."""

    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    handed_on: frozenset[str]
    """The outputs that are inputs; OpenVINO has one tensor for both."""

    @classmethod
    def of(cls, model: ov.Model) -> "_Ports":
        inputs, outputs = (
            {port.any_name: place for place, port in enumerate(ports)}
            for ports in (model.inputs, model.outputs)
        )
        handed_on = (
            port.any_name
            for port in model.outputs
            if port.node.input_value(0).get_node().get_type_name() == "Parameter"
        )
        return cls(inputs, outputs, frozenset(handed_on))


class _Slot:
    """One infer request and, where shapes are fixed, the memory of its inputs and outputs."""

    def __init__(
        self,
        compiled: ov.CompiledModel,
        inputs: Mapping[str, TensorInfo],
        outputs: Mapping[str, TensorInfo],
        ports: _Ports,
    ) -> None:
        self._request = compiled.create_infer_request()
        self._has_strings = any(info.datatype == "BYTES" for info in outputs.values())
        self._places = ports.inputs
        self._inputs: dict[str, Array] = {}
        self._outputs: list[tuple[TensorInfo, int, Array | None]] = []
        for name, info in inputs.items():
            memory = _memory(info)
            if memory is not None:
                self._request.set_input_tensor(ports.inputs[name], memory)
                self._inputs[name] = memory.data
        for name, info in outputs.items():
            place = ports.outputs[name]
            memory = None if name in ports.handed_on else _memory(info)
            if memory is not None:
                self._request.set_output_tensor(place, memory)
            self._outputs.append((info, place, None if memory is None else memory.data))

    def infer(self, arrays: Mapping[str, Array]) -> list[OutputTensor]:
        for name, array in arrays.items():
            memory = self._inputs.get(name)
            if memory is None:
                self._request.set_input_tensor(self._places[name], _tensor(array))
            else:
                memory[...] = array
        if self._has_strings:  # `infer` would pad all to the longest, of 32 bits a letter
            self._request.start_async()
            self._request.wait()
        else:
            self._request.infer(share_outputs=True)  # not copied, since they are read below
        return [
            self._read(info, place)
            if memory is None
            else OutputTensor(info.name, info.datatype, info.shape, memory.tobytes())
            for info, place, memory in self._outputs
        ]

    def _read(self, info: TensorInfo, place: int) -> OutputTensor:
        tensor = self._request.get_output_tensor(place)
        if info.datatype == "BYTES":
            elements = tensor.bytes_data.flat if tensor.size else ()  # OpenVINO fails for none
            return OutputTensor(info.name, "BYTES", tuple(tensor.shape), pack_bytes(elements))
        if info.holds_strings and info.name.endswith("_string"):
            rows = [bytes(row).split(b"\0", 1)[0] for row in tensor.data]
            return OutputTensor(info.name, "BYTES", (len(rows),), pack_bytes(rows))
        return OutputTensor(info.name, info.datatype, tuple(tensor.shape), tensor.data.tobytes())


def _memory(info: TensorInfo) -> ov.Tensor | None:
    """A tensor to keep; None when its size is not known or its elements are strings."""
    is_plain = info.datatype in DTYPES and not (
        info.holds_strings and info.name.endswith("_string")
    )
    if not is_plain or not all(size.is_static for size in info.dimensions):
        return None
    return ov.Tensor(np.zeros(info.shape, DTYPES[info.datatype]))


def _tensor(array: Array) -> ov.Tensor:
    """A copy of `array` as OpenVINO holds it."""
    if array.dtype != object:
        return ov.Tensor(array)
    if array.size == 0:  # an empty list would become one of numbers
        return ov.Tensor(ov.Type.string, ov.Shape(array.shape))
    tensor = ov.Tensor(list(array.flat))
    tensor.shape = array.shape
    return tensor


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
        raise LoadError(f"{advice}: {_reason(error)}") from error
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


def _rename(model: ov.Model, mapping: Path) -> None:
    """Give inputs and outputs the names of a mapping file, if there is one.

    One that cannot be used leaves the names as they are, as in OpenVINO Model Server.
    """
    if not mapping.is_file():
        return
    try:
        wanted = _parse_mapping(mapping.read_text())
    except (OSError, ValueError) as error:
        log.error("%s has no effect, all tensors keep their own names: %s", mapping, error)
        return
    for key, ports in (("inputs", model.inputs), ("outputs", model.outputs)):
        own = [port.names for port in ports]  # before any is renamed
        for old, new in wanted.get(key, {}).items():
            named = [port for port, names in zip(ports, own, strict=True) if old in names]
            for port in named:
                port.set_names({new})
            if not named:
                known = ", ".join(sorted(map(min, own)))
                log.warning("%s: %r is none of the %s: %s", mapping, old, key, known)


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


def _prepare(model: ov.Model, config: ModelConfig) -> ov.Model:
    """Apply the layouts, shapes and batch size that were asked for, in this order."""
    layouts = _by_name(config.layouts, [*model.inputs, *model.outputs], model, "layout")
    if layouts:
        steps = ov.preprocess.PrePostProcessor(model)
        for end, ports in ((steps.input, model.inputs), (steps.output, model.outputs)):
            for port in ports:
                layout = layouts.get(port.any_name)
                if layout is not None:
                    end(port.any_name).tensor().set_layout(ov.Layout(layout.tensor))
                    end(port.any_name).model().set_layout(ov.Layout(layout.model))
        model = steps.build()
    shapes = _by_name(config.shapes, model.inputs, model, "shape")
    if not shapes and config.batch_size is not None:
        for info in map(info_of, model.inputs):
            if info.batch_index is not None:
                sizes = list(info.dimensions)
                sizes[info.batch_index] = config.batch_size
                shapes[info.name] = tuple(sizes)
        if not shapes:
            raise LoadError("batch_size is given, but no input has a batch dimension")
    if shapes:
        model.reshape(
            {
                name: ov.PartialShape([ov.Dimension(size.low, size.high) for size in shape])
                for name, shape in shapes.items()
            }
        )
    return model


def _by_name(
    options: Mapping[str, T], ports: Sequence[Any], model: ov.Model, what: str
) -> dict[str, T]:
    """Options by tensor name; one without a name is for a model's only input."""
    options = dict(options)
    anonymous = options.pop(ANY_INPUT, None)
    if anonymous is not None:
        if len(model.inputs) != 1:
            raise LoadError(f"{what} without an input's name, but the model has several inputs")
        options[model.inputs[0].any_name] = anonymous
    known = {port.any_name for port in ports}
    for name in options:
        if name not in known:
            raise LoadError(f"{what} for {name!r}, but the model has {', '.join(sorted(known))}")
    return options


def _reason(error: Exception) -> str:
    """The last line of OpenVINO's message: those before it tell where in its source it came up."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
