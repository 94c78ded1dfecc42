"""What a transport tells of each request it answered, for those who record or count."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from samplegen_server.contract import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    ModelRequest,
    ServerMetadata,
)
from samplegen_server.errors import ServerError

log = logging.getLogger(__name__)

Result = bool | ServerMetadata | ModelMetadata | InferResponse
"""What an operation came to, free of transport; of the health endpoints, yes or no."""


@dataclass(slots=True)
class Answer:
    """One request that was answered."""

    interface: str
    """``gRPC`` or ``REST``."""
    rpc: str
    """The protocol's name of the operation; empty when the request asked for none of them."""
    model_name: str
    """Empty when the operation is about no model."""
    model_version: str
    """As the client gave it, so empty when it left the choice to the server."""
    infer: InferRequest | None
    """The inference that was asked for, if it could be read."""
    has_deadline: bool | None
    """Did the client set one? Over REST nobody can tell."""
    result: Result | None
    """None where there is an error."""
    error: ServerError | None
    seconds: float
    """From the request's arrival to its answer."""


Observer = Callable[[Answer], None]


class Call(Protocol):
    """What of an RPC there is to tell, too."""

    def time_remaining(self) -> float | None:
        """Seconds until its deadline; None when it has none."""


def tell(
    observers: Sequence[Observer],
    rpc: str,
    request: ModelRequest,
    start: float,
    outcome: Result | ServerError | None,
    call: Call | None = None,
) -> None:
    """Tell all observers of an answer; what fails in one is no reason not to answer.

    Args:
        observers: Whom to tell.
        rpc: The protocol's name of the operation, or empty.
        request: What was asked, as far as it could be read.
        start: When it came, of `time.perf_counter`.
        outcome: What was answered; None for what gRPC does not have.
        call: The RPC; None over REST.
    """
    if not observers:
        return
    failure = outcome if isinstance(outcome, ServerError) else None
    answer = Answer(
        interface="REST" if call is None else "gRPC",
        rpc=rpc,
        model_name=request.model_name,
        model_version=request.model_version,
        infer=request if isinstance(request, InferRequest) else None,
        has_deadline=None if call is None else call.time_remaining() is not None,
        result=None if isinstance(outcome, ServerError) else outcome,
        error=failure,
        seconds=time.perf_counter() - start,
    )
    for observe in observers:
        try:
            observe(answer)
        except Exception:
            log.exception("an answer could not be recorded or counted")
