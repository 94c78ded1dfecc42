"""The REST transport: a bare ASGI application with a small routing table."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from samplegen_server import errors, rest_request, rest_response
from samplegen_server.service import MAX_VERSION, Service

log = logging.getLogger(__name__)

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

JSON = b"application/json; charset=utf-8"
CORS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"*"),
    (b"access-control-allow-headers", b"*"),
]

MODEL = r"/v2/models/(?P<name>[^/]+)(?:/versions/(?P<version>[0-9]+))?"


class ClientGone(Exception):
    """The client hung up before its request was complete; nobody waits for an answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """What an operation may ask of a request."""

    service: Service
    name: str
    """The model's name from the path, if there is one."""
    version: str
    """Its version from the path, or empty."""
    headers: Mapping[bytes, bytes]
    read_body: Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Response:
    """What a client gets."""

    body: bytes = b""
    status: int = 200
    content_type: bytes = JSON
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


async def _live(_: Request) -> Response:
    return Response()


async def _ready(request: Request) -> Response:
    if not request.service.is_ready:
        raise errors.ServerNotReady
    return Response()


async def _server_metadata(request: Request) -> Response:
    return Response(rest_response.server_metadata(request.service.server_metadata()))


async def _model_ready(request: Request) -> Response:
    if not request.service.model_ready(request.name, request.version):
        raise errors.ModelVersionNotLoadedYet
    return Response()


async def _model_metadata(request: Request) -> Response:
    metadata = request.service.model_metadata(request.name, request.version)
    return Response(rest_response.model_metadata(metadata))


async def _infer(request: Request) -> Response:
    json_size = _json_size(request.headers)
    body = await request.read_body()
    parsed = rest_request.parse(
        request.name, request.version, body, len(body) if json_size is None else json_size
    )
    answer = await request.service.infer(parsed.request)
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


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of path."""

    method: str
    path: re.Pattern[str]
    operation: Callable[[Request], Awaitable[Response]]


ROUTES = [
    Route("POST", re.compile(MODEL + "/infer"), _infer),
    Route("GET", re.compile("/v2/health/live"), _live),
    Route("GET", re.compile("/v2/health/ready"), _ready),
    Route("GET", re.compile("/v2"), _server_metadata),
    Route("GET", re.compile(MODEL + "/ready"), _model_ready),
    Route("GET", re.compile(MODEL + "/?"), _model_metadata),
]
"""What is asked most comes first."""


class App:
    """The ASGI application.

    Args:
        service: Answers the requests.
        max_body_bytes: The largest request body.
    """

    def __init__(self, service: Service, max_body_bytes: int) -> None:
        self._service = service
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: the one place where errors become a status."""
        try:
            response = await self._answer(scope, receive)
        except ClientGone:
            return
        except errors.ServerError as error:
            response = Response(rest_response.error(error), error.http)
        except Exception:
            log.exception("a request failed in an unexpected way")
            response = Response(rest_response.error(errors.ServerError()), 500)
        await send(
            {
                "type": "http.response.start",
                "status": response.status,
                "headers": [
                    (b"content-length", b"%d" % len(response.body)),
                    (b"content-type", response.content_type),
                    *CORS,
                    *response.headers,
                ],
            }
        )
        await send({"type": "http.response.body", "body": response.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        path = scope["raw_path"].decode("latin-1")
        if method not in ("GET", "POST", "OPTIONS"):
            raise errors.UnsupportedMethod
        if ".." in path.split("/"):
            raise errors.PathInvalid
        if method == "OPTIONS":
            return Response()
        route, match = _route(method, path)
        groups = match.groupdict("")
        return await route.operation(
            Request(
                service=self._service,
                name=unquote(groups.get("name", "")),
                version=_version(groups.get("version", "")),
                headers=dict(scope["headers"]),
                read_body=lambda: self._read_body(receive),
            )
        )

    async def _read_body(self, receive: Receive) -> bytes:
        parts = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            parts.append(message["body"])
            size += len(message["body"])
            if size > self._max_body_bytes:
                raise errors.BodyTooLarge
            if not message["more_body"]:
                return b"".join(parts)


def _version(digits: str) -> str:
    """A version from a path, as gRPC would write it; empty when the path has none."""
    if not digits:
        return ""
    number = digits.lstrip("0") or "0"
    if len(number) > len(str(MAX_VERSION)) or int(number) > MAX_VERSION:
        raise errors.ModelVersionMissing
    return number


def _route(method: str, path: str) -> tuple[Route, re.Match[str]]:
    error: type[errors.ServerError] = errors.InvalidUrl
    for route in ROUTES:
        match = route.path.fullmatch(path)
        if match is None:
            continue
        if route.method == method:
            return route, match
        error = errors.UnsupportedMethod
    raise error
