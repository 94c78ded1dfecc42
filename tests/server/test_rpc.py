"""The gRPC transport in process.

It has a process of its own, as its messages clash with tritonclient's.
"""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.server.process import environment

pytestmark = pytest.mark.processes

ONCE = """
import asyncio, dataclasses, json
import grpc
from samplegen_server import errors, rpc
from samplegen_server.proto import inference_pb2 as pb

reads = []
told = [[], []]
infer = rpc.OPERATIONS["ModelInfer"]

def read(message):
    reads.append(message)
    return infer.read(message)

async def refuse(service, request):
    raise errors.ModelNameMissing

async def main():
    rpc.OPERATIONS["ModelInfer"] = dataclasses.replace(infer, read=read, ask=refuse)
    server = rpc.make_server(None, 1 << 20, [told[0].append, told[1].append])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer", pb.ModelInferRequest.SerializeToString
        )
        try:
            await call(pb.ModelInferRequest(model_name="m", id="7"), timeout=5)
        except grpc.aio.AioRpcError:
            pass
    await server.stop(0)
    same = told[0][0].infer is told[1][0].infer
    print(json.dumps([len(reads), same, told[0][0].infer.id]))

asyncio.run(main())
"""


def run(program: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=30,
    )
    return json.loads(done.stdout)


def test_a_request_is_converted_once_however_many_observe_it() -> None:
    assert run(ONCE) == [1, True, "7"]
