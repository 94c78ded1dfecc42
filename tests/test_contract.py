"""Contracts of protos: what is read of them, and how mistakes in them are reported."""

from collections.abc import Sequence
from pathlib import Path
from time import process_time

import pytest
from google.protobuf import descriptor_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen.contract import protoc, protos
from samplegen.contract.model import Contract, Route
from samplegen.errors import SamplegenError

pytestmark = pytest.mark.processes  # protoc

SHOP = """
syntax = "proto3";
package shop.v1;
import "google/api/annotations.proto";
import "google/protobuf/timestamp.proto";
import "kept/money.proto";

// What an order is doing.
enum State { UNKNOWN = 0; OPEN = 1; DONE = 2; }

// A part, which may have parts.
message Part {
  string name = 1;  // as printed on it
  repeated Part parts = 2;
  map<string, int64> weights = 3;
  oneof price { kept.Money money = 4; bool free = 5; }
  optional string note = 6;
  sfixed64 serial = 7;
  google.protobuf.Timestamp made_at = 8;
  enum Shape { ROUND = 0; FLAT = 1; }
  Shape shape = 9;
  map<int32, Part> spares = 10;
}

message Query { string shelf = 1; int32 limit = 2; }

service Shop {
  // Finds a part.
  rpc Find(Query) returns (Part) {
    option (google.api.http) = {get: "/v1/shelves/{shelf}" additional_bindings {get: "/v1/find"}};
  }
  rpc Watch(stream Query) returns (stream Part);
  rpc Store(Part) returns (Query) { option (google.api.http) = {post: "/v1/parts" body: "*"}; }
  rpc Touch(Query) returns (Part) {
    option (google.api.http) = {custom: {kind: "HEAD" path: "/v1/parts"} response_body: "parts"};
  }
}
service Depot { rpc Find(Query) returns (Part); }
"""
MONEY = """
syntax = "proto3";
package kept;
message Money { string currency = 1; int64 units = 2; }
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def problems(folder: Path, files: dict[str, str]) -> list[str]:
    """What is reported of `a.proto`, each with its place in the folder."""
    write(folder, files)
    with pytest.raises(SamplegenError) as error:
        protos.read((folder,), ("a.proto",))
    return [str(problem).replace(f"{folder}/", "") for problem in error.value.problems]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    folder = tmp_path_factory.mktemp("shop")
    write(folder, {"shop.proto": SHOP, "vendor/kept/money.proto": MONEY})
    return protos.read((folder, folder / "vendor"), ("shop.proto",))


def test_fields_have_the_kind_and_the_group_that_the_proto_gives_them(shop: Contract) -> None:
    fields = shop.messages["shop.v1.Part"].fields
    found = {f.name: (f.kind, f.type, f.repeated, f.key, f.oneof) for f in fields.values()}
    assert found == {
        "name": ("string", "", False, None, ""),
        "parts": ("message", "shop.v1.Part", True, None, ""),
        "weights": ("int64", "", False, "string", ""),
        "money": ("message", "kept.Money", False, None, "price"),
        "free": ("bool", "", False, None, "price"),
        "note": ("string", "", False, None, ""),
        "serial": ("int64", "", False, None, ""),
        "made_at": ("message", "google.protobuf.Timestamp", False, None, ""),
        "shape": ("enum", "shop.v1.Part.Shape", False, None, ""),
        "spares": ("message", "shop.v1.Part", False, "int32", ""),
    }
    assert [f.name for f in fields.values() if f.presence] == ["money", "free", "note", "made_at"]


def test_types_are_shown_as_the_proto_has_them(shop: Contract) -> None:
    shown = [field.shown_type for field in shop.messages["shop.v1.Part"].fields.values()]
    assert shown == [
        "string", "repeated Part", "map<string, int64>", "Money", "bool", "string", "sfixed64",
        "Timestamp", "Shape", "map<int32, Part>",
    ]  # fmt: skip


def test_a_field_goes_by_both_of_its_names(shop: Contract) -> None:
    part = shop.messages["shop.v1.Part"]
    assert part.field("made_at") is part.field("madeAt") is part.fields["made_at"]
    assert part.field("made") is None


def test_comments_are_kept(shop: Contract) -> None:
    assert shop.messages["shop.v1.Part"].comment == "A part, which may have parts."
    assert shop.messages["shop.v1.Part"].fields["name"].comment == "as printed on it"
    assert shop.enums["shop.v1.State"].comment == "What an order is doing."
    found = shop.method("Shop.Find")
    assert found is not None
    assert found.comment == "Finds a part."


def test_enums_at_the_top_and_within_messages_are_read(shop: Contract) -> None:
    assert shop.enums["shop.v1.State"].values == {"UNKNOWN": 0, "OPEN": 1, "DONE": 2}
    assert shop.enums["shop.v1.Part.Shape"].values == {"ROUND": 0, "FLAT": 1}


@pytest.mark.parametrize(
    ("name", "route"),
    [
        ("Shop.Find", Route(method="GET", path="/v1/shelves/{shelf}")),
        ("Watch", None),
        ("Store", Route(method="POST", path="/v1/parts", body="*")),
        ("Touch", Route(method="HEAD", path="/v1/parts", response_body="parts")),
        ("shop.v1.Depot.Find", None),
    ],
)
def test_routes_are_those_of_the_option(shop: Contract, name: str, route: Route | None) -> None:
    method = shop.method(name)
    assert method is not None
    assert method.route == route


def test_streams_are_known(shop: Contract) -> None:
    watch = shop.method("Watch")
    assert watch is not None
    assert (watch.client_streaming, watch.server_streaming) == (True, True)


def test_a_name_that_several_methods_have_names_none(shop: Contract) -> None:
    assert shop.method("Find") is None
    assert shop.hint("Find") == "expected one of shop.v1.Depot.Find, shop.v1.Shop.Find"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Shop.Fnd", "did you mean 'Shop.Find'?"),
        ("Stor", "did you mean 'Store'?"),
    ],
)
def test_a_method_that_is_not_there_is_answered_with_the_nearest(
    shop: Contract, name: str, hint: str
) -> None:
    assert shop.method(name) is None
    assert shop.hint(name) == hint


def test_equal_names_of_two_packages_are_told_apart(tmp_path: Path) -> None:
    other = 'syntax = "proto3"; package other; message Part {} message Alone {}'
    main = 'syntax = "proto3"; import "other.proto"; message Part {other.Alone a = 1;}'
    write(tmp_path, {"other.proto": other, "a.proto": main})
    contract = protos.read((tmp_path,), ("a.proto",))
    names = ("Part", "other.Part", "other.Alone")
    assert [contract.title(name) for name in names] == ["Part", "other.Part", "Alone"]


def test_options_of_others_and_proto2_are_read_as_they_are(tmp_path: Path) -> None:
    options = """
        syntax = "proto2";
        package gogo;
        import "google/protobuf/descriptor.proto";
        extend google.protobuf.FieldOptions { optional bool nullable = 65001; }
    """
    main = """
        syntax = "proto2";
        import "gogo.proto";
        message A {
          required string name = 1 [(gogo.nullable) = false];
          optional group Box = 2 { optional int32 size = 1; }
          repeated int32 all = 3 [packed = true];
        }
    """
    write(tmp_path, {"gogo.proto": options, "a.proto": main})
    fields = protos.read((tmp_path,), ("a.proto",)).messages["A"].fields
    assert {f.name: (f.kind, f.required, f.presence) for f in fields.values()} == {
        "name": ("string", True, True),
        "box": ("message", False, True),
        "all": ("int32", False, False),
    }


def test_every_mistake_is_reported_at_its_place(tmp_path: Path) -> None:
    text = """syntax = "proto3";
import "google/api/anotations.proto";
message A { Bb b = 1; int32 c = 1; }
message A {}
service S { rpc X(A) returns (Nope); }
"""
    found = problems(tmp_path, {"a.proto": text})
    assert [problem.split(": ")[0] for problem in found] == [
        "a.proto:2:1", "a.proto:4:9", "a.proto:3:13", "a.proto:3:33", "a.proto:5:31",
    ]  # fmt: skip
    assert found[0] == (
        "a.proto:2:1: found no 'google/api/anotations.proto'; did you mean "
        "'google/api/annotations.proto'?; add it, or name the folder that has it in 'include'"
    )


def test_a_mistake_in_an_import_is_reported_there_and_only_there(tmp_path: Path) -> None:
    files = {
        "a.proto": 'syntax = "proto3";\nimport "b.proto";\n',
        "b.proto": 'syntax = "proto3";\nmessage B { string 3x = 1; }\n',
    }
    found = problems(tmp_path, files)
    assert found
    assert all(problem.startswith("b.proto:2:") for problem in found)


def test_files_that_import_each_other_are_reported(tmp_path: Path) -> None:
    files = {
        "a.proto": 'syntax = "proto3";\nimport "b.proto";\n',
        "b.proto": 'syntax = "proto3";\nimport "a.proto";\n',
    }
    assert problems(tmp_path, files) == [
        "a.proto:2:1: File recursively imports itself: a.proto -> b.proto -> a.proto"
    ]


def test_a_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SamplegenError, match=r"b\.proto: no such file; expected a proto"):
        protos.read((tmp_path,), ("b.proto",))


NAMES = st.from_regex(r"[A-Z][a-z]{1,6}", fullmatch=True)
SCALARS = ["double", "float", "bool", "string", "bytes", "int32", "sint64", "fixed32", "uint64"]


@settings(max_examples=10, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=8, unique_by=str.lower), st.data())
def test_messages_of_any_depth_are_read_whole(
    tmp_path_factory: pytest.TempPathFactory, names: Sequence[str], data: st.DataObject
) -> None:
    """Each message stands within the one before or beside it, and has fields of any type."""
    folder = tmp_path_factory.mktemp("any")
    opened: list[str] = []
    lines = ['syntax = "proto3";', "package p;"]
    expected: dict[str, list[str]] = {}
    for name in names:
        for _ in range(data.draw(st.integers(0, len(opened)))):
            opened.pop()
            lines.append("}")
        opened.append(name)
        kinds = data.draw(st.lists(st.sampled_from([*SCALARS, name]), max_size=4))
        fields = [f"{kind} f{n} = {n};" for n, kind in enumerate(kinds, 1)]
        lines += [f"message {name} {{", *fields]
        expected[".".join(["p", *opened])] = kinds
    lines += ["}"] * len(opened)
    write(folder, {"a.proto": "\n".join(lines)})
    found = protos.read((folder,), ("a.proto",)).messages
    assert {n: [f.declared for f in m.fields.values()] for n, m in found.items()} == expected


def test_a_thousand_methods_are_read_within_a_second() -> None:
    """What samplegen itself does; protoc has done its part by then."""
    file = descriptor_pb2.FileDescriptorProto(name="a.proto", package="p", syntax="proto3")
    service = file.service.add(name="S")
    for number in range(1000):
        message = file.message_type.add(name=f"M{number}")
        for index in range(1, 9):
            message.field.add(name=f"f{index}", number=index, type=9, label=1)
        kind = f".p.M{number}"
        service.method.add(name=f"C{number}", input_type=kind, output_type=kind)
    descriptors = descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString()
    before = process_time()
    contract = protos.of_descriptors(descriptors)
    assert process_time() - before < 1
    assert contract.method("C999") is not None


def test_without_a_compiler_what_brings_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protoc, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SamplegenError, match=r"type: pip install 'samplegen\[contract\]'"):
        protoc.descriptors((tmp_path,), ("a.proto",))
