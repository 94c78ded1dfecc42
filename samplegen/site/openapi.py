"""The REST routes as an OpenAPI document whose code samples are the judged ones."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from samplegen.contract.model import Field
from samplegen.site.book import Book, Sample
from samplegen.spec.operation import Call, Operation

Schema = dict[str, Any]

_SCALARS: dict[str, Schema] = {
    "bool": {"type": "boolean"},
    "integer": {"type": "integer"},
    "string": {"type": "string"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "double": {"type": "number"},
    "float": {"type": "number"},
    **{f"{sign}int{bits}": {"type": "integer"} for sign in ("", "u") for bits in (32, 64)},
}
"""By kind; Protocol Buffers, "Scalar Value Types"."""
_PATH_PARAMETERS: dict[str, Schema] = {
    "model": {"description": "The model's name.", "schema": {"type": "string"}},
    "version": {
        "description": "A version of the model.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
}
_PATH_PARAMETER: Schema = {"schema": {"type": "string"}}


def document(book: Book, url: str) -> str:
    """The document, as JSON.

    Args:
        book: The operations and their samples.
        url: Where the site is.
    """
    paths: dict[str, dict[str, Any]] = {}
    routes: Counter[str] = Counter()
    for operation in book.operations.values():
        for call in operation.calls:
            if call.rest is None:
                continue
            methods = paths.setdefault(call.path, {})
            if call.method.lower() not in methods:
                routes[call.rpc] += 1
                number = str(routes[call.rpc]) if routes[call.rpc] > 1 else ""
                route = {"operationId": f"{call.rpc}{number}", **_operation(book, call, url)}
                methods[call.method.lower()] = route
    connection = book.api.connection
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": book.api.title,
            "summary": book.api.summary,
            "version": book.api.rest.version,
        },
        "servers": [
            {
                "url": "http://{host}:{port}",
                "variables": {
                    "host": {"default": connection.host},
                    "port": {"default": str(connection.rest_port or "")},
                },
            }
        ],
        "security": [],
        "paths": paths,
        "components": {"schemas": _schemas(book)},
    }
    return json.dumps(whole, ensure_ascii=False) + "\n"


def _operation(book: Book, call: Call, url: str) -> dict[str, Any]:
    """One route: the first operation that calls it gives its words, all give their samples."""
    operations = users(book, call.rest or "")
    rpc = book.contract.method(call.rpc)
    found: dict[str, Any] = {
        "summary": rpc.comment if rpc else operations[0].title,
        "description": "\n".join(f"- [{o.title}]({_page(url, o)})" for o in operations),
    }
    names = re.findall(r"{(\w+)}", call.path)
    if names:
        found["parameters"] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                **_PATH_PARAMETERS.get(name, _PATH_PARAMETER),
            }
            for name in names
        ]
    if rpc and call.method == "POST":
        found["requestBody"] = {"required": True, "content": _content(book, rpc.request)}
    ok: dict[str, Any] = {"description": "Success."}
    if rpc and call.rpc not in book.api.rest.no_body:
        ok["content"] = _content(book, rpc.response)
    found["responses"] = {"200": ok, **_errors(book, call)}
    found["x-codeSamples"] = code_samples(book, operations)
    return found


def _page(url: str, operation: Operation) -> str:
    return f"{url}operations/{operation.name}/"


def users(book: Book, route: str) -> list[Operation]:
    """The operations that call a route, such as `GET /items`."""
    return [o for o in book.operations.values() if any(c.rest == route for c in o.calls)]


def code_samples(book: Book, operations: Sequence[Operation]) -> list[dict[str, str]]:
    """Those of a route. Readers of the document pick one by its `lang`, so each has its own.

    Args:
        book: Has the samples.
        operations: Those that call the route.
    """
    samples: list[Sample] = [
        sample
        for operation in operations
        for sample in book.by_operation[operation.name]
        if sample.client.transport == "rest"
    ]
    alone = len(operations) == 1
    entries: list[dict[str, str]] = []
    taken: Counter[str] = Counter()
    for sample in samples:
        language = sample.client.language.title
        lang = "Shell" if sample.client.language.lexer == "sh" else language
        title = sample.client.title if alone else f"{sample.client.title}: {sample.operation.title}"
        name = lang if not taken[lang] else f"{lang} ({title})"
        taken[lang] += 1
        entries.append({"lang": name, "label": title, "source": sample.rendered.text})
    return entries


def _content(book: Book, message: str) -> dict[str, Any]:
    """A body as JSON, or as JSON with the tensors' bytes behind it."""
    title = book.contract.title(message)
    content: dict[str, Any] = {
        "application/json": {"schema": {"$ref": f"#/components/schemas/{title}"}}
    }
    if title in book.api.rest.bytes_behind:
        content["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}
    return content


def _errors(book: Book, call: Call) -> dict[str, Any]:
    """The answers to requests that cannot be met, by status."""
    texts: dict[str, list[str]] = {}
    for fault in book.faults:
        if fault.rest is not None and call.rpc in fault.calls:
            texts.setdefault(str(fault.rest), []).append(fault.text)
    schema = {"$ref": "#/components/schemas/Error"}
    return {
        status: {
            "description": "\n".join(f"- {text}" for text in texts[status]),
            "content": {"application/json": {"schema": schema}},
        }
        for status in sorted(texts)
    }


def _schemas(book: Book) -> dict[str, Schema]:
    """The JSON of every message that a route's body holds, made from the gRPC contract."""
    schemas: dict[str, Schema] = {
        "Error": {
            "type": "object",
            "required": ["error"],
            "properties": {"error": {"type": "string"}},
        }
    }
    waiting = [*_bodies(book)]
    done: set[str] = set()
    while waiting:
        name = waiting.pop()
        done.add(name)
        schemas[book.contract.title(name)], named = _message(book, name)
        waiting += named - done
    return dict(sorted(schemas.items()))


def _bodies(book: Book) -> Iterator[str]:
    """The messages that are the JSON of a request or an answer."""
    for call in (call for operation in book.operations.values() for call in operation.calls):
        method = book.contract.method(call.rpc)
        if method is not None and call.method == "POST":
            yield method.request
        if method is not None and call.rpc not in book.api.rest.no_body:
            yield method.response


def _message(book: Book, name: str) -> tuple[Schema, set[str]]:
    """The JSON of a message, and the messages that stand in it."""
    rest = book.api.rest
    properties: dict[str, Schema] = {}
    required = []
    named = set()
    for field in book.contract.messages[name].fields.values():
        path = f"{book.contract.title(name)}.{field.name}"
        elsewhere = rest.fields.get(path)
        if elsewhere is None:
            properties[field.name] = _property(book, field)
            if path not in rest.optional and not field.oneof:
                required.append(field.name)
            if field.kind == "message" and book.contract.title(field.type) not in rest.types:
                named.add(field.type)
        elif elsewhere.name is not None:
            properties[elsewhere.name] = elsewhere.schema
    return {"type": "object", "required": required, "properties": properties}, named


def _property(book: Book, field: Field) -> Schema:
    schema = _type(book, field)
    if field.is_map:
        schema = {"type": "object", "additionalProperties": schema}
    if field.repeated:
        schema = {"type": "array", "items": schema}
    return {**schema, "description": field.comment} if field.comment else schema


def _type(book: Book, field: Field) -> Schema:
    if not field.type:
        return _SCALARS[field.kind]
    title = book.contract.title(field.type)
    if title in book.api.rest.types:
        return book.api.rest.types[title]
    if field.kind == "enum":
        return {"type": "string", "enum": [*book.contract.enums[field.type].values]}
    return {"$ref": f"#/components/schemas/{title}"}
