"""A run of a graph: packets in, and the sets of them that belong together out.

Follows OpenVINO Model Server's ``kfs_graph_executor_impl.cpp`` and MediaPipe's default handler of
input streams: the packets of a set have one timestamp, and sets come in the order of their
timestamps. A set is complete when all streams have brought a packet or gone beyond its timestamp.
"""

import math
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from samplegen_server import errors
from samplegen_server.contract import InferRequest
from samplegen_server.tensors import DTYPES, Buffer, InputTensor, describe_shape
from samplegen_server.validation import check_structure

TIMESTAMP = "OVMS_MP_TIMESTAMP"
"""The parameter that has the timestamp of a request's packets, and of an answer."""

RESERVED = "py"
"""The one name that a side packet may not have."""

FIRST, LAST = -(2**63) + 3, 2**63 - 4
"""The timestamps a packet may have."""

SPECIAL = {
    -(2**63): "Unset",
    -(2**63) + 1: "Unstarted",
    -(2**63) + 2: "PreStream",
    FIRST: "Min",
    LAST: "Max",
    2**63 - 3: "PostStream",
    2**63 - 2: "OneOverPostStream",
    2**63 - 1: "Done",
}
"""Timestamps that MediaPipe calls by a name."""

STRING_BYTES = 32
"""What OpenVINO says that a string takes: that many bytes a graph expects, and refuses strings."""

MAX_BYTES = 2**64 - 1

MOST_PACKETS = 100
MOST_WAITING_BYTES = 1 << 28
"""How many packets of a stream, and how many bytes of all, may wait for those of other streams."""


@dataclass(slots=True)
class Packet:
    """A tensor on its way into a graph."""

    tensor: InputTensor
    raw: Buffer | None
    """Its data, unless that is in its contents."""

    @property
    def size(self) -> int:
        """About how many bytes its data takes."""
        return _count(self.tensor) * 8 if self.raw is None else len(self.raw)


@dataclass(slots=True)
class PacketSet:
    """Packets that belong together."""

    timestamp: int
    request: InferRequest
    """The one that completed the set."""
    arrived: float
    """When that one came, of `time.perf_counter`."""
    packets: Mapping[str, Packet]
    """By stream; one that brought none is missing."""

    @property
    def size(self) -> int:
        """About how many bytes its data takes."""
        return sum(packet.size for packet in self.packets.values())


@dataclass(slots=True)
class _Arrived:
    timestamp: int
    time: float
    request: InferRequest
    packet: Packet


class Run:
    """Puts packets together.

    Args:
        streams: The names of the graph's input streams.
    """

    def __init__(self, streams: Iterable[str]) -> None:
        self._queues: dict[str, deque[_Arrived]] = {name: deque() for name in streams}
        self._bounds = dict.fromkeys(self._queues, FIRST)
        """The lowest timestamp that the next packet of a stream may have."""
        self._last = FIRST - 1
        """The highest timestamp given to a request that came without one."""
        self._waiting = 0
        """Bytes in the packets that wait for others."""

    def push(self, request: InferRequest) -> int:
        """Take a request's tensors; return how many there were.

        Those before one that is refused stay taken.

        Raises:
            GraphFailed: A packet comes too late; the run is at its end.
            ServerError: The request is refused; the run goes on.
        """
        now = time.perf_counter()
        timestamp = self._timestamp(request)
        check_structure(request.inputs, request.raw)
        for index, tensor in enumerate(request.inputs):
            queue = self._queues.get(tensor.name)
            if queue is None:
                raise errors.UnexpectedInput(f"{tensor.name} is unexpected")
            packet = Packet(tensor, request.raw[index] if request.raw else None)
            _check(packet)
            bound = self._bounds[tensor.name]
            if timestamp < bound:
                raise errors.GraphFailed(_mismatch(tensor.name, bound, timestamp))
            # The first of a stream is let in whatever its size: it may be all that others wait for.
            if queue and (
                len(queue) == MOST_PACKETS or self._waiting + packet.size > MOST_WAITING_BYTES
            ):
                raise errors.GraphFailed(f"RESOURCE_EXHAUSTED: too much waits for {tensor.name}")
            self._waiting += packet.size
            self._bounds[tensor.name] = timestamp + 1
            queue.append(_Arrived(timestamp, now, request, packet))
        return len(request.inputs)

    def take(self, *, is_closed: bool) -> PacketSet | None:
        """The next complete set, if there is one; once all has come, what there is is complete."""
        heads = [queue[0] for queue in self._queues.values() if queue]
        if not heads:
            return None
        timestamp = min(head.timestamp for head in heads)
        if not is_closed and any(
            not queue and self._bounds[name] <= timestamp for name, queue in self._queues.items()
        ):
            return None
        found = {
            name: queue.popleft()
            for name, queue in self._queues.items()
            if queue and queue[0].timestamp == timestamp
        }
        latest = max(found.values(), key=lambda one: one.time)
        packets = {name: one.packet for name, one in found.items()}
        self._waiting -= sum(packet.size for packet in packets.values())
        return PacketSet(timestamp, latest.request, latest.time, packets)

    def _timestamp(self, request: InferRequest) -> int:
        if TIMESTAMP not in request.parameters:
            # Later than the one before, though the clock may stand still, or go back.
            self._last = max(time.time_ns() // 1000, self._last + 1)
            return self._last
        timestamp = request.parameters[TIMESTAMP]
        if type(timestamp) is not int:
            raise errors.InvalidTimestamp(
                f"Invalid timestamp format in request parameter {TIMESTAMP}. Should be int64"
            )
        if not FIRST <= timestamp <= LAST:
            raise errors.InvalidTimestamp(_describe(timestamp))
        return timestamp


def _check(packet: Packet) -> None:
    """Does a tensor have as much data as its shape says?"""
    tensor = packet.tensor
    if min(tensor.shape, default=0) < 0:
        raise errors.InvalidShape(
            "Negative dimension size is not acceptable: "
            f"{describe_shape(tensor.shape)}; input name: {tensor.name}"
        )
    expected = math.prod(tensor.shape) * _itemsize(tensor.datatype)
    if expected > MAX_BYTES:
        raise errors.InvalidContentSize("Provided shape and datatype declare too large buffer.")
    if packet.raw is not None:
        if len(packet.raw) != expected:
            raise errors.InvalidContentSize(
                f"Expected: {expected} bytes; Actual: {len(packet.raw)} bytes; "
                f"input name: {tensor.name}"
            )
    elif (actual := _content_bytes(tensor)) != expected:
        raise errors.InvalidValueCount(
            f"Expected: {expected} values; Actual: {actual} values; input name: {tensor.name}"
        )


def _itemsize(datatype: str) -> int:
    """The bytes of an element, as OpenVINO counts them; none for a datatype it does not know."""
    if datatype == "BYTES":
        return STRING_BYTES
    return DTYPES[datatype].itemsize if datatype in DTYPES else 0


def _content_bytes(tensor: InputTensor) -> int:
    """The bytes of a tensor's contents, as OpenVINO Model Server counts them."""
    size = 1 if tensor.datatype == "BYTES" else _itemsize(tensor.datatype)
    return _count(tensor) * size


def _count(tensor: InputTensor) -> int:
    return 0 if tensor.contents is None else len(tensor.contents)


def _describe(timestamp: int) -> str:
    name = SPECIAL.get(timestamp)
    return str(timestamp) if name is None else f"Timestamp::{name}()"


def _mismatch(stream: str, bound: int, timestamp: int) -> str:
    return (
        "INVALID_ARGUMENT: Packet timestamp mismatch on a calculator receiving from stream "
        f'"{stream}". Current minimum expected timestamp is {_describe(bound)} but received '
        f"{_describe(timestamp)}."
    )
