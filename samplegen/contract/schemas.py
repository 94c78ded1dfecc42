"""The schemas and operations of an OpenAPI document, and of what it refers to, as a contract."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from samplegen import yamlfile
from samplegen.contract.model import (
    Contract,
    Enum,
    Field,
    Kind,
    Message,
    Method,
    Route,
    Security,
)
from samplegen.errors import SamplegenError
from samplegen.yamlfile import Document

_VERBS = ("get", "put", "post", "delete", "patch", "head")
_KINDS: Mapping[tuple[str, str], Kind] = {
    ("integer", "int32"): "int32", ("string", "int64"): "int64", ("string", "uint64"): "uint64",
    ("string", "byte"): "bytes",
}  # fmt: skip
"""By type and format."""
_PLAIN: Mapping[str, Kind] = {
    "string": "string", "integer": "integer", "number": "double", "boolean": "bool",
}  # fmt: skip
"""By type, for all other formats."""
_SUCCESSES = (200, 201, 202, 204)
"""What `2XX` stands for."""
_BODILESS = frozenset({204, 205})
"""Statuses whose answers never have a body."""


class Reader:
    """Makes messages and methods of a valid document."""

    def __init__(self, document: Document) -> None:
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012

        @cache  # so that a schema is one object, however often it is referred to
        def retrieve(uri: str) -> Any:
            contents = yamlfile.read(Path(unquote(urlsplit(uri).path))).values
            return DRAFT202012.create_resource(contents)

        uri = document.path.absolute().as_uri()
        registry: Any = Registry(retrieve=retrieve)  # type: ignore[call-arg]
        whole = DRAFT202012.create_resource(document.values)
        self._root = registry.with_resource(uri, whole).resolver(uri)
        self._values = document.values
        self._messages: dict[str, Message] = {}
        self._enums: dict[str, Enum] = {}
        self._names: dict[int, str] = {}
        """The message of a schema, by the identity of the schema."""

    def contract(self) -> Contract:
        base = self._base()
        methods = []
        for path, item in self._values.get("paths", {}).items():
            item, resolver, _ = self._followed(item, self._root)
            shared = item.get("parameters", [])
            for verb in _VERBS:
                if verb in item:
                    route = f"{base}{path}"
                    methods.append(self._method(verb, route, item[verb], shared, resolver))
        info = self._values.get("info", {})
        return Contract(
            api_title=str(info.get("title", "")),
            api_summary=str(info.get("summary") or info.get("description") or ""),
            servers=tuple(self._servers()),
            base_path=base,
            security=tuple(self._security()),
            methods=tuple(methods),
            messages=self._messages,
            enums=self._enums,
        )

    def _servers(self) -> Iterator[str]:
        """The URLs of servers, with the defaults of their variables."""
        values = self._values
        for scheme in values.get("schemes", ["http"]) if "host" in values else []:
            yield f"{scheme}://{values['host']}{values.get('basePath', '')}"
        for server in values.get("servers", []):
            url = str(server["url"])
            for name, variable in server.get("variables", {}).items():
                url = url.replace(f"{{{name}}}", str(variable["default"]))
            yield url

    def _security(self) -> Iterator[Security]:
        """What the first of the alternatives asks for."""
        values = self._values
        components = values.get("components", {}).get("securitySchemes", {})
        schemes = values.get("securityDefinitions", components)
        for name in next(iter(values.get("security") or [{}])):
            scheme, _, _ = self._followed(schemes.get(name, {}), self._root)
            way = str(scheme.get("scheme", scheme.get("type", ""))).lower()
            if way in ("bearer", "oauth2", "openidconnect"):
                yield Security(name=name, kind="bearer")
            elif way == "basic":
                yield Security(name=name, kind="basic")
            elif scheme.get("in") == "header":
                yield Security(name=name, kind="header", header=str(scheme["name"]).lower())
            else:
                yield Security(name=name, kind="other")

    def _base(self) -> str:
        """What comes before all paths."""
        url = next(self._servers(), str(self._values.get("basePath", "")))
        return urlsplit(url).path.rstrip("/")

    def _followed(self, data: Any, resolver: Any) -> tuple[Any, Any, str]:
        """What a reference leads to, from where its own start, and the last part of its name."""
        name = ""
        for _ in range(100):
            if not (isinstance(data, dict) and isinstance(data.get("$ref"), str)):
                return data if isinstance(data, dict) else {}, resolver, name
            name = data["$ref"].rpartition("/")[2]
            found = resolver.lookup(data["$ref"])
            data, resolver = found.contents, found.resolver
        raise SamplegenError(f"{name}: references that lead to each other, and to nothing else")

    # Calls

    def _method(
        self, verb: str, path: str, operation: Any, shared: list[Any], resolver: Any
    ) -> Method:
        name = operation.get("operationId") or f"{verb.upper()} {path}"
        fields: dict[str, Field] = {}
        limits: list[str] = []
        body: tuple[Any, Any] | None = None
        whole: Any = None
        parameters: dict[tuple[str, str], tuple[Any, Any]] = {}
        for given in (*shared, *operation.get("parameters", [])):
            parameter, inner, _ = self._followed(given, resolver)
            parameters[parameter["name"], parameter["in"]] = parameter, inner
        for (known, place), (parameter, inner) in parameters.items():
            schema = parameter.get("schema", parameter)
            required = parameter.get("required", False) is True
            if place == "body":
                body = schema, inner
            elif place in ("path", "query"):
                field = self._field(known, schema, inner, required=required, place=place)
                if (example := self._example(parameter, inner)) is not None:
                    field = replace(field, example=example)
                limits += [f"{known!r} stands in path and query"] if known in fields else []
                fields[known] = field
            elif required:
                limits.append(f"it needs {known!r} in {place}")
        if "requestBody" in operation:
            content, inner, _ = self._followed(operation["requestBody"], resolver)
            json = _json(content.get("content", {}))
            body = None if json is None else (json.get("schema", {}), inner)
            whole = None if json is None else self._example(json, inner)
            limits += [] if body else ["its body is no JSON"]
        limits += self._add_body(name, body, fields)
        if isinstance(whole, Mapping):
            for known, example in whole.items():
                if known in fields and not fields[known].place:
                    fields[known] = replace(fields[known], example=example)
        answer, statuses, empty = self._answer(name, operation, resolver)
        request = f"{name} request"
        self._messages[request] = Message(name=request, fields=fields)
        return Method(
            name=name,
            service="",
            request=request,
            response=answer,
            route=Route(method=verb.upper(), path=path, body="*" if body else ""),
            statuses=statuses,
            empty_statuses=empty,
            comment=operation.get("summary", "") or operation.get("description", ""),
            limits=tuple(limits),
        )

    def _add_body(
        self, name: str, body: tuple[Any, Any] | None, fields: dict[str, Field]
    ) -> Iterator[str]:
        """Adds the fields of a body to those of a request; yields what steps cannot do yet."""
        if body is None:
            return
        schema, resolver = body
        message = self._message(schema, resolver, f"{name} body")
        if message is None:
            yield "its body is no object"
            return
        for known, field in self._messages[message].fields.items():
            if known in fields:
                yield f"{known!r} stands in the {fields[known].place} and in the body"
            else:
                fields[known] = field

    def _answer(
        self, name: str, operation: Any, resolver: Any
    ) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
        """The message that answers a call, and the statuses of success: with it, and without."""
        responses = {str(status): one for status, one in operation.get("responses", {}).items()}
        if not any(map(_successes, responses)):
            responses = {"200": responses.get("default", {"schema": {}})}
        message: str | None = None
        statuses: dict[int, bool] = {}
        for key in sorted(responses):  # those of a range come after the others
            found, inner, _ = self._followed(responses[key], resolver)
            content = found if "schema" in found else _json(found.get("content", {}))
            succeeded = _successes(key)
            has_body = content is not None
            if has_body and succeeded and message is None:
                message = self._message(content.get("schema", {}), inner, f"{name} answer")
            for status in succeeded:
                statuses.setdefault(status, has_body and status not in _BODILESS)
        if not message:
            message = f"{name} answer"
            self._messages[message] = Message(name=message, fields={})
        with_body = tuple(sorted(status for status, has_body in statuses.items() if has_body))
        without = tuple(sorted(status for status, has_body in statuses.items() if not has_body))
        return message, with_body, without

    # Schemas

    def _message(self, schema: Any, resolver: Any, name: str) -> str | None:
        """The message of a schema that is an object; None: it is none."""
        schema, resolver, referred = self._followed(schema, resolver)
        if id(schema) in self._names:
            return self._names[id(schema)]
        if not _is_object(schema):
            return None
        wanted, number = referred or name, 2
        unique = wanted
        while unique in self._messages:
            unique, number = f"{wanted}{number}", number + 1
        self._names[id(schema)] = unique
        fields: dict[str, Field] = {}
        self._messages[unique] = Message(
            name=unique, fields=fields, comment=schema.get("description", "")
        )
        whole = self._example(schema, resolver)
        examples = whole if isinstance(whole, Mapping) else {}
        for known, (given, inner, required) in self._properties(schema, resolver, 0).items():
            field = self._field(known, given, inner, required=required, owner=unique)
            if field.example is None and known in examples:
                field = replace(field, example=examples[known])
            fields[known] = field
        return unique

    def _properties(
        self, schema: Any, resolver: Any, depth: int
    ) -> dict[str, tuple[Any, Any, bool]]:
        """The properties with those of `allOf`; those of alternatives are never required."""
        found: dict[str, tuple[Any, Any, bool]] = {}
        if depth > 50:
            raise SamplegenError("allOf, anyOf or oneOf of schemas that lead to each other")
        for key in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(key, []):
                inner_schema, inner, _ = self._followed(part, resolver)
                for name, (given, at, needed) in self._properties(
                    inner_schema, inner, depth + 1
                ).items():
                    found[name] = given, at, needed and key == "allOf"
        for name, given in schema.get("properties", {}).items():
            found[name] = given, resolver, False
        for name in schema.get("required", []) if isinstance(schema.get("required"), list) else []:
            if name in found:
                given, at, _ = found[name]
                found[name] = given, at, not (isinstance(given, dict) and given.get("readOnly"))
        return found

    def _field(
        self,
        name: str,
        schema: Any,
        resolver: Any,
        *,
        required: bool,
        place: str = "",
        owner: str = "",
    ) -> Field:
        schema, resolver, referred = self._alternative(schema, resolver)
        comment, repeated, key = schema.get("description", ""), False, None
        example, read_only = self._example(schema, resolver), schema.get("readOnly") is True
        if _type(schema) == "array":
            repeated = True
            schema, resolver, referred = self._alternative(schema.get("items", {}), resolver)
        elif isinstance(schema.get("additionalProperties"), dict) and "properties" not in schema:
            key = "string"
            values = schema["additionalProperties"]
            schema, resolver, referred = self._alternative(values, resolver)
        own = f"{owner}.{name}" if owner else name
        kind, type_ = self._kind(schema, resolver, referred or own)
        declared = type_ if kind in ("message", "enum") else schema.get("format") or kind
        return Field(
            name=name,
            json_name=name,
            number=0,
            kind=kind,
            declared=f"map<string, {declared}>" if key else declared,
            type=type_,
            repeated=repeated,
            key="string" if key else None,
            presence=True,
            required=required,
            comment=comment,
            place=place,
            read_only=read_only,
            example=example,
        )

    def _example(self, data: Mapping[str, Any], resolver: Any) -> Any:
        """A value that a schema, a parameter or a body gives; None: none."""
        examples = data.get("examples")
        if isinstance(examples, Mapping) and examples:
            found, _, _ = self._followed(next(iter(examples.values())), resolver)
            examples = [found.get("value")]
        given = [data.get("example"), *(examples if isinstance(examples, list) else [])]
        given += [data.get("const"), data.get("default")]
        least = data.get("minimum")
        given += [least if isinstance(least, int | float) and least > 1 else None]
        return next((value for value in given if value is not None), None)

    def _alternative(self, schema: Any, resolver: Any) -> tuple[Any, Any, str]:
        """What a reference leads to; of alternatives, the only one that is not null."""
        schema, resolver, name = self._followed(schema, resolver)
        for _ in range(100):
            parts = [
                part
                for key in ("allOf", "anyOf", "oneOf")
                for part in schema.get(key, [])
                if _type(part) != "null"
            ]
            if len(parts) != 1 or "properties" in schema:
                break
            schema, resolver, name = self._followed(parts[0], resolver)
        return schema, resolver, name

    def _kind(self, schema: Any, resolver: Any, name: str) -> tuple[Kind, str]:
        """The kind of a single value, and its message or enum."""
        type_, choices = _type(schema), schema.get("enum", [])
        if type_ == "string" and choices and all(isinstance(one, str) for one in choices):
            self._enums[name] = Enum(name=name, values={one: n for n, one in enumerate(choices)})
            return "enum", name
        format_ = schema.get("format", "")
        if format_ != "binary" and type_ in _PLAIN:
            return _KINDS.get((type_, format_), _PLAIN[type_]), ""
        found = self._message(schema, resolver, name)
        if found is None:  # anything, which has no fields that are known
            found = name if name not in self._messages else f"{name} value"
            self._messages[found] = Message(name=found, fields={})
        return "message", found


def _successes(key: str) -> tuple[int, ...]:
    """The statuses of success that a key of `responses` means."""
    if key.upper() == "2XX":
        return _SUCCESSES
    return (int(key),) if key.isdecimal() and key.startswith("2") else ()


def _type(schema: Any) -> str:
    """The type that is not null; empty if any is allowed."""
    found = schema.get("type", "") if isinstance(schema, dict) else ""
    if isinstance(found, list):
        found = next((one for one in found if one != "null"), "")
    return str(found)


def _is_object(schema: Any) -> bool:
    keys = ("properties", "additionalProperties", "allOf", "anyOf", "oneOf")
    return _type(schema) == "object" or (not _type(schema) and any(k in schema for k in keys))


def _json(content: Mapping[str, Any]) -> Any:
    """What a body has in JSON; None: it is in none."""
    for media, found in content.items():
        name = media.partition(";")[0].strip().lower()
        if name == "application/json" or name.endswith("+json") or name == "*/*":
            return found
    return None
