"""What a connection asks of a sample besides an address, and where templates find it."""

from samplegen.connection.model import Connection
from samplegen.render.clients import Client

OPTIONS: dict[str, set[str]] = {
    "tls": {"tls", "url"},
    "cacert": {"cacert"},
    "cert": {"cert"},
    "header": {"headers"},
    "header-env": {"secret_headers"},
    "bearer-token-env": {"bearer_token_env"},
    "authority": {"authority"},
    "max-message-size": {"max_message_size"},
}
"""Option to the names, any of which a template uses that heeds it."""
_ONLY_GRPC = {"max-message-size"}
"""Over REST there is no limit to raise."""


def needless(client: Client, connection: Connection) -> frozenset[str]:
    """The options that change nothing for a client."""
    return frozenset() if client.transport == "grpc" else connection.asked & _ONLY_GRPC
