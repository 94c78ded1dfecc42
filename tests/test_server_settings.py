"""What `server` of api.yaml asks for: folders, files, ports, variables, readiness, versions."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from samplegen.errors import SamplegenError
from samplegen.judge.servers import started
from samplegen.judge.servers.asking import get
from samplegen.resources import spec_layers
from samplegen.spec.reading import Spec
from tests.conftest import Run

pytestmark = pytest.mark.processes

SERVER = """
import http.server, json, os, pathlib, sys, time

port, work, peer = sys.argv[1:]
began = time.monotonic()
folder = pathlib.Path(work)
found = {
    "files": {p.name: p.read_text() for p in folder.iterdir()},
    "peer": int(peer), "mode": os.environ["MODE"], "work": work, "home": os.environ["HOME"],
}
(folder / "state").write_text("x")

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        late = time.monotonic() - began > 0.3
        status, body = 200, json.dumps(found)
        if self.path == "/ready":
            status, body = 203, "up" if late else "starting"
        if self.path == "/build":
            body = 'build { release "7.2" }'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *args): pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
"""
ALL: dict[str, Any] = {
    "title": "the box",
    "command": ["{python}", "{spec}/server.txt", "{rest_port}", "{work}", "{port:peer}"],
    "env": {"MODE": "{port:peer} {rest_port}"},
    "files": {"box.conf": "listen {rest_port} {peers} { work {work} }"},
    "install": "make a box",
    "ready": {"path": "/ready", "status": 203, "body": "^up$"},
    "version": {"path": "/build", "pattern": 'release "([^"]+)"'},
}


def spec(folder: Path, connection: dict[str, Any] | None = None, **server: Any) -> Spec:
    folder = folder / "spec { }"
    folder.mkdir()
    (folder / "server.txt").write_text(SERVER)
    api = {
        "title": "Box",
        "summary": "A box.",
        "connection": connection or {"host": "localhost", "rest_port": 8000},
        "deadline": 1,
        "server": {key: value for key, value in {**ALL, **server}.items() if value is not None},
    }
    (folder / "api.yaml").write_text(yaml.safe_dump(api))
    return Spec(spec_layers([folder]))


def test_a_server_gets_what_it_asks_for_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    with started.started(spec(tmp_path).api) as target:
        port = target.connection.rest_port
        assert target.version == "the box 7.2"
        _, body = get(target.connection, "/")
        found = json.loads(body)
        work = Path(found["work"])
        assert found["files"] == {"box.conf": f"listen {port} {{peers}} {{ work {work} }}"}
        assert found["mode"] == f"{found['peer']} {port}"
        assert found["peer"] not in (port, 0)
        assert (work / "state").is_file()
    assert not work.exists()


def test_commands_tell_readiness_and_version(tmp_path: Path) -> None:
    ask = "import urllib.request as u, sys; u.urlopen('http://127.0.0.1:' + sys.argv[1])"
    own = spec(
        tmp_path,
        ready={"command": ["{python}", "-c", ask, "{rest_port}"]},
        version={"command": ["{python}", "-c", "print('box 8.1')"], "pattern": r"[0-9.]+"},
        name="Box",
    )
    with started.started(own.api) as target:
        assert target.version == "Box 8.1"


def test_both_transports_share_one_port(tmp_path: Path) -> None:
    connection = {"host": "localhost", "grpc_port": 8000, "rest_port": 8000, "one_port": True}
    with started.started(spec(tmp_path, connection).api) as target:
        assert target.connection.grpc_port == target.connection.rest_port


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ({"command": ["box", "{wrok}"]}, "found {wrok}; expected one of {port:NAME}"),
        ({"command": ["box", "{port:}"]}, "found {port:}; expected one of"),
        ({"env": {"A": "{record}"}}, "found {record}; expected one of"),
        ({"env": {"A-B": "x"}}, "found 'A-B'"),
        ({"files": {"../x": "x"}}, "found '../x'"),
        ({"ready": {"path": "/", "command": ["a"]}}, "exactly one of 'path' and"),
        ({"ready": {"command": ["a", "{work}"]}}, "found {work}; expected one of"),
        ({"ready": {"path": "/", "body": "("}}, "not a regular expression"),
        ({"version": {"pattern": "x"}}, "exactly one of 'path' and 'command'"),
        ({"ready": {"command": ["a"], "body": "x"}}, "'status' and 'body' are of a path"),
        ({"files": {"box.conf": "{rest_prot}"}}, "found {rest_prot}; did you mean {rest_port}?"),
        ({"files": {"box.conf": "{wrok}"}}, "found {wrok}; did you mean {work}?"),
        ({"metadata": "/v"}, "found 'version' beside 'metadata'"),
    ],
)
def test_mistakes_are_reported_where_they_stand(
    server: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(SamplegenError) as error:
        print(spec(tmp_path, **server).api)
    text = "\n".join(map(str, error.value.problems))
    assert said in text
    assert "api.yaml:" in text


@pytest.mark.parametrize("text", ['{"a": 1}', "awk '{print $2}'", "{}", "{ x }", "${HOME}"])
def test_other_braces_are_text(text: str, tmp_path: Path) -> None:
    server = spec(tmp_path, command=["box", text], files={"box.conf": text}).api.server
    assert server.command == ("box", text)


def test_a_program_that_is_not_there_is_reported_at_its_line(
    tmp_path: Path, samplegen: Run
) -> None:
    own = spec(tmp_path, command=["no-such-box", "{rest_port}"])
    step = "{call: GET /, print: [{label: a, path: a, value: 1}]}"
    (own.folder / "do.yaml").write_text(f"title: T\nsummary: S.\nsteps: [{step}]\n")
    path = own.folder / "api.yaml"
    path.write_text(f"{path.read_text()}clients: [curl/rest]\n")
    lines = path.read_text().splitlines()
    number = lines.index("  - no-such-box") + 1
    for command in ("verify", "record", "serve"):
        ended = samplegen(command, "--spec", own.folder, cwd=tmp_path)
        assert ended.returncode == 1, ended.stdout
        assert f"api.yaml:{number}:" in ended.stderr
        said = "the box is not installed: there is no 'no-such-box'; type: make a box"
        assert said in ended.stderr


def test_a_server_that_never_is_ready_says_what_it_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(started, "_START_SECONDS", 2)
    own = spec(tmp_path, ready={"path": "/ready", "status": 203, "body": "never"})
    with (
        pytest.raises(SamplegenError, match="the answer at /ready does not match 'never'"),
        started.started(own.api),
    ):
        raise AssertionError("it cannot be ready")


def test_serve_fills_in_the_same_and_leaves_nothing(tmp_path: Path, samplegen: Run) -> None:
    program = "import os, sys; print(sys.argv[1], os.listdir(sys.argv[1]))"
    own = spec(tmp_path, command=[sys.executable, "-c", program, "{work}"])
    ended = samplegen("serve", "--spec", own.folder, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    work, _, files = ended.stdout.partition(" ")
    assert files.strip() == "['box.conf']"
    assert not Path(work).exists()
