"""What a transport tells of each request it answered, for those who record or count."""

from collections.abc import Callable
from dataclasses import dataclass

from samplegen_server.contract import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    ModelRequest,
    ServerMetadata,
)
from samplegen_server.errors import ServerError

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


def of_rpc(
    rpc: str,
    request: ModelRequest,
    has_deadline: bool,
    result: Result | None,
    failure: ServerError | None,
    seconds: float,
) -> Answer:
    """What there is to tell of an RPC."""
    return Answer(
        interface="gRPC",
        rpc=rpc,
        model_name=request.model_name,
        model_version=request.model_version,
        infer=request if isinstance(request, InferRequest) else None,
        has_deadline=has_deadline,
        result=None if failure else result,
        error=failure,
        seconds=seconds,
    )
