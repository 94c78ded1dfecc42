"""Every error class over gRPC, in a process of its own: its messages clash with tritonclient's."""

import json
import subprocess
import sys

from tests.server.process import environment
from tests.server.test_errors import CLASSES

PROGRAM = """
import asyncio, json, sys
from samplegen_server import errors, rpc
from samplegen_server.turns import Turns

class Context:
    async def abort(self, code, details):
        self.said = [code.name, details]
        raise asyncio.CancelledError

async def said(kind):
    async def fail(service, request):
        raise kind("details")
    context = Context()
    try:
        await rpc._answering("ServerLive", fail, None, (), Turns())(object(), context)
    except asyncio.CancelledError:
        return context.said

names = json.loads(sys.argv[1])
found = {name: asyncio.run(said(getattr(errors, name))) for name in names}
found["ZeroDivisionError"] = asyncio.run(said(ZeroDivisionError))
print(json.dumps(found))
"""


def test_grpc_maps_every_class() -> None:
    names = json.dumps([kind.__name__ for kind in CLASSES])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, names],
        env=environment(),
        capture_output=True,
        check=True,
        timeout=30,
    )
    found = json.loads(done.stdout)
    assert found.pop("ZeroDivisionError") == ["UNKNOWN", "Unknown error"]
    assert found == {kind.__name__: [kind.grpc, kind("details").grpc_text] for kind in CLASSES}
