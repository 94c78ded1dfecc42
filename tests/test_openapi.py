"""OpenAPI files as contracts: read, refused at the right place, and proven against a server."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from samplegen.contract import openapi
from samplegen.errors import SamplegenError

ITEM = {
    "type": "object",
    "required": ["title", "id"],
    "properties": {
        "id": {"type": "integer", "format": "int64", "readOnly": True},
        "title": {"type": "string"},
        "mood": {"type": "string", "enum": ["calm", "loud"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "part": {"$ref": "#/REF/Item"},
        "sizes": {"type": "object", "additionalProperties": {"type": "integer"}},
        "raw": {"type": "string", "format": "byte"},
    },
}
ID = {"name": "id", "in": "path", "required": True}
LIMIT = {"name": "limit", "in": "query"}


def document(version: str) -> dict[str, Any]:
    """The same API in each version of OpenAPI."""
    old = version == "2.0"
    place = "definitions" if old else "components/schemas"
    item = json.loads(json.dumps(ITEM).replace("REF", place))
    reference = {"$ref": f"#/{place}/Item"}
    whole = {"application/json": {"schema": reference}}
    answer: dict[str, Any] = {"description": "ok", **({"schema": reference} if old else {})}
    body: dict[str, Any] = {}
    parameters: list[dict[str, Any]] = [
        {**ID, "type": "integer"} if old else {**ID, "schema": {"type": "integer"}},
        {**LIMIT, "type": "integer"} if old else {**LIMIT, "schema": {"type": "integer"}},
    ]
    created = {"name": "body", "in": "body", "required": True, "schema": reference}
    if not old:
        answer["content"] = whole
        body["requestBody"] = {"required": True, "content": whole}
    responses = {"200": answer}
    post = {"operationId": "addItem", "responses": responses, **body}
    if old:
        post["parameters"] = [created]
    return {
        **({"swagger": "2.0", "basePath": "/v1"} if old else {"openapi": version}),
        **({"definitions": {"Item": item}} if old else {"components": {"schemas": {"Item": item}}}),
        **({} if old else {"servers": [{"url": "http://localhost:8080/v1/"}]}),
        "info": {"title": "Shop", "version": "1"},
        "paths": {
            "/items": {"post": post},
            "/items/{id}": {"parameters": parameters, "get": {"responses": responses}},
        },
    }


def written(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / "shop.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


@pytest.mark.parametrize("version", ["2.0", "3.0.3", "3.1.0"])
def test_each_version_says_the_same(version: str, tmp_path: Path) -> None:
    contract = openapi.read(written(tmp_path, document(version)))
    add = contract.method("addItem")
    get = contract.method("GET /v1/items/{id}")
    assert add is not None
    assert get is not None
    assert add.route is not None
    assert (add.route.method, add.route.path, add.route.body) == ("POST", "/v1/items", "*")
    fields = contract.messages[add.request].fields
    assert {name: (f.kind, f.repeated, f.is_map, f.required) for name, f in fields.items()} == {
        "id": ("integer", False, False, False),
        "title": ("string", False, False, True),
        "mood": ("enum", False, False, False),
        "tags": ("string", True, False, False),
        "part": ("message", False, False, False),
        "sizes": ("integer", False, True, False),
        "raw": ("bytes", False, False, False),
    }
    assert fields["part"].type == "Item"
    places = {name: f.place for name, f in contract.messages[get.request].fields.items()}
    assert places == {"id": "path", "limit": "query"}
    assert (get.response, get.limits, add.limits) == ("Item", (), ())


def test_json_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(document("3.1.0"), indent=1), encoding="utf-8")
    assert openapi.read(path).method("addItem")


def test_nullable_and_all_of_are_merged(tmp_path: Path) -> None:
    content = document("3.1.0")
    content["components"]["schemas"]["Big"] = {
        "allOf": [
            {"$ref": "#/components/schemas/Item"},
            {"required": ["size"], "properties": {"size": {"type": ["integer", "null"]}}},
        ],
        "properties": {"part": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    }
    schema = {"$ref": "#/components/schemas/Big"}
    content["paths"]["/items"]["post"]["requestBody"]["content"]["application/json"] = {
        "schema": schema
    }
    contract = openapi.read(written(tmp_path, content))
    method = contract.method("addItem")
    assert method is not None
    fields = contract.messages[method.request].fields
    assert (fields["size"].kind, fields["size"].required) == ("integer", True)
    assert (fields["part"].kind, fields["title"].required) == ("string", True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"openapi": "4.0.0"}, "found '4.0.0'"),
        ({"info": {"title": "Shop"}}, "'version' is a required property"),
        ({"paths": {"/a": {"get": {"responses": {"200": {"$ref": "#/no"}}}}}}, "'#/no'"),
        ({"paths": {"/a": {"$ref": "https://example.org/a.yaml"}}}, "expected a file"),
    ],
)
def test_mistakes_are_told_at_their_place(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(SamplegenError) as caught:
        openapi.read(written(tmp_path, {**document("3.1.0"), **change}))
    assert any(message in p.message and p.line and p.column for p in caught.value.problems)


def test_a_file_that_is_referred_to_is_read_once(tmp_path: Path) -> None:
    content = document("3.1.0")
    (tmp_path / "item.yaml").write_text(yaml.safe_dump({"Item": {
        "type": "object", "properties": {"next": {"$ref": "#/Item"}, "n": {"type": "integer"}},
    }}))  # fmt: skip
    text = json.dumps(content).replace("#/components/schemas/Item", "item.yaml#/Item")
    content = json.loads(text)
    content["components"] = {}
    contract = openapi.read(written(tmp_path, content))
    assert sorted(contract.messages) == ["GET /v1/items/{id} request", "Item", "addItem request"]
    assert contract.messages["Item"].fields["next"].type == "Item"


@pytest.mark.parametrize(
    ("other", "reference", "message"),
    [
        (None, "other.yaml#/Item", "shop.yaml:LINE: found 'other.yaml#/Item'; there is no such"),
        ("Item: {}", "other.yaml#/Itm", "shop.yaml:LINE: found 'other.yaml#/Itm', which is not"),
        ("[1, 2]", "other.yaml#/Item", "shop.yaml:LINE: found 'other.yaml#/Item', which is not"),
        ("Item: [", "other.yaml#/Item", "other.yaml:2:1: not YAML"),
        ("Item: {$ref: '#/Itm'}", "other.yaml#/Item", "other.yaml:1:14: found '#/Itm', which is"),
        ("Item: {$ref: '#/Item'}", "other.yaml#/Item", "references that lead to each other"),
        (
            "Item: {properties: 5}",
            "other.yaml#/Item",
            "or a file that it refers to, is not OpenAPI",
        ),
    ],
)
def test_mistakes_of_files_that_are_referred_to(
    other: str | None, reference: str, message: str, tmp_path: Path
) -> None:
    content = document("3.1.0")
    answer = content["paths"]["/items"]["post"]["responses"]["200"]
    answer["content"]["application/json"] = {"schema": {"$ref": reference}}
    text = {"paths": content.pop("paths"), **content}
    if other is not None:
        (tmp_path / "other.yaml").write_text(other)
    path = written(tmp_path, text)
    lines = path.read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if reference in line)
    message = message.replace("LINE", f"{number}:{lines[number - 1].index('$') + 7}")
    with pytest.raises(SamplegenError) as caught:
        openapi.read(path)
    assert message in str(caught.value.problems[0])


API = """\
title: Shop
summary: Items.
openapi: contract/shop.yaml
connection: {host: localhost, rest_port: 8071}
deadline: 5
server:
  title: shop
  command: ["{python}", SERVER, "{rest_port}"]
  install: python3
  ready: /ready
clients: [python/requests, curl/rest]
"""
OPERATION = """\
title: Add an Item
summary: Add an item and read another.
steps:
  - call: addItem
    request: {title: "Lämp", mood: calm, tags: [a, b], sizes: {x: 9007199254740993}, raw: "hé"}
    print:
      - {label: title, path: title, value: "Lämp"}
      - {label: mood, path: mood, value: calm}
  - call: GET /v1/items/{id}
    request: {id: 7, limit: 3}
    print:
      - {label: id, path: id, value: 7}
"""
SERVER = """
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def give(self, answer):
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.partition("?")[0]
        number = path.rpartition("/")[2]
        self.give({"id": int(number), "title": "a chair"} if number.isdecimal() else {})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.give({"id": 1, **body})

    def log_message(self, *arguments):
        pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def project(folder: Path, operation: str = OPERATION) -> Path:
    spec = folder / "spec"
    (spec / "contract").mkdir(parents=True)
    written(spec / "contract", document("3.1.0"))
    (folder / "server.py").write_text(SERVER, encoding="utf-8")
    api = API.replace("SERVER", json.dumps(str(folder / "server.py")))
    (spec / "api.yaml").write_text(api, encoding="utf-8")
    (spec / "add-item.yaml").write_text(operation, encoding="utf-8")
    return spec


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "samplegen", *arguments, "--spec", "spec"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.mark.processes
def test_all_mistakes_of_a_request_are_told_at_once(tmp_path: Path) -> None:
    wrong = OPERATION.replace("title:", "titel:", 2).replace("calm, tags", "claim, tags", 1)
    wrong = wrong.replace("titel: Add", "title: Add").replace("limit: 3", "limit: many")
    project(tmp_path, wrong)
    ended = run(tmp_path, "generate")
    assert ended.returncode != 0
    for found in ("'titel'", "needs 'title'", "'claim'", "'many'"):
        assert found in ended.stderr
    assert ended.stderr.count("add-item.yaml:") == 4


@pytest.mark.processes
@pytest.mark.parametrize("client", ["python/requests", "curl/rest"])
def test_samples_pass_every_gate(client: str, tmp_path: Path) -> None:
    project(tmp_path)
    generated = run(tmp_path, "generate")
    assert generated.returncode == 0, generated.stderr
    ended = run(tmp_path, "verify", "--client", client, "--json")
    (verdict,) = json.loads(ended.stdout)
    assert (verdict["status"], verdict["findings"]) == ("passed", []), verdict
    assert {"wire", "meaning", "faults"} <= {*verdict["gates"]}


@pytest.mark.parametrize(
    ("responses", "statuses", "empty"),
    [
        ({"200": "json"}, (200,), ()),
        ({"201": "json", "202": "", "400": "json"}, (201,), (202,)),
        ({"204": ""}, (), (204,)),
        ({"204": "json"}, (), (204,)),
        ({"200": "text"}, (), (200,)),
        ({"200": "json", "2XX": ""}, (200,), (201, 202, 204)),
        ({"2XX": "json"}, (200, 201, 202), (204,)),
        ({"default": "json"}, (200,), ()),
        ({"default": "json", "201": ""}, (), (201,)),
        ({"404": ""}, (200,), ()),
    ],
)
@pytest.mark.parametrize("version", ["2.0", "3.0.3", "3.1.0"])
def test_statuses_of_success_are_those_that_are_listed(
    responses: dict[str, str],
    statuses: tuple[int, ...],
    empty: tuple[int, ...],
    version: str,
    tmp_path: Path,
) -> None:
    old = version == "2.0"
    if old and ({*responses} & {"2XX"} or "text" in responses.values()):
        return  # it has neither
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    media = {"json": "application/json", "text": "text/plain"}
    content = document(version)
    content["paths"]["/items"]["post"]["responses"] = {
        status: {
            "description": "d",
            **({"schema": schema} if old and body else {}),
            **({"content": {media[body]: {"schema": schema}}} if body and not old else {}),
        }
        for status, body in responses.items()
    }
    method = openapi.read(written(tmp_path, content)).method("addItem")
    assert method is not None
    assert (method.statuses, method.empty_statuses, method.limits) == (statuses, empty, ())
