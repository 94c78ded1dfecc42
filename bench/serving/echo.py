"""An RPC of grpc.aio that answers any ModelInfer at once with the same bytes: gRPC's own limit.

python echo.py PORT REST_PORT RESPONSE

Nothing is parsed and nothing inferred. RESPONSE is a file with the answer's message. What polls the
event loop and gRPC's options are those of the bundled server.
"""

import asyncio
import os
import sys
from pathlib import Path

os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener")  # as the bundled server has it

import grpc
import uvloop

SERVICE = "inference.GRPCInferenceService"


async def serve(port: str, rest_port: str, answer: bytes) -> None:
    async def infer(_: bytes, __: grpc.aio.ServicerContext) -> bytes:
        return answer

    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    handler = grpc.unary_unary_rpc_method_handler(infer)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"ModelInfer": handler}),)
    )
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await asyncio.start_server(_ready, "127.0.0.1", int(rest_port))
    await server.wait_for_termination()


async def _ready(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Every request over REST is answered with 200: it is asked only whether all is ready."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    writer.close()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_bytes()))
