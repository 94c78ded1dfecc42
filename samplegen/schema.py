"""JSON Schemas of the YAML files, so that editors complete and check them."""

import ast
import inspect
import json
from functools import cache
from types import ModuleType
from typing import Any

from samplegen import clients, connection, spec
from samplegen.clients import ClientFile, Language
from samplegen.spec import Api, OperationFile
from samplegen.yamlfile import adapter

_FILES: dict[str, type[Any]] = {
    "api.json": Api,
    "operation.json": OperationFile,
    "language.json": Language,
    "client.json": ClientFile,
}


def schemas() -> dict[str, bytes]:
    """File name to JSON Schema; each key is described as its class describes it."""
    return {name: _schema(kind) for name, kind in _FILES.items()}


def _schema(kind: type[Any]) -> bytes:
    schema = adapter(kind).json_schema()
    descriptions = _descriptions(spec) | _descriptions(connection) | _descriptions(clients)
    for title, definition in [(kind.__name__, schema), *schema.get("$defs", {}).items()]:
        if text := descriptions.get((title, "")):
            definition["description"] = text
        for name, prop in definition.get("properties", {}).items():
            if text := descriptions.get((title, name)):
                prop["description"] = text
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
