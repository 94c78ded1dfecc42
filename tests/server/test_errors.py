"""Every error class, through each transport's one place of mapping."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import grpc
import pytest
from samplegen_server import errors, rest
from samplegen_server.repository import Repository
from samplegen_server.service import Service


def tree(base: type[errors.ServerError]) -> Iterator[type[errors.ServerError]]:
    yield base
    for child in base.__subclasses__():
        yield from tree(child)


CLASSES = list(tree(errors.ServerError))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_class_has_both_codes_and_a_text(kind: type[errors.ServerError]) -> None:
    assert 400 <= kind.http < 600
    assert grpc.StatusCode[kind.grpc] is not grpc.StatusCode.OK
    assert str(kind()) == kind.text
    assert str(kind("what came")) == f"{kind.text} - what came"
    assert kind().grpc_text == ("Unknown error" if kind.grpc == "UNKNOWN" else kind.text)


def test_texts_are_told_apart() -> None:
    leaves = [kind for kind in CLASSES if not kind.__subclasses__()]
    texts = [kind.text for kind in leaves]
    assert len(set(texts)) == len(texts)


def get(path: str, routes: Sequence[rest.Route] = rest.ROUTES) -> tuple[int, bytes]:
    """What a client of the ASGI application gets, before any model is loaded."""
    sent: list[dict[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def ask() -> None:
        app = rest.App(Service(Repository(lambda: []), "1"), 100, routes)
        await app({"method": "GET", "raw_path": path.encode(), "headers": []}, receive, send)

    asyncio.run(ask())
    return sent[0]["status"], sent[1]["body"]


def call(operation: Any) -> tuple[int, Mapping[str, Any]]:
    """What a client gets when the operation behind a path is this."""
    status, body = get("/v2", [rest.Route("GET", re.compile("/v2"), "", operation)])
    return status, json.loads(body)


def test_server_that_is_still_loading_is_live_but_not_ready() -> None:
    assert get("/v2/health/live") == (200, b"")
    assert get("/v2/health/ready") == (503, b'{"error":"Server is not ready"}')
    missing = b'{"error":"Model with requested name is not found"}'
    assert get("/v2/models/dummy/ready") == (404, missing)
    assert get("/v1/config") == (200, b"{}")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_rest_maps_the_class(kind: type[errors.ServerError]) -> None:
    async def fail(_: rest.Request) -> rest.Response:
        raise kind("details")

    assert call(fail) == (kind.http, {"error": f"{kind.text} - details"})


def test_unexpected_exception_tells_the_client_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(_: rest.Request) -> rest.Response:
        raise ZeroDivisionError("secret")

    assert call(fail) == (500, {"error": "Unknown error"})
    assert "secret" in caplog.text, "but its owner everything"
