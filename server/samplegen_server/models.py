"""Compiling a model with OpenVINO, and running it."""

import asyncio
import itertools
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import numpy as np
import openvino as ov

from samplegen_server import errors
from samplegen_server.folders import Source
from samplegen_server.introspection import LoadError, describe, model_info
from samplegen_server.loading import Prepared, core, prepare, reason
from samplegen_server.model_options import ModelConfig
from samplegen_server.tensors import DTYPES, Array, OutputTensor, TensorInfo, pack_bytes
from samplegen_server.validation import Value

log = logging.getLogger(__name__)

INLINE_SECONDS = 0.001
"""A model faster than this runs in the event loop: handing it to a thread would cost more."""

INLINE_BYTES = 1 << 24
"""No model whose files are larger is that fast."""

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
            prepared = prepare(source)
            model = prepared.model
            self.inputs = describe(model.inputs, prepared.inputs)
            self.outputs = describe(model.outputs, prepared.outputs)
            self._prepared = prepared
            self.model_info = model_info(model)
            self.inline = False
            """Is one inference so short that the event loop may wait for it?"""
            if self._may_be_inline(source):
                on_cpu = config.target_device == "CPU"
                self._compile(model, config, INLINE_DEFAULTS if on_cpu else PLUGIN_DEFAULTS)
                self.inline = self._measure() < INLINE_SECONDS
            if not self.inline:
                self._compile(model, config, PLUGIN_DEFAULTS)
        except (AttributeError, RuntimeError, TypeError, ValueError) as error:
            raise LoadError(reason(error)) from error
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
            self._slots.put(_Slot(compiled, self.inputs, self.outputs, self._prepared))

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
            raise errors.InferenceFailed(reason(error)) from error
        finally:
            self._slots.put(slot)

    def _may_be_inline(self, source: Source) -> bool:
        """Is the model small, and are the inputs' sizes known, so that they can be tried?"""
        return source.size <= INLINE_BYTES and all(
            info.datatype in DTYPES and all(size.is_static for size in info.dimensions)
            for info in self.inputs.values()
        )

    def _measure(self) -> float:
        """Seconds one inference takes."""
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


class _Slot:
    """One infer request and, where shapes are fixed, the memory of its inputs and outputs."""

    def __init__(
        self,
        compiled: ov.CompiledModel,
        inputs: Mapping[str, TensorInfo],
        outputs: Mapping[str, TensorInfo],
        prepared: Prepared,
    ) -> None:
        self._request = compiled.create_infer_request()
        self._has_strings = any(info.datatype == "BYTES" for info in outputs.values())
        # By place: of an output that is an input, OpenVINO takes the name for the input's.
        self._places = {name: place for place, name in enumerate(prepared.inputs)}
        output_places = {name: place for place, name in enumerate(prepared.outputs)}
        self._inputs: dict[str, Array] = {}
        self._outputs: list[tuple[TensorInfo, int, Array | None]] = []
        for name, info in inputs.items():
            memory = _memory(info)
            if memory is not None:
                self._request.set_input_tensor(self._places[name], memory)
                self._inputs[name] = memory.data
        for name, info in outputs.items():
            place = output_places[name]
            memory = None if place in prepared.handed_on else _memory(info)
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
            raw = pack_bytes(_strings(tensor))
            return OutputTensor(info.name, "BYTES", tuple(tensor.shape), raw)
        if info.holds_strings and info.name.endswith("_string"):
            rows = [bytes(row).split(b"\0", 1)[0] for row in tensor.data]
            return OutputTensor(info.name, "BYTES", (len(rows),), pack_bytes(rows))
        return OutputTensor(info.name, info.datatype, tuple(tensor.shape), tensor.data.tobytes())


def _strings(tensor: ov.Tensor) -> Iterable[bytes]:
    if not tensor.size:  # OpenVINO fails for none
        return ()
    if tensor.bytes_data.itemsize == 1 and not np.any(tensor.str_data != ""):
        return itertools.repeat(b"", tensor.size)  # its bytes are what was in memory before
    elements: Iterable[bytes] = tensor.bytes_data.flat
    return elements


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
