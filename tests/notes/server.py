"""A store of notes over REST, described in contract/notes.yaml. Argument: REST_PORT."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NOTES: dict[str, str] = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.name
        if name in NOTES:
            self._answer(200, {"name": name, "text": NOTES[name]})
        elif name == "health":
            self._answer(200, {})
        else:
            self._answer(404, {"error": {"reason": f"there is no note '{name}'", "code": 4041}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = body["name"]
        if name in NOTES:
            self._answer(409, text="there is one already")
            return
        NOTES[name] = body["text"]
        self._answer(201, {"name": name, "text": body["text"], "size": len(body["text"])})

    def do_DELETE(self) -> None:
        NOTES.pop(self.name, None)
        self._answer(204)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def _answer(self, status: int, value: dict[str, Any] | None = None, text: str = "") -> None:
        body = text.encode() if value is None else json.dumps(value).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "text/plain" if value is None else "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
