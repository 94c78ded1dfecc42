"""The gRPC contract agrees with tritonclient's, and the server's stubs with the contract."""

from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)
from grpc_tools import protoc
from tritonclient.grpc import service_pb2

from samplegen.catalogue import Catalogue
from tests.conftest import ROOT

METHODS = [
    "ServerLive",
    "ServerReady",
    "ModelReady",
    "ServerMetadata",
    "ModelMetadata",
    "ModelInfer",
    "ModelStreamInfer",
]


def compiled(folder: Path) -> FileDescriptorProto:
    """`spec/inference.proto` as protoc reads it.

    It stays out of the descriptor pool, which holds tritonclient's messages of the same names.
    """
    output = folder / "inference.desc"
    arguments = ["protoc", f"-I{ROOT / 'spec'}", f"-o{output}", "inference.proto"]
    assert protoc.main(arguments) == 0
    return FileDescriptorSet.FromString(output.read_bytes()).file[0]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> FileDescriptorProto:
    return compiled(tmp_path_factory.mktemp("proto"))


@pytest.fixture(scope="module")
def theirs() -> FileDescriptorProto:
    proto = FileDescriptorProto()
    service_pb2.DESCRIPTOR.CopyToProto(proto)
    return proto


Field = tuple[str, int, int, int, str, str | None]


def fields(message: DescriptorProto) -> set[Field]:
    """Name, number, type, label, type name and oneof of each field."""

    def oneof(field: FieldDescriptorProto) -> str | None:
        return message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else None

    return {(f.name, f.number, f.type, f.label, f.type_name, oneof(f)) for f in message.field}


def signature(method: MethodDescriptorProto) -> tuple[str, str, bool, bool]:
    return method.input_type, method.output_type, method.client_streaming, method.server_streaming


def messages(proto: FileDescriptorProto) -> dict[str, DescriptorProto]:
    """All messages, nested ones under the name of their parent."""
    found = {}
    queue = [("", message) for message in proto.message_type]
    while queue:
        prefix, message = queue.pop()
        name = f"{prefix}{message.name}"
        found[name] = message
        queue += [(f"{name}.", nested) for nested in message.nested_type]
    return found


def test_package_and_options(ours: FileDescriptorProto, theirs: FileDescriptorProto) -> None:
    assert ours.package == theirs.package == "inference"
    assert ours.options.go_package
    assert ours.options.java_package


def test_each_message_has_the_fields_of_tritonclient(
    ours: FileDescriptorProto, theirs: FileDescriptorProto
) -> None:
    known = messages(theirs)
    for name, message in messages(ours).items():
        assert fields(message) == fields(known[name]), name


def test_each_rpc_is_that_of_tritonclient(
    ours: FileDescriptorProto, theirs: FileDescriptorProto
) -> None:
    (service,) = ours.service
    (known,) = theirs.service
    assert service.name == known.name == "GRPCInferenceService"
    signatures = {method.name: signature(method) for method in known.method}
    assert [method.name for method in service.method] == METHODS
    for method in service.method:
        assert signature(method) == signatures[method.name], method.name


def test_every_call_of_the_spec_is_an_rpc_of_the_contract(ours: FileDescriptorProto) -> None:
    known = {method.name for method in ours.service[0].method}
    called = {call.rpc for op in Catalogue().spec.operations() for call in op.calls}
    assert called <= known
