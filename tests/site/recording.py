"""What a sample really sends: servers that keep an inference request and refuse it.

`python -m tests.site.recording` records again all that site/wire-format.md shows.
"""

import contextlib
import functools
import http.server
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent import futures
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc

from samplegen.catalogue import Catalogue, Cell

ROOT = Path(__file__).parents[2]


@dataclass
class Recorded:
    """An inference request."""

    body: bytes = b""
    """The HTTP body, or the gRPC message."""
    headers: dict[str, str] = field(default_factory=dict)


@functools.cache
def request_of(title: str) -> Recorded:
    """Runs a sample, named `operation × client`; returns the inference request that it sends."""
    operation, client = title.split(" × ")
    catalogue = Catalogue()
    cell = Cell(catalogue.spec.operation(operation), catalogue.clients.client(client))
    recorded = Recorded()
    with _servers(recorded) as (grpc_port, rest_port), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        documented = catalogue.spec.api.connection
        connection = replace(documented, grpc_port=grpc_port, rest_port=rest_port)
        program = folder / Path(cell.client.sample(cell.operation)).name
        program.write_text(catalogue.render(cell, connection).text, encoding="utf-8")
        for file in cell.operation.files:
            (folder / file).write_bytes(catalogue.spec.data(file).read_bytes())
        values = {"python": sys.executable, "file": str(program), "work": str(folder)}
        command = [part.format_map(values) for part in cell.client.language.run]
        subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
    assert recorded.body, f"{cell.name} sent no inference request"
    return recorded


@contextlib.contextmanager
def _servers(recorded: Recorded) -> Iterator[tuple[int, int]]:
    """Both transports, on free ports."""

    class Rest(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            recorded.body = self.rfile.read(int(self.headers["Content-Length"]))
            recorded.headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_error(500)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    class Grpc(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
        def service(self, details: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(self.refuse)

        def refuse(self, message: bytes, context: grpc.ServicerContext) -> bytes:
            recorded.body = message
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "only recorded")
            return b""

    rest = http.server.ThreadingHTTPServer(("localhost", 0), Rest)
    threading.Thread(target=rest.serve_forever, daemon=True).start()
    server = grpc.server(futures.ThreadPoolExecutor(1), handlers=[Grpc()])
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        yield port, rest.server_port
    finally:
        server.stop(None).wait()
        rest.shutdown()
        rest.server_close()


def hex_dump(data: bytes) -> list[str]:
    """Offset, sixteen bytes, and what of them is printable ASCII; a line for each sixteen."""
    lines = []
    for start in range(0, len(data), 16):
        row = data[start : start + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{start:04x}  {row.hex(' '):47}  {text}")
    return lines


def dump(title: str, shown: Sequence[str]) -> list[str]:
    """The dump of what a sample sends, cut where the page cuts it."""
    lines = [line.rstrip() for line in hex_dump(request_of(title).body)]
    return [*lines[: len(shown) - 1], "…"] if shown[-1] == "…" else lines


def main() -> None:
    """Writes the dumps of the page anew, and the header lengths and the size it tells."""
    page = ROOT / "site/wire-format.md"

    def renewed(match: re.Match[str]) -> str:
        lines = "\n".join(dump(match["title"], match["text"].split("\n")))
        length = request_of(match["title"]).headers.get("inference-header-content-length", "")
        between = re.sub(r"(?<=Content-Length: )\d+", length, match["between"])
        return f'{between}```text title="{match["title"]}"\n{lines}\n```'

    block = r'(?P<between>(?:(?!```).)*?)```text title="(?P<title>[^"]+)"\n(?P<text>.*?)\n```'
    text = re.sub(block, renewed, page.read_text(encoding="utf-8"), flags=re.S)
    prefix = request_of("infer-image × curl/rest").body[0x62:0x66]
    size = int.from_bytes(prefix, "little")
    text = re.sub(r"`[0-9a-f ]+` is \d+,", f"`{prefix.hex(' ')}` is {size},", text, count=1)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
