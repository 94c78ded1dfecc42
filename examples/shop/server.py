"""A small shop over REST: its API is in shop.yaml, and it knows nothing of samplegen."""

import json
import sys
import uuid
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ITEMS: dict[str, dict[str, Any]] = {
    "roll": {"id": "roll", "name": "Roll", "shelf": "bakery", "cents": 45},
    "milk": {"id": "milk", "name": "Milk, 1 l", "shelf": "dairy", "cents": 129},
    "bread": {"id": "bread", "name": "Bread", "shelf": "bakery", "cents": 350},
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        match url.path.split("/"):
            case ["", "v1", "health"]:
                self._answer(200, {"open": True})
            case ["", "v1", "items"]:
                found = [item for item in ITEMS.values() if item["shelf"] == query.get("shelf")]
                limit = int(query.get("limit", 100))
                self._answer(200, {"total": len(found), "items": found[:limit]})
            case ["", "v1", "items", name] if name in ITEMS:
                self._answer(200, ITEMS[name])
            case _:
                self._answer(404, {"error": "there is no such thing"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            request = json.loads(body)
            item, count = ITEMS[request["item"]], request["count"]
            cents = item["cents"] * count + (50 if request.get("gift") else 0)
        except (LookupError, TypeError, ValueError) as error:
            self._answer(400, {"error": f"{type(error).__name__}: {error}"})
            return
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        quote = {"id": str(uuid.uuid4()), "made_at": now, "item": item, "cents": cents}
        self._answer(200, quote)

    def _answer(self, status: int, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
