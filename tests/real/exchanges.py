"""What a server was asked and answered: recorded between it and its clients, and answered again."""

import base64
import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
from tritonclient.grpc import service_pb2 as messages

FOLDER = Path(__file__).parent / "recorded"
_SERVICE = "/inference.GRPCInferenceService/"
_HEADERS = ("content-type", "inference-header-content-length")
"""Those that say how to read what is sent."""
_BINARY = "base64:"
_SECONDS = 30.0


CONFORM = "samplegen conform"
"""It asks the same of a model in many ways, which only their bodies tell apart."""


def key(client: str, asked: str, sent: str) -> tuple[str, str, str]:
    """What a question is known by."""
    return client, asked, sent if client == CONFORM else ""


@dataclass(frozen=True)
class Exchange:
    """A question and its answer."""

    client: str
    """Who asked: a client, or `samplegen` itself."""
    asked: str
    """`GET /v2`, or the RPC, the model and its version."""
    sent: str
    """The body or the message; Base64 where it is no text. Before it stands how long its JSON is
    said to be, where that is said."""
    status: int | str
    """Of HTTP, or the code of gRPC."""
    answer: str
    """The body or message; the details of an error of gRPC."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of the answer over REST."""

    @property
    def key(self) -> tuple[str, str, str]:
        return key(self.client, self.asked, self.sent)


@dataclass(frozen=True)
class Run:
    """A program that called a model, or the command that could not make one."""

    model: str
    client: str
    shapes: tuple[str, ...]
    status: int
    output: str
    error: str


@dataclass(frozen=True)
class Recording:
    """What one server answered on one day."""

    name: str
    """As it calls itself."""
    version: str
    package: str
    date: str
    exchanges: tuple[Exchange, ...]
    runs: tuple[Run, ...]
    conformance: str = ""
    """What `samplegen conform` printed."""

    def write(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        path.write_text(f"{text}\n", encoding="utf-8")


def read(path: Path) -> Recording:
    tree = json.loads(path.read_text(encoding="utf-8"))
    exchanges = tuple(Exchange(**entry) for entry in tree.pop("exchanges"))
    runs = (Run(**{**entry, "shapes": tuple(entry["shapes"])}) for entry in tree.pop("runs"))
    return Recording(**tree, exchanges=exchanges, runs=tuple(runs))


class Front:
    """Stands before a server, or in the place of one, on both transports."""

    def __init__(self) -> None:
        self.client = "samplegen"
        """Who asks now."""
        self.grpc_port = self.rest_port = 0

    def rest(self, asked: str, headers: dict[str, str], sent: bytes) -> Exchange:
        raise NotImplementedError

    def rpc(self, asked: str, method: str, sent: bytes) -> Exchange:
        raise NotImplementedError


class Recorder(Front):
    """Asks the server that stands behind it, and remembers."""

    def __init__(self, grpc_port: int, rest_port: int) -> None:
        super().__init__()
        self._port = rest_port
        self._channel = grpc.insecure_channel(f"127.0.0.1:{grpc_port}")
        self.found: dict[tuple[str, str, str], Exchange] = {}

    def rest(self, asked: str, headers: dict[str, str], sent: bytes) -> Exchange:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_SECONDS)
        with contextlib.closing(connection):
            method, _, path = asked.partition(" ")
            connection.request(method, path, sent or None, headers)
            response = connection.getresponse()
            body = response.read()
        kept = {name: value for name in _HEADERS if (value := response.headers[name])}
        return self._keep(asked, sent, response.status, body, kept, _framed(headers))

    def rpc(self, asked: str, method: str, sent: bytes) -> Exchange:
        call = self._channel.unary_unary(_SERVICE + method)
        try:
            return self._keep(asked, sent, "OK", call(sent, timeout=_SECONDS), {})
        except grpc.RpcError as error:
            details = (error.details() or "").encode()
            return self._keep(asked, sent, error.code().name, details, {})

    def _keep(
        self,
        asked: str,
        sent: bytes,
        status: int | str,
        answer: bytes,
        headers: dict[str, str],
        framed: str = "",
    ) -> Exchange:
        said = framed + text(sent)
        exchange = Exchange(self.client, asked, said, status, text(answer), headers)
        self.found[exchange.key] = exchange
        return exchange


class Replayer(Front):
    """Answers as a server has answered; what it was never asked is an error."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self._known = {exchange.key: exchange for exchange in recording.exchanges}
        self.asked: list[str] = []
        """What it knew."""
        self.unknown: list[str] = []

    def rest(self, asked: str, headers: dict[str, str], sent: bytes) -> Exchange:
        said = _framed(headers) + text(sent)
        return self._answer(Exchange(self.client, asked, said, 599, "never asked"))

    def rpc(self, asked: str, method: str, sent: bytes) -> Exchange:
        return self._answer(Exchange(self.client, asked, text(sent), "UNKNOWN", "never asked"))

    def _answer(self, otherwise: Exchange) -> Exchange:
        found = self._known.get(otherwise.key)
        (self.unknown if found is None else self.asked).append(otherwise.asked)
        return found or otherwise


def _framed(headers: dict[str, str]) -> str:
    """The header that says where the bytes behind JSON begin, or begin wrongly."""
    length = headers.get(_HEADERS[1])
    return "" if length is None else f"[{length}] "


def text(content: bytes) -> str:
    """Content as JSON can hold it."""
    with contextlib.suppress(UnicodeDecodeError):
        if (plain := content.decode()).isprintable() or plain.lstrip()[:1] in "{[":
            return plain
    return _BINARY + base64.b64encode(content).decode()


def content(written: str) -> bytes:
    """What `text` was made of."""
    if written.startswith(_BINARY):
        return base64.b64decode(written.removeprefix(_BINARY))
    return written.encode()


@contextlib.contextmanager
def standing(front: Front) -> Iterator[None]:
    """The front on ports of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            sent = self.rfile.read(int(self.headers["content-length"] or 0))
            headers = {name: value for name in _HEADERS if (value := self.headers[name])}
            found = front.rest(f"{self.command} {self.path}", headers, sent)
            body = content(found.answer)
            self.send_response(int(found.status))
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    class Rpcs(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            method = details.method.removeprefix(_SERVICE)

            def answer(sent: bytes, context: Any) -> bytes:
                found = front.rpc(_asked(method, sent), method, sent)
                if found.status != "OK":
                    context.abort(grpc.StatusCode[str(found.status)], found.answer)
                return content(found.answer)

            return grpc.unary_unary_rpc_method_handler(answer)

    rest = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    rest.daemon_threads = True
    thread = threading.Thread(target=rest.serve_forever, args=(0.05,))
    thread.start()
    with ThreadPoolExecutor(4) as pool:
        rpcs = grpc.server(pool, handlers=[Rpcs()])
        front.grpc_port = rpcs.add_insecure_port("127.0.0.1:0")
        front.rest_port = rest.server_port
        rpcs.start()
        try:
            yield
        finally:
            rpcs.stop(0).wait()
            rest.shutdown()
            thread.join(5)
            rest.server_close()


def _asked(method: str, sent: bytes) -> str:
    """An RPC with the model that it is about, which stands in its message."""
    of = {
        "ModelInfer": (messages.ModelInferRequest, "model_name", "model_version"),
        "ModelReady": (messages.ModelReadyRequest, "name", "version"),
        "ModelMetadata": (messages.ModelMetadataRequest, "name", "version"),
        "ModelConfig": (messages.ModelConfigRequest, "name", "version"),
    }.get(method)
    if of is None:
        return method
    kind, name, version = of
    message = kind.FromString(sent)
    return " ".join((method, getattr(message, name), getattr(message, version))).strip()
