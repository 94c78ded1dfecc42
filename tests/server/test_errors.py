"""Every error class, through each transport's one place of mapping."""

import asyncio
import json
from collections.abc import Iterator, Mapping
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


def call(operation: Any) -> tuple[int, Mapping[str, Any]]:
    """What a client of the ASGI application gets when the operation behind a path is this."""
    sent: list[dict[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def ask() -> None:
        routes = [rest.Route("GET", rest.ROUTES[3].path, "ServerMetadata", operation)]
        app = rest.App(Service(Repository(lambda: []), "1"), 100, routes)
        await app({"method": "GET", "raw_path": b"/v2", "headers": []}, receive, send)

    asyncio.run(ask())
    return sent[0]["status"], json.loads(sent[1]["body"])


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
