"""Streams through the proxy: decoded and changed message by message, broken after some of them."""

from collections.abc import Iterator

import grpc
import pytest
from google.protobuf import descriptor_pb2

from samplegen.judge.servers.proxy import stream_faults
from samplegen.judge.servers.proxy.decoding import Decoder
from samplegen.judge.servers.proxy.documents import Style, Undecodable
from samplegen.judge.servers.proxy.edits import Change
from samplegen.judge.servers.proxy.fault import Fault, told
from samplegen.judge.servers.proxy.protobuf import Contract
from samplegen.judge.servers.proxy.proxy import Proxy
from samplegen.spec.operation import Call
from tests.proxying import Toys, before, toys

pytestmark = pytest.mark.processes
CALLS = (Call(rpc="Read"),)
TEXTS = (b"\n\x01a", b"\n\x01b", b"\n\x01c")
"""Messages whose first field is a text."""


def _contract() -> Contract:
    files = descriptor_pb2.FileDescriptorSet()
    file = files.file.add(name="toys.proto", package="toys", syntax="proto3")
    field = descriptor_pb2.FieldDescriptorProto
    file.message_type.add(name="Text").field.add(
        name="text", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL
    )
    file.service.add(name="Toys").method.add(
        name="Read",
        input_type=".toys.Text",
        output_type=".toys.Text",
        client_streaming=True,
        server_streaming=True,
    )
    return Contract(files.SerializeToString())


CONTRACT = _contract()


@pytest.fixture(scope="module")
def toy() -> Iterator[Toys]:
    with toys() as found:
        yield found


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with Proxy() as found:
        yield found


def read(port: int, most: int = 9, timeout: float = 5) -> tuple[list[bytes], str]:
    """The messages that come back, at most so many, and the status."""
    found: list[bytes] = []
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        answers = channel.stream_stream("/toys.Toys/Read")(iter(TEXTS), timeout=timeout)
        try:
            for message in answers:
                found.append(message)
                if len(found) == most:
                    answers.cancel()
                    break
        except grpc.RpcError:
            """The status tells."""
        return found, answers.code().name


def test_a_stream_is_decoded_as_a_list_of_its_messages(proxy: Proxy, toy: Toys) -> None:
    with before(proxy, toy.connection, calls=CALLS, contract=CONTRACT) as at:
        read(at.grpc_port)
    (exchange,) = at.session.exchanges
    decoder = Decoder(CONTRACT)
    texts = [{"text": text} for text in "abc"]
    assert exchange.given is not None
    document = decoder.answer(exchange, exchange.given)
    assert (decoder.request(exchange).tree, document.tree) == (texts, texts)
    kind = document.kinds((2, "text"))
    assert kind is not None
    assert kind.name == "TEXT"
    assert (exchange.cancelled, exchange.reset) == (False, False)
    with pytest.raises(Undecodable, match="message by message"):
        document.encode(texts, Style())


def test_each_message_of_a_stream_is_changed_where_it_is_printed(proxy: Proxy, toy: Toys) -> None:
    change = Change(seed=1, places={"Read": [("0", "text"), ("2", "text")]})
    with before(proxy, toy.connection, calls=CALLS, contract=CONTRACT, change=change) as at:
        messages, code = read(at.grpc_port)
    (exchange,) = at.session.exchanges
    assert (code, exchange.problem) == ("OK", "")
    assert {*exchange.changes} == {(0, "text"), (2, "text")}
    assert messages[1] == TEXTS[1]
    assert len({*messages, *TEXTS}) == 5


def test_a_stream_that_a_program_cancels_was_reset(proxy: Proxy, toy: Toys) -> None:
    fault = _fault(1, ends=False, name="a stall")
    with before(proxy, toy.connection, calls=CALLS, contract=CONTRACT, fault=fault) as at:
        messages, _ = read(at.grpc_port, most=1)
    (exchange,) = at.session.exchanges
    assert messages == [TEXTS[0]]
    assert (exchange.cancelled, exchange.reset) == (True, True)
    assert exchange.given is not None
    assert Decoder(CONTRACT).answer(exchange, exchange.given).tree == [{"text": "a"}]


def _fault(messages: int, *, ends: bool, name: str) -> Fault:
    found = stream_faults.within("Read", messages, ends=ends)
    (fault,) = (fault for fault in found if fault.name.startswith(name))
    return fault


@pytest.mark.parametrize(
    ("name", "timeout", "codes"),
    [
        ("an error", 5, {"INTERNAL"}),
        ("a stall", 0.5, {"DEADLINE_EXCEEDED"}),
        ("a reset", 5, {"INTERNAL", "UNKNOWN", "CANCELLED", "UNAVAILABLE"}),
        ("a closed connection", 5, {"UNAVAILABLE"}),
        ("an early end", 5, {"OK"}),
    ],
)
def test_a_stream_breaks_after_some_messages(
    name: str, timeout: float, codes: set[str], proxy: Proxy, toy: Toys
) -> None:
    fault = _fault(2, ends=False, name=name)
    assert fault.name == f"{name} after 2 messages"
    with before(proxy, toy.connection, calls=CALLS, fault=fault) as at:
        messages, code = read(at.grpc_port, timeout=timeout)
    (exchange,) = at.session.exchanges
    if name in ("a reset", "a closed connection"):  # a library may drop what it has not given yet
        assert messages == [*TEXTS[: len(messages)]]
    else:
        assert messages == [*TEXTS[:2]]
    assert exchange.faulty
    assert code in codes
    assert fault.waits == (at.session.waiting_since is not None)


def test_a_message_within_a_stream_can_be_malformed(proxy: Proxy, toy: Toys) -> None:
    fault = _fault(1, ends=False, name="a malformed")
    with before(proxy, toy.connection, calls=CALLS, fault=fault) as at:
        messages, _ = read(at.grpc_port, most=2)
    assert messages == [TEXTS[0], b"\xff\xff\xff\xff"]


def test_an_error_at_the_end_of_a_stream_must_be_told(proxy: Proxy, toy: Toys) -> None:
    fault = _fault(3, ends=True, name="an error")
    assert fault.at_the_end
    with before(proxy, toy.connection, calls=CALLS, fault=fault) as at:
        messages, code = read(at.grpc_port)
    (exchange,) = at.session.exchanges
    assert (messages, code) == ([*TEXTS], "INTERNAL")
    assert told("INTERNAL: the kiln lost its ember", fault, exchange)
    assert not told("something went wrong", fault, exchange)
    names = [one.name for one in stream_faults.within("Read", 3, ends=True)]
    assert not any(name.startswith("an early end") for name in names)


def test_a_stream_that_is_too_short_does_not_meet_a_fault(proxy: Proxy, toy: Toys) -> None:
    fault = _fault(4, ends=False, name="an error")
    with before(proxy, toy.connection, calls=CALLS, fault=fault) as at:
        messages, code = read(at.grpc_port)
    (exchange,) = at.session.exchanges
    assert (messages, code, exchange.faulty) == ([*TEXTS], "OK", False)
