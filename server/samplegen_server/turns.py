"""A fair share of the event loop for gRPC beside REST."""

import asyncio
import time

BUSY_SECONDS = 1.0
"""How long after an RPC others are expected."""


class Turns:
    """Lets REST requests in one by one while gRPC is in use.

    grpc takes one RPC at a time, and needs some passes of the event loop for each; uvicorn takes
    all requests that have arrived in a single pass. Under the load of both, each pass would take as
    long as all these requests do, and gRPC would hardly be served.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._last_rpc = float("-inf")

    def note_rpc(self) -> None:
        """An RPC is being answered."""
        self._last_rpc = time.perf_counter()

    async def wait(self) -> None:
        """Wait for a REST request's turn: not at all without gRPC, else until a pass of its own."""
        if time.perf_counter() - self._last_rpc < BUSY_SECONDS:
            async with self._lock:
                await asyncio.sleep(0)
