"""A toy API: a tiny server and toy programs, to judge the judge without toolchains."""

import sys
from pathlib import Path
from string import Template

SERVER = """
import http.server, json, os, pathlib, sys

port, *options = sys.argv[1:]
record = next((pathlib.Path(option) for option in options if option.endswith(".jsonl")), None)
answer = 43 if "other" in options else 42

class Handler(http.server.BaseHTTPRequestHandler):
    served = 0
    def do_GET(self):
        if self.path == "/die":
            print("a bug in the toy server", file=sys.stderr, flush=True)
            os._exit(3)
        bodies = {"/v2": b'{"name": "toy", "version": "1.0"}', "/toy": b"%d" % answer}
        if record and self.path == "/toy":
            request = {"rpc": "Toy", "model": "", "version": "", "inputs": None, "deadline": None}
            request |= {"error": None, "answer": {"number": answer}}
            record.open("a").write(json.dumps(request) + chr(10))
        body = bodies.get(self.path, b"")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
"""

API = """
title: Toy
summary: A toy.
proto: toy.proto
connection: {host: localhost, grpc_port: 19007, rest_port: 19008, model_version: "1"}
deadline: 1
server:
  title: the toy server
  command: ["{python}", SERVER, "{rest_port}"]
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

GOOD = """\
import sys
import urllib.request

try:
    with urllib.request.urlopen({{ url.Toy | quote }}, timeout={{ deadline }}) as response:
        answer = int(response.read())
except Exception as error:
    sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
print("answer:", answer)
"""


def make(folder: Path, programs: dict[str, str]) -> list[str | Path]:
    """Writes the toy API with one operation for each program; returns the options that name it.

    A program is a template, and goes through no formatter.
    """
    server = folder / "server.py"
    files = {
        "server.py": SERVER,
        "spec/api.yaml": API.replace("SERVER", str(server)),
        "spec/toy.proto": 'syntax = "proto3";\n',
        "templates/toy/language.yaml": LANGUAGE,
        "templates/toy/toy/client.yaml": CLIENT,
    }
    for name, program in programs.items():
        files[f"spec/{name}.yaml"] = Template(OPERATION).substitute(name=name)
        files[f"templates/toy/toy/{name}.py.jinja"] = program
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return ["--spec", folder / "spec", "--templates", folder / "templates", "--client", "toy"]


if __name__ == "__main__":
    print(*make(Path(sys.argv[1]), {"good": GOOD}))
