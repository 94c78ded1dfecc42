"""Checks that some clients' samples need not pass yet. Each verdict names those it was spared."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from samplegen.gates import Gate

_JSON = frozenset({"cpp/libcurl", "curl/rest", "go/http", "java/http", "python/requests"})
_PYTHON = frozenset({"python/requests", "python/tritonclient-http"})
_EACH_READ = _PYTHON | {"python/urllib"}
RULES: Mapping[Gate, Mapping[str, frozenset[str]]] = {
    "wire": {
        "Content-Type": frozenset({"curl/rest"}),
    },
    "faults": {
        # A success that is none.
        "HTTP status 204": frozenset({"curl/rest", "python/requests"}),
        "HTTP status 302": _PYTHON | {"curl/rest"},
        "HTTP status 304": _PYTHON | {"curl/rest"},
        "redirect to a login page": _PYTHON | {"curl/rest", "go/http"},
        "empty message": frozenset(
            {"cpp/grpc", "go/grpc", "java/grpc", "python/tritonclient-grpc", "python/grpcio"}
        ),
        # Outputs that are not what the contract says.
        "no elements": _JSON,
        "one element fewer": _JSON,
        "one element more": _JSON,
        "only the first elements": _JSON,
        "null elements": _JSON - {"cpp/libcurl"} | {"python/tritonclient-http"},
        "texts for numbers": frozenset({"curl/rest", "java/http", "python/requests"}),
        "* is null": _JSON | _EACH_READ,
        "* is missing": frozenset({"curl/rest", "go/http"}),
        # Deadlines: the library's own are for each read, and for each address of a host.
        "answer drips": _EACH_READ,
        "head drips": _EACH_READ,
        "connecting stalls": _EACH_READ,
        # Messages without a cause, or of several lines.
        "HTTP status * without a body": frozenset({"curl/rest"}),
        "not live": frozenset({"curl/rest"}),
        "not ready": frozenset({"curl/rest"}),
        "model not ready": frozenset({"curl/rest"}),
        "no gRPC": frozenset({"cpp/grpc"}),
        "no message": frozenset({"python/grpcio"}),
        "the status of a no": frozenset({"python/tritonclient-http"}),  # its library keeps it
    },
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
