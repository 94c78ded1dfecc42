"""What a connection asks of a sample, and the templates that say it.

Each feature is a file, `templates/<language>/<client>/connection/<feature>.<ext>.jinja`, or one
that all clients of the language share, in `templates/<language>/connection/`. Its blocks are what
it adds to the places of the same names in the client's frame.
"""

from samplegen.connection.model import Connection
from samplegen.connection.options import OPTIONS
from samplegen.errors import SamplegenError
from samplegen.render.clients import Client
from samplegen.resources import Layers

_SECRETS = {"header-env", "bearer-token-env"}
_FEATURES: dict[str, set[str]] = {
    "environment": _SECRETS,
    "options": set(OPTIONS),
    "channel": {"tls", "authority", "max-message-size"},
    "tls": {"tls"},
    "credentials": {"cacert", "cert"},
    "cacert": {"cacert"},
    "cert": {"cert"},
    "channel-args": {"authority", "max-message-size"},
    "metadata": {"header", *_SECRETS},
    "headers": {"header", *_SECRETS, "authority"},
    "header": {"header"},
    "header-env": {"header-env"},
    "bearer-token-env": {"bearer-token-env"},
    "authority": {"authority"},
    "max-message-size": {"max-message-size"},
}
"""Feature to the options, any of which asks for it; without one, `no-<feature>` takes its place.

A client has templates for what it says in a way of its own: at least for each of the options. They
stand in this order where several add to the same place.
"""
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
    wanted = [name if options & asked else f"no-{name}" for name, options in _FEATURES.items()]
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
