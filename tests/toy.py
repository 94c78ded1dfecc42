"""A toy API: a tiny server and toy programs, to judge the judge without toolchains."""

import contextlib
import socket
import sys
from pathlib import Path
from string import Template


def _claimed() -> tuple[int, socket.socket]:
    """A number of which no other process of tests makes its toy's ports, until the socket closes.

    The claim is a port of UDP, which leaves the ones of TCP to the toy's server.
    """
    for port in range(19007, 19999, 2):
        claim = socket.socket(type=socket.SOCK_DGRAM)
        with contextlib.suppress(OSError):
            claim.bind(("127.0.0.1", port))
            return port, claim
        claim.close()
    raise RuntimeError("all ports for toys are claimed")


GRPC_PORT, _CLAIM = _claimed()
REST_PORT = GRPC_PORT + 1
"""Where the toy is documented to be: tests may run in several processes at a time."""

SERVER = """
import http.server, json, os, pathlib, sys

port, *options = sys.argv[1:]
record = next((pathlib.Path(option) for option in options if option.endswith(".jsonl")), None)
answer = 43 if "other" in options else 44 if "another" in options else 42

class Handler(http.server.BaseHTTPRequestHandler):
    served = 0
    def do_GET(self):
        if self.path == "/die":
            print("a bug in the toy server", file=sys.stderr, flush=True)
            os._exit(3)
        number = b"%d" % answer
        bodies = {
            "/v2": b'{"name": "toy", "version": "1.0"}',
            "/toy": number,
            "/again": number,
            "/item": b'{"title": "Desk lamp", "in stock": true, "price": 24.5, "count": 7}',
        }
        if record and self.path == "/toy":
            request = {"rpc": "Toy", "model": "", "version": "", "inputs": None, "deadline": None}
            request |= {"error": None, "answer": {"number": answer}}
            record.open("a").write(json.dumps(request) + chr(10))
        body = bodies.get(self.path.partition("?")[0].rstrip("/"), b"")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_DELETE = do_GET
    def log_message(self, *args): pass

print("a toy listens", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
"""

API = f"""
title: Toy
summary: A toy.
proto: toy.proto
connection: {{host: localhost, grpc_port: {GRPC_PORT}, rest_port: {REST_PORT}, model_version: "1"}}
deadline: 2
server:
  title: the toy server
  command: ["{{python}}", SERVER, "{{rest_port}}"]
  install: nothing
  ready: /ready
  metadata: /v2
"""

OPERATION = """
title: $name
summary: A toy operation.
form: $name
calls: [{rpc: Toy, rest: GET /toy}]
expect: [{label: answer, value: 42}]
"""

LANGUAGE = """
title: Toy
lexer: python
file: "{operation}.py"
literals: python
requires:
  - {name: toy-formatter, check: [toy-formatter, --version], install: make a toy, gates: [format]}
format: [[toy-formatter, "{file}"]]
build: [["{python}", -m, py_compile, "{file}"]]
run: ["{python}", "{file}"]
timeout: 5
"""

CLIENT = "{title: Toy, tab: toy, transport: rest, install: nothing}\n"

TWICE = """
title: $name
summary: A toy operation of two calls.
form: $name
calls: [{rpc: Toy, rest: GET /toy}, {rpc: Again, rest: GET /again}]
expect: [{label: answer, value: 42}, {label: again, value: 42}]
"""

ITEM = """
title: $name
summary: A toy operation whose answer has fields.
form: $name
calls: [{rpc: Item, rest: GET /item}]
expect:
  - {label: title, value: Desk lamp}
  - {label: stock, value: true}
  - {label: price, value: 24.5}
  - {label: count, value: 7}
"""

GOOD_TWICE = """\
import signal
import sys
import urllib.request


def late(*_):
    raise RuntimeError("no answer in time")


signal.signal(signal.SIGALRM, late)
try:
    answers = []
    for url in ({{ url.Toy | quote }}, {{ url.Again | quote }}):
        signal.alarm({{ deadline }})
        with urllib.request.urlopen(url) as response:
            answers.append(int(response.read()))
        signal.alarm(0)
except Exception as error:
    sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
print("answer:", answers[0])
print("again:", answers[1])
"""

GOOD_ITEM = """\
import json
import signal
import sys
import urllib.request


def late(*_):
    raise RuntimeError("no answer in time")


signal.signal(signal.SIGALRM, late)
try:
    signal.alarm({{ deadline }})
    with urllib.request.urlopen({{ url.Item | quote }}) as response:
        item = json.load(response)
    signal.alarm(0)
    lines = [item["title"], item["in stock"], item["price"], item["count"]]
    if None in lines:
        raise ValueError(f"a null in {item}")
except Exception as error:
    sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
for label, line in zip(("title", "stock", "price", "count"), lines):
    print(f"{label}:", line)
"""

GOOD = """\
import signal
import sys
import urllib.request


def late(*_):
    raise RuntimeError("no answer in time")


signal.signal(signal.SIGALRM, late)
try:
    signal.alarm({{ deadline }})
    with urllib.request.urlopen({{ url.Toy | quote }}) as response:
        answer = int(response.read())
    signal.alarm(0)
except Exception as error:
    sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
print("answer:", answer)
"""


def make(
    folder: Path, programs: dict[str, str], operations: dict[str, str] | None = None
) -> list[str | Path]:
    """Writes the toy API with one operation for each program; returns the options that name it.

    Args:
        folder: Where it is written.
        programs: Operation to template; none goes through a formatter.
        operations: Operation to what its file holds, if that is not `OPERATION`.
    """
    operations = operations or {}
    server = folder / "server.py"
    files = {
        "server.py": SERVER,
        "spec/api.yaml": API.replace("SERVER", str(server)),
        "spec/toy.proto": 'syntax = "proto3";\n',
        "templates/toy/language.yaml": LANGUAGE,
        "templates/toy/toy/client.yaml": CLIENT,
    }
    for name, program in programs.items():
        text = operations.get(name, OPERATION)
        files[f"spec/{name}.yaml"] = Template(text).substitute(name=name)
        files[f"templates/toy/toy/{name}.py.jinja"] = program
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return ["--spec", folder / "spec", "--templates", folder / "templates", "--client", "toy"]


if __name__ == "__main__":
    print(*make(Path(sys.argv[1]), {"good": GOOD}))
