"""A fair share of the event loop for gRPC beside REST."""

import asyncio

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

    def note_rpc(self, now: float) -> None:
        """An RPC is being answered; `now` is of `time.perf_counter`."""
        self._last_rpc = now

    def are_taken(self, now: float) -> bool:
        """Is gRPC in use, so that a REST request has to wait for its turn?"""
        return now - self._last_rpc < BUSY_SECONDS

    async def wait(self) -> None:
        """Wait until a pass of the event loop of one's own."""
        async with self._lock:
            await asyncio.sleep(0)
