"""The REST transport: a bare ASGI application with a small routing table."""

import asyncio
import functools
import gzip
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from samplegen_server import answers, content_coding, errors, rest_request, rest_response
from samplegen_server.answers import Observer, Result
from samplegen_server.contract import InferRequest, ModelRequest
from samplegen_server.model_options import MAX_VERSION
from samplegen_server.service import Service
from samplegen_server.turns import Turns

log = logging.getLogger(__name__)

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON = b"application/json; charset=utf-8"
TEXT = b"text/plain; charset=utf-8"
CORS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"*"),
    (b"access-control-allow-headers", b"*"),
]

GZIP_BYTES = 1024
"""Answers from this size on are compressed for clients that accept it."""

CACHED_PATHS = 128
"""How many paths are remembered: a path asked again is not compared with the routes again."""

MODEL = r"/v2/models/(?P<name>[^/]+)(?:/versions/(?P<version>[0-9]+))?"


class ClientGone(Exception):
    """The client hung up before its request was complete; nobody waits for an answer."""


@dataclass(slots=True)
class Request:
    """What an operation may ask of a request, and what it found in it."""

    service: Service
    headers: Mapping[bytes, bytes]
    receive: Receive
    max_body_bytes: int
    rpc: str = ""
    """The protocol's name of the operation, once the path is known to be one's."""
    name: str = ""
    """The model's name from the path, if there is one."""
    version: str = ""
    """Its version from the path, if there is one."""
    infer: InferRequest | None = None
    """The inference in the body, once it is read."""
    result: Result | None = None
    """What the operation came to."""

    async def read_body(self) -> bytes:
        """The whole body.

        Raises:
            BodyTooLarge: It has more than `max_body_bytes`, or says so.
            ClientGone: It ends too early.
        """
        if int(self.headers.get(b"content-length", b"0")) > self.max_body_bytes:
            raise errors.BodyTooLarge
        parts = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            parts.append(message["body"])
            size += len(message["body"])
            if size > self.max_body_bytes:
                raise errors.BodyTooLarge
            if not message["more_body"]:
                return b"".join(parts)


@dataclass(slots=True)
class Response:
    """What a client gets."""

    body: bytes = b""
    status: int = 200
    content_type: bytes = JSON
    headers: Sequence[Header] = field(default_factory=list)


async def _live(request: Request) -> Response:
    request.result = True
    return Response()


async def _ready(request: Request) -> Response:
    if not request.service.is_ready:
        raise errors.ServerNotReady
    request.result = True
    return Response()


async def _server_metadata(request: Request) -> Response:
    request.result = metadata = request.service.server_metadata()
    return Response(rest_response.server_metadata(metadata))


async def _model_ready(request: Request) -> Response:
    if not request.service.model_ready(request.name, request.version):
        raise errors.ModelVersionNotLoadedYet
    request.result = True
    return Response()


async def _model_metadata(request: Request) -> Response:
    request.result = metadata = request.service.model_metadata(request.name, request.version)
    return Response(rest_response.model_metadata(metadata))


async def _infer(request: Request) -> Response:
    json_size = _json_size(request.headers)
    body = await request.read_body()
    try:
        parsed = rest_request.parse(
            request.name, request.version, body, len(body) if json_size is None else json_size
        )
    except (errors.JsonInvalid, errors.HeaderLengthExceeded) as error:
        raise _naming_the_coding(error, request.headers) from error
    request.infer = parsed.request
    request.result = answer = await request.service.infer(parsed.request)
    body, json_size = rest_response.infer(answer, parsed.binary_outputs)
    if json_size is None:
        return Response(body)
    return Response(body, headers=[(b"inference-header-content-length", b"%d" % json_size)])


def _json_size(headers: Mapping[bytes, bytes]) -> int | None:
    """How many bytes of the body are JSON; None when all are."""
    text = headers.get(b"inference-header-content-length")
    if text is None:
        return None
    if re.fullmatch(rb"0|[1-9][0-9]{0,9}", text) is None or int(text) > 2**31 - 1:
        raise errors.HeaderLengthInvalid
    return int(text)


def _naming_the_coding(
    error: errors.ServerError, headers: Mapping[bytes, bytes]
) -> errors.ServerError:
    """The error, for a body that is compressed with the reason: it is read as it comes."""
    coding = headers.get(b"content-encoding", b"identity").decode("latin-1")
    if coding.strip().lower() == "identity":
        return error
    return type(error)(f"Content-Encoding {coding} is not supported, send the body uncompressed")


async def _config_status(request: Request) -> Response:
    return Response(rest_response.config_status(request.service.config_status()))


async def _config_reload(request: Request) -> Response:
    # OpenVINO Model Server means 201 for "something changed", but sends 200 either way.
    await request.service.config_reload()
    return Response(rest_response.config_status(request.service.config_status()))


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of path."""

    method: str
    path: re.Pattern[str]
    rpc: str
    """The protocol's name of the operation; empty for what gRPC does not have."""
    operation: Callable[[Request], Awaitable[Response]]


ROUTES = (
    Route("POST", re.compile(MODEL + "/infer"), "ModelInfer", _infer),
    Route("GET", re.compile("/v2/health/live"), "ServerLive", _live),
    Route("GET", re.compile("/v2/health/ready"), "ServerReady", _ready),
    Route("GET", re.compile("/v2"), "ServerMetadata", _server_metadata),
    Route("GET", re.compile(MODEL + "/ready"), "ModelReady", _model_ready),
    Route("GET", re.compile(MODEL + "/?"), "ModelMetadata", _model_metadata),
    Route("GET", re.compile("/v1/config"), "", _config_status),
    Route("POST", re.compile("/v1/config/reload"), "", _config_reload),
)
"""What is asked most comes first."""


def metrics_route(text: Callable[[], bytes]) -> Route:
    """The route of the metrics, for a server that has them."""

    async def metrics(_: Request) -> Response:
        return Response(text(), content_type=TEXT)

    return Route("GET", re.compile("/metrics"), "", metrics)


class App:
    """The ASGI application.

    Args:
        service: Answers the requests.
        max_body_bytes: The largest request body.
        routes: The paths that are served.
        observers: Told of each answer.
        turns: Whom to wait for before a request is answered.
    """

    def __init__(
        self,
        service: Service,
        max_body_bytes: int,
        routes: Sequence[Route] = ROUTES,
        observers: Sequence[Observer] = (),
        turns: Turns | None = None,
    ) -> None:
        self._service = service
        self._max_body_bytes = max_body_bytes
        self._routes = routes
        self._observers = observers
        self._turns = turns or Turns()
        self._find = functools.lru_cache(CACHED_PATHS)(self._find_route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: the one place where errors become a status."""
        start = time.perf_counter()
        failure: errors.ServerError | None = None
        headers = dict(scope["headers"])
        request = Request(self._service, headers, receive, self._max_body_bytes)
        try:
            if self._turns.are_taken(start):
                await self._turns.wait()
            response = await self._answer(scope, request)
        except ClientGone:
            return
        except errors.ServerError as error:
            failure = error
        except asyncio.CancelledError:  # the server stops, and this took longer than its grace
            failure = errors.ServerNotReady()
        except Exception:
            log.exception("a request failed in an unexpected way")
            failure = errors.ServerError()
        if failure is not None:
            response = Response(
                rest_response.error(failure), failure.http, headers=_closing(failure)
            )
        asked = request.infer or ModelRequest(request.name, request.version)
        answers.tell(self._observers, request.rpc, asked, start, failure or request.result)
        await _send(response, scope["headers"], send)

    async def _answer(self, scope: Scope, request: Request) -> Response:
        if scope["method"] == "OPTIONS":
            return Response()
        route, name, version = self._find(scope["method"], scope["raw_path"])
        request.rpc, request.name, request.version = route.rpc, name, version
        if version:
            request.version = _version(version)
        return await route.operation(request)

    def _find_route(self, method: str, raw_path: bytes) -> tuple[Route, str, str]:
        """The route of a request, with the model's name and version from its path, or empty."""
        path = raw_path.decode("latin-1")
        if method == "HEAD":
            method = "GET"
        if method not in ("GET", "POST"):
            raise errors.UnsupportedMethod
        if ".." in path.split("/"):
            raise errors.PathInvalid
        error: type[errors.ServerError] = errors.InvalidUrl
        for route in self._routes:
            match = route.path.fullmatch(path)
            if match is None:
                continue
            if route.method == method:
                groups = match.groupdict("")
                return route, unquote(groups.get("name", "")), groups.get("version", "")
            error = errors.UnsupportedMethod
        raise error


def _version(digits: str) -> str:
    """A version from a path, as gRPC would write it."""
    number = digits.lstrip("0") or "0"
    if len(number) > len(str(MAX_VERSION)) or int(number) > MAX_VERSION:
        raise errors.ModelVersionMissing
    return number


def _closing(failure: errors.ServerError) -> Sequence[Header]:
    """What is left of a body that is too large is not worth reading."""
    return [(b"connection", b"close")] if isinstance(failure, errors.BodyTooLarge) else []


async def _send(response: Response, headers: Iterable[Header], send: Send) -> None:
    body = response.body
    extra = list(response.headers)
    if len(body) >= GZIP_BYTES:
        extra.append((b"vary", b"accept-encoding"))
        if content_coding.accepts_gzip(content_coding.combined(headers, b"accept-encoding")):
            body = await asyncio.to_thread(gzip.compress, body, 1)
            extra.append((b"content-encoding", b"gzip"))
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [
                (b"content-length", b"%d" % len(body)),
                (b"content-type", response.content_type),
                *CORS,
                *extra,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
