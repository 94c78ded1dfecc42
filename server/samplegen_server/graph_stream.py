"""A stream of requests to one graph: they are taken as they come, and answered in order."""

import asyncio
from collections import deque

from samplegen_server import errors, graph_infer
from samplegen_server.contract import InferRequest, InferResponse
from samplegen_server.graph_run import PacketSet, Run
from samplegen_server.graphs import VERSION, Graph
from samplegen_server.repository import Repository

MOST_SETS = 100
"""How many sets of packets may wait for their turn; MediaPipe's default."""

MOST_QUEUED_BYTES = 1 << 26
"""How many bytes may be in them before no more are taken."""


class GraphStream:
    """One run of a graph, fed by several requests.

    Args:
        repository: The models.
        graph: It asks one of them.
        first: The request that opens the stream, not taken yet.

    Raises:
        ServerError: The graph cannot be run, or not with the parameters of `first`.
    """

    def __init__(self, repository: Repository, graph: Graph, first: InferRequest) -> None:
        self._repository = repository
        self._graph = graph
        plan = graph.ready_plan
        graph_infer.check_side_packets(first)
        self._run = Run(plan.inputs)
        self._waiting: deque[PacketSet] = deque()
        self._bytes = 0
        self._changed = asyncio.Condition()
        self._is_closed = False
        self._failure: errors.ServerError | None = None

    def check(self, request: InferRequest) -> None:
        """Is a further request for the same graph?

        Raises:
            ServerError: It is for another one, or another version.
        """
        if request.model_name != self._graph.name:
            raise errors.OtherServableName
        if request.model_version not in ("", "0", str(VERSION)):
            raise errors.OtherServableVersion

    async def push(self, request: InferRequest) -> None:
        """Take a request, once there is room for it.

        Raises:
            GraphFailed: The run is at its end; what was taken before is still answered.
            ServerError: The request is refused.
        """
        async with self._changed:
            await self._changed.wait_for(self._has_room)
            try:
                self._run.push(request)
            except errors.GraphFailed as error:
                graph_infer.log_failure(self._graph, error)
                self._failure = error
                raise
            finally:
                self._collect()

    async def close(self) -> None:
        """No more requests will come; what was taken is still answered."""
        async with self._changed:
            self._is_closed = True
            self._collect()

    async def next(self) -> PacketSet | None:
        """The next packets that belong together; None once the stream is closed and all is taken.

        Raises:
            ServerError: The run failed.
        """
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._waiting or self._is_closed or self._failure is not None
            )
            if not self._waiting:
                if self._failure is not None:
                    raise self._failure
                return None
            packets = self._waiting.popleft()
            self._bytes -= packets.size
            self._changed.notify_all()
            return packets

    async def answer(self, packets: PacketSet) -> list[InferResponse]:
        """What they come to, a response for each of the graph's output streams.

        Raises:
            ServerError: The run failed.
        """
        outputs = await graph_infer.ask(self._repository, self._graph, packets)
        return [graph_infer.answer(self._graph, packets, [output]) for output in outputs]

    def _has_room(self) -> bool:
        return len(self._waiting) < MOST_SETS and (
            self._bytes < MOST_QUEUED_BYTES or not self._waiting
        )

    def _collect(self) -> None:
        """Queue the sets that are complete now."""
        while (packets := self._run.take(is_closed=self._is_closed)) is not None:
            self._waiting.append(packets)
            self._bytes += packets.size
        self._changed.notify_all()
