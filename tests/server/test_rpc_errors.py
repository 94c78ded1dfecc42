"""Every error class over a real gRPC server.

It has a process of its own, as its messages clash with tritonclient's.
"""

import json
import subprocess
import sys

import pytest

from tests.server.process import environment
from tests.server.test_errors import CLASSES

pytestmark = pytest.mark.processes

PROGRAM = """
import asyncio, json, sys
import grpc
from samplegen_server import errors, messages, rpc
from samplegen_server.proto import inference_pb2 as pb

KINDS = {name: getattr(errors, name) for name in json.loads(sys.argv[1])}
KINDS["ZeroDivisionError"] = ZeroDivisionError

async def fail(service, request):
    raise KINDS[request.model_name]("details")

async def said(call, name):
    try:
        await call(pb.ModelReadyRequest(name=name), timeout=5)
    except grpc.aio.AioRpcError as error:
        return [error.code().name, error.details()]

async def main():
    rpc.OPERATIONS["ModelReady"] = rpc.Operation(messages.read_model, fail, messages.model_ready)
    server = rpc.make_server(None, 1 << 20)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelReady", pb.ModelReadyRequest.SerializeToString
        )
        print(json.dumps({name: await said(call, name) for name in KINDS}))
    await server.stop(0)

asyncio.run(main())
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
    assert b"details" in done.stderr, "what went wrong unexpectedly is in the log"
