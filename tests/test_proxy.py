"""The judge's proxy passes on what comes, both ways, and records it."""

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import grpc
import pytest

from samplegen.connection.model import Connection, Tls
from samplegen.judge.servers.proxy import grpc_framing, http1, http2
from samplegen.judge.servers.proxy.certificates import Authority, host_of
from samplegen.judge.servers.proxy.edits import Change
from samplegen.judge.servers.proxy.exchanges import Exchange
from samplegen.judge.servers.proxy.messaging import Request, Sink
from samplegen.judge.servers.proxy.proxy import Proxy, listening, local
from samplegen.judge.servers.proxy.sessions import Plan
from samplegen.judge.servers.proxy.streams import accepted, connected
from tests.proxying import CALLS, Before, Toys, before, toys, zipped


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with Proxy() as made:
        yield made


@pytest.fixture
def toy() -> Iterator[Toys]:
    with toys() as made:
        yield made


def test_rest_passes_both_ways_and_is_recorded(proxy: Proxy, toy: Toys) -> None:
    target = "/things/a%2Fb%20c?x=1%2B1&y=%C3%B6&x=2"
    toy.answers[target] = (200, {"X-Kept": "Yes"}, b'{"a": 1}')
    with before(proxy, toy.connection) as at:
        headers = {"X-Mine": "1", "Accept": "*/*", "Content-Type": "application/json"}
        status, found, body = at.ask("GET", target, headers=headers)
    assert (status, found["x-kept"], body) == (200, "Yes", b'{"a": 1}')
    (exchange,) = at.session.exchanges
    assert (exchange.transport, exchange.method, exchange.target) == ("rest", "GET", target)
    assert (exchange.path, exchange.query) == tuple(target.split("?"))
    assert exchange.call == "Read"
    assert exchange.own_headers == (("x-mine", "1"), ("content-type", "application/json"))
    assert exchange.authority == f"127.0.0.1:{at.rest_port}"
    assert exchange.deadline is None
    assert exchange.answer == exchange.given
    assert exchange.given is not None
    assert exchange.given.body == b'{"a": 1}'
    assert exchange.ended is not None
    assert exchange.received <= exchange.ended
    assert (exchange.whole, exchange.cancelled, exchange.problem) == (True, False, "")
    (link,) = at.session.links
    assert (link.protocol, link.closing, link.encrypted) == ("http/1.1", "end", False)
    assert link.closed is not None
    assert at.session.problems == []
    asked = toy.asked[0]
    assert (asked[0], asked[1], asked[2]["X-Mine"]) == ("GET", target, "1")
    assert asked[2]["Host"] == f"127.0.0.1:{toy.connection.rest_port}"


@pytest.mark.parametrize(
    ("target", "path", "call"),
    [
        ("/seldon/default/things/7", "/things/7", "Read"),
        ("/things/7", "/things/7", ""),
        ("/seldon/defaults/things/7", "/seldon/defaults/things/7", ""),
        ("/seldon/default", "/seldon/default", ""),
        ("/seldon/default/seldon/default/things/7", "/seldon/default/things/7", ""),
    ],
)
def test_calls_stand_below_the_base_path(
    target: str, path: str, call: str, proxy: Proxy, toy: Toys
) -> None:
    toy.answers[target] = (200, {}, b"{}")
    with before(proxy, toy.connection, base_path="/seldon/default") as at:
        at.ask("GET", target)
    (exchange,) = at.session.exchanges
    assert (exchange.path, exchange.call) == (path, call)
    assert toy.asked[0][1] == target


@pytest.mark.parametrize(
    ("body", "options"),
    [
        (b"a body", {}),
        (b"", {}),
        (b"x" * 3_000_000, {}),
        ([b"a ", b"", b"body"], {"encode_chunked": True,
                                "headers": {"Transfer-Encoding": "chunked"}}),
    ],
    ids=["short", "empty", "long", "chunked"],
)  # fmt: skip
def test_rest_bodies(body: Any, options: Any, proxy: Proxy, toy: Toys) -> None:
    sent = body if isinstance(body, bytes) else b"".join(body)
    with before(proxy, toy.connection) as at:
        assert at.ask("POST", "/things", body, **options)[2] == (sent or b"{}")
    assert at.session.exchanges[0].body == sent == toy.asked[0][3]
    assert at.session.exchanges[0].whole


def test_headers_that_are_no_ascii_pass_as_they_are(proxy: Proxy, toy: Toys) -> None:
    """MLServer says the model's name in one; RFC 9110, 5.5 allows such bytes."""
    toy.answers["/x"] = (200, {"Ce-Modelid": "mod\xe8le"}, b"{}")
    with before(proxy, toy.connection) as at:
        status, headers, _ = at.ask("GET", "/x", headers={"X-Mine": "gr\xfc\xdfe"})
    assert (status, headers["ce-modelid"]) == (200, "mod\xe8le")
    assert toy.asked[0][2]["X-Mine"] == "gr\xfc\xdfe"
    assert not at.session.problems


@pytest.mark.parametrize("status", [204, 304, 404, 500])
def test_rest_statuses(status: int, proxy: Proxy, toy: Toys) -> None:
    toy.answers["/x"] = (status, {"X-Kept": "yes"}, b"" if status < 400 else b"why")
    with before(proxy, toy.connection) as at:
        for _ in range(2):
            found, headers, body = at.ask("GET", "/x")
            assert (found, headers["x-kept"]) == (status, "yes")
            assert body == (b"" if status < 400 else b"why")


def test_rest_keeps_a_connection_over_many_requests(proxy: Proxy, toy: Toys) -> None:
    toy.answers |= {
        "/chunks": (200, {"Transfer-Encoding": "chunked"}, b"one piece after another"),
        "/none": (204, {}, b""),
        "/long": (200, {}, b"y" * 200_000),
    }
    with before(proxy, toy.connection) as at:
        connection = http.client.HTTPConnection("127.0.0.1", at.rest_port, timeout=10)
        with contextlib.closing(connection):
            for method, path, body in (
                ("HEAD", "/long", b""),
                ("GET", "/chunks", b"one piece after another"),
                ("GET", "/none", b""),
                ("HEAD", "/none", b""),
                ("GET", "/long", b"y" * 200_000),
            ):
                connection.request(method, path)
                response = connection.getresponse()
                assert response.read() == body
                if method == "HEAD" and path == "/long":
                    assert response.headers["Content-Length"] == "200000"
    assert len(at.session.links) == 1
    assert [exchange.number for exchange in at.session.exchanges] == [0, 1, 2, 3, 4]


def test_rest_lets_a_client_wait_for_100_continue(proxy: Proxy, toy: Toys) -> None:
    with before(proxy, toy.connection) as at, socket.socket() as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", at.rest_port))
        client.sendall(b"POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
                       b"Expect: 100-continue\r\nConnection: close\r\n\r\n")  # fmt: skip
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"body")
        answer = b"".join(iter(lambda: client.recv(1000), b""))
    assert answer.endswith(b"\r\n\r\nbody")


def test_rest_passes_compressed_answers_as_they_are(proxy: Proxy, toy: Toys) -> None:
    body = zipped(b'{"a": 1}')
    toy.answers["/zip"] = (200, {"Content-Encoding": "gzip"}, body)
    with before(proxy, toy.connection) as at:
        assert at.ask("GET", "/zip", headers={"Accept-Encoding": "gzip"})[2] == body
    assert toy.asked[0][2]["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", http2.PREFACE + bytes([0, 0, 0, 1, 5, 0, 0, 0, 0])],
)
def test_what_is_no_request_is_recorded(sent: bytes, proxy: Proxy, toy: Toys) -> None:
    with before(proxy, toy.connection) as at, socket.socket() as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", at.rest_port))
        client.sendall(sent + b"\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            while client.recv(1000):
                pass
    assert at.session.exchanges == []
    assert at.session.links[0].problem


def test_a_server_that_is_down_is_an_error_that_names_it(proxy: Proxy) -> None:
    with socket.socket() as rest, socket.socket() as rpc:
        for holder in (rest, rpc):
            holder.bind(("127.0.0.1", 0))
        ports = {"rest_port": rest.getsockname()[1], "grpc_port": rpc.getsockname()[1]}
        away = Connection(host="127.0.0.1", **ports)
        with before(proxy, away) as at:
            assert at.ask("GET", "/x")[0] == 502
            code, _, details = at.call([b"one"])
            assert (code, "did not answer" in details) == ("UNAVAILABLE", True)
    assert all("did not answer" in exchange.problem for exchange in at.session.exchanges)
    assert at.session.problems == []


def test_grpc_passes_both_ways_and_is_recorded(proxy: Proxy, toy: Toys) -> None:
    with before(proxy, toy.connection) as at, at.channel() as channel:
        call = channel.unary_unary("/toys.Toys/Read")
        answer, rest = call.with_call(b"one", timeout=7, metadata=(("x-mine", "1"),))
        assert (answer, rest.trailing_metadata()[0]) == (b"one", ("kept", "yes"))
        with pytest.raises(grpc.RpcError, match="no ‘model’"):
            channel.unary_unary("/toys.Toys/Refuse")(b"two", timeout=7)
    read, refused = at.session.exchanges
    assert (read.transport, read.method, read.path) == ("grpc", "POST", "/toys.Toys/Read")
    assert (read.call, read.messages, read.whole) == ("Read", [b"one"], True)
    assert read.own_headers == (("content-type", "application/grpc"), ("x-mine", "1"))
    assert read.deadline == pytest.approx(7, abs=0.5)
    assert read.answer == read.given
    assert read.given is not None
    assert (read.given.messages, read.given.code) == ([b"one"], 0)
    assert refused.given is not None
    assert (refused.given.code, refused.given.details) == (5, "no ‘model’")
    (link,) = at.session.links
    assert (link.protocol, link.transport) == ("h2", "grpc")
    assert link.closing in {"goaway", "end"}
    assert toy.echo.metadata[0]["x-mine"] == "1"
    assert at.session.problems == []


def test_grpc_streams_pass_message_by_message(proxy: Proxy, toy: Toys) -> None:
    with before(proxy, toy.connection) as at, at.channel() as channel:
        answered = threading.Event()

        def messages() -> Iterator[bytes]:
            yield b"first"
            assert answered.wait(10)  # the answer comes before the stream has ended
            yield b"second"

        answers = channel.stream_stream("/toys.Toys/Read")(messages(), timeout=10)
        assert next(answers) == b"first"
        answered.set()
        assert [*answers] == [b"second"]
    (exchange,) = at.session.exchanges
    assert exchange.messages == [b"first", b"second"]
    assert exchange.given is not None
    assert exchange.given.messages == [b"first", b"second"]


def test_grpc_large_and_many_at_once(proxy: Proxy, toy: Toys) -> None:
    large = bytes(range(256)) * 12_000
    with before(proxy, toy.connection) as at, at.channel() as channel:
        call = channel.unary_unary("/toys.Toys/Read")
        asked = [call.future(large[number:], timeout=30) for number in range(8)]
        assert [future.result() for future in asked] == [large[n:] for n in range(8)]
    assert len(at.session.links) == 1
    assert all(exchange.whole for exchange in at.session.exchanges)


def test_a_program_that_gives_up_is_recorded(proxy: Proxy, toy: Toys) -> None:
    with before(proxy, toy.connection) as at, at.channel() as channel:
        never = threading.Event()

        def messages() -> Iterator[bytes]:
            yield b"first"
            never.wait(10)

        answers = channel.stream_stream("/toys.Toys/Read")(messages(), timeout=0.5)
        assert next(answers) == b"first"
        with pytest.raises(grpc.RpcError, match="Deadline Exceeded"):
            next(answers)
        never.set()
        _until(lambda: at.session.exchanges[0].ended is not None)
    assert at.session.exchanges[0].cancelled


def _until(done: Any) -> None:
    end = time.monotonic() + 10
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_bodies_beyond_what_is_kept_still_pass(proxy: Proxy, toy: Toys) -> None:
    with before(proxy, toy.connection, keep=1000) as at:
        assert at.ask("POST", "/things", b"z" * 5000)[2] == b"z" * 5000
    (exchange,) = at.session.exchanges
    assert not exchange.whole
    assert exchange.answer is not None
    assert not exchange.answer.whole
    assert len(exchange.body) + len(exchange.answer.body) <= 1000


def test_a_session_is_over_when_its_block_ends(proxy: Proxy, toy: Toys) -> None:
    with before(proxy, toy.connection) as at:
        connection = http.client.HTTPConnection("127.0.0.1", at.rest_port, timeout=10)
        connection.request("GET", "/x")
        connection.getresponse().read()
    with contextlib.closing(connection), pytest.raises((OSError, http.client.HTTPException)):
        connection.request("GET", "/x")
        connection.getresponse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", at.rest_port))


def test_doors_of_localhost(proxy: Proxy, toy: Toys) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with proxy.session(toy.connection, local(port, "rest"), Plan(calls=CALLS)):
        connection = http.client.HTTPConnection("localhost", port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", "/x")
            assert connection.getresponse().status == 200


# REST over HTTP/2, as where gRPC and REST share a port


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("models.example", "models.example"),
        ("models.example:443", "models.example"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("[::1]:8000", "::1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
    ],
)
def test_a_certificate_names_the_host_alone(authority: str, host: str) -> None:
    assert host_of(authority) == host
    Authority([authority]).context(["h2"])


def test_one_address_for_both_transports(proxy: Proxy, toy: Toys) -> None:
    """The server behind it has an address for each."""
    door = listening("127.0.0.1", 0, None)
    port = door.socket.getsockname()[1]
    with proxy.session(toy.connection, [door], Plan(calls=CALLS)) as session:
        at = Before(session, port, port)
        assert at.ask("GET", "/things/a")[0] == 200
        assert at.call([b"x"]) == ("OK", [b"x"], "")
    assert [exchange.transport for exchange in session.exchanges] == ["rest", "grpc"]
    assert [link.transport for link in session.links] == [None, None]


def test_an_error_of_the_proxy_is_a_problem_of_its_session(
    proxy: Proxy, toy: Toys, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*arguments: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(http1, "serve", broken)
    with before(proxy, toy.connection) as at, pytest.raises((OSError, http.client.HTTPException)):
        at.ask("GET", "/things/a")
    assert at.session.problems == ["a connection for http/1.1: ZeroDivisionError('a bug')"]


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


async def _once(body: bytes) -> AsyncIterator[bytes]:
    """A body whose end comes a little later."""
    yield body
    await asyncio.sleep(0.02)


async def _over_http2(proxy: Proxy, *, early: bool) -> list[tuple[int, bytes]]:
    """Two requests through the proxy to a server that answers with what it was sent.

    Args:
        proxy: Stands before the server.
        early: Whether the server answers before a request has ended.
    """

    async def answer(request: Request, sink: Sink) -> None:
        body = b""
        async for piece in request.body:
            body += piece
            if early:
                break
        await sink.head(200, (("x-path", request.target),))
        await sink.data(request.method.encode() + b" " + body)
        await sink.end()

    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)

        async def serve() -> None:
            sock, _ = await loop.sock_accept(listener)
            await http2.serve(http2.Connection(await accepted(sock, None), answer))

        serving = asyncio.create_task(serve())
        upstream = Connection(host="127.0.0.1", rest_port=listener.getsockname()[1])
        door = listening("127.0.0.1", 0, "rest")
        port = door.socket.getsockname()[1]
        with proxy.session(upstream, [door], Plan(calls=CALLS)) as session:
            client = http2.Connection(await connected("127.0.0.1", port, None, None))
            await client.start()
            running = asyncio.create_task(client.run())
            found = []
            for method, body in (("GET", b""), ("POST", b"a body")):
                request = Request(
                    method=method, target="/things/a", authority="x", headers=(),
                    body=_once(body) if body else _nothing(), has_body=bool(body),
                )  # fmt: skip
                reply = await client.ask(request, "http")
                found.append((reply.status, b"".join([piece async for piece in reply.body])))
                await reply.close()
            for task in (running, serving):
                task.cancel()
            await asyncio.gather(running, serving, return_exceptions=True)
        assert [exchange.transport for exchange in session.exchanges] == ["rest", "rest"]
        assert [exchange.whole for exchange in session.exchanges] == [True, True]
        assert [exchange.body for exchange in session.exchanges] == [b"", b"a body"]
        assert session.exchanges[0].call == "Read"
        assert session.links[0].protocol == "h2"
        assert session.problems == []
        return found


@pytest.mark.parametrize("early", [False, True])
def test_rest_over_http2(early: bool, proxy: Proxy) -> None:
    assert asyncio.run(_over_http2(proxy, early=early)) == [(200, b"GET "), (200, b"POST a body")]


# Floods and silence


def test_a_flood_waits_for_the_program_and_is_not_kept(proxy: Proxy) -> None:
    """A server that never ends its answer, and a program that does not read it."""
    sent = 0
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def flood() -> None:
            nonlocal sent
            server, _ = listener.accept()
            with server:
                server.settimeout(1)
                server.recv(1000)
                server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")
                with contextlib.suppress(OSError):
                    while True:
                        sent += server.send(b"x" * 65536)

        thread = threading.Thread(target=flood)
        thread.start()
        port = listener.getsockname()[1]
        endless = Connection(host="127.0.0.1", rest_port=port)
        with before(proxy, endless, keep=100_000) as at, socket.socket() as client:
            client.connect(("127.0.0.1", at.rest_port))
            client.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
            thread.join()  # its last second was one in which nobody took anything
        assert 0 < sent < 50_000_000
    (exchange,) = at.session.exchanges
    assert exchange.answer is not None
    assert not exchange.answer.whole
    assert len(exchange.answer.body) <= 100_000


def test_a_server_that_breaks_off_breaks_off_for_the_program(proxy: Proxy) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def break_off() -> None:
            server, _ = listener.accept()
            with server:
                server.recv(1000)
                server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

        thread = threading.Thread(target=break_off)
        thread.start()
        broken = Connection(host="127.0.0.1", rest_port=listener.getsockname()[1])
        with before(proxy, broken) as at, pytest.raises(http.client.IncompleteRead):
            at.ask("GET", "/x")
        thread.join()
    (exchange,) = at.session.exchanges
    assert "broke off" in exchange.problem


# What is carried on


def test_what_a_program_sends_on_is_changed_back(proxy: Proxy, toy: Toys) -> None:
    toy.answers["/things/a"] = (200, {}, b'{"id": 12345, "name": "a b", "at": "2026-11-26"}')
    change = Change(seed=1, places={"Read": [("id",), ("name",), ("at",)]})
    with before(proxy, toy.connection, change=change) as at:
        given = json.loads(at.ask("GET", "/things/a")[2])
        target = f"/things/{quote(given['name'], safe='')}?id={given['id']}&x=12"
        at.ask("GET", target)
        body = {"made": given["id"], "at": [given["at"]], "mine": "text"}
        at.ask("POST", "/things", json.dumps(body))
    assert given != {"id": 12345, "name": "a b", "at": "2026-11-26"}
    assert toy.asked[1][1] == "/things/a%20b?id=12345&x=12"
    assert json.loads(toy.asked[2][3]) == {"made": 12345, "at": ["2026-11-26"], "mine": "text"}
    assert at.session.exchanges[1].target == target
    assert json.loads(at.session.exchanges[2].body) == body


# TLS


def test_tls_before_a_plain_server(proxy: Proxy, toy: Toys) -> None:
    authority = Authority(["localhost", "127.0.0.1"])
    trusting = ssl.create_default_context(cadata=authority.pem.decode())
    with before(proxy, toy.connection, authority=authority) as at:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", at.rest_port, timeout=10, context=trusting
        )
        with contextlib.closing(connection):
            connection.request("GET", "/x")
            assert connection.getresponse().read() == b"{}"
        with grpc.secure_channel(
            f"localhost:{at.grpc_port}", grpc.ssl_channel_credentials(authority.pem)
        ) as channel:
            assert channel.unary_unary("/toys.Toys/Read")(b"one", timeout=10) == b"one"
        stranger = ssl.create_default_context()
        refusing = http.client.HTTPSConnection(
            "127.0.0.1", at.rest_port, timeout=10, context=stranger
        )
        with contextlib.closing(refusing), pytest.raises(ssl.SSLCertVerificationError):
            refusing.request("GET", "/x")
    assert [link.encrypted for link in at.session.links] == [True, True, False]
    assert at.session.links[2].problem.startswith("TLS: ")


def test_tls_to_the_server_with_headers_and_a_client_certificate(
    proxy: Proxy, toy: Toys, tmp_path: Any
) -> None:
    """The proxy before itself: the second one stands for a server that asks for all this."""
    authority = Authority(["localhost", "127.0.0.1"])
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    client = authority.client(tmp_path)
    tls = Tls(cacert=str(tmp_path / "ca.pem"), cert=client.cert, key=client.key)
    inner = replace(toy.connection, tls=None)
    with before(proxy, inner, authority=authority, client=client) as server:
        upstream = Connection(
            host="localhost", rest_port=server.rest_port, grpc_port=server.grpc_port,
            tls=tls, authority="api.example:443",
        )  # fmt: skip
        upstream_rest = replace(upstream, authority=None)
        with before(proxy, upstream_rest) as at:
            headers = {"Authorization": "Bearer x"}
            assert at.ask("GET", "/x", headers=headers)[0] == 200
    assert server.session.links[0].client_certificate
    assert ("authorization", "Bearer x") in server.session.exchanges[0].own_headers


def test_the_authority_that_a_program_names_goes_on(proxy: Proxy, toy: Toys) -> None:
    upstream = replace(toy.connection, authority="api.example")
    with before(proxy, upstream) as at:
        at.ask("GET", "/x", headers={"Host": "api.example"})
    assert toy.asked[0][2]["Host"] == "api.example"


# Framing


@pytest.mark.parametrize(
    ("text", "seconds"), [("1H", 3600), ("2M", 120), ("10S", 10), ("9999m", 9.999), ("5u", 5e-6)]
)
def test_grpc_timeouts(text: str, seconds: float) -> None:
    assert grpc_framing.seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "S", "1.5S", "123456789S", "-1S", "1s"])
def test_malformed_grpc_timeouts(text: str) -> None:
    with pytest.raises(ValueError, match="grpc-timeout"):
        grpc_framing.seconds(text)


def test_exchanges_are_typed_by_content_and_not_by_door(proxy: Proxy, toy: Toys) -> None:
    """REST that goes to the port of gRPC reaches that port of the server, and fails there."""
    door = listening("127.0.0.1", 0, "grpc")
    port = door.socket.getsockname()[1]
    with proxy.session(toy.connection, [door], Plan(calls=CALLS)) as session:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", "/x")
            assert connection.getresponse().status == 502
    exchange: Exchange = session.exchanges[0]
    assert (exchange.transport, exchange.link.transport) == ("rest", "grpc")


def test_requests_are_made_again_without_the_program(proxy: Proxy, toy: Toys) -> None:
    with before(proxy, toy.connection) as at:
        at.ask("POST", "/things?x=%2F", body=b"one")
        at.ask("POST", "/things", body=iter([b"in ", b"chunks"]), encode_chunked=True)
        at.ask("GET", "/things/a")
        with grpc.insecure_channel(f"127.0.0.1:{at.grpc_port}") as channel:
            method = channel.stream_stream("/toy.Toy/Each")
            assert [*method(iter([b"two", b"three"]))] == [b"two", b"three"]
            with pytest.raises(grpc.RpcError):
                channel.unary_unary("/toy.Toy/Refuse")(b"four")
    exchanges = at.session.exchanges
    asked = [(method, path, body) for method, path, _, body in toy.asked]
    again = proxy.repeated(toy.connection, exchanges, "", 10)
    assert [(method, path, body) for method, path, _, body in toy.asked] == asked * 2
    given = [exchange.given for exchange in exchanges if exchange.given]
    assert len(given) == len(again) == 5
    for first, second in zip(given, again, strict=True):
        assert (first.status, first.body, first.code) == (second.status, second.body, second.code)


def test_a_server_that_is_gone_answers_nothing_again(proxy: Proxy, toy: Toys) -> None:
    with before(proxy, toy.connection) as at:
        at.ask("GET", "/things/a")
    gone = replace(toy.connection, rest_port=1)
    with pytest.raises(ConnectionRefusedError):
        proxy.repeated(gone, at.session.exchanges, "", 10)
