"""What is said of servers that are not there, are no KServe servers, or lie: one clear message."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from samplegen import cli
from samplegen.errors import SamplegenError, UsageError
from samplegen.served import address, asking, metadata
from tests.server.process import free_ports

Answer = Callable[[str], tuple[int, str | bytes]]

METADATA = {
    "name": "m",
    "versions": ["1"],
    "platform": "p",
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2]}],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 2]}],
}


@contextmanager
def serving(answer: Answer) -> Iterator[int]:
    """A server that answers each path as told."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.path)
            content = body if isinstance(body, bytes) else body.encode()
            self.send_response(status)
            if status == 308:
                self.send_header("Location", "https://models.example/v2")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def complaint(answer: Answer, *options: str) -> str:
    """What the command says of a server; it must fail."""
    with serving(answer) as port:
        where = f"http://127.0.0.1:{port}"
        try:
            status = cli.run(["model", where, "m", *options])
        except SystemExit as error:  # pragma: no cover
            raise AssertionError from error
    assert status in (1, 2)
    return where


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert lines and all(line.startswith("error: ") for line in lines)
    return [line.removeprefix("error: ") for line in lines]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def lying(**changes: Any) -> Answer:
    tree = {key: value for key, value in {**METADATA, **changes}.items() if value is not ...}
    return lambda path: (200, json.dumps(tree))


def tensor(**changes: Any) -> list[dict[str, Any]]:
    tree = {"name": "x", "datatype": "FP32", "shape": [1, 2], **changes}
    return [{key: value for key, value in tree.items() if value is not ...}]


LIES: dict[str, tuple[Answer, list[str]]] = {
    "HTML": (
        lambda path: (200, "<html><body>Welcome to nginx</body></html>"),
        ["does not answer with JSON, but with '<html><body>Welcome to nginx</body></html>'"],
    ),
    "HTML of an error": (lambda path: (404, "<html>404</html>"), ["does not answer with JSON"]),
    "no object": (lambda path: (200, "[1]"), ["found [1]; expected a JSON object"]),
    "deep": (lambda path: (200, "[" * 100_000), ["does not answer with JSON"]),
    "nothing": (lambda path: (200, ""), ["does not answer with JSON, but with ''"]),
    "no UTF-8": (lambda path: (200, b"\xff\xfe\xfd"), ["does not answer with JSON"]),
    "elsewhere": (
        lambda path: (308, ""),
        ["sends us on to 'https://models.example/v2'; name the server there"],
    ),
    "an error": (
        lambda path: (500, '{"error": "out of memory"}'),
        ["answers HTTP status 500: out of memory"],
    ),
    "no inputs": (lying(inputs=...), ["inputs is missing"]),
    "empty inputs": (lying(inputs=[]), ["inputs: found 0 tensors"]),
    "no shape": (lying(inputs=tensor(shape=...)), ["inputs.0.shape is missing"]),
    "negative": (lying(inputs=tensor(shape=[1, -5])), ["inputs.0.shape.1: found -5"]),
    "shape of text": (lying(inputs=tensor(shape="2")), ["inputs.0.shape: found '2'"]),
    "size of text": (lying(inputs=tensor(shape=["2"])), ["inputs.0.shape.0: found '2'"]),
    "name of a number": (lying(outputs=tensor(name=7)), ["outputs.0.name: found 7"]),
    "no name": (lying(outputs=tensor(name="")), ["outputs.0.name: found ''"]),
    "half a pair": (
        lying(inputs=tensor(name="\ud800")),
        ["inputs.0.name: found '\\ud800'; expected a valid string"],
    ),
    "twice": (lying(inputs=tensor() * 2), ["inputs: the name 'x' appears 2 times"]),
    "unknown datatype": (
        lying(inputs=tensor(datatype="FP8"), outputs=tensor(datatype="BF16")),
        ["input 'x' has the datatype 'FP8'", "output 'x' has the datatype 'BF16'"],
    ),
    "INVALID": (lying(inputs=tensor(datatype="INVALID")), ["such as BF16"]),
    "huge": (
        lying(inputs=tensor(shape=[100000, 100000])),
        ["input 'x' has 10,000,000,000 elements; a sample sends at most 67,108,864"],
    ),
    "all at once": (
        lying(inputs=tensor(shape=[-2], name=3), outputs=7),
        ["inputs.0.name: found 3", "inputs.0.shape.0: found -2", "outputs: found 7"],
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_one_message_a_mistake(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer, expected = LIES[name]
    where = complaint(answer)
    lines = said(capsys)
    assert len(lines) == len(expected)
    for line, part in zip(lines, expected, strict=True):
        assert part in line
    assert all(where in line for line in lines) or "elements" in lines[0] or "datatype" in lines[0]


def no_model(path: str) -> tuple[int, str]:
    return 404, '{"error": "Model with requested name is not found"}'


def with_config(path: str) -> tuple[int, str]:
    if path == "/v1/config":
        return 200, json.dumps({"resnet": {}, "mm": {}})
    return no_model(path)


def with_index(path: str) -> tuple[int, str]:
    if path == "/v2/repository/index":
        return 200, json.dumps([{"name": "bert"}, {"name": "gpt"}])
    return 400, '{"error": "Request for unknown model"}'


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (with_config, "known: mm, resnet"),
        (with_index, "known: bert, gpt"),
        (no_model, "the server does not list its models"),
        (lambda path: (404, '{"error": "x"}'), "the server does not list its models"),
    ],
)
def test_models_that_exist_are_named(
    answer: Answer, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    where = complaint(answer)
    expected = f"no model 'm' at {where}; {hint}"
    assert said(capsys) == [expected.replace("known: mm, resnet", "did you mean 'mm'?")]


def test_versions_that_exist_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    def answer(path: str) -> tuple[int, str]:
        return no_model(path) if "versions" in path else (200, json.dumps(METADATA))

    complaint(answer, "--version", "7")
    assert said(capsys) == ["no version '7' of 'm'; known: 1"]


def test_a_slow_server_is_not_waited_for() -> None:
    """A byte now and then keeps a socket's own timeout from ever passing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            client, _ = listening.accept()
            with client:
                for _ in range(100):
                    try:
                        client.send(b"H")
                    except OSError:
                        return
                    time.sleep(0.05)

        thread = threading.Thread(target=drip)
        thread.start()
        where = address.parse(f"http://127.0.0.1:{listening.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(SamplegenError, match=r"did not answer within 0\.5 s"):
            asking.ask(where, "m", "", 0.5)
        assert time.monotonic() - started < 3
        thread.join(10)


@pytest.mark.parametrize("scheme", ["http", "https", "grpc", "grpcs"])
def test_a_server_that_is_not_there(scheme: str) -> None:
    (port,) = free_ports(1)
    with pytest.raises(SamplegenError) as failure:
        asking.ask(address.parse(f"{scheme}://127.0.0.1:{port}"), "m", "", 5)
    (problem,) = failure.value.problems
    assert f"server answers at {scheme}://127.0.0.1:{port}" in problem.message


@pytest.mark.parametrize("scheme", ["https", "grpc", "grpcs"])
def test_a_wrong_scheme(scheme: str) -> None:
    with serving(lying()) as port, pytest.raises(SamplegenError) as failure:
        asking.ask(address.parse(f"{scheme}://127.0.0.1:{port}"), "m", "", 5)
    (problem,) = failure.value.problems
    assert f"{scheme}://127.0.0.1:{port}" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "localhost:8000",
        "ftp://x:1",
        "http://",
        "http://h:99999",
        "http://h:1/v2",
        "http://u@h:1",
        "",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match="expected http://HOST:PORT"):
        address.parse(text)


def test_only_grpc_without_tls_has_no_port_of_its_own() -> None:
    with pytest.raises(UsageError, match="without a port"):
        address.parse("grpc://host")
    assert str(address.parse("https://host")) == "https://host:443"
    assert str(address.parse("grpcs://host")) == "grpcs://host:443"
    assert str(address.parse("grpc://[::1]:9000")) == "grpc://[::1]:9000"


def test_the_usual_port_of_the_other_transport_gives_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = metadata.read(METADATA, "here")
    monkeypatch.setattr(asking, "ask", lambda *_: asking.Answer(tree, metadata.UNKNOWN))
    asked = ["model", "http://gpu7:9000", "m", "--client"]
    assert cli.run([*asked, "curl/rest"]) == 0
    assert "http://gpu7:9000/v2" in capsys.readouterr().out
    assert cli.run([*asked, "go/grpc"]) == 0
    printed = capsys.readouterr()
    assert '"gpu7:8000"' in printed.out
    assert "name it, such as --grpc-port 8000" in printed.err


def test_what_encrypts_wants_an_address_that_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["model", "grpc://h:1", "m", "--tls", "--cacert", "ca.pem"]) == 2
    (line,) = said(capsys)
    assert line == "--tls, --cacert: grpc://h:1 is not encrypted; write grpcs://h:1"


SHAPES = {
    "x=": "found [] for 'x'; expected one that fits [1, 2]",
    "x=1,3": "found [1, 3] for 'x'; expected one that fits [1, 2]",
    "z=1": "no input 'z'; known: x",
    "x": "found 'x'; expected NAME=1,3,224,224",
    "x=1,-1": "found 'x=1,-1'; expected NAME=1,3,224,224",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_impossible_shape(shape: str, capsys: pytest.CaptureFixture[str]) -> None:
    complaint(lying(), "--shape", shape)
    (line,) = said(capsys)
    assert SHAPES[shape] in line


def test_a_hostile_model_name_stays_in_its_place() -> None:
    with serving(lying()) as port:
        result: Result = CliRunner().invoke(
            cli.cli,
            ["model", f"http://127.0.0.1:{port}", "a/b';$(id)\n?", "--client", "curl/rest"],
        )
    assert result.exit_code == 0, result.output
    assert f"http://127.0.0.1:{port}/v2/models/a%2Fb%27%3B%24%28id%29%0A%3F/infer" in result.stdout


def test_what_is_saved_is_yaml(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    with serving(lying()) as port:
        assert cli.run(["model", f"http://127.0.0.1:{port}", "m", "--save", str(file)]) == 0
        assert cli.run(["model", f"http://127.0.0.1:{port}", "m", "--save", str(file)]) == 2
    tree = yaml.safe_load(file.read_text())
    assert tree["inputs"] == [
        {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [0.0, 1.0]}
    ]
    assert tree["expect"][0]["label"] == "y"
