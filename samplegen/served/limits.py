"""What the asked server can, and so which clients can call its models."""

from dataclasses import replace

from samplegen.render.clients import Client
from samplegen.served.metadata import UNKNOWN, ServerMetadata

_EXTENSION = "binary_tensor_data"
"""How Triton calls it; extension_binary_data.md."""
_SILENT = ("OpenVINO Model Server", "kserve")
"""Those that speak it and do not list it."""


def speaks_binary(server: ServerMetadata) -> bool:
    """Whether its REST takes tensors as bytes behind the JSON."""
    return server == UNKNOWN or _EXTENSION in server.extensions or server.name in _SILENT


def fitted(client: Client, server: ServerMetadata) -> Client:
    """The client as it can call this server, with the reasons why it cannot."""
    if client.transport != "rest" or server == UNKNOWN:
        return client
    unread_here = client.unread_here if server.name == _SILENT[0] else {}
    if speaks_binary(server):
        return replace(client, unread_here=unread_here)
    reason = f"{server.name} takes tensors as JSON only, and this program sends bytes"
    omits = {**dict.fromkeys(client.needs_binary, reason), **client.omits}
    return replace(client, unread_here=unread_here, omits=omits)
