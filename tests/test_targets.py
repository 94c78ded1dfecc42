"""A target that is not there, hangs, answers garbage or floods is one message, within seconds."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from samplegen import cli
from tests import toy
from tests.server.process import free_ports

pytestmark = pytest.mark.processes

Answer = Callable[[socket.socket, threading.Event], None]


def hang(client: socket.socket, over: threading.Event) -> None:
    over.wait(30)


def garbage(client: socket.socket, over: threading.Event) -> None:
    client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def vanish(client: socket.socket, over: threading.Event) -> None:
    """Closes the connection without an answer."""


def half(client: socket.socket, over: threading.Event) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")


def flood(client: socket.socket, over: threading.Event) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not over.is_set():
        client.sendall(b"x" * 65536)


def headers(client: socket.socket, over: threading.Event) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\n")
    while not over.is_set():
        client.sendall(b"x: " + b"y" * 60000 + b"\r\n")


def drip(client: socket.socket, over: threading.Event) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not over.wait(0.1):
        client.sendall(b" ")


@contextlib.contextmanager
def answering(answer: Answer) -> Iterator[int]:
    """A server that answers every connection so; its port."""
    over = threading.Event()

    def serve(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.recv(65536)
            answer(client, over)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (hang, "timed out"),
        (garbage, "SSH-2.0"),
        (vanish, "closed connection without response"),
        (half, "IncompleteRead"),
        (flood, "its answer is longer than 1048576 bytes"),
        (headers, "got more than 100 headers"),
        (drip, "its answer took longer than 5 s"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_does_not_answer_as_a_server_should_is_one_message(
    answer: Answer,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    options = [str(option) for option in toy.make(tmp_path, {"good": toy.GOOD})]
    started = time.monotonic()
    with answering(answer) as port:
        assert cli.run(["verify", *options, "--endpoint", f"localhost:1:{port}"]) == 1
    assert time.monotonic() - started < 20
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: no server answers at localhost:{port}: ")
    assert message in line
    assert line.endswith("; start it, or leave out its address")


def test_a_target_that_is_not_there_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    options = [str(option) for option in toy.make(tmp_path, {"good": toy.GOOD})]
    (port,) = free_ports(1)
    assert cli.run(["verify", *options, "--endpoint", f"localhost:1:{port}"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "Connection refused" in line
