"""What a connection asks of a sample, and the templates that say it.

Each feature is a file, `templates/<language>/<client>/connection/<feature>.<ext>.jinja`, or one
that all clients of the language share, in `templates/<language>/connection/`. Its blocks are what
it adds to the places of the same names in the client's frame.
"""

from samplegen.clients import Client
from samplegen.connection import Connection
from samplegen.errors import SamplegenError
from samplegen.resources import Layers

_CHANNEL = {"authority", "max-message-size"}
_SECRETS = {"header-env", "bearer-token-env"}
_WITH: dict[str, set[str]] = {
    "options": {"tls", *_CHANNEL},
    "tls": {"tls"},
    "credentials": {"cacert", "cert"},
    "cacert": {"cacert"},
    "cert": {"cert"},
    "channel": _CHANNEL,
    "metadata": {"header", *_SECRETS},
    "headers": {"header", *_SECRETS, "authority"},
    "header": {"header"},
    "header-env": {"header-env"},
    "bearer-token-env": {"bearer-token-env"},
    "environment": _SECRETS,
    "authority": {"authority"},
    "max-message-size": {"max-message-size"},
}
"""Feature to the options, any of which asks for it; in the order in which a place has them."""
_WITHOUT: dict[str, set[str]] = {
    "insecure": {"tls"},
    "plain": _WITH["options"],
    "any-message-size": {"max-message-size"},
}
"""Feature to the options, none of which may be there."""
_ONLY_GRPC = {"max-message-size"}
"""Over REST there is no limit to raise."""


def needless(client: Client, connection: Connection) -> frozenset[str]:
    """The options that change nothing for a client."""
    return frozenset() if client.transport == "grpc" else connection.asked & _ONLY_GRPC


def templates(layers: Layers, client: Client, connection: Connection) -> tuple[str, ...]:
    """The templates of the features of a connection, below `templates/`.

    Raises:
        SamplegenError: The client has none for an option.
    """
    asked = connection.asked - needless(client, connection)
    wanted = [name for name, options in _WITHOUT.items() if not options & asked]
    wanted += [name for name, options in _WITH.items() if options & asked]
    found = {name: _template(layers, client, name) for name in wanted}
    missing = [name for name in wanted if name in asked and found[name] is None]
    if missing:
        raise SamplegenError(
            *(
                f"{client.name} cannot say --{name}; add templates/{_names(client, name)[0]}"
                for name in missing
            )
        )
    return tuple(name for name in found.values() if name is not None)


def _names(client: Client, feature: str) -> tuple[str, str]:
    file = f"connection/{feature}{client.language.suffix}.jinja"
    return f"{client.name}/{file}", f"{client.name.partition('/')[0]}/{file}"


def _template(layers: Layers, client: Client, feature: str) -> str | None:
    return next((name for name in _names(client, feature) if layers.find(name) is not None), None)
