"""JSON Schemas: of the YAML files, for editors, and of what is given to machines."""

import ast
import inspect
import json
from functools import cache
from types import ModuleType
from typing import Any

from samplegen import files, outputs, settings
from samplegen.conformance import results
from samplegen.conformance.results import Conformance
from samplegen.connection import model
from samplegen.files import IndexedSample
from samplegen.judge.gates import finding
from samplegen.judge.results import verdicts
from samplegen.judge.results.verdicts import Verdict
from samplegen.outputs import (
    ListedCell,
    MutationScores,
    Need,
    PublishedSample,
    ServedModel,
    ShownProgram,
)
from samplegen.render import clients
from samplegen.render.clients import ClientFile, Language
from samplegen.render.literals import declared
from samplegen.served import metadata
from samplegen.settings import SettingsFile
from samplegen.spec import api, operation, steps, tensors
from samplegen.spec.api import Api
from samplegen.spec.operation import OperationFile
from samplegen.yamlfile import adapter

_FILES: dict[str, Any] = {
    "api.json": Api,
    "operation.json": OperationFile,
    "language.json": Language,
    "client.json": ClientFile,
    "settings.json": SettingsFile,
}
"""What YAML files hold."""
_OUTPUTS: dict[str, Any] = {
    "output/list.json": list[ListedCell],
    "output/show.json": ShownProgram,
    "output/doctor.json": list[Need],
    "output/model.json": ServedModel,
    "output/conform.json": Conformance,
    "output/verdicts.json": list[Verdict],
    "output/samples.json": list[IndexedSample],
    "output/site-samples.json": list[PublishedSample],
    "output/mutants.json": MutationScores,
}
"""What machines are given: all of its keys are there, and others may follow."""
_MODULES = (
    api, operation, steps, tensors, model, clients, declared, settings, outputs, verdicts, finding,
    files, metadata, results,
)  # fmt: skip
"""Where the classes are, for their docstrings."""


def schemas() -> dict[str, bytes]:
    """File name to JSON Schema; each key is described as its class describes it."""
    read = {name: _schema(kind) for name, kind in _FILES.items()}
    return read | {name: _schema(kind, is_output=True) for name, kind in _OUTPUTS.items()}


def _schema(kind: Any, *, is_output: bool = False) -> bytes:
    schema = adapter(kind).json_schema(mode="serialization" if is_output else "validation")
    descriptions: dict[tuple[str, str], str] = {}
    for module in _MODULES:
        descriptions |= _descriptions(module)
    definitions = {**schema.get("$defs", {})}
    if "properties" in schema:
        definitions[kind.__name__] = schema
    for title, definition in definitions.items():
        if text := descriptions.get((title, "")):
            definition["description"] = text
        for name, prop in definition.get("properties", {}).items():
            if text := descriptions.get((title, name)):
                prop["description"] = text
            if is_output:
                prop.pop("default", None)
        if is_output and "properties" in definition:
            definition["required"] = [*definition["properties"]]
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return (json.dumps(schema, indent=1, ensure_ascii=False) + "\n").encode()


@cache
def _descriptions(module: ModuleType) -> dict[tuple[str, str], str]:
    """The docstrings of a module's classes and, below each field, of the fields."""
    found = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        found[node.name, ""] = (ast.get_docstring(node) or "").partition("\n\n")[0]
        for field, text in zip(node.body, node.body[1:], strict=False):
            match field, text:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str() as docstring)),
                ):
                    found[node.name, name] = inspect.cleandoc(docstring).replace("\n", " ")
    return found
