"""The files of a spec, read as far as asked for, and checked."""

import math
import re
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from pathlib import Path

from samplegen import yamlfile
from samplegen.contract import protoc
from samplegen.contract.model import Contract
from samplegen.errors import Problem, SamplegenError, UsageError, gather, nearest
from samplegen.resources import Layers, shown
from samplegen.spec.api import Api
from samplegen.spec.linking import Linker
from samplegen.spec.operation import (
    OPERATION_NAME,
    STEPS,
    Around,
    Expectation,
    LinkedStep,
    Operation,
    OperationFile,
)
from samplegen.spec.places import filled_server, server_mistakes
from samplegen.spec.steps import Step
from samplegen.spec.tensors import MOST, MOST_BYTES, MOST_LITERAL, Tensor, fits, longest_literal
from samplegen.yamlfile import Mistakes, load


@dataclass(frozen=True)
class Recordable:
    """The steps of an operation, as they stand in its file, and with what the contract says."""

    name: str
    path: Path
    order: int
    steps: tuple[Step, ...]
    linked: tuple[LinkedStep, ...]
    around: Around


class Spec:
    """The spec folders, read as far as asked for."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers

    @cached_property
    def api(self) -> Api:
        path = self.layers.find("api.yaml")
        if path is None:
            raise SamplegenError(f"{self.layers.folders[0]}: api.yaml is missing; add it")
        api = load(path, Api, self._check_api)
        folder = {"spec": str(path.absolute().parent)}
        return replace(api, server=filled_server(api.server, folder))

    def server_problem(self, message: str) -> Problem:
        """A problem of what starts the API's server, at its place in `api.yaml`."""
        path = self._existing("api.yaml")
        return yamlfile.read(path).problem(("server", "command"), message)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The operations, by name."""
        return tuple(name.removesuffix(".yaml") for name in self._files)

    @cached_property
    def _files(self) -> dict[str, Path]:
        """The operations' files, by file name."""
        files = self.layers.glob("*.yaml")
        files.pop("api.yaml", None)
        return files

    def operation(self, name: str) -> Operation:
        """The operation of this name; the other files are not read.

        Raises:
            UsageError: No such operation.
            SamplegenError: Its file has mistakes.
        """
        file = load(self._path(name), OperationFile, self._check_operation)
        values = {f.name: getattr(file, f.name) for f in fields(file)}
        if file.steps:
            values["linked"] = linked = Linker(self.contract).link(file.steps)
            values["calls"] = tuple(step.call for step in linked)
            values["expect"] = tuple(line for step in linked for line in step.expect)
        if file.setup or file.check or file.teardown:
            values["around"] = Linker(self.contract).around(file)
        return Operation(name=name, **values)

    def recordable(self, name: str) -> Recordable | None:
        """The steps of an operation, which need not state what they expect; None: it has a form.

        Raises:
            UsageError: No such operation.
            SamplegenError: Its file has mistakes.
        """
        path = self._path(name)
        file = load(path, OperationFile, partial(self._check_operation, recorded=False))
        if not file.steps:
            return None
        linked = Linker(self.contract, recorded=False).link(file.steps)
        around = Linker(self.contract).around(file)
        return Recordable(name, path, file.order, file.steps, linked, around)

    def _path(self, name: str) -> Path:
        """The path of an operation's file."""
        path = self._files.get(f"{name}.yaml")
        if path is None:
            raise UsageError(f"no operation {name!r}; {nearest(name, self.names)}")
        if not OPERATION_NAME.fullmatch(name):
            message = f"found the name {name!r}; expected lower-case words joined by '-'; rename it"
            raise SamplegenError(Problem(message, shown(path)))
        return path

    def operations(self) -> tuple[Operation, ...]:
        """All operations in their order.

        Raises:
            SamplegenError: With every problem of every file.
        """
        operations = gather(partial(self.operation, name) for name in self.names)
        return tuple(sorted(operations, key=lambda operation: (operation.order, operation.name)))

    @property
    def named_protos(self) -> dict[str, Path]:
        """The files of the gRPC contract that the API names: the name in imports to the file.

        Raises:
            SamplegenError: One of them is not there.
        """
        found = {}
        for name in self.api.proto:
            path = self.layers.find(name)
            if path is not None and path.is_file():
                found[path.name] = path
            else:
                found[name] = self._included(name) or self._existing(name)
        return found

    def _included(self, name: str) -> Path | None:
        """A file of a folder of `include`."""
        paths = (self.folder / folder / name for folder in self.api.include)
        return next((path for path in paths if path.is_file()), None)

    @property
    def _proto_folders(self) -> tuple[list[Path], list[Path]]:
        """Those of the named files, and those of what they import."""
        own = [path.parent for name, path in self.named_protos.items() if "/" not in name]
        return [*dict.fromkeys(own)], [self.folder / name for name in self.api.include]

    @property
    def protos(self) -> dict[str, Path]:
        """The gRPC contract with what it may import: the name in imports to the file.

        Raises:
            SamplegenError: There is no contract.
        """
        if not self.api.proto:
            message = "'proto' is missing, yet a client makes stubs of the gRPC contract; add it"
            raise SamplegenError(f"api.yaml: {message}")
        own, included = self._proto_folders
        folders = [(folder, "*.proto") for folder in own]
        folders += [(folder, "**/*.proto") for folder in included]
        found = {
            path.relative_to(folder).as_posix(): path
            for folder, pattern in reversed(folders)
            for path in sorted(folder.glob(pattern))
        }
        found |= self.named_protos
        return {**protoc.imported(found.values()), **found}

    @cached_property
    def contract(self) -> Contract:
        """What the contract says; nothing if there is none.

        Raises:
            SamplegenError: It has mistakes, or nothing here can read it.
        """
        if self.openapi is not None:
            from samplegen.contract import openapi  # takes long, and few APIs need it

            return openapi.read(self.openapi)
        if not self.api.proto:
            return Contract()
        from samplegen.contract import protos  # starts a compiler, and few commands need it

        own, included = self._proto_folders
        return protos.read((*own, *included), tuple(self.named_protos))

    @property
    def openapi(self) -> Path | None:
        """The OpenAPI file; None: the API names none."""
        return None if self.api.openapi is None else self._existing(self.api.openapi)

    @property
    def folder(self) -> Path:
        """The folder of `api.yaml`."""
        return self._existing("api.yaml").absolute().parent

    def data(self, file: str) -> Path:
        """The path of a file of the `data` folder."""
        return self._existing(f"data/{file}")

    def _existing(self, file: str) -> Path:
        path = self.layers.find(file)
        if path is None or not path.is_file():
            raise SamplegenError(f"{file}: no such file in the spec")
        return path

    def _check_api(self, api: Api) -> Mistakes:
        for name in api.proto:
            places = [self.layers.find(name)]
            places += [self.layers.find(f"{folder}/{name}") for folder in api.include]
            if not any(path is not None and path.is_file() for path in places):
                message = f"found {name!r}; expected a file beside api.yaml"
                yield ("proto",), f"{message}, or in a folder of 'include'"
        openapi = self.layers.find(api.openapi) if api.openapi is not None else None
        if api.openapi is not None and (openapi is None or not openapi.is_file()):
            yield ("openapi",), f"found {api.openapi!r}; expected a file beside api.yaml"
        if api.proto and api.openapi is not None:
            yield ("openapi",), "found 'openapi' beside 'proto'; leave one of them out"
        for index, name in enumerate(api.include):
            folder = self.layers.find(name)
            if folder is None or not folder.is_dir():
                yield ("include", index), f"found {name!r}; expected a folder beside api.yaml"

        for location, message in server_mistakes(api.server, api.connection.ports):
            yield ("server", *location), message
        for index, fault in enumerate(api.faults):
            if bool(fault.replace) == (fault.status is not None):
                yield ("faults", index), "expected exactly one of 'replace' and 'status'"
            for old, new in fault.replace.items():
                if not 0 < len(old.encode()) == len(new.encode()):
                    yield (
                        ("faults", index, "replace"),
                        f"found {new!r} for {old!r}; expected as many bytes",
                    )

    def _check_operation(self, operation: OperationFile, *, recorded: bool = True) -> Mistakes:
        if operation.setup or operation.check or operation.teardown:
            linker = Linker(self.contract)
            linker.around(operation)
            yield from linker.mistakes
        if operation.steps:
            yield from self._check_steps(operation, recorded)
            return
        if operation.form == STEPS:
            yield (), "'form' and 'steps' are missing; add one of them"
        for name in ("calls", "expect"):
            if not getattr(operation, name):
                yield (name,), f"{name}: found an empty list; expected at least one item"
        known = ["{model}", "{version}", *(f"{{{name}}}" for name in operation.request)]
        for index, call in enumerate(operation.calls):
            for place in re.findall(r"{[^{}]*}?|}", call.path):
                if place not in known:
                    message = f"found {place}; expected {' or '.join(known)}"
                    yield ("calls", index, "rest"), message
        if operation.model is None and any("{model}" in call.path for call in operation.calls):
            yield (), "'model' is missing, yet a call has {model} in its path; add it"
        for index, tensor in enumerate(operation.inputs):
            for location, message in self._check_input(tensor):
                yield ("inputs", index, *location), message
        listed = sum(len(tensor.data or ()) for tensor in operation.inputs)
        if listed > MOST_LITERAL:
            message = f"found {listed:,} elements of data; expected at most {MOST_LITERAL:,}"
            yield ("inputs",), f"{message}, which compilers take as literals; use 'cycle' or 'file'"
        for name in ("expect", "other"):
            for index, expectation in enumerate(getattr(operation, name)):
                for location, message in self._check_expectation(operation, expectation):
                    yield (name, index, *location), message

    def _check_steps(self, operation: OperationFile, recorded: bool) -> Mistakes:
        for name in (
            "model",
            "model_version",
            "calls",
            "request",
            "inputs",
            "outputs",
            "expect",
            "other",
        ):
            if getattr(operation, name):
                yield (name,), f"found {name!r} beside 'steps', which say it all; leave it out"
        linker = Linker(self.contract, recorded)
        linked = linker.link(operation.steps)
        yield from linker.mistakes
        if not linker.mistakes and not any(step.lines for step in linked):
            yield ("steps",), "no step prints anything; add 'print' to one"

    def _check_expectation(self, operation: OperationFile, expectation: Expectation) -> Mistakes:
        if (expectation.value is None) == (expectation.pattern is None):
            yield (), "expected exactly one of 'value' and 'pattern'"
        for name in ("pattern", "elsewhere"):
            try:
                re.compile(getattr(expectation, name) or "")
            except (re.error, OverflowError, RecursionError) as error:
                yield (name,), f"not a regular expression: {error}"
        rpcs = [call.rpc for call in operation.calls]
        if expectation.answer and expectation.answer[0] not in rpcs:
            yield (
                ("answer",),
                f"found {expectation.answer[0]!r}; {nearest(expectation.answer[0], rpcs)}",
            )

    def _check_input(self, tensor: Tensor) -> Mistakes:
        if [tensor.data, tensor.cycle, tensor.file].count(None) != 2:
            yield (), f"input {tensor.name!r}: expected exactly one of 'data', 'cycle' and 'file'"
            return
        if -1 in tensor.shape:
            yield ("shape",), f"found {list(tensor.shape)}; expected the sizes that are sent"
            return
        if tensor.cycle is not None:
            if tensor.datatype == "BOOL" and tensor.cycle != 2:
                yield ("cycle",), f"found {tensor.cycle}; expected 2 for BOOL: false and true"
            elif not all(fits(tensor.datatype, value) for value in tensor.first_cycle[-1:]):
                message = f"found {tensor.cycle}; expected numbers that {tensor.datatype} can hold"
                yield ("cycle",), message
            if tensor.size > MOST:
                yield ("shape",), f"found {tensor.size:,} elements; expected at most {MOST:,}"
            return
        if tensor.file is not None:
            if (tensor.datatype, tensor.shape) != ("BYTES", (1,)):
                yield ("file",), "a file is sent as one element; expected datatype BYTES, shape [1]"
            path = self.layers.find(f"data/{tensor.file}")
            if "/" in tensor.file or path is None or not path.is_file():
                yield ("file",), f"found {tensor.file!r}; expected a file of the spec's data folder"
            return
        data = tensor.data or ()
        size = math.prod(tensor.shape)
        if len(data) != size:
            yield (
                ("data",),
                f"found {len(data)} values; expected {size} for shape {list(tensor.shape)}",
            )
        for index, value in enumerate(data):
            size = longest_literal(value)
            if size > MOST_BYTES:
                message = f"found a text of {size:,} bytes; expected at most {MOST_BYTES:,}"
                yield ("data", index), f"{message}, which compilers take; use 'cycle' or 'file'"
            if not fits(tensor.datatype, value):
                yield (
                    ("data", index),
                    f"found {value!r}; expected a value of datatype {tensor.datatype}",
                )
