"""The messages of clients on the errors page are those that the samples really print."""

import contextlib
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from samplegen.catalogue import Catalogue
from samplegen.connection.model import Tls
from samplegen.selection import cell
from tests.conftest import ROOT, missing
from tests.server.process import Server, running

pytestmark = pytest.mark.processes

PAGE = (ROOT / "site/errors.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^### (.*?)\n(.*?)(?=^##)", re.M | re.S)
ROW = re.compile(r"^\| `([\w-]+/[\w-]+)` \| `(.*)` \|$", re.M)
MESSAGES = {
    (title, client): message
    for title, body in SECTION.findall(PAGE)
    for client, message in ROW.findall(body)
}
RUN = {
    "python": (".py", [sys.executable]),
    "curl": (".sh", ["sh"]),
    "go": (".go", ["go", "run"]),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server") / "log") as server:
        yield server


@pytest.fixture(scope="module")
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and never answers."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening.getsockname()[1]


def closed() -> int:
    """A port on which nothing listens."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port: int = listening.getsockname()[1]
    return port


@pytest.mark.parametrize(("title", "client"), MESSAGES)
def test_a_client_prints_what_the_page_shows(
    title: str, client: str, server: Server, silent: int, tmp_path: Path
) -> None:
    grpc = client.endswith("grpc")
    right, other = (server.port, server.rest_port) if grpc else (server.rest_port, server.port)
    cases: dict[str, tuple[int, str, dict[str, Any]]] = {
        "Nothing listens at this address": (closed(), "127.0.0.1", {}),
        "The deadline has passed": (silent, "127.0.0.1", {"deadline": 1}),
        "The host name is unknown": (right, "no-such-host.invalid", {}),
        "The gRPC and REST ports are swapped": (other, "127.0.0.1", {}),
        "The server does not use TLS": (right, "127.0.0.1", {"tls": Tls()}),
    }
    port, host, options = cases[title]
    ports: dict[str, Any] = {"grpc_port" if grpc else "rest_port": port}
    catalogue = Catalogue()
    sample = cell(catalogue, "infer-array", client)
    connection = replace(catalogue.spec.api.connection, host=host, **ports, **options)
    ending, command = RUN[client.partition("/")[0]]
    if shutil.which(command[0]) is None:
        missing(f"{command[0]} is missing")
    program = tmp_path / f"sample{ending}"
    program.write_text(catalogue.render(sample, connection).text, encoding="utf-8")
    ended = subprocess.run(
        [*command, str(program)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    messages = MESSAGES[title, client].split("` or `")
    assert any(message in ended.stderr for message in messages)


@pytest.mark.parametrize("array", [np.zeros((1, 3)), np.zeros((1, 2), np.float32)])
def test_an_array_that_does_not_match_is_refused_as_the_page_shows(array: Any) -> None:
    with pytest.raises(InferenceServerException) as raised:
        triton.InferInput("b", [1, 3], "FP32").set_data_from_numpy(array)
    assert f"`{raised.value.message().rstrip('.')}`" in PAGE
