"""Each fault is served from the call on that it is meant for, and says what a message must hold."""

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import grpc
import pytest

from samplegen.judge.servers.proxy import faults, wrong_answers
from samplegen.judge.servers.proxy.certificates import Authority
from samplegen.judge.servers.proxy.exchanges import Answer
from samplegen.judge.servers.proxy.fault import Fault, told, words
from samplegen.judge.servers.proxy.proxy import Proxy
from tests.proxying import Before, Toys, before, kserve, toys
from tests.test_proxy_changing import INFER, over_grpc, over_rest

ANY = {(fault.name): fault for fault in faults.any_server(7)}
RIGHT = b'{"name": "a right answer", "count": 12}'


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with Proxy() as made:
        yield made


@pytest.fixture(scope="module")
def toy() -> Iterator[Toys]:
    with toys() as made:
        made.answers["/things/a"] = (200, {"Content-Type": "application/json"}, RIGHT)
        yield made


def names(transport: str) -> list[str]:
    """The faults that give an answer, or at least an end."""
    return [
        name for name, fault in ANY.items()
        if transport in fault.transports and not fault.connecting and not fault.waits
    ]  # fmt: skip


def get(at: Before, path: str = "/things/a", timeout: float = 5) -> str:
    """What became of a request, in a word or two."""
    try:
        status, _, body = at.ask("GET", path, timeout=timeout)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    return f"{status} {body.decode(errors='replace')}"


@pytest.mark.parametrize("name", names("rest"))
def test_rest(name: str, proxy: Proxy, toy: Toys) -> None:
    fault = ANY[name]
    with before(proxy, toy.connection, fault=fault) as at:
        found = get(at)
    assert found != f"200 {RIGHT.decode()}"
    assert at.session.exchanges[0].faulty
    assert at.session.problems == []
    given = at.session.exchanges[0].given
    if found[0].isdigit():
        assert given is not None
        assert given.status == int(found[:3])
    if given is not None and given.status >= 300:
        assert words(given)


@pytest.mark.parametrize("name", names("grpc"))
def test_grpc(name: str, proxy: Proxy, toy: Toys) -> None:
    with before(proxy, toy.connection, fault=ANY[name]) as at:
        code, messages, details = at.call([b"a right message"])
    assert (code, messages) != ("OK", [b"a right message"])
    (exchange,) = at.session.exchanges
    assert exchange.faulty
    assert exchange.messages == [b"a right message"]
    assert at.session.problems == []
    if name.startswith("gRPC status"):
        assert code == name.split()[2]
        assert exchange.given is not None
        assert details == exchange.given.details


@pytest.mark.parametrize("name", [*names("rest"), *names("grpc")])
def test_messages_that_name_the_error_and_those_that_do_not(
    name: str, proxy: Proxy, toy: Toys
) -> None:
    fault = ANY[name]
    transport = fault.transports[0]
    with before(proxy, toy.connection, fault=fault) as at:
        if transport == "rest":
            get(at)
        else:
            at.call([b"a right message"])
    exchange = next(exchange for exchange in at.session.exchanges if exchange.faulty)
    expected = fault.words or words(exchange.given)
    for word in expected:
        assert told(f"failed: {' '.join(word.split()).upper()}!", fault, exchange)
    for swallowed in ("something went wrong", "request failed", "RpcError", "error 99"):
        assert told(swallowed, fault, exchange) == (not expected)


def test_the_phrase_of_a_redirect_is_no_cause() -> None:
    assert words(Answer(status=302)) == ("302",)
    assert words(Answer(status=404)) == ("404", "Not Found")


@pytest.mark.parametrize(
    ("name", "transport"),
    [(name, transport) for name in ANY if ANY[name].waits for transport in ANY[name].transports],
)
def test_what_makes_a_program_wait(name: str, transport: str, proxy: Proxy, toy: Toys) -> None:
    fault = ANY[name]
    heard = threading.Event()
    with before(proxy, toy.connection, fault=fault, waiting=heard.set) as at:
        start = time.monotonic()
        if transport == "rest":
            with pytest.raises(TimeoutError), contextlib.ExitStack() as stack:
                _read_until(at.rest_port, start + 1, stack)
        else:
            code, messages, _ = at.call([b"a right message"], timeout=1)
            assert (code, messages) == ("DEADLINE_EXCEEDED", [])
        assert 0.9 < time.monotonic() - start < 3
    since = at.session.waiting_since
    assert heard.is_set() == (since is not None)
    assert (since is None) == (fault.connecting == "ignored")
    assert since is None or start < since < start + 1


def _read_until(port: int, end: float, stack: contextlib.ExitStack) -> None:
    """Asks and reads, with a limit for all of it, as a program with a deadline does."""
    client = stack.enter_context(socket.socket())
    client.settimeout(end - time.monotonic())
    client.connect(("127.0.0.1", port))
    client.sendall(b"GET /things/a HTTP/1.1\r\nHost: x\r\n\r\n")
    while True:
        client.settimeout(max(end - time.monotonic(), 0.001))
        if not client.recv(1000):
            return


def test_a_drip_gives_each_read_something(proxy: Proxy, toy: Toys) -> None:
    with before(proxy, toy.connection, fault=ANY["answer drips"]) as at:
        connection = http.client.HTTPConnection("127.0.0.1", at.rest_port, timeout=1.5)
        with contextlib.closing(connection):
            start = time.monotonic()
            connection.request("GET", "/things/a")
            response = connection.getresponse()
            assert response.read(len(RIGHT) // 2 + 8)  # two drips: no single read is late
            assert time.monotonic() - start >= 1


def test_the_calls_before_are_answered_rightly_and_all_after_are_not(
    proxy: Proxy, toy: Toys
) -> None:
    with before(proxy, toy.connection, fault=ANY["HTTP status 503"], call=2) as at:
        found = [get(at)[:3] for _ in range(4)]
    assert found == ["200", "200", "503", "503"]
    assert [exchange.faulty for exchange in at.session.exchanges] == [False, False, True, True]
    with before(proxy, toy.connection, fault=ANY["gRPC status ABORTED"], call=1) as at:
        assert [at.call([b"x"])[0] for _ in range(2)] == ["OK", "ABORTED"]


def test_only_the_calls_that_a_fault_names_meet_it(proxy: Proxy, toy: Toys) -> None:
    fault = wrong_answers.replaced("not ready", ["Send"], status=503)
    with before(proxy, toy.connection, fault=fault) as at:
        assert get(at)[:3] == "200"
        assert at.ask("POST", "/things", b"x")[0] == 503
        assert at.call([b"x"], "/toys.Toys/Read") == ("OK", [b"x"], "")
        assert at.call([b"x"], "/toys.Toys/Send") == ("OK", [b""], "")
    faulty = [exchange.faulty for exchange in at.session.exchanges]
    assert faulty == [False, True, False, True]


def test_texts_are_replaced_in_answers_and_questions(proxy: Proxy, toy: Toys) -> None:
    fault = wrong_answers.replaced("other", ["Read"], {"right": "wrong"})
    with before(proxy, toy.connection, fault=fault) as at:
        assert get(at) == f"200 {RIGHT.decode().replace('right', 'wrong')}"
        assert at.call([b"right"])[1] == [b"wrong"]
    toy.answers["/things/x"] = (404, {}, b'{"error": "no such thing: x"}')
    fault = wrong_answers.asked_otherwise("unknown thing", ["Read"], {"a": "x"})
    with before(proxy, toy.connection, fault=fault) as at:
        assert get(at) == '404 {"error": "no such thing: x"}'
        assert at.call([b"banana"])[1] == [b"bxnxnx"]
        assert at.call([b"banana"], "/toys.Toys/Send")[1] == [b"banana"]
    assert told("thing: 404", fault, at.session.exchanges[0])
    assert told("No such thing: x.", fault, at.session.exchanges[0])
    assert not told("it failed", fault, at.session.exchanges[0])
    assert at.session.exchanges[0].target == "/things/a"


@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_nobody_listens_from_a_call_on(transport: str, proxy: Proxy, toy: Toys) -> None:
    for call in (0, 1):
        with before(proxy, toy.connection, fault=ANY["server down"], call=call) as at:
            if transport == "rest":
                found = [get(at)[:6] for _ in range(2)]
                assert found == (["Connec", "Connec"] if call == 0 else ['200 {"', "Connec"])
            else:
                codes = [at.call([b"x"])[0] for _ in range(2)]
                assert codes == ["UNAVAILABLE" if call == 0 else "OK", "UNAVAILABLE"]


def test_a_connection_that_was_used_before_is_closed_when_nobody_listens(
    proxy: Proxy, toy: Toys
) -> None:
    with before(proxy, toy.connection, fault=ANY["server down"], call=1) as at:
        connection = http.client.HTTPConnection("127.0.0.1", at.rest_port, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", "/things/a")
            assert connection.getresponse().read() == RIGHT
            with pytest.raises((OSError, http.client.HTTPException)):
                connection.request("GET", "/things/a")
                connection.getresponse()


def test_a_login_page_follows_its_redirect(proxy: Proxy, toy: Toys) -> None:
    with before(proxy, toy.connection, fault=ANY["redirect to a login page"]) as at:
        status, headers, _ = at.ask("GET", "/things/a")
        assert (status, headers["location"]) == (302, "/login")
        assert b"Log in" in at.ask("GET", "/login")[2]


def test_answers_without_a_body_are_not_cut(proxy: Proxy, toy: Toys) -> None:
    toy.answers["/things/none"] = (200, {}, b"")
    for name in ("truncated answer", "answer drips", "server stalls midway", "empty answer",
                 "malformed answer", "half a body"):  # fmt: skip
        with before(proxy, toy.connection, fault=ANY[name]) as at:
            assert get(at, "/things/none") == "200 "
        assert not any(exchange.faulty for exchange in at.session.exchanges), name


@pytest.mark.parametrize("name", ["a stranger's certificate", "an expired certificate",
                                  "another host's certificate"])  # fmt: skip
def test_certificates_that_must_be_refused(name: str, proxy: Proxy, toy: Toys) -> None:
    authority = Authority(["localhost", "127.0.0.1"])
    fault = {fault.name: fault for fault in faults.any_server(7, encrypted=True)}[name]
    trusting = ssl.create_default_context(cadata=authority.pem.decode())
    with before(proxy, toy.connection, fault=fault, authority=authority) as at:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", at.rest_port, timeout=5, context=trusting
        )
        with contextlib.closing(connection), pytest.raises(ssl.SSLCertVerificationError):
            connection.request("GET", "/things/a")
        credentials = grpc.ssl_channel_credentials(authority.pem)
        with grpc.secure_channel(f"localhost:{at.grpc_port}", credentials) as channel:
            with pytest.raises(grpc.RpcError) as error:
                channel.unary_unary("/toys.Toys/Read")(b"x", timeout=5)
            assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    assert at.session.exchanges == []


# Tensors


OUTPUTS = [{"name": "a", "datatype": "FP32", "shape": [1, 4], "data": [0.5, 1.5, 2.5, 3.5]}]
TENSORS = {fault.name: fault for fault in wrong_answers.kserve_tensors()}


@pytest.mark.parametrize("name", [*TENSORS])
@pytest.mark.parametrize("binary", [False, True])
def test_tensor_faults(name: str, binary: bool, proxy: Proxy, toy: Toys) -> None:
    fault = TENSORS[name]
    path = "/v2/models/m/versions/1/infer"
    right = over_rest(OUTPUTS, binary=binary)
    toy.answers[path] = (200, dict(right.headers), right.body)
    toy.echo.answers[INFER] = over_grpc(OUTPUTS, typed=binary).messages[0]
    with before(proxy, toy.connection, fault=fault, contract=kserve()) as at:
        at.ask("POST", path, b"{}")
        if "grpc" in fault.transports:
            at.call([b""], INFER)
    assert at.session.problems == []
    for exchange in at.session.exchanges:
        nothing_to_change = binary and exchange.transport == "rest" and (
            name in {"null elements", "texts for numbers"}
        )  # fmt: skip
        assert exchange.faulty != nothing_to_change
        assert (exchange.given == exchange.answer) == nothing_to_change
        assert exchange.problem == ""


def test_tensor_faults_without_a_contract_say_so(proxy: Proxy, toy: Toys) -> None:
    toy.echo.answers[INFER] = over_grpc(OUTPUTS, typed=False).messages[0]
    with before(proxy, toy.connection, fault=TENSORS["no outputs"]) as at:
        at.call([b""], INFER)
    (exchange,) = at.session.exchanges
    assert not exchange.faulty
    assert "contract" in exchange.problem


def test_fields_that_are_printed(proxy: Proxy, toy: Toys) -> None:
    toy.answers["/things/f"] = (200, {}, b'{"item": {"title": "a"}, "b": 1}')
    found = {}
    for fault in wrong_answers.fields({"Read": [["item", "title"], ["nowhere"]]}):
        with before(proxy, toy.connection, fault=fault) as at:
            found[fault.name] = json.loads(at.ask("GET", "/things/f")[2])
        assert any(exchange.faulty for exchange in at.session.exchanges) == (
            "nowhere" not in fault.name
        )
    assert found["item.title is missing"] == {"item": {}, "b": 1}
    assert found["item.title is null"] == {"item": {"title": None}, "b": 1}


# Words


@pytest.mark.parametrize(
    ("answer", "message", "expected"),
    [
        (Answer(status=503), "HTTP status 503", True),
        (Answer(status=503), "status 5030", False),
        (Answer(status=503), "version 1.503", False),
        (Answer(status=503), "Service unavailable", True),
        (Answer(status=500, body=b'{"error": "it is\\nbroken"}'), "it is broken", True),
        (Answer(status=500, body=b"out of   ink\n"), "Out of ink.", True),
        (Answer(status=500, body=b"<title>Down</title><p>x"), "down", True),
        (Answer(status=200, trailers=(("grpc-status", "7"),)), "PermissionDenied", True),
        (Answer(status=200, trailers=(("grpc-status", "7"),)), "code 7", True),
        (Answer(status=200, trailers=(("grpc-status", "7"),)), "code 17", False),
        (Answer(status=200, trailers=(("grpc-status", "7"), ("grpc-message", "no%20ink"))),
         "no ink", True),
        (Answer(status=200), "anything", True),
    ],
)  # fmt: skip
def test_words(answer: Answer, message: str, expected: bool) -> None:
    found = words(answer)
    assert told(message, Fault(name="x", words=found), None) == expected


def test_words_cannot_be_known_before() -> None:
    first, second = ({fault.name: fault for fault in faults.any_server(seed)} for seed in (1, 2))
    assert first.keys() == second.keys()
    assert len(first) == len(faults.any_server(1))
    assert faults._sentence(1, "x") != faults._sentence(2, "x") != faults._sentence(2, "y")


# Many at once


def test_a_thousand_stalls_take_no_core(proxy: Proxy, toy: Toys) -> None:
    fault = ANY["server stalls"]
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(50):
            at = stack.enter_context(before(proxy, toy.connection, fault=fault))
            for _ in range(20):
                client = stack.enter_context(socket.create_connection(("127.0.0.1", at.rest_port)))
                client.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
                clients.append(client)
        while at.session.waiting_since is None:
            time.sleep(0.01)
        started, cpu = time.monotonic(), time.process_time()
        time.sleep(1)
        used = (time.process_time() - cpu) / (time.monotonic() - started)
        threads = threading.active_count()
    assert used < 0.1
    assert threads < 40


def test_two_hundred_sessions_are_opened_and_closed(proxy: Proxy, toy: Toys) -> None:
    before_all = threading.active_count()
    for _ in range(200):
        with before(proxy, toy.connection, fault=ANY["HTTP status 404"]) as at:
            assert get(at)[:3] == "404"
    assert threading.active_count() <= before_all + 2


def test_an_answer_that_holds_nothing_to_replace_stays_whole() -> None:
    """Its headers, too: without one of them, bytes behind JSON cannot be read."""
    headers = (("Inference-Header-Content-Length", "2"),)
    answer = Answer(status=200, headers=headers, body=b"{}\x9b")
    edit = wrong_answers._Bytes(None, lambda body: body.replace(b"FP32", b"INT8"))
    exchange = SimpleNamespace(faulty=False)
    assert edit.answer(exchange, answer) == answer  # type: ignore[arg-type]
    assert not exchange.faulty
