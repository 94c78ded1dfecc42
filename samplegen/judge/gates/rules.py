"""Checks that some clients' samples need not pass yet. Each verdict names those it was spared."""

from collections.abc import Mapping

from samplegen.gates import Gate

_RAW_ONLY = frozenset({"python/tritonclient-grpc", "cpp/triton-grpc"})
"""Their library reads raw contents of tensors, and no others."""
RULES: Mapping[Gate, Mapping[str, frozenset[str]]] = {
    "meaning": {"typed contents of tensors": _RAW_ONLY},
}
"""By gate, the name of a check and the clients whose samples are spared it: `<language>/<client>`.

In the gate of the faults, a check is a fault.
"""


def spared(gate: Gate, client: str) -> tuple[str, ...]:
    """The checks of a gate that a client's samples need not pass."""
    return tuple(name for name, clients in RULES.get(gate, {}).items() if client in clients)
