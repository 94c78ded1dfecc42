"""Projects that are drafted of a contract: what is in them, and that samplegen can read it."""

import json
import re
from pathlib import Path
from time import process_time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen.catalogue import Catalogue
from samplegen.contract.model import Method
from samplegen.drafting import choosing, operations
from samplegen.resources import template_layers
from samplegen.spec.operation import OPERATION_NAME
from tests.conftest import ROOT, Run
from tests.test_contract import MONEY, SHOP
from tests.test_openapi import document
from tests.test_workflows import audited

pytestmark = pytest.mark.processes  # protoc, and the command line

ETCD = ROOT / "examples" / "etcd" / "spec" / "etcd.proto"
SERVER = "serve --grpc {grpc_port} --rest {rest_port}"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def drafted(samplegen: Run, folder: Path, *arguments: str | Path) -> str:
    """What is said of a project that is drafted in `made`."""
    done = samplegen("init", "made", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stderr


def steps(folder: Path, operation: str) -> Any:
    return yaml.safe_load((folder / f"made/spec/{operation}.yaml").read_text("utf-8"))["steps"]


def loaded(folder: Path) -> dict[str, Any]:
    """The drafted operations, read as `samplegen record` reads them."""
    spec = Catalogue([folder / "made" / "spec"]).spec
    return {name: spec.recordable(name) for name in spec.names}


def uncommented(folder: Path) -> None:
    """Makes all that stands in comments of requests part of them."""
    for path in (folder / "made" / "spec").glob("*.yaml"):
        if path.name != "api.yaml":
            text = path.read_text(encoding="utf-8")
            path.write_text(re.sub(r"(?m)^( +)# ", r"\1", text), encoding="utf-8")


# Protos


def test_a_proto_becomes_operations_with_values_and_what_may_be_left_out(
    samplegen: Run, tmp_path: Path
) -> None:
    said = drafted(samplegen, tmp_path, "--proto", ETCD, "--server", SERVER)
    assert steps(tmp_path, "put")[0]["request"] == {"key": "key", "value": "value"}
    text = (tmp_path / "made/spec/put.yaml").read_text(encoding="utf-8")
    assert "      # lease: 1  # int64. The lease that it is stored with; zero: none\n" in text
    assert steps(tmp_path, "range")[0]["print"][-1] == {
        "each": "kvs", "label": {"path": "key"}, "path": "value"
    }  # fmt: skip
    assert set(loaded(tmp_path)) == {"put", "range", "txn", "lease-grant", "lease-revoke"}
    assert (tmp_path / "made/spec/contract/etcd.proto").read_bytes() == ETCD.read_bytes()
    assert "values made up of type and name: range: key, range_end; put: key, value" in said
    assert "expected values: `samplegen record` asks the server" in said
    uncommented(tmp_path)
    assert len(loaded(tmp_path)) == 5


def test_methods_that_stream_are_drafted_if_they_are_named(samplegen: Run, tmp_path: Path) -> None:
    proto = """syntax = "proto3";
    package a;
    import "google/api/field_behavior.proto";
    message Q {
      string note = 1;
      int32 size = 2 [(google.api.field_behavior) = REQUIRED];
    }
    message R { string note = 1; }
    message U { oneof one { string note = 1; } }
    service S {
      rpc Both(stream Q) returns (stream Q);
      rpc Up(stream U) returns (R);
      rpc Down(R) returns (stream R);
      rpc Get(R) returns (R);
    }
    """
    write(tmp_path, {"a.proto": proto})
    named = ("--call", "Both", "--call", "Up", "--call", "Down")
    drafted(samplegen, tmp_path, "--proto", "a.proto", *named)
    files = {name: tmp_path / f"made/spec/{name}.yaml" for name in ("both", "up", "down")}
    texts = {n: p.read_text(encoding="utf-8").partition("call: ")[2] for n, p in files.items()}
    until = "    until: 1  # so many messages are read; leave it out to read to the end\n    print:"
    send = "    send:\n      - size: 10  # int32\n        # note: note  # string\n"
    assert texts["both"].startswith(f"S.Both\n{send}{until}")
    send = "    send: [{}]\n    # - note: note  # string\n"
    assert texts["up"].startswith(f"S.Up\n{send}    print:")
    assert texts["down"].startswith("S.Down\n    request:\n      note: note  # string\n")
    assert until in texts["down"]
    assert len(loaded(tmp_path)) == 3


def test_protos_in_folders_keep_the_names_that_imports_have(samplegen: Run, tmp_path: Path) -> None:
    depot = 'syntax = "proto3";\npackage depot;\nimport "kept/money.proto";\n'
    depot += "service Bank { rpc Pay(kept.Money) returns (kept.Money); }\n"
    write(
        tmp_path,
        {"p/shop/v1/shop.proto": SHOP, "q/kept/money.proto": MONEY, "q/depot.proto": depot},
    )
    protos = ("--proto", "p/shop/v1/shop.proto", "--proto", "q/depot.proto", "-I", "p", "-I", "q")
    said = drafted(samplegen, tmp_path, *protos)
    api = Catalogue([tmp_path / "made/spec"]).spec.api
    assert api.proto == ("shop/v1/shop.proto", "depot.proto")
    files = {p.relative_to(tmp_path / "made/spec/contract").as_posix() for p in
             (tmp_path / "made/spec/contract").rglob("*.proto")}  # fmt: skip
    assert files == {"shop/v1/shop.proto", "kept/money.proto", "depot.proto"}
    found = loaded(tmp_path)
    assert set(found) == {"shop-find", "depot-find", "store", "touch", "pay"}
    assert steps(tmp_path, "shop-find")[0]["call"] == "Shop.Find"
    assert "left out Shop.Watch: it streams; name it by --call, and say when" in said
    without = said.partition("none that steps can take, for ")[2].partition("\n")[0]
    assert {*without.split(", ")} == {"Shop.Touch", "Depot.Find", "Bank.Pay"}
    assert all(client.partition("/")[2] != "rest" for client in api.clients)
    bundled = {"google/api/annotations.proto", "google/api/http.proto"}
    assert {*Catalogue([tmp_path / "made/spec"]).spec.protos} == files | bundled


def test_fields_that_a_proto_marks_are_required_or_only_read(
    samplegen: Run, tmp_path: Path
) -> None:
    proto = """syntax = "proto3";
    package a;
    import "google/api/field_behavior.proto";
    message Q {
      string note = 1;
      int32 size = 2 [(google.api.field_behavior) = REQUIRED];
      string made = 3 [(google.api.field_behavior) = OUTPUT_ONLY];
    }
    service S { rpc Do(Q) returns (Q); }
    """
    write(tmp_path, {"a.proto": proto})
    drafted(samplegen, tmp_path, "--proto", "a.proto")
    text = (tmp_path / "made/spec/do.yaml").read_text(encoding="utf-8")
    assert "request:\n      # note: note  # string\n      size: 10  # int32\n    print" in text


def test_everything_wrong_is_said_at_once(samplegen: Run, tmp_path: Path) -> None:
    wrong = ("--call", "KV.Pot", "--call", "Lease", "--client", "pyton", "--server", "x {port}")
    done = samplegen("init", "made", "--proto", ETCD, *wrong, "--endpoint", "a", cwd=tmp_path)
    assert done.returncode == 2
    assert [line.partition(";")[0] for line in done.stderr.splitlines()] == [
        "error: --call: the contract has no 'KV.Pot'",
        "error: --call: the contract has no 'Lease'",
        "error: --client: no client 'pyton'",
        "error: --server: found {port}",
        "error: --endpoint: found 'a'",
    ]
    assert "did you mean 'KV.Put'?" in done.stderr
    assert "did you mean 'python'?" in done.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--proto", "no.proto"), 1, "no.proto: no such file; expected a proto"),
        (("--proto", str(ETCD), "-I", "no"), 1, "no: no such folder; name an existing one"),
        (("--proto", "a.proto"), 1, "a.proto: found no service; name a proto that has one"),
        (("--proto", "b.proto"), 1, "b.proto:1:"),
        (("--openapi", "a.proto"), 1, "a.proto:1:"),
        (("--openapi", "no.yaml"), 1, "no.yaml: cannot be read"),
        (("--openapi", "no.yaml", "--proto", str(ETCD)), 2, "found both; leave one of them out"),
        (("--call", "KV.Put"), 2, "--call: expected --openapi or --proto, too"),
        (("--proto", str(ETCD), "--endpoint", "h:1"), 2, "expected HOST:GRPC_PORT:REST_PORT"),
        (("--proto", str(ETCD), "--endpoint", "h:1:70000"), 2, "found 'h:1:70000'"),
        (("--proto", str(ETCD), "--server", "'x"), 2, "--server: found \"'x\": No closing"),
        (("--proto", "c.proto", "--client", "curl"), 2, "that steps can take, for S.Do"),
        (("--proto", "c.proto", "--call", "Empty"), 2, "steps can print nothing of its answer"),
        (("--proto", "c.proto", "--call", "Wait", "--client", "curl"), 2, "for S.Wait"),
    ],
)  # fmt: skip
def test_what_cannot_be_drafted(
    samplegen: Run, tmp_path: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    service = """service S {
      rpc Do(M) returns (M); rpc Empty(M) returns (N); rpc Wait(M) returns (stream M);
    }"""
    message = 'syntax = "proto3"; message M { string a = 1; } message N {} '
    write(tmp_path, {"a.proto": message, "b.proto": "syntax = ", "c.proto": message + service})
    done = samplegen("init", "made", *arguments, cwd=tmp_path)
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert not (tmp_path / "made").exists()


# OpenAPI


@pytest.mark.parametrize("version", ["2.0", "3.0.3", "3.1.0"])
def test_an_openapi_file_of_each_version(samplegen: Run, tmp_path: Path, version: str) -> None:
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(document(version)), encoding="utf-8")
    drafted(samplegen, tmp_path, "--openapi", "shop.yaml")
    assert set(loaded(tmp_path)) == {"add-item", "get-v1-items-id"}
    assert steps(tmp_path, "get-v1-items-id")[0]["request"] == {"id": 1}
    assert steps(tmp_path, "add-item")[0]["request"] == {"title": "title"}
    api = Catalogue([tmp_path / "made/spec"]).spec.api
    rest = ("python/requests", "cpp/libcurl", "java/http", "go/http", "curl/rest")
    assert (api.title, api.clients) == ("Shop", rest)
    assert api.connection.rest_port == 8080
    uncommented(tmp_path)
    assert len(loaded(tmp_path)) == 2


def operation(schema: dict[str, Any], **media: Any) -> dict[str, Any]:
    """An API with one call, which sends an object with this schema."""
    answer = {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/do": {"post": {
            "operationId": "do",
            "requestBody": {"content": {"application/json": {"schema": schema, **media}}},
            "responses": {"200": {"description": "ok", "content": {"application/json": answer}}},
        }}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "example": "one"}, "one"),
        ({"type": "string", "examples": ["two", "three"]}, "two"),
        ({"type": "string", "default": "three"}, "three"),
        ({"type": "string", "const": "four"}, "four"),
        ({"type": "string", "enum": ["five", "six"]}, "five"),
        ({"type": "string", "enum": ["five", "six"], "default": "six"}, "six"),
        ({"type": "string", "format": "date-time"}, "2026-01-31T12:00:00Z"),
        ({"type": "string", "format": "byte", "example": "AAH/"}, {"base64": "AAH/"}),
        ({"type": "string", "example": 7}, "7"),
        ({"type": "integer", "example": "7"}, 7),
        ({"type": "integer", "example": "seven"}, 1),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "integer", "minimum": 0}, 1),
        ({"type": "array", "items": {"type": "integer"}, "example": [1, 2]}, [1, 2]),
        ({"type": "array", "items": {"type": "integer", "example": 3}}, [1]),
        (
            {"type": "object", "required": ["b"], "properties": {"b": {"type": "boolean"}}},
            {"b": True},
        ),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"key": 1}),
    ],
)
def test_values_are_those_of_the_contract_or_fit_its_types(
    samplegen: Run, tmp_path: Path, schema: dict[str, Any], value: Any
) -> None:
    whole = {"type": "object", "required": ["a"], "properties": {"a": schema}}
    (tmp_path / "t.json").write_text(json.dumps(operation(whole)), encoding="utf-8")
    drafted(samplegen, tmp_path, "--openapi", "t.json")
    assert steps(tmp_path, "do")[0]["request"] == {"a": value}
    loaded(tmp_path)


def test_an_example_of_the_whole_body_gives_its_fields(samplegen: Run, tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "required": ["a", "c"],
        "properties": {name: {"type": "string"} for name in "abc"},
        "example": {"a": "of the schema", "c": "too"},
    }
    given = operation(schema, examples={"one": {"value": {"a": "of the body"}}})
    (tmp_path / "t.json").write_text(json.dumps(given), encoding="utf-8")
    said = drafted(samplegen, tmp_path, "--openapi", "t.json")
    assert steps(tmp_path, "do")[0]["request"] == {"a": "of the body", "c": "too"}
    assert "made up" not in said


def test_files_that_are_referred_to_come_along(samplegen: Run, tmp_path: Path) -> None:
    given = operation({"$ref": "../kept/Thing.yaml"})
    write(
        tmp_path,
        {
            "api/t.json": json.dumps(given),
            "kept/Thing.yaml": "type: object\nrequired: [a]\nproperties: {a: {$ref: A.yaml}}\n",
            "kept/A.yaml": "type: integer\n",
        },
    )
    drafted(samplegen, tmp_path, "--openapi", "api/t.json")
    assert Catalogue([tmp_path / "made/spec"]).spec.api.openapi == "contract/api/t.json"
    assert steps(tmp_path, "do")[0]["request"] == {"a": 1}
    loaded(tmp_path)


@pytest.mark.parametrize(
    ("scheme", "connection"),
    [
        ({"type": "http", "scheme": "bearer"}, {"bearer_token_env": "T_TOKEN"}),
        ({"type": "oauth2", "flows": {}}, {"bearer_token_env": "T_TOKEN"}),
        (
            {"type": "http", "scheme": "basic"},
            {"headers": [{"name": "authorization", "env": "T_KEY"}]},
        ),
        (
            {"type": "apiKey", "in": "header", "name": "X-Key"},
            {"headers": [{"name": "x-key", "env": "T_KEY"}]},
        ),
        ({"type": "apiKey", "in": "query", "name": "key"}, {}),
    ],
)
def test_what_the_api_asks_of_its_callers(
    samplegen: Run, tmp_path: Path, scheme: dict[str, Any], connection: dict[str, Any]
) -> None:
    given = operation({"type": "object"}) | {
        "security": [{"it": []}],
        "components": {"securitySchemes": {"it": scheme}},
        "servers": [{"url": "https://example.com/v1"}],
    }
    (tmp_path / "t.json").write_text(json.dumps(given), encoding="utf-8")
    said = drafted(samplegen, tmp_path, "--openapi", "t.json")
    api = yaml.safe_load((tmp_path / "made/spec/api.yaml").read_text(encoding="utf-8"))
    assert api["connection"] == {"host": "localhost", "rest_port": 8080, **connection}
    assert Catalogue([tmp_path / "made/spec"]).spec.api
    assert "note: security: 'it'" in said
    assert "the contract names https://example.com/v1, but samples call localhost:8080" in said


# All


def test_clients_are_those_that_have_a_template_for_steps() -> None:
    found = {client.name for client in choosing.clients_with_steps()}
    assert {"python/grpcio", "python/requests", "curl/rest"} <= found
    templates = template_layers().folders[-1]
    assert found == {
        str(p.parent.relative_to(templates)) for p in templates.glob("*/*/steps.*.jinja")
    }


def test_the_workflow_stands_the_audit(samplegen: Run, tmp_path: Path) -> None:
    drafted(samplegen, tmp_path, "--proto", ETCD, "--server", SERVER)
    workflow = tmp_path / "made/.github/workflows/samples.yml"
    assert "sudo apt-get install --yes" in workflow.read_text(encoding="utf-8")
    done = audited(workflow)
    assert done.returncode == 0, done.stdout


@settings(max_examples=200)
@given(st.lists(st.text(max_size=12), max_size=6, unique=True))
def test_every_call_has_a_name_of_its_own(words: list[str]) -> None:
    methods = [Method(name=word, service="", request="", response="") for word in words]
    found = operations.names(methods)
    assert [*found.values()] == methods
    assert all(OPERATION_NAME.fullmatch(name) and name != "api" for name in found)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("LeaseGrant", "lease-grant"),
        ("getHTTPStatus2", "get-http-status2"),
        ("GET /v1/items/{id}", "get-v1-items-id"),
        ("api", "api-2"),
        ("2fa", "call-2-fa"),
        ("登録", "call"),
    ],
)
def test_names_of_operations(call: str, name: str) -> None:
    method = Method(name=call, service="", request="", response="")
    assert [*operations.names([method])] == [name]


def test_a_contract_of_a_thousand_methods_is_drafted_soon(tmp_path: Path) -> None:
    calls = "".join(f"rpc Do{n}(Q{n}) returns (A{n});\n" for n in range(1000))
    texts = "".join(
        f"message Q{n} {{ string name = 1; int64 size = 2; Q{n} next = 3; }}\n"
        f"message A{n} {{ string name = 1; repeated A{n} parts = 2; bool done = 3; }}\n"
        for n in range(1000)
    )
    (tmp_path / "big.proto").write_text(
        f'syntax = "proto3";\npackage big;\n{texts}service Big {{\n{calls}}}\n', encoding="utf-8"
    )
    from samplegen.drafting import contracts

    began = process_time()
    given_ = contracts.of_protos([tmp_path / "big.proto"], [])
    drafts = operations.drafts(given_.contract, choosing.calls(given_.contract, []).found)
    assert len(drafts) == choosing.MOST_CALLS
    assert process_time() - began < 2
