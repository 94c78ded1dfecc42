"""The insides of uvicorn that are overridden or relied upon are as they were.

`pyproject.toml` bounds its version. With another one, these tests name what has changed; what is
named has to be compared with http_protocol.py and serving.py before the bound is raised.
"""

import asyncio
import inspect
import re
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
import uvicorn
from samplegen_server.http_protocol import LimitedProtocol
from uvicorn.protocols.http import flow_control, httptools_impl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tests.conftest import ROOT

OVERRIDDEN: dict[type[Any], dict[str, str]] = {
    HttpToolsProtocol: {
        "connection_made": "(self, transport)",
        "data_received": "(self, data)",
        "on_message_begin": "(self)",
        "on_headers_complete": "(self)",
        "on_message_complete": "(self)",
        "shutdown": "(self)",
    },
    uvicorn.Server: {"capture_signals": "(self)"},
}
"""Classes of uvicorn's, and their methods that ours override."""

USED: dict[Callable[..., Any], str] = {
    HttpToolsProtocol.connection_made: r"self\.transport = transport\b.*"
    r"self\.flow = FlowControl\(transport\)",
    HttpToolsProtocol.shutdown: r"self\.transport\.close\(\)",
    httptools_impl.RequestResponseCycle.send: r"self\.transport\.write\(.*self\.transport\.write\(",
    uvicorn.Server.serve: r"with self\.capture_signals\(\):",
    uvicorn.Server.startup: r"if sockets is not None:.*create_server\(",
    uvicorn.Server.main_loop: r"await self\.on_tick\(",
    uvicorn.Server.on_tick: r"self\.should_exit\b",
    uvicorn.Server.shutdown: r"self\.config\.timeout_graceful_shutdown\b",
}
"""A function of uvicorn's, and what it has to do in this order for ours to work."""


def signature(function: Callable[..., Any]) -> str:
    """The parameters' names."""
    return f"({', '.join(inspect.signature(function).parameters)})"


def test_version_is_bounded_and_is_the_one_that_was_compared() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    (bound,) = re.findall(r'"uvicorn>=[\d.]+,<0\.(\d+)"', text)
    assert int(version("uvicorn").split(".")[1]) < int(bound)


@pytest.mark.parametrize("theirs", OVERRIDDEN, ids=lambda theirs: theirs.__name__)
def test_overridden_methods_are_there(theirs: type[Any]) -> None:
    for name, expected in OVERRIDDEN[theirs].items():
        found = signature(getattr(theirs, name))
        assert found == expected, f"uvicorn {version('uvicorn')}: {theirs.__name__}.{name}{found}"


def test_table_knows_what_is_overridden() -> None:
    own = {name for name, member in vars(LimitedProtocol).items() if inspect.isfunction(member)}
    overridden = {name for name in own & set(dir(HttpToolsProtocol)) if not name.startswith("__")}
    assert overridden == OVERRIDDEN[HttpToolsProtocol].keys()
    for name, expected in OVERRIDDEN[HttpToolsProtocol].items():
        assert signature(getattr(LimitedProtocol, name)) == expected


@pytest.mark.parametrize("function", USED, ids=lambda function: function.__qualname__)
def test_what_is_relied_upon_is_done(function: Callable[..., Any]) -> None:
    source = inspect.getsource(function)
    assert re.search(USED[function], source, re.DOTALL), (
        f"uvicorn {version('uvicorn')}: {function.__qualname__} has changed:\n{source}"
    )


def test_attributes_are_there() -> None:
    assert "connections" in ServerState().__dict__
    config = uvicorn.Config(lambda: None)
    assert not uvicorn.Server(config).should_exit
    transport = object.__new__(asyncio.Transport)
    assert flow_control.FlowControl(transport).read_paused is False
    options = inspect.signature(uvicorn.Config).parameters
    for name in (
        "http",
        "ws",
        "lifespan",
        "log_config",
        "access_log",
        "server_header",
        "date_header",
        "timeout_keep_alive",
        "timeout_graceful_shutdown",
    ):
        assert name in options, f"uvicorn {version('uvicorn')}: Config has no {name}"
