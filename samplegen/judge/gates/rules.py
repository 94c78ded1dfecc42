"""Checks that some clients' samples need not pass yet. Each verdict names those it was spared."""

from collections.abc import Mapping

from samplegen.gates import Gate

RULES: Mapping[Gate, Mapping[str, frozenset[str]]] = {}
"""By gate, the name of a check and the clients whose samples are spared it: `<language>/<client>`.

In the gate of the faults, a check is a fault.
"""


def spared(gate: Gate, client: str) -> tuple[str, ...]:
    """The checks of a gate that a client's samples need not pass."""
    return tuple(name for name, clients in RULES.get(gate, {}).items() if client in clients)
