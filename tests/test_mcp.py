"""What assistants get, with the SDK's own client over both transports."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError

from samplegen.catalogue import Catalogue
from samplegen.faults import explaining, read
from samplegen.judge.results import verdicts
from samplegen.resources import errors_file
from tests.conftest import ROOT
from tests.server.process import free_ports, running
from tests.site import building

pytestmark = pytest.mark.processes
COMMAND = [sys.executable, "-m", "samplegen", "mcp"]
Asking = Callable[[Callable[[Client], Awaitable[None]]], None]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Verdicts of all samples but those of health."""
    samples = building.book().samples.values()
    passed = [s.verdict for s in samples if s.verdict and s.operation.name != "health"]
    path = tmp_path_factory.mktemp("kept") / "verdicts.json"
    path.write_bytes(verdicts.as_json(passed))
    return path


@pytest.fixture(scope="module", params=["stdio", "http"])
def asking(
    request: pytest.FixtureRequest, kept: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asking]:
    """Runs what asks a server."""
    command = [*COMMAND, "--verdicts", str(kept)]
    process = None
    target: Any = StdioServerParameters(command=command[0], args=command[1:], cwd=ROOT)
    if request.param == "http":
        (port,) = free_ports(1)
        log = (tmp_path_factory.mktemp("log") / "log").open("wb")
        process = subprocess.Popen(
            [*command, "--http", "--port", str(port)], cwd=ROOT, stdout=log, stderr=log
        )
        target = f"http://127.0.0.1:{port}/mcp"
        _wait(process, port)

    def ask(questions: Callable[[Client], Awaitable[None]]) -> None:
        async def asked() -> None:
            with anyio.fail_after(60):
                async with Client(target) as client:
                    await questions(client)

        anyio.run(asked)

    yield ask
    if process is not None:
        process.terminate()
        process.wait(20)
        log.close()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Until the server takes connections."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server has ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the server takes no connection")


async def called(client: Client, tool: str, /, **arguments: Any) -> Any:
    """What a tool returns."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    structured = result.structured_content
    assert structured is not None
    return structured.get("result", structured)


async def refused(client: Client, tool: str, /, **arguments: Any) -> str:
    """What a tool says is wrong."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return " ".join(getattr(block, "text", "") for block in result.content)


def test_operations_are_listed(asking: Asking) -> None:
    async def questions(client: Client) -> None:
        tools = await client.list_tools()
        names = {tool.name for tool in tools.tools}
        assert names == {"list_operations", "get_sample", "sample_for_model", "explain_error"}
        assert all(tool.description for tool in tools.tools)
        listed = {entry["name"]: entry for entry in await called(client, "list_operations")}
        assert sorted(listed) == sorted(Catalogue().spec.names)
        assert len(listed["health"]["clients"]) == 12
        assert "2^53" in listed["infer-binary"]["omitted"]["curl/rest"]

    asking(questions)


def test_a_sample_is_that_of_the_site(asking: Asking) -> None:
    async def questions(client: Client) -> None:
        given = {"operation": "infer-array", "client": "curl/rest"}
        sample = await called(client, "get_sample", **given)
        assert sample["program"] == (ROOT / "site/samples/curl/rest/infer-array.sh").read_text()
        assert sample["call"] in sample["program"]
        assert (sample["state"], sample["file"]) == ("verified", "infer-array.sh")
        own = await called(
            client, "get_sample", **given, host="gpu7", model="cats", model_version=""
        )
        assert "http://gpu7:8000/v2/models/cats/infer" in own["call"]
        assert own["state"] == "not run"
        health = await called(client, "get_sample", operation="health", client="go/grpc")
        assert health["state"] == "not run"
        secured = {"tls": True, "bearer_token_env": "TOKEN"}
        secure = await called(client, "get_sample", **given, **secured)
        assert "https://" in secure["program"]
        assert "TOKEN" in secure["program"]

    asking(questions)


def test_what_is_wrong_is_said(asking: Asking) -> None:
    async def questions(client: Client) -> None:
        said = await refused(client, "get_sample", operation="helth", client="go/grcp")
        assert "did you mean 'health'" in said
        assert "did you mean 'go/grpc'" in said
        given = {"operation": "health", "client": "go/grpc"}
        assert "--host: found 'a b'" in await refused(client, "get_sample", **given, host="a b")
        given = {"operation": "infer-binary", "client": "curl/rest"}
        assert "2^53" in await refused(client, "get_sample", **given)
        (port,) = free_ports(1)
        given = {"address_of_server": f"http://127.0.0.1:{port}", "model": "dummy"}
        assert await refused(client, "sample_for_model", **given, client="go/http")
        assert "expected one of" in await refused(client, "sample_for_model", **given, client="go")

    asking(questions)


def test_a_sample_for_a_live_model(asking: Asking, tmp_path: Path) -> None:
    async def questions(client: Client) -> None:
        given = {"model": "dummy", "client": "go/http"}
        where = {"address_of_server": f"http://127.0.0.1:{server.rest_port}"}
        sample = await called(client, "sample_for_model", **where, **given)
        assert f"http://127.0.0.1:{server.rest_port}/v2/models/dummy/infer" in sample["call"]
        assert sample["state"] == "not run"
        assert "nothere" in await refused(
            client, "sample_for_model", **where, model="nothere", client="go/http"
        )

    with running(tmp_path / "log") as server:
        asking(questions)


def test_an_error_is_explained(asking: Asking) -> None:
    async def questions(client: Client) -> None:
        message = "HTTP status 404: {'error': 'Model with requested name is not found'}"
        first, *_ = await called(client, "explain_error", message=message)
        assert (first["rest"], first["grpc"]) == (404, "NOT_FOUND")
        assert first["fix"]
        assert await called(client, "explain_error", message="xyz") == []

    asking(questions)


def test_the_verdicts_are_resources(asking: Asking, kept: Path) -> None:
    async def questions(client: Client) -> None:
        everything = json.loads(await text(client, "samplegen://verdicts"))
        assert everything == json.loads(kept.read_text())
        some = json.loads(await text(client, "samplegen://verdicts/infer-array"))
        assert {verdict["operation"] for verdict in some} == {"infer-array"}
        assert len(some) == 12
        assert json.loads(await text(client, "samplegen://verdicts/health")) == []
        with pytest.raises(MCPError, match="no operation 'helth'"):
            await text(client, "samplegen://verdicts/helth")

    async def text(client: Client, uri: str) -> str:
        (content,) = (await client.read_resource(uri)).contents
        return str(getattr(content, "text", ""))

    asking(questions)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [*COMMAND, "--http", "--port", port], capture_output=True, text=True, timeout=60
        )
    assert ended.returncode == 1
    assert f"error: --port: {port} cannot be used; name another one" in ended.stderr


@pytest.mark.parametrize("fault", read(errors_file()), ids=lambda fault: fault.anchor)
def test_each_error_is_found_by_its_text(fault: Any) -> None:
    found = explaining(read(errors_file()), f"StatusCode.X: {fault.text.upper()}; details")
    assert fault.text in {one.text for one in found}
