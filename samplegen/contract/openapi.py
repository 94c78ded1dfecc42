"""A contract of OpenAPI 2.0, 3.0 or 3.1, in YAML or JSON, with the files that it refers to."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from samplegen import yamlfile
from samplegen.contract.model import Contract, Enum, Field, Kind, Message, Method, Route
from samplegen.errors import Problem, SamplegenError
from samplegen.yamlfile import Document, Location

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

INSTALL = "pip install 'samplegen[contract]'"
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
_LONGEST = 200
"""Characters of a validator's message, which may repeat a whole schema."""


@lru_cache(maxsize=16)
def read(path: Path) -> Contract:
    """The contract in an OpenAPI file.

    Raises:
        SamplegenError: It has mistakes, or nothing here can read it; with each mistake.
    """
    document = yamlfile.read(path)
    _validate(document)
    return _Reader(document).contract()


def _validate(document: Document) -> None:
    """Raises SamplegenError with each mistake of the document."""
    try:
        from openapi_spec_validator import (
            OpenAPIV2SpecValidator,
            OpenAPIV30SpecValidator,
            OpenAPIV31SpecValidator,
        )
    except ImportError as error:
        message = f"openapi-spec-validator is missing, which reads OpenAPI; type: {INSTALL}"
        raise SamplegenError(message) from error
    values = document.values if isinstance(document.values, dict) else {}
    key = "swagger" if "swagger" in values else "openapi"
    known = {"2.0": OpenAPIV2SpecValidator, "3.0": OpenAPIV30SpecValidator,
             "3.1": OpenAPIV31SpecValidator}  # fmt: skip
    version = str(values.get(key, ""))
    validator = known.get(".".join(version.split(".")[:2]))
    if validator is None or (key == "swagger") != (version == "2.0"):
        message = f"found {version!r}; expected 'swagger: \"2.0\"', or 'openapi' 3.0 or 3.1"
        raise SamplegenError(document.problem((key,), message))
    if problems := [document.problem(at, what) for at, what in _odd_references(values, ())]:
        raise SamplegenError(*problems)
    try:
        found = [*validator(values, base_uri=document.path.absolute().as_uri()).iter_errors()]
    except Exception as error:  # libraries below it have many for a reference that leads nowhere
        raise SamplegenError(document.problem((), f"not OpenAPI: {_short(error)}")) from error
    if mistakes := dict.fromkeys(_problem(document, one) for one in found):
        raise SamplegenError(*mistakes)


def _problem(document: Document, error: "ValidationError") -> Problem:
    """What a validator found; of alternatives, what is wrong about the one that fits best."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return document.problem(tuple(error.absolute_path), _short(error.message))


def _short(error: object) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _odd_references(tree: Any, at: Location) -> Iterator[tuple[Location, str]]:
    """References that lead out of the machine or nowhere within the document."""
    pending: list[tuple[Any, Location]] = [(tree, at)]
    while pending:
        here, place = pending.pop()
        items = here.items() if isinstance(here, dict) else enumerate(here)
        for key, item in items:
            if key == "$ref" and isinstance(item, str):
                if urlsplit(item).scheme:
                    yield (*place, key), f"found {item!r}; expected a file beside this one"
                elif item.startswith("#") and not _leads(tree, item):
                    yield (*place, key), f"found {item!r}, which is not in this file"
            elif isinstance(item, dict | list):
                pending.append((item, (*place, key)))


def _leads(tree: Any, reference: str) -> bool:
    """Whether a pointer within a document leads somewhere; see RFC 6901."""
    for part in filter(None, reference.removeprefix("#").split("/")):
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(tree, list) and name.isdecimal() and int(name) < len(tree):
            tree = tree[int(name)]
        elif isinstance(tree, dict) and name in tree:
            tree = tree[name]
        else:
            return False
    return True


class _Reader:
    """Makes messages and methods of a valid document."""

    def __init__(self, document: Document) -> None:
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012

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
        return Contract(methods=tuple(methods), messages=self._messages, enums=self._enums)

    def _base(self) -> str:
        """What comes before all paths."""
        servers = self._values.get("servers") or [{"url": self._values.get("basePath", "")}]
        url = str(servers[0]["url"])
        for name, variable in servers[0].get("variables", {}).items():
            url = url.replace(f"{{{name}}}", variable["default"])
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
                limits += [f"{known!r} stands in path and query"] if known in fields else []
                fields[known] = field
            elif required:
                limits.append(f"it needs {known!r} in {place}")
        if "requestBody" in operation:
            content, inner, _ = self._followed(operation["requestBody"], resolver)
            json = _json(content.get("content", {}))
            body = None if json is None else (json.get("schema", {}), inner)
            limits += [] if body else ["its body is no JSON"]
        limits += self._add_body(name, body, fields)
        answer, limit = self._answer(name, operation, resolver)
        request = f"{name} request"
        self._messages[request] = Message(name=request, fields=fields)
        return Method(
            name=name,
            service="",
            request=request,
            response=answer,
            route=Route(method=verb.upper(), path=path, body="*" if body else ""),
            comment=operation.get("summary", "") or operation.get("description", ""),
            limits=(*limits, *limit),
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

    def _answer(self, name: str, operation: Any, resolver: Any) -> tuple[str, list[str]]:
        """The message that answers a call, and what steps cannot do yet."""
        responses = {str(status): one for status, one in operation.get("responses", {}).items()}
        status = next((s for s in ("200", "2XX", "default") if s in responses), None)
        found, inner, _ = self._followed(responses.get(status or "", {}), resolver)
        content = found if "schema" in found else _json(found.get("content", {}))
        message = content and self._message(content.get("schema", {}), inner, f"{name} answer")
        if not message:
            message = f"{name} answer"
            self._messages[message] = Message(name=message, fields={})
        limits = [] if status else ["it does not answer with status 200"]
        return message, limits

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
        for known, (given, inner, required) in self._properties(schema, resolver, 0).items():
            fields[known] = self._field(known, given, inner, required=required, owner=unique)
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
        )

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
