"""Checks that some clients' samples need not pass yet. Each verdict names those it was spared."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from samplegen.gates import Gate

_URLLIB = frozenset({"python/urllib"})
"""The client of a new project, which is to stay short."""
_TRITON_HTTP = frozenset({"python/tritonclient-http", "cpp/triton-http"})
"""The libraries that make a mere yes or no of an answer about health."""
UNTYPED_JSON = "the Content-Type of JSON alone"
"""A request should have it, yet need not (RFC 9110, 8.3). tritonclient sets it for no body, and its
HTTP library adds none; a server that knows no binary extension is sent JSON alone."""
RULES: Mapping[Gate, Mapping[str, frozenset[str]]] = {
    "faults": {
        "* is null": _URLLIB,
        "answer drips": _URLLIB,
        "head drips": _URLLIB,
        "connecting stalls": _URLLIB,
        "the status of a no": _TRITON_HTTP,
    },
    "wire": {UNTYPED_JSON: frozenset({"python/tritonclient-http"})},
}
"""By gate, the name of a check and the clients whose samples are spared it: `<language>/<client>`.

In the gate of the faults, a check is a fault; `*` stands for any part of its name.
"""


def spared(gate: Gate, client: str) -> tuple[str, ...]:
    """The checks of a gate that a client's samples need not pass."""
    return tuple(name for name, clients in RULES.get(gate, {}).items() if client in clients)


def is_spared(check: str, spared: tuple[str, ...]) -> bool:
    """Whether a check is one of those."""
    return any(fnmatchcase(check, name) for name in spared)
